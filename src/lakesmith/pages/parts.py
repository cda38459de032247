"""What all pages are put together from: states, tables, sections, times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from lakesmith.pages.html import Markup, tag
from lakesmith.pages.values import BAD, GOOD, UNKNOWN, WARN

LEARNING, BUSY = "learning", "busy"
SHAPES = {
    GOOD: ("✓", "well"),
    WARN: ("!", "look"),
    BAD: ("✕", "broken"),
    UNKNOWN: ("?", "unknown"),
    LEARNING: ("~", "learning"),
    BUSY: ("▸", "running"),
}
RUN_MOODS = {
    "succeeded": GOOD,
    "nothing_new": GOOD,
    "warned": WARN,
    "stopped": WARN,
    "failed": BAD,
    "lost": BAD,
    "running": BUSY,
}
MINUTE, HOUR, DAY = 60, 3600, 86400
_UNSAID = tag("span", "more", class_="unseen")
"""What the heading of a column is called that needs none for the eye."""


def mark(mood: str, word: str | None = None) -> Markup:
    """Return a state as colour, shape and word together."""
    shape, usual = SHAPES.get(mood, SHAPES[UNKNOWN])
    return tag("span", tag("b", shape, aria_hidden="true"), f" {word or usual}", class_=f"mark {mood}")


def section(title: str, lead: object, *children: object, id_: str) -> Markup:
    """Return a section with its heading, and a sentence below it if there is one to say."""
    return tag("section", tag("h2", title), tag("p", lead, class_="lead") if lead else "", *children, id_=id_)


def table(
    columns: Sequence[object], rows: Iterable[Sequence[object]], *, numeric: Sequence[bool] = (), caption: str = ""
) -> Markup:
    """Return a table that scrolls sideways on its own; whoever has no mouse can reach it and scroll with the keys."""
    sides = [*("num" if is_number else None for is_number in numeric), *(None,) * (len(columns) - len(numeric))]
    head = tag(
        "tr", *(tag("th", name or _UNSAID, class_=side, scope="col") for name, side in zip(columns, sides, strict=True))
    )
    body = (tag("tr", *(tag("td", cell, class_=side) for cell, side in zip(row, sides, strict=True))) for row in rows)
    title = tag("caption", caption, class_="unseen") if caption else ""
    whole = tag("table", title, tag("thead", head), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption or "table")


def minute(at: datetime | None) -> str:
    """Return a time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "–"


def when(at: datetime | None) -> Markup:
    """Return a time to the minute that machines can read as well."""
    return tag("time", minute(at), datetime=at.isoformat(), class_="when") if at else Markup("–")


def span(seconds: float | None) -> str:
    """Return how long something took or is ago, in the two units that matter.

    Examples:
        >>> span(0.42), span(75), span(3 * 3600 + 120), span(200_000), span(None)
        ('0.4 s', '1 min 15 s', '3 h 2 min', '2 d 7 h', '–')
    """
    if seconds is None:
        return "–"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    for small, small_word, large, large_word in ((1, "s", 60, "min"), (60, "min", 3600, "h"), (3600, "h", 86400, "d")):
        if seconds < large * (60 if large == MINUTE else 24 if large == HOUR else 1e9):
            whole, rest = divmod(int(seconds), large)
            return f"{whole} {large_word}" + (f" {rest // small} {small_word}" if rest // small else "")
    return "–"


def size(count: float | None) -> str:
    """Return bytes as people read them.

    Examples:
        >>> size(999), size(1_500_000), size(None)
        ('999 B', '1.5 MB', '–')
    """
    if count is None:
        return "–"
    for step, word in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(count) >= step:
            return f"{count / step:.1f} {word}"
    return f"{count:.0f} B"


def words(name: str) -> str:
    """Return a state's name as people write it."""
    return name.replace("_", " ")


def clipped(text: str, length: int = 400) -> str:
    """Return a text that is not longer than a page can bear.

    Examples:
        >>> clipped("abcdef", 4)
        'abc…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"
