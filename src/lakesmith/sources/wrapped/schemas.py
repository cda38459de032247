"""What a JSON Schema says of the fields of a record, as far as JSON itself does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

Wanted: TypeAlias = Literal["number", "date", "timestamp", "timestamptz"]


def wanted_types(schema: Mapping[str, Any]) -> dict[str, Wanted]:
    """Return the types of those fields whose values tell less than their schema: times are texts in JSON, and `2` may be a price.

    Examples:
        >>> wanted_types({"properties": {"at": {"type": ["null", "string"], "format": "date-time"}, "n": {"type": "integer"}}})
        {'at': 'timestamptz'}
    """
    properties = schema.get("properties")
    found = {name: _wanted(said) for name, said in properties.items()} if isinstance(properties, Mapping) else {}
    return {name: kind for name, kind in found.items() if kind is not None}


def _wanted(said: Any) -> Wanted | None:
    if not isinstance(said, Mapping):
        return None
    several = said.get("anyOf") or said.get("oneOf")
    if isinstance(several, list):
        told = {_wanted(one) for one in several if not (isinstance(one, Mapping) and one.get("type") == "null")}
        return told.pop() if len(told) == 1 else None
    kinds, special = said.get("type"), said.get("airbyte_type")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds) if isinstance(kinds, list) else set()
    if kinds - {"null"} == {"number"}:
        return None if special in {"integer", "big_integer"} else "number"
    return _time(str(said.get("format")), str(special)) if kinds - {"null"} == {"string"} else None


def _time(form: str, special: str) -> Wanted | None:
    if form == "date-time":
        return "timestamp" if special == "timestamp_without_timezone" else "timestamptz"
    return "date" if form == "date" else None
