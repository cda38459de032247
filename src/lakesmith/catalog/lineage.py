"""What feeds what, from stream to mart, as dbt's manifest tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.model.streams import StreamId

if TYPE_CHECKING:
    from lakesmith.dbt.artifacts import Manifest, Node

LAYERS = ("bronze", "silver", "gold", "marts")
_KINDS = ("model", "seed", "snapshot")


@dataclass(frozen=True, slots=True)
class Asset:
    """A stream or a relation; `layer` is bronze, silver, gold or marts."""

    name: str
    layer: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Assets, and pairs of names (from, to)."""

    assets: tuple[Asset, ...]
    edges: tuple[tuple[str, str], ...]


def lineage_of(manifest: Manifest, streams: Sequence[StreamId]) -> Lineage:
    """Return the lineage of a project; a source table that is no stream of ours is left out."""
    ours = {(stream.source, stream.name): str(stream) for stream in streams}
    names: dict[str, str] = {}
    assets = [Asset(str(stream), "bronze") for stream in streams]
    for unique_id, node in manifest.nodes.items():
        if node.resource_type == "source" and (node.source, node.name) in ours:
            names[unique_id] = ours[node.source, node.name]
        elif node.resource_type in _KINDS and node.package == manifest.project:
            names[unique_id] = node.name
            assets.append(Asset(node.name, _layer(node)))
    edges = [
        (names[parent], names[unique_id])
        for unique_id, node in manifest.nodes.items()
        if unique_id in names
        for parent in node.depends_on
        if parent in names
    ]
    return Lineage(tuple(assets), tuple(sorted(set(edges))))


def _layer(node: Node) -> str:
    """The layer is the schema if it has a layer's name, else the folder, else gold."""
    return next((layer for layer in LAYERS if layer in (node.schema, *node.fqn)), "gold")
