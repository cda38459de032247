"""Names, folded once at the door: ASCII snake_case that every engine reads without quotes.

A folded name is lower case, at most 63 bytes, never reserved, never begins with a digit or with `_ls_`, and never holds `__`:
that is kept for siblings (`quantity__string`), which therefore cannot collide with a source's own column.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from lakesmith.shape.reserved import RESERVED

MAX_BYTES = 63
"""The longest name PostgreSQL keeps."""

_NAMELESS = "unnamed"
_DIGEST = 8
_LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "\u0131": "i", "ħ": "h", "Ħ": "H", "ŋ": "n", "Ŋ": "N",
    }
)  # fmt: skip
_PLURAL = re.compile(r"([A-Z]{2,})s(?![a-z])")
_WORD_END = re.compile(r"([a-z0-9])([A-Z])")
_ACRONYM_END = re.compile(r"([A-Z])([A-Z][a-z])")
_GAP = re.compile(r"[^a-z0-9]+")


def fold(names: Sequence[str], *, known: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return one safe name per source name, in order; equal source names get different safe names.

    Args:
        names: What the source calls its columns (or the parts of a struct).
        known: Source names that already have a folded name, which they keep.

    Examples:
        >>> fold(["customerID", "Größe", "2024", "order", "客", "_id", "a", "A"])
        ('customer_id', 'grosse', '_2024', 'order_', 'u5ba2', '_id', 'a', 'a_2')
    """
    kept = dict(known or {})
    taken = set(kept.values())
    folded = []
    for name in names:
        given = kept.pop(name, None) or _free(candidate(name), taken)
        taken.add(given)
        folded.append(given)
    return tuple(folded)


def candidate(name: str) -> str:
    """Return the safe name for `name` as if it were alone: without regard to collisions.

    Examples:
        >>> candidate("HTTPServerIDs (new)")
        'http_server_ids_new'
    """
    plain = _ascii(name)
    words = _PLURAL.sub(lambda match: match[1].capitalize() + "s", plain)
    words = _WORD_END.sub(r"\1_\2", _ACRONYM_END.sub(r"\1_\2", words))
    body = _GAP.sub("_", words.lower()).strip("_")
    if not body:
        body = "_".join(f"u{ord(letter):04x}" for letter in name if not letter.isspace() and letter != "_") or _NAMELESS
    if body[0].isdigit() or name.startswith("_"):
        body = f"_{body}"
    if body.startswith("_ls_") or body == "_ls":
        body = body[1:]
    return shorten(f"{body}_" if body in RESERVED else body)


def shorten(name: str, *, limit: int = MAX_BYTES) -> str:
    """Return `name`, or its beginning and a hash of all of it where it is longer than `limit` bytes."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - _DIGEST - 1].rstrip('_')}_{digest}"


def sibling_name(column: str, suffix: str) -> str:
    """Return the name of the column that takes the values `column` cannot hold.

    Examples:
        >>> sibling_name("quantity", "string")
        'quantity__string'
    """
    return f"{shorten(column, limit=MAX_BYTES - len(suffix) - 2)}__{suffix}"


def is_sibling(name: str) -> bool:
    """Whether `name` is that of a sibling: folded names never hold `__`."""
    return "__" in name


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return source names with repetitions told apart, as `a`, `a (2)`, and blank ones named, so that each names one column.

    Examples:
        >>> unique(["a", "b", "a", ""])
        ('a', 'b', 'a (2)', 'unnamed')
    """
    names = tuple(name or _NAMELESS for name in names)
    if len(set(names)) == len(names):
        return names
    taken, once = set(names), []
    seen: set[str] = set()
    for name in names:
        told, number = name, 1
        while told in seen or (number > 1 and told in taken):
            number += 1
            told = f"{name} ({number})"
        seen.add(told)
        once.append(told)
    return tuple(once)


def _ascii(name: str) -> str:
    """Fold accents and compatibility forms; write letters that have no ASCII form by their code point."""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).translate(_LETTERS))
    out = []
    for letter in parts:
        if letter.isascii():
            out.append(letter)
        elif letter.isalnum():
            out.append(f"_u{ord(letter):04x}_")
        elif not unicodedata.combining(letter):
            out.append("_")
    return "".join(out)


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, or the first of `name_2`, `name_3` … that is free."""
    number, free = 1, name
    while free in taken:
        number += 1
        suffix = f"_{number}"
        free = shorten(name.rstrip("_"), limit=MAX_BYTES - len(suffix)) + suffix
    return free
