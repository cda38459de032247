"""Batches as the driver makes them, column by column, as rows of the types of bronze."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyarrow import RecordBatch, Schema

from lakesmith.errors import FatalError
from lakesmith.model.streams import WORDS_KEY
from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Decimal,
    List,
    Type,
)
from lakesmith.sources.postgres.types.arrays import part_number_lists
from lakesmith.sources.postgres.types.arrow import Array, pa
from lakesmith.sources.postgres.types.numbers import part_numbers, part_whole
from lakesmith.sources.postgres.types.parts import Parts, merged
from lakesmith.sources.postgres.types.table import Selected
from lakesmith.sources.postgres.types.times import part_dates, part_timestamps

_ARROW: dict[Type, Any] = {
    BOOLEAN: pa.bool_(),
    INT: pa.int32(),
    LONG: pa.int64(),
    FLOAT: pa.float32(),
    DOUBLE: pa.float64(),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us"),
    TIMESTAMPTZ: pa.timestamp("us", "UTC"),
    STRING: pa.string(),
    BINARY: pa.binary(),
}
_PARTED: dict[Type, Callable[[Array], Parts]] = {
    DATE: part_dates,
    TIMESTAMP: part_timestamps,
    TIMESTAMPTZ: part_timestamps,
}


def schema_of(columns: Sequence[Selected]) -> Schema:
    """Return the Arrow schema of rows without rare values."""
    made: Schema = pa.schema(
        [pa.field(item.column.name, _arrow(item.kind.type), metadata=item.metadata) for item in columns]
    )
    return made


def rows_of(columns: Sequence[Selected], schema: Schema, batch: RecordBatch) -> RecordBatch:
    """Return a batch of the query as rows: the columns of the schema, then the words for rare values.

    Raises:
        FatalError: If what arrived has other columns than were selected.
    """
    expected = len(columns) + sum(bool(item.kind.odd) for item in columns)
    if batch.num_columns != expected:
        raise FatalError(
            f"The server sent {batch.num_columns} columns, but {expected} were selected.", fix="Report this as a bug."
        )
    beside = iter(range(len(columns), expected))
    arrays, fields = [], []
    for number, item in enumerate(columns):
        parts = _parts(batch.column(number), item.kind.type, schema.field(number).type)
        if item.kind.odd:
            parts = _with_odd(parts, batch.column(next(beside)))
        arrays.append(parts.values)
        if parts.words is not None:
            fields.append((pa.field(item.column.name, pa.string(), metadata={WORDS_KEY: b"1"}), parts.words))
    if not fields:
        return RecordBatch.from_arrays(arrays, schema=schema)
    wider = pa.schema([*schema, *(field for field, _ in fields)])
    return RecordBatch.from_arrays([*arrays, *(words for _, words in fields)], schema=wider)


def _parts(values: Array, kind: Type, target: Any) -> Parts:
    if isinstance(kind, Decimal):
        return part_whole(values, kind) if pa.types.is_integer(values.type) else part_numbers(values, kind)
    if isinstance(kind, List) and isinstance(kind.element, Decimal):
        parts = part_number_lists(values, kind.element)
        return Parts(parts.values.cast(target), parts.words)
    values = values if values.type == target else values.cast(target)
    parted = _PARTED.get(kind)
    return parted(values) if parted is not None else Parts(values)


def _with_odd(parts: Parts, words: Array) -> Parts:
    """Add the words of values that the server left out, since the driver would refuse or change them."""
    return parts if words.null_count == len(words) else Parts(parts.values, merged(parts.words, words))


def _arrow(kind: Type) -> Any:
    if isinstance(kind, Decimal):
        return pa.decimal128(kind.precision, kind.scale)
    return pa.list_(_arrow(kind.element)) if isinstance(kind, List) else _ARROW[kind]
