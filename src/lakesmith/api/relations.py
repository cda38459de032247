"""What is made from what, and who owns it, as far as the project and dbt's manifest say."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from lakesmith.api.health import manifest_of
from lakesmith.errors import LakesmithError
from lakesmith.model.streams import StreamId
from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.watches import about

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lakesmith.dbt.artifacts import Manifest, Node
    from lakesmith.dbt.graph import Graph
    from lakesmith.run.workshop import Workshop

BUILT = ("model", "seed", "snapshot")
MARTS = "marts"
NAMED = 10


class Relations:
    """Streams, models and who reads them. The manifest is read when first asked for; without one, nothing is known below bronze."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._above: dict[str, frozenset[str]] = {}

    @cached_property
    def manifest(self) -> Manifest | None:
        """What dbt last wrote about the project, None if it never did."""
        return manifest_of(self._shop)

    @cached_property
    def graph(self) -> Graph:
        """Streams and nodes of dbt."""
        from lakesmith.dbt.graph import Graph

        return Graph.of(self._streams(), self.manifest)

    @cached_property
    def sources(self) -> frozenset[str]:
        """The names of the project's sources."""
        return frozenset(self._shop.config.sources)

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The streams that are loaded, and the groups of their sources."""
        streams = {str(spec.id) for spec in self._shop.config.streams()}
        return frozenset(streams | {f"{name}.*" for name in self._shop.config.sources})

    def knows(self, subject: str) -> bool:
        """Whether dbt's manifest has a subject."""
        return bool(self._by_name.get(subject))

    def above(self, subject: str) -> frozenset[str]:
        """Return the streams and relations that a subject is made from, at any distance."""
        if subject not in self._above:
            keys = self._walk(self._keys(subject), self.graph.parents) if self.manifest else set()
            self._above[subject] = frozenset(self._names(keys)) - {subject}
        return self._above[subject]

    def below(self, subjects: Iterable[str]) -> dict[str, Any] | None:
        """Return what depends on subjects: counts and names of models, marts, publications, exposures and owners; None: not known."""
        if self.manifest is None:
            return None
        start = {key for subject in subjects for key in self._keys(subject)}
        keys = self._walk(start, self.graph.children) - start
        nodes = [self.graph.nodes[key] for key in sorted(keys)]
        models = [node for node in nodes if node.resource_type in BUILT]
        marts = sorted(node.relation or node.name for node in models if MARTS in (node.schema, *node.fqn[:-1]))
        owners = {self._owner_of_node(node) for node in nodes} | {self.owner_of(subject) for subject in subjects}
        return {
            "models": len(models),
            "marts": len(marts),
            "names": marts[:NAMED] or [node.relation or node.name for node in models][:NAMED],
            "exposures": sorted(node.name for node in nodes if node.resource_type == "exposure")[:NAMED],
            "publications": self._publications(keys | start),
            "owners": sorted(owners - {""}),
        }

    def owner_of(self, subject: str) -> str:
        """Return who owns a subject, empty if nobody says."""
        owner = about(subject, self._shop.config.monitor.tables).owner
        if owner or self._shop.config.sources.get(subject.partition(".")[0]) or self.manifest is None:
            return owner
        return next(filter(None, (self._owner_of_node(self.graph.nodes[key]) for key in self._keys(subject))), "")

    def tags_of(self, subject: str) -> frozenset[str]:
        """Return the tags of a subject, by the project and by dbt."""
        nodes = [self.graph.nodes[key] for key in self._keys(subject)] if self.manifest else []
        return about(subject, self._shop.config.monitor.tables).tags | {tag for node in nodes for tag in node.tags}

    def _streams(self) -> list[StreamId]:
        others = [spec.id for source in self._shop.config.existing() for spec in source.streams]
        return [*(spec.id for spec in self._shop.config.streams()), *others]

    @cached_property
    def _by_name(self) -> dict[str, set[str]]:
        """The keys of the graph by the names that subjects have: streams, relations, ids; a test stands for what it is about."""
        found: dict[str, set[str]] = {}
        for key, node in self.graph.nodes.items():
            name = str(self.graph.streams[key]) if key in self.graph.streams else node.relation
            target = node.attached if node.resource_type in ("test", "unit_test") else key
            for one in filter(None, (name, key)):
                found.setdefault(one, set()).add(target if target in self.graph.nodes else key)
        return found

    def _keys(self, subject: str) -> set[str]:
        if naming.is_group(subject):
            mine = (key for name, keys in self._by_name.items() if naming.within(name, subject) for key in keys)
            return {key for key in mine if key in self.graph.streams}
        return self._by_name.get(subject, set())

    def _names(self, keys: Iterable[str]) -> set[str]:
        streams, nodes = self.graph.streams, self.graph.nodes
        return {str(streams[key]) if key in streams else nodes[key].relation or key for key in keys}

    def _walk(self, start: set[str], edges: Any) -> set[str]:
        seen, layer = set(start), start
        while layer:
            layer = {other for key in layer for other in edges.get(key, ())} - seen
            seen |= layer
        return seen

    def _owner_of_node(self, node: Node) -> str:
        said = about(node.relation, self._shop.config.monitor.tables).owner if node.relation else ""
        meta = {**node.meta, **(node.config.get("meta") or {})}
        return said or str(meta.get("owner") or "")

    def _publications(self, keys: set[str]) -> list[str]:
        found = []
        for name, entry in self._shop.config.publish.items():
            try:
                chosen = self.graph.select((entry.select,))
            except LakesmithError:
                continue
            if keys & set(chosen.models):
                found.append(name)
        return found
