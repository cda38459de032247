"""Values in an answer by their paths, and in its headers by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADER = "header:"
LONGEST_NUMBER = 18
"""How many digits a count may have: more are a mistake, and Python refuses to read thousands of them."""


def path_of(text: str) -> tuple[str, ...]:
    """Return the keys that a path names; none for the top.

    Examples:
        >>> path_of("a.b"), path_of("/a/b.c"), path_of("."), path_of("data[]")
        (('a', 'b'), ('a', 'b.c'), (), ('data',))
    """
    if text.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/") if part)
    return tuple(part for part in text.removeprefix("$").removesuffix("[]").split(".") if part)


def dig(value: Any, path: str) -> Any:
    """Return what is at a path, None where there is nothing. A number is the place in a list.

    Examples:
        >>> dig({"a": [{"b": 1}]}, "a.0.b")
        1
    """
    return _at(value, path_of(path))


def _at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def has(value: Any, path: str) -> bool:
    """Whether there is anything at a path, were it null.

    Examples:
        >>> has({"a": None}, "a"), has({"a": None}, "b")
        (True, False)
    """
    keys = path_of(path)
    if not keys:
        return value is not None
    around = _at(value, keys[:-1])
    return isinstance(around, Mapping) and keys[-1] in around


def found(body: Any, headers: Mapping[str, str], place: str | None) -> Any:
    """Return what an answer has at a path, or in a header that `header:Name` names; None where it has nothing."""
    if place is None:
        return None
    if place.lower().startswith(HEADER):
        return headers.get(place[len(HEADER) :].strip().lower())
    return dig(body, place)


def whole_number(value: Any) -> int | None:
    """Return a count that an answer names, None where it is none.

    Examples:
        >>> whole_number("12"), whole_number(3), whole_number(True), whole_number("many")
        (12, 3, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER
    return int(value) if is_number else None
