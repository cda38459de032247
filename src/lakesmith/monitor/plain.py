"""Events as plain values and back again: what stands in a run's log can be recorded once more."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from lakesmith.model.events import Event

KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}
LEFT_OUT = frozenset({"position"})
"""Fields that are not written down: a position may hold values of rows, and nothing is resumed from a log."""


def as_plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON can hold it, its kind under `event`."""
    return {"event": type(event).__name__, **_plain_of(event)}


def from_plain(plain: Mapping[str, Any]) -> Event | None:
    """Return the event that was written so; None for a kind that is not known.

    Raises:
        ValueError: If the values are not those of such an event.
    """
    kind = KINDS.get(str(plain.get("event")))
    if kind is None:
        return None
    try:
        event: Event = _made(kind, plain)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not an event of the kind {kind.__name__}") from error
    return event


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return an event, or any part of one, with every text masked; the same object where nothing had to be."""
    if isinstance(value, str):
        return mask(value)
    if is_dataclass(value) and not isinstance(value, type):
        old = {each.name: getattr(value, each.name) for each in fields(value)}
        new = {name: masked(part, mask) for name, part in old.items()}
        changed = {name: part for name, part in new.items() if part is not old[name] and part != old[name]}
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple):
        return tuple(masked(part, mask) for part in value)
    if isinstance(value, Mapping):
        return {masked(key, mask): masked(part, mask) for key, part in value.items()}
    return value


def _plain_of(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain_of(getattr(value, each.name)) for each in fields(value) if each.name not in LEFT_OUT}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain_of(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain_of(part) for part in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: type, plain: Mapping[str, Any]) -> Any:
    """Return a value of a data class; what is left out or unknown takes its default."""
    given = {}
    for each in fields(kind):
        if each.name in plain:
            given[each.name] = _read(_hints(kind)[each.name], plain[each.name])
        elif each.name in LEFT_OUT:
            given[each.name] = b"{}"
        elif each.default is MISSING and each.default_factory is MISSING:
            raise KeyError(each.name)
    return kind(**given)


def _read(hint: Any, plain: Any) -> Any:
    """Return a plain value as the type that a field has."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if plain is None else _read(next(part for part in parts if part is not type(None)), plain)
    if origin is tuple:
        return tuple(_read(parts[0], part) for part in plain)
    if origin in (dict, Mapping):
        return {_read(parts[0], key): _read(parts[1], part) for key, part in plain.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return _made(hint, plain)
    read = _READS.get(hint)
    return read(plain) if read else plain


_READS: dict[Any, Callable[[str], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    bytes: lambda text: text.encode("utf-8", "replace"),
}
