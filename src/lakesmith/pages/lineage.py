"""A small picture of what feeds what: one column per layer, a curve per edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lakesmith.pages.html import Markup, tag
from lakesmith.pages.values import NodeView

LAYERS = ("bronze", "silver", "gold", "marts")
COLUMN, BOX_WIDTH, BOX_HEIGHT, GAP, HEAD, ARC = 290, 226, 26, 10, 34, 20


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
        """Return the mean place of what feeds a node."""
        known = [rank[name] for name in feeds[node.name] if name in rank]
        return (sum(known) / len(known) if known else 0.0, node.name)

    for layer in LAYERS:
        columns[layer] = sorted((node for node in nodes if node.layer == layer), key=weight)
        rank.update({node.name: float(index) for index, node in enumerate(columns[layer])})
    return {layer: column for layer, column in columns.items() if column}


def _curve(start: tuple[float, float], end: tuple[float, float], says: str) -> Markup:
    """Return an edge: from right side to left side, or, within a layer, an arc along the left side."""
    (x1, y1), (x2, y2) = start, end
    y1, y2 = y1 + BOX_HEIGHT / 2, y2 + BOX_HEIGHT / 2
    if x1 == x2:
        bend = -ARC - abs(y2 - y1) / 6
    else:
        x1, bend = x1 + BOX_WIDTH, max(abs(x2 - x1 - BOX_WIDTH) / 2, ARC)
    leave = x1 + bend
    arrive = x2 + bend if start[0] == end[0] else x2 - bend
    path = f"M{x1} {y1} C{leave} {y1} {arrive} {y2} {x2} {y2}"
    return tag("path", tag("title", says), d=path, class_="edge")


def _box(node: NodeView, x: float, y: float) -> Markup:
    return tag(
        "g",
        tag("title", f"{node.name} ({node.mood})"),
        tag("rect", x=x, y=y, width=BOX_WIDTH, height=BOX_HEIGHT, rx=5, class_=f"node {node.layer} {node.mood}"),
        tag("text", node.name, x=x + 10, y=y + 17.5, class_="name"),
    )
