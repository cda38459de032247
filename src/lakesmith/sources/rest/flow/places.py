"""The places in paths, parameters and bodies, such as `{since}`, and what is put there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_STRICT = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}:]*)(?P<join>:,)?\}")
_NAMED = re.compile(r"\{(?P<name>[A-Za-z_][\w.]*)(?P<join>:,)?\}")
_DOTS = (".", "..")


class UnknownPlaceError(ValueError):
    """A place that nobody knows a value for; the text is its name."""


class Absent:
    """What a place without a value becomes: whatever it stands in is left out."""


ABSENT = Absent()


def filled(value: Any, places: Mapping[str, Any], *, strict: bool = True) -> Any:
    """Return a value with its places filled in, at any depth; a text that is one place alone becomes what is put there.

    Args:
        value: Texts, mappings, lists and plain values.
        places: What is put where; None leaves out the parameter or part that the place stands in.
        strict: Whether every brace must belong to a place. Otherwise others stay as they are: queries are full of them.

    Raises:
        UnknownPlaceError: If a place is not known, with `strict`.

    Examples:
        >>> filled({"day": "{since}", "q": "from {since}"}, {"since": "2024-01-31"})
        {'day': '2024-01-31', 'q': 'from 2024-01-31'}
    """
    if isinstance(value, str):
        return _filled_text(value, places, strict=strict)
    if isinstance(value, Mapping):
        made = {key: filled(item, places, strict=strict) for key, item in value.items()}
        return {key: item for key, item in made.items() if item is not ABSENT}
    if isinstance(value, list | tuple):
        return [item for item in (filled(item, places, strict=strict) for item in value) if item is not ABSENT]
    return value


def filled_path(path: str, places: Mapping[str, Any]) -> str:
    """Return a path with its places filled in, what is put there escaped; one that is a place alone may become a whole address.

    Raises:
        UnknownPlaceError: If a place is not known, has no value, or would lead to another path.
    """
    alone = _NAMED.fullmatch(path)
    if alone and str(places.get(alone["name"], "")).startswith(("http://", "https://")):
        return str(places[alone["name"]])
    escaped: dict[str, str] = {}
    for name in places:
        text = "" if places[name] is None else _plain(places[name])
        escaped[name] = "" if text in _DOTS else quote(text, safe="")
    made = _filled_text(path, {name: text or None for name, text in escaped.items()}, strict=True)
    if made is ABSENT:
        raise UnknownPlaceError(", ".join(match["name"] for match in _NAMED.finditer(path)))
    return str(made)


def names_in(value: Any) -> set[str]:
    """Return the names of all places in a value."""
    if isinstance(value, str):
        return {match["name"] for match in _NAMED.finditer(value)}
    if isinstance(value, Mapping):
        return set().union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list | tuple) else set()


def _filled_text(text: str, places: Mapping[str, Any], *, strict: bool) -> Any:
    alone = _NAMED.fullmatch(text)
    if alone and alone["name"] in places and not alone["join"]:
        value = places[alone["name"]]
        return ABSENT if value is None else value
    absent = False

    def put(match: re.Match[str]) -> str:
        """Return what is put in one place."""
        nonlocal absent
        name = match["name"]
        if name is None:
            return match[0][0]
        if name not in places:
            if strict:
                raise UnknownPlaceError(name)
            return match[0]
        absent = absent or places[name] is None
        return _plain(places[name])

    made = (_STRICT if strict else _NAMED).sub(put, text)
    return ABSENT if absent else made


def _plain(value: Any) -> str:
    """Return a value as it stands in a text; a list's joined by commas."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
