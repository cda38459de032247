"""Charts as SVG: axes at round numbers, a title on every mark for the mouse and for screen readers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lakesmith.pages.html import Markup, join, number, tag
from lakesmith.pages.values import Chart

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 10, 26
BAR_HEIGHT, BAR_LABEL = 26, 190
MAX_X_LABELS = 8


def chart(value: Chart) -> Markup:
    """Return a chart as a figure with its caption."""
    draw = {"bars": _bars, "line": _line}.get(value.kind, _columns)
    legend = _legend(value) if len(value.series) > 1 else ""
    return tag("figure", tag("figcaption", value.title, legend), draw(value), class_="chart")


def ticks(top: float, wanted: int = 4) -> list[float]:
    """Return round numbers from 0 to at least `top`, about `wanted` steps.

    Examples:
        >>> ticks(87)
        [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    if top <= 0:
        return [0.0, 1.0]
    raw = top / wanted
    size = 10 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= raw)
    return [step * index for index in range(math.ceil(top / step - 1e-9) + 1)]


def _legend(value: Chart) -> Markup:
    items = (tag("span", tag("i", class_=f"s{index % 6}"), name) for index, name in enumerate(value.series))
    return tag("span", *items, class_="legend")


def _frame(value: Chart, top: float) -> tuple[list[Markup], float]:
    """Return gridlines and labels of both axes, and the highest tick."""
    marks = ticks(top)
    parts = []
    for mark in marks:
        y = _y(mark, marks[-1])
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", number(mark), x=LEFT - 8, y=y + 4, class_="tick", text_anchor="end"))
    every = max(1, math.ceil(len(value.labels) / MAX_X_LABELS))
    for index, label in enumerate(value.labels):
        if index % every == 0:
            x = _x(index, len(value.labels))
            parts.append(tag("text", label, x=x, y=HEIGHT - 8, class_="tick", text_anchor="middle"))
    return parts, marks[-1]


def _x(index: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(count, 1), 2)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 2)


def _svg(parts: Sequence[Markup], title: str, height: int = HEIGHT) -> Markup:
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=title)


def _columns(value: Chart) -> Markup:
    totals = [sum(v or 0 for v in column) for column in zip(*value.series.values(), strict=True)]
    parts, top = _frame(value, max(totals, default=0))
    width = round((WIDTH - LEFT - RIGHT) / max(len(value.labels), 1) * 0.72, 2)
    for index, label in enumerate(value.labels):
        base = 0.0
        for place, (name, numbers) in enumerate(value.series.items()):
            amount = numbers[index] or 0
            if amount > 0:
                says = f"{label}, {name}: {number(amount, unit=value.unit)}"
                y, y0 = _y(base + amount, top), _y(base, top)
                x = round(_x(index, len(value.labels)) - width / 2, 2)
                box = {"x": x, "y": y, "width": width, "height": round(y0 - y, 2), "rx": 1.5}
                parts.append(tag("rect", tag("title", says), class_=f"s{place % 6}", **box))
                base += amount
    return _svg(parts, value.title)


def _line(value: Chart) -> Markup:
    highest = max((v for numbers in value.series.values() for v in numbers if v is not None), default=0)
    parts, top = _frame(value, highest)
    for place, (name, numbers) in enumerate(value.series.items()):
        dots = [(_x(i, len(numbers)), _y(v, top), i, v) for i, v in enumerate(numbers) if v is not None]
        path = " ".join(f"{'M' if n == 0 else 'L'}{x} {y}" for n, (x, y, _, _) in enumerate(dots))
        parts.append(tag("path", d=path, class_=f"line s{place % 6}"))
        for x, y, index, amount in dots:
            says = f"{value.labels[index]}, {name}: {number(amount, unit=value.unit)}"
            parts.append(tag("circle", tag("title", says), cx=x, cy=y, r=3, class_=f"s{place % 6}"))
    return _svg(parts, value.title)


def _bars(value: Chart) -> Markup:
    numbers = next(iter(value.series.values()), ())
    top = max((v or 0 for v in numbers), default=0) or 1
    room = WIDTH - BAR_LABEL - 96
    parts = []
    for index, (label, amount) in enumerate(zip(value.labels, numbers, strict=True)):
        y, width = index * BAR_HEIGHT, round(room * (amount or 0) / top, 2)
        says = f"{label}: {number(amount, unit=value.unit)}"
        parts += [
            tag("text", _short(label), x=BAR_LABEL - 10, y=y + 17, text_anchor="end", class_="label"),
            tag(
                "rect",
                tag("title", says),
                x=BAR_LABEL,
                y=y + 4,
                width=max(width, 1),
                height=BAR_HEIGHT - 8,
                rx=2,
                class_="s0",
            ),
            tag("text", number(amount, unit=value.unit), x=BAR_LABEL + width + 8, y=y + 17, class_="tick"),
        ]
    return _svg(parts, value.title, max(len(value.labels), 1) * BAR_HEIGHT + 4)


def _short(label: str, length: int = 26) -> str:
    return label if len(label) <= length else f"{label[: length - 1]}…"


__all__ = ["chart", "join", "ticks"]
