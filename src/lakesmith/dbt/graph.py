"""Streams and dbt nodes as one graph, and what a selection takes from it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from lakesmith.dbt.artifacts import Manifest, Node
from lakesmith.dbt.selectors import Term, names, parse_union
from lakesmith.errors import SelectionError
from lakesmith.model.streams import StreamId

_BUILT = ("model", "seed", "snapshot")
_TESTS = ("test", "unit_test")
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection takes: streams to load, models (also seeds, snapshots) and tests by unique id. Each sorted."""

    streams: tuple[StreamId, ...]
    models: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by unique id, with the edges of dbt. A stream is the source table of the same source and name.

    A stream that the dbt project does not declare stands alone in the graph.
    """

    project: str
    nodes: Mapping[str, Node]
    parents: Mapping[str, frozenset[str]]
    children: Mapping[str, frozenset[str]]
    streams: Mapping[str, StreamId]

    @classmethod
    def of(cls, streams: Iterable[StreamId], manifest: Manifest | None) -> Graph:
        """Return the graph of the project's streams and its dbt nodes (None: the dbt project has not been parsed yet)."""
        nodes = dict(manifest.nodes) if manifest else {}
        project = manifest.project if manifest else "project"
        tables = {(node.source, node.name): key for key, node in nodes.items() if node.resource_type == "source"}
        known: dict[str, StreamId] = {}
        for stream in streams:
            key = tables.get((stream.source, stream.name)) or f"source.{project}.{stream.source}.{stream.name}"
            nodes.setdefault(key, _undeclared(key, stream, project))
            known[key] = stream
        parents = {key: frozenset(node.depends_on) & nodes.keys() for key, node in nodes.items()}
        children: dict[str, set[str]] = {key: set() for key in nodes}
        for key, above in parents.items():
            for parent in above:
                children[parent].add(key)
        return cls(project, nodes, parents, {key: frozenset(below) for key, below in children.items()}, known)

    def select(self, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> Selected:
        """Return what a selection takes, in dbt's grammar over streams and models; nothing included means everything.

        As in dbt, a test comes along with any of the nodes it is about.

        Raises:
            SelectionError: If a term of `include` names nothing, or is not in the grammar.
        """
        chosen = self._union(include, must_exist=True) if include else set(self.nodes)
        return self._sorted(chosen - self._union(exclude, must_exist=False))

    def downstream(self, streams: Iterable[StreamId]) -> Selected:
        """Return what depends on some streams, and the streams themselves."""
        wanted = set(streams)
        start = {key for key, stream in self.streams.items() if stream in wanted}
        return self._sorted(self._with_tests(start | self._walk(start, self.children, -1)))

    def streams_above(self, unique_ids: Iterable[str]) -> tuple[StreamId, ...]:
        """Return the streams that some nodes depend on, at any distance."""
        return self._sorted(self._walk(set(unique_ids) & self.nodes.keys(), self.parents, -1)).streams

    def _union(self, words: tuple[str, ...], *, must_exist: bool) -> set[str]:
        chosen: set[str] = set()
        for terms in parse_union(words):
            parts = [self._term(term, must_exist=must_exist) for term in terms]
            common = reduce(set.__and__, parts)
            if must_exist and not common:
                text = ",".join(term.text for term in terms)
                raise SelectionError(f"The selection {text!r} names nothing: its parts have nothing in common.")
            chosen |= common
        return chosen

    def _term(self, term: Term, *, must_exist: bool) -> set[str]:
        start = {key for key, node in self.nodes.items() if names(term, node, self.project)}
        if not start and must_exist:
            raise self._unknown(term)
        chosen = set(start)
        if term.around:
            below = start | self._walk(start, self.children, -1)
            chosen |= below | self._walk(below, self.parents, -1)
        chosen |= self._walk(start, self.parents, term.up) | self._walk(start, self.children, term.down)
        return self._with_tests(chosen)

    def _walk(self, start: set[str], edges: Mapping[str, frozenset[str]], steps: int | None) -> set[str]:
        """Return what lies within some steps of `start`; None is no step, -1 is any number."""
        seen: set[str] = set()
        layer, left = start, steps or 0
        while layer and left:
            layer = {other for key in layer for other in edges[key]} - seen
            seen |= layer
            left -= 1
        return seen

    def _with_tests(self, chosen: set[str]) -> set[str]:
        below = {child for key in chosen for child in self.children[key]}
        return chosen | {key for key in below if self.nodes[key].resource_type in _TESTS}

    def _sorted(self, chosen: set[str]) -> Selected:
        def of(kinds: tuple[str, ...]) -> tuple[str, ...]:
            """Return the chosen nodes of some kinds, sorted."""
            return tuple(sorted(key for key in chosen if self.nodes[key].resource_type in kinds))

        streams = tuple(sorted(stream for key, stream in self.streams.items() if key in chosen))
        return Selected(streams, of(_BUILT), of(_TESTS))

    def _unknown(self, term: Term) -> SelectionError:
        written = sorted({word for node in self.nodes.values() for word in _words(term, node)})
        near = difflib.get_close_matches(term.value, written, n=_NEAREST, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "`lakesmith check` lists the streams, `lakesmith dbt ls` the models"
        )
        return SelectionError(f"The selection {term.text!r} names nothing in this project.", fix=hint)


def _words(term: Term, node: Node) -> tuple[str, ...]:
    """Return what could have been written after the term's method to name a node."""
    if term.method == "source":
        return (node.source, f"{node.source}.{node.name}") if node.resource_type == "source" else ()
    if node.resource_type in _TESTS:
        return ()
    if term.method == "fqn":  # a forgotten `source:` is the likeliest mistake
        return (
            (f"source:{node.source}.{node.name}",) if node.resource_type == "source" else (node.name, *node.fqn[-2:-1])
        )
    return {"tag": node.tags, "path": (node.path,), "file": (node.path.rpartition("/")[2],)}.get(term.method, ())


def _undeclared(key: str, stream: StreamId, project: str) -> Node:
    fqn = (project, stream.source, stream.name)
    return Node(key, "source", stream.name, project, fqn=fqn, alias=stream.name, source=stream.source)
