"""A small picture of what feeds what: one column per layer, a curve per edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lakesmith.pages.html import Markup, tag
from lakesmith.pages.values import NodeView

LAYERS = ("bronze", "silver", "gold", "marts")
COLUMN, BOX_WIDTH, BOX_HEIGHT, GAP, HEAD = 290, 226, 26, 10, 34


def lineage(nodes: Sequence[NodeView], edges: Sequence[tuple[str, str]]) -> Markup:
    """Return the picture as SVG; nodes of a layer are ordered so that curves cross little."""
    columns = _ordered(nodes, edges)
    tallest = max((len(column) for column in columns.values()), default=1)
    height = HEAD + tallest * (BOX_HEIGHT + GAP)
    place = {}
    for layer, column in columns.items():
        free = (tallest - len(column)) * (BOX_HEIGHT + GAP) / 2
        for index, node in enumerate(column):
            place[node.name] = (LAYERS.index(layer) * COLUMN, HEAD + free + index * (BOX_HEIGHT + GAP))
    parts = [tag("text", layer, x=LAYERS.index(layer) * COLUMN, y=16, class_="layer") for layer in columns]
    parts += [_curve(place[a], place[b], f"{a} → {b}") for a, b in edges if a in place and b in place]
    parts += [_box(node, *place[node.name]) for column in columns.values() for node in column]
    width = (len(LAYERS) - 1) * COLUMN + BOX_WIDTH
    return tag("svg", *parts, viewBox=f"-2 0 {width + 4} {height}", role="img", aria_label="Lineage", class_="lineage")


def _ordered(nodes: Sequence[NodeView], edges: Sequence[tuple[str, str]]) -> dict[str, list[NodeView]]:
    """Order each layer by the mean place of what feeds it (the barycentre heuristic of layered drawing)."""
    feeds: dict[str, list[str]] = defaultdict(list)
    for source, sink in edges:
        feeds[sink].append(source)
    columns: dict[str, list[NodeView]] = {}
    rank: dict[str, float] = {}

    def weight(node: NodeView) -> tuple[float, str]:
        known = [rank[name] for name in feeds[node.name] if name in rank]
        return (sum(known) / len(known) if known else 0.0, node.name)

    for layer in LAYERS:
        columns[layer] = sorted((node for node in nodes if node.layer == layer), key=weight)
        rank.update({node.name: float(index) for index, node in enumerate(columns[layer])})
    return {layer: column for layer, column in columns.items() if column}


def _curve(start: tuple[float, float], end: tuple[float, float], says: str) -> Markup:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT / 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT / 2
    bend = max(abs(x2 - x1) / 2, 24)
    path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    return tag("path", tag("title", says), d=path, class_="edge")


def _box(node: NodeView, x: float, y: float) -> Markup:
    return tag(
        "g",
        tag("title", f"{node.name} ({node.mood})"),
        tag("rect", x=x, y=y, width=BOX_WIDTH, height=BOX_HEIGHT, rx=5, class_=f"node {node.layer} {node.mood}"),
        tag("text", node.name, x=x + 10, y=y + 17.5, class_="name"),
    )
