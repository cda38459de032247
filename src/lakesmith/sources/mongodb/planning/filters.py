"""A stream's filter, from how the project file says it to what the server takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import StreamSpec


def filter_of(stream: StreamSpec) -> dict[str, Any]:
    """Return the stream's filter as the driver takes it, empty for none; extended JSON in it becomes the types that it names.

    Raises:
        ConnectorOptionsError: If it holds what has no such type.
    """
    said = stream.options.filter
    if not said:
        return {}
    try:
        made = _typed(said)
        _need_bson(made)
    except (ValueError, TypeError, OverflowError):
        raise ConnectorOptionsError(
            f"The filter of {stream.id} holds a value that is not what its type says.",
            where=stream.where,
            fix="write types as in extended JSON: {$date: '2026-01-31T00:00:00Z'}, {$oid: 24 hexadecimal digits}, {$numberDecimal: '1.50'}",
        ) from None
    return dict(made)


def hash_of(said: Mapping[str, Any] | None) -> str:
    """Return the hash of a filter or projection, empty for none."""
    import bson

    return hashlib.sha256(bson.encode(_typed(said))).hexdigest()[:16] if said else ""


def _need_bson(made: Mapping[str, Any]) -> None:
    import bson
    from bson.errors import BSONError

    try:
        bson.encode(made)
    except BSONError as error:
        raise ValueError from error


def _typed(value: Any) -> Any:
    """Return a value of YAML as the driver takes it: days are their beginning, in UTC."""
    from bson import json_util
    from bson.errors import BSONError

    if isinstance(value, Mapping):
        parts = {str(name): _typed(part) for name, part in value.items()}
        if len(parts) == 1 and isinstance(parts.get("$date"), datetime):
            return parts["$date"]
        try:
            return json_util.object_hook(parts, json_util.DEFAULT_JSON_OPTIONS)
        except BSONError as error:
            raise ValueError from error
    if isinstance(value, list | tuple):
        return [_typed(item) for item in value]
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value
