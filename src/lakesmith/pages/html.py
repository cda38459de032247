"""HTML from Python values; every text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element. An attribute `class_` is written `class`, `stroke_width` is written `stroke-width`; None leaves it out.

    Examples:
        >>> tag("p", "a < b", class_="note")
        '<p class="note">a &lt; b</p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object], between: str = "") -> Markup:
    """Return children one after the other, escaped unless they are markup."""
    return Markup(between.join(child if isinstance(child, Markup) else escape(str(child)) for child in children))


def number(value: float | None, *, unit: str = "") -> str:
    """Return a number as people read it: separators, and millions in words when large.

    Examples:
        >>> number(1234567), number(1234.5), number(0.25), number(None)
        ('1.23 M', '1,234', '0.25', '–')
    """
    if value is None:
        return "–"
    size = abs(value)
    scaled, word = next(((value / step, w) for step, w in _STEPS if size >= step), (value, ""))
    if word:
        text = f"{scaled:.2f} {word}"
    else:
        text = f"{scaled:,.0f}" if size >= _WHOLE or float(value).is_integer() else f"{scaled:.2f}"
    return f"{text} {unit}".rstrip()


_STEPS = ((1e9, "bn"), (1e6, "M"))
_WHOLE = 100
