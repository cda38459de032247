"""Pictures over time on one common axis: stacked columns, lines, what was expected behind them, what changed across them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from lakesmith.pages.charts import ticks
from lakesmith.pages.html import Markup, join, number, tag
from lakesmith.pages.parts import minute, size, span, table
from lakesmith.pages.views.common import Mark, Plot, Throughput

WIDTH, HEIGHT = 640, 176
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 16, 22
WIDEST, SHARE = 16.0, 0.68
PER_LABEL = 105
SPANS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
LETTERS = {"code": "C", "config": "P", "versions": "V", "schema": "S"}
MEANINGS = {"code": "code", "config": "project file", "versions": "libraries", "schema": "schema"}
SECONDS, BYTES = "s", "B"


def throughput(value: Throughput) -> Markup:
    """Return all pictures of a source or a table; the letters on them stand for what changed at that time."""
    if not value.plots:
        return tag("p", "No load is on record, so there is nothing to draw.", class_="lead")
    seen = {mark.kind for mark in value.marks}
    told = ", ".join(f"{LETTERS[kind]} {MEANINGS[kind]}" for kind in LETTERS if kind in seen)
    key = tag("p", f"Letters on the pictures say what changed there: {told}." if told else "", class_="lead")
    figures = (plot(one, value.start, value.end, value.marks) for one in value.plots)
    return join((key, tag("div", *figures, class_="plots"), _changes(value.marks)))


def plot(value: Plot, start: datetime, end: datetime, marks: Sequence[Mark] = (), *, width: int = WIDTH) -> Markup:
    """Return one picture with its sentence above and its numbers in a table below; `width` is that of the drawing, its text stays as large."""
    names = [*value.bars, *value.lines]
    legend = [tag("span", tag("i", class_=f"s{index % 6}"), name) for index, name in enumerate(names)]
    if any(value.band):
        legend.append(tag("span", tag("i", class_="band"), "expected"))
    legend += [tag("span", tag("i", class_="limit"), name) for name in value.limits]
    return tag(
        "figure",
        tag(
            "figcaption",
            tag("h3", value.title),
            tag("span", *legend, class_="legend") if len(legend) > 1 else "",
            tag("p", value.takeaway, class_="takeaway"),
        ),
        _svg(value, _Scale(value, start, end, width), marks) if value.points else "",
        _numbers(value),
        class_="plot",
    )


def said(value: float | None, unit: str) -> str:
    """Return a number in its unit: spans and sizes in words.

    Examples:
        >>> said(75, "s"), said(2_000, "B"), said(3, "rows")
        ('1 min 15 s', '2.0 kB', '3 rows')
    """
    if unit == SECONDS:
        return span(value)
    if unit == BYTES:
        return size(value)
    return number(value, unit="" if value is None else unit)


class _Scale:
    """From times and amounts to places in the picture. Spans of time are marked in round numbers of one unit."""

    def __init__(self, value: Plot, start: datetime, end: datetime, width: int) -> None:
        self.start, self.end, self.width = start, end, width
        self.length = max((end - start).total_seconds(), 1.0)
        top = _highest(value)
        units = SPANS if value.unit == SECONDS else ((1.0, ""),)
        self.step, self.word = next((unit for unit in units if top >= unit[0] * 1.5), units[-1])
        self.marks = [mark * self.step for mark in ticks(top / self.step, 3)]
        self.top = self.marks[-1]

    def x(self, at: datetime) -> float:
        """Return how far right a time stands."""
        share = (at - self.start).total_seconds() / self.length
        return round(LEFT + (self.width - LEFT - RIGHT) * min(max(share, 0.0), 1.0), 1)

    def y(self, amount: float) -> float:
        """Return how far down an amount stands."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(amount / self.top, 0.0), 1.0), 1)

    def words(self, amount: float, unit: str) -> str:
        """Return what stands at a mark of the axis."""
        if unit == SECONDS:
            return f"{amount / self.step:g} {self.word}"
        return size(amount).replace(".0 ", " ") if unit == BYTES else number(amount)


def _svg(value: Plot, scale: _Scale, marks: Sequence[Mark]) -> Markup:
    parts = [*_frame(scale, value.unit), *_band(value, scale), *_bars(value, scale), *_lines(value, scale)]
    for name, amount in value.limits.items():
        y = scale.y(amount)
        says = f"{name}: {said(amount, value.unit)}"
        parts.append(tag("line", tag("title", says), x1=LEFT, x2=scale.width - RIGHT, y1=y, y2=y, class_="limit"))
    for one in marks:
        if scale.start <= one.at <= scale.end:
            parts += _mark(one, scale)
    label = f"{value.title}. {value.takeaway}"
    return tag("svg", *parts, viewBox=f"0 0 {scale.width} {HEIGHT}", role="img", aria_label=label)


def _highest(value: Plot) -> float:
    stacks = [sum(amount or 0 for amount in column) for column in zip(*value.bars.values(), strict=True)]
    lines = [amount for series in value.lines.values() for amount in series if amount is not None]
    uppers = [both[1] for both in value.band if both]
    seen = max([*stacks, *lines], default=0.0)
    return max(
        [seen, min(max(uppers, default=0.0), 3 * seen or 1.0), *(x for x in value.limits.values() if x < 4 * seen)]
    )


def _frame(scale: _Scale, unit: str) -> Iterator[Markup]:
    for amount in scale.marks:
        y = scale.y(amount)
        yield tag("line", x1=LEFT, x2=scale.width - RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", scale.words(amount, unit), x=LEFT - 7, y=y + 4, class_="tick", text_anchor="end")
    end, length = scale.end, scale.end - scale.start
    labels = max(round(scale.width / PER_LABEL), 2)
    if length <= timedelta(hours=36):
        step, form = timedelta(hours=max(1, round(length.total_seconds() / 3600 / labels))), "%H:%M"
    else:
        step, form = timedelta(days=max(1, round(length.total_seconds() / 86400 / labels))), "%d %b"
    at = scale.start + step / 2
    while at < end:
        yield tag("text", f"{at:{form}}", x=scale.x(at), y=HEIGHT - 6, class_="tick", text_anchor="middle")
        at += step


def _band(value: Plot, scale: _Scale) -> Iterator[Markup]:
    known = [(at, both) for at, both in zip(value.points, value.band, strict=False) if both]
    if not known:
        return
    upper = [f"{scale.x(at)},{scale.y(both[1])}" for at, both in known]
    lower = [f"{scale.x(at)},{scale.y(both[0])}" for at, both in reversed(known)]
    low, high = known[-1][1]
    says = f"expected: {said(low, value.unit)} to {said(high, value.unit)}"
    if len(known) == 1:
        at = known[0][0]
        box = {"x": scale.x(at) - WIDEST, "width": WIDEST * 2, "y": scale.y(high)}
        yield tag("rect", tag("title", says), height=round(scale.y(low) - scale.y(high), 1), class_="band", **box)
    else:
        yield tag("polygon", tag("title", says), points=" ".join(upper + lower), class_="band")


def _bars(value: Plot, scale: _Scale) -> Iterator[Markup]:
    if not value.bars:
        return
    width = round(min(WIDEST, SHARE * (scale.width - LEFT - RIGHT) / max(len(value.points), 1)), 1)
    for index, at in enumerate(value.points):
        base = 0.0
        for place, (name, series) in enumerate(value.bars.items()):
            amount = series[index] or 0
            if amount <= 0:
                continue
            y, y0 = scale.y(base + amount), scale.y(base)
            says = f"{minute(at)}, {name}: {said(amount, value.unit)}"
            box = {"x": round(scale.x(at) - width / 2, 1), "y": y, "width": width, "height": max(round(y0 - y, 1), 0.6)}
            yield tag("rect", tag("title", says), class_=f"s{place % 6}", **box)
            base += amount


def _lines(value: Plot, scale: _Scale) -> Iterator[Markup]:
    for place, (name, series) in enumerate(value.lines.items(), start=len(value.bars)):
        known = [(at, amount) for at, amount in zip(value.points, series, strict=True) if amount is not None]
        path = " ".join(f"{'L' if n else 'M'}{scale.x(at)} {scale.y(amount)}" for n, (at, amount) in enumerate(known))
        if path:
            yield tag("path", tag("title", name), d=path, class_=f"line s{place % 6}")
        for at, amount in known:
            says = f"{minute(at)}, {name}: {said(amount, value.unit)}"
            spot = {"cx": scale.x(at), "cy": scale.y(amount)}
            yield tag("circle", tag("title", says), r=2.2, class_=f"s{place % 6}", **spot)


def _mark(value: Mark, scale: _Scale) -> list[Markup]:
    x = scale.x(value.at)
    says = tag("title", f"{minute(value.at)}, {MEANINGS[value.kind]}: {value.text}")
    return [
        tag("line", says, x1=x, x2=x, y1=TOP - 2, y2=HEIGHT - BOTTOM, class_="change"),
        tag("text", LETTERS[value.kind], x=x, y=TOP - 5, class_="letter", text_anchor="middle"),
    ]


def _numbers(value: Plot) -> Markup:
    banded = any(value.band)
    columns = ["time (UTC)", *value.bars, *value.lines, *(("expected from", "to") if banded else ())]
    rows = []
    for index, at in enumerate(value.points):
        cells = [said(series[index], value.unit) for series in (*value.bars.values(), *value.lines.values())]
        both = value.band[index] if banded else None
        edges = [said(edge, value.unit) for edge in both] if both else ["–", "–"]
        rows.append((minute(at), *cells, *(edges if banded else ())))
    behind = table(columns, reversed(rows), numeric=(False, *(True,) * (len(columns) - 1)), caption=value.title)
    return tag("details", tag("summary", f"Numbers of “{value.title}”"), behind)


def _changes(marks: Sequence[Mark]) -> Markup:
    if not marks:
        return Markup()
    rows = [(minute(one.at), MEANINGS[one.kind], one.text) for one in reversed(marks)]
    behind = table(("time (UTC)", "what", ""), rows, caption="What changed")
    return tag("details", tag("summary", f"What changed: {len(marks)}"), behind)
