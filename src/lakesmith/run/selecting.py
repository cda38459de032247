"""From what somebody asked for, in dbt's grammar, to streams and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.errors import SelectionError, TransformError
from lakesmith.host.files import write_atomically
from lakesmith.model.plans import Dataset
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.run.workshop import Order, Workshop

if TYPE_CHECKING:
    from lakesmith.dbt.artifacts import Manifest, Node
    from lakesmith.dbt.graph import Graph

MARTS = "marts"
PARSED = "parsed"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The streams to load, whether anything is to be built, and which tables of others that needs (None: all there are)."""

    streams: tuple[StreamSpec, ...]
    builds: bool
    others: frozenset[StreamId] | None = None


def choose(shop: Workshop, order: Order) -> Chosen:
    """Return what an order is about.

    Raises:
        SelectionError: If the selection names nothing.
        TransformError: If the dbt project cannot be parsed.
    """
    streams = shop.config.streams()
    if order.rollback:
        return Chosen((), _builds_below(shop, order))
    if order.everything:
        return Chosen(streams, shop.has_models)
    graph = project_graph(shop)
    selection = graph.select(order.select, order.exclude)
    wanted = set(selection.streams)
    loaded = {spec.id for spec in streams}
    others = frozenset({*wanted, *graph.streams_above(selection.models)} - loaded)
    return Chosen(tuple(spec for spec in streams if spec.id in wanted), bool(selection.models), others)


def _builds_below(shop: Workshop, order: Order) -> bool:
    """Whether models depend on the tables that go back; a broken model must keep nobody from taking rows back."""
    try:
        return bool(project_graph(shop).select(order.select, order.exclude).models)
    except (SelectionError, TransformError):
        return False


def project_graph(shop: Workshop) -> Graph:
    """Return the graph of streams and dbt nodes; dbt parses the project first if its manifest is missing or old.

    Raises:
        TransformError: If the dbt project cannot be parsed.
    """
    return _graph(shop, manifest(shop) if shop.has_models else None)


def _graph(shop: Workshop, found: Manifest | None) -> Graph:
    from lakesmith.dbt.graph import Graph

    return Graph.of([*(spec.id for spec in shop.config.streams()), *_others(shop, found)], found)


def _others(shop: Workshop, found: Manifest | None) -> list[StreamId]:
    """Return the tables that others load, as far as the project or its models name them."""
    sources = {source.name: source for source in shop.config.existing()}
    named = {spec.id for source in sources.values() for spec in source.streams}
    nodes = found.nodes.values() if found else ()
    read = {StreamId(node.source, node.name) for node in nodes if node.resource_type == "source"}
    return sorted(named | {stream for stream in read if stream.source in sources})


def manifest(shop: Workshop) -> Manifest:
    """Return dbt's manifest of the project as it is now.

    Raises:
        TransformError: If the dbt project cannot be parsed.
    """
    from lakesmith.dbt.artifacts import read_manifest
    from lakesmith.dbt.driver import run_dbt
    from lakesmith.run.preparing import prepare, request

    known, now = shop.paths.state / PARSED, shop.models_now()
    if not (known.is_file() and known.read_text() == now and (shop.paths.dbt_target / "manifest.json").is_file()):
        prepare(shop)
        for _ in run_dbt(request(shop, command="parse"), shop.host):
            pass
        shop.host.stop.check()  # a parse that was cut off has parsed nothing
        remember_parsed(shop, now)
    return read_manifest(shop.paths.dbt_target)


def remember_parsed(shop: Workshop, models: str) -> None:
    """Note that dbt's manifest is the one of the project with this fingerprint, so that nobody has to parse it again."""
    write_atomically(shop.paths.state / PARSED, models)


def datasets_of(found: Manifest) -> list[Dataset]:
    """Return the models that readers get: those of the schema or folder `marts`; without any, those that feed no other model."""
    models = [node for node in found.nodes.values() if node.resource_type == "model" and node.relation]
    marts = [node for node in models if MARTS in (node.schema, *node.fqn[:-1])]
    if not marts:
        fed = {parent for node in models for parent in node.depends_on}
        marts = [node for node in models if node.unique_id not in fed]
    return [_dataset(node) for node in sorted(marts, key=lambda node: node.relation)]


def _dataset(node: Node) -> Dataset:
    return Dataset(node.alias, node.schema, (), 0, node.tags, node.description)


def published_by(shop: Workshop, name: str) -> list[Dataset]:
    """Return what readers can open and the publish entry `name` selects.

    Raises:
        SelectionError: If it selects nothing.
    """
    entry = shop.config.publication(name)
    found = manifest(shop)
    selection = _graph(shop, found).select((entry.select,), ())
    wanted = {found.nodes[unique_id].relation for unique_id in selection.models if unique_id in found.nodes}
    return [dataset for dataset in shop.engine.published() if dataset.relation in wanted]
