"""Rows of a Parquet file as any reader of an Iceberg table sees them: columns and their parts are found by field id, never by name."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq

FIELD_ID = b"PARQUET:field_id"
Read = Callable[[Any], Any]


def schema_of(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a table's readers use, as its metadata has it."""
    current = metadata["current-schema-id"]
    return next(dict(schema) for schema in metadata["schemas"] if schema["schema-id"] == current)


def read_rows(content: bytes, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a file in the columns of a schema; what the file does not have is null."""
    table = pq.ParquetFile(io.BytesIO(content)).read()
    read = _reader_of_parts(schema["fields"], list(table.schema))
    return [read(row) for row in table.to_pylist()]


def _reader_of_parts(wanted: list[dict[str, Any]], written: list[Any]) -> Read:
    """Return what finds the columns of a row, or the parts of a struct."""
    by_id = {_id_of(field): field for field in written}
    found = [(field["name"], by_id.get(field["id"]), field["type"]) for field in wanted]
    readers = [(name, there.name, _reader(type_, there.type)) for name, there, type_ in found if there is not None]
    return lambda row: {name: read(row[there]) for name, there, read in readers}


def _id_of(field: Any) -> int:
    return int((field.metadata or {}).get(FIELD_ID, -1))


def _reader(wanted: Any, written: Any) -> Read:
    """Return what reads a value written as one type as another: an Iceberg type, as metadata has it, and an Arrow type."""
    if not isinstance(wanted, dict):
        return _as_it_is
    if wanted["type"] == "struct":
        return _unless_null(_reader_of_parts(wanted["fields"], list(written)))
    if wanted["type"] == "list":
        if _id_of(written.value_field) != wanted["element-id"]:
            return lambda _value: None
        read = _reader(wanted["element"], written.value_type)
        return _unless_null(lambda value: [read(one) for one in value])
    inside = _reader(wanted["value"], written.item_type)
    return _unless_null(lambda value: [(key, inside(one)) for key, one in value])


def _as_it_is(value: Any) -> Any:
    return value


def _unless_null(read: Read) -> Read:
    return lambda value: None if value is None else read(value)
