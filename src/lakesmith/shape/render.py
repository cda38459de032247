"""Values written as text: for string siblings, for masks, and for what no engine has a type for."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pyarrow import RecordBatch

from lakesmith.shape.arrow import Array, DataType, is_, pa, pc
from lakesmith.shape.arrow_types import UUID

_UUID_PARTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def as_text(values: Array) -> Array:
    """Return every value as text: ISO for dates and times, plain digits for numbers, JSON for what has parts."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _uuid_text(values.storage) if kind.extension_name == UUID else as_text(values.storage)
    if is_.is_timestamp(kind):
        return _timestamp_text(values)
    if is_.is_decimal(kind):
        return _decimal_text(values)
    if is_.is_nested(kind):
        values = values.cast(_readable(kind))
    if is_.is_nested(kind) or is_.is_duration(kind) or is_.is_interval(kind) or _is_bytes(kind):
        return pa.array([_one_text(value) for value in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def json_rows(batch: RecordBatch, rows: Sequence[int]) -> list[str]:
    """Return the rows with these numbers as JSON objects."""
    taken = batch.take(pa.array(rows, pa.int64()))
    columns = [_printable(column) for column in taken.columns]
    named = RecordBatch.from_arrays(columns, names=list(batch.schema.names))
    return [json.dumps(row, default=_plain, ensure_ascii=False) for row in named.to_pylist()]


def _printable(values: Array) -> Array:
    """Return values that can become Python objects: nanoseconds cannot, and are text."""
    if is_.is_timestamp(values.type):
        return _timestamp_text(values)
    return values.cast(_readable(values.type)) if is_.is_nested(values.type) else values


def _readable(kind: DataType) -> DataType:
    """Return the type to cast to before values become Python objects: nanoseconds cannot.

    Nulls in a list that are cast to nulls are lost by Arrow; cast to text they are as many as before.
    """
    if is_.is_null(kind):
        return pa.string()
    if is_.is_timestamp(kind) or is_.is_time(kind):
        return pa.string() if getattr(kind, "unit", "ns") == "ns" else kind
    if is_.is_struct(kind):
        return pa.struct([kind.field(i).with_type(_readable(kind.field(i).type)) for i in range(kind.num_fields)])
    if is_.is_list(kind) or is_.is_large_list(kind):
        return pa.list_(_readable(kind.value_type))
    return pa.map_(kind.key_type, _readable(kind.item_type)) if is_.is_map(kind) else kind


def _timestamp_text(values: Array) -> Array:
    if values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    return values.cast(pa.string())


def _decimal_text(values: Array) -> Array:
    texts = values.cast(pa.string())
    if not pc.any(pc.match_substring(texts, "E")).as_py():
        return texts
    # Arrow writes very small and wide decimals with an exponent, which decimals cannot be read back from.
    return pa.array([None if value is None else f"{value:f}" for value in values.to_pylist()], pa.string())


def _uuid_text(storage: Array) -> Array:
    import polars as pl  # here alone: most runs need no frames

    digits = pl.Series(storage.cast(pa.binary())).bin.encode("hex").to_arrow().cast(pa.string())
    parts = [pc.utf8_slice_codeunits(digits, start, stop) for start, stop in _UUID_PARTS]
    return pc.binary_join_element_wise(*parts, "-")


def _is_bytes(kind: DataType) -> bool:
    return bool(
        is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_fixed_size_binary(kind) or is_.is_binary_view(kind)
    )


def _one_text(value: object) -> str | None:
    if value is None:
        return None
    plain = value if isinstance(value, (list, dict)) else _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, default=_plain, ensure_ascii=False)


def _plain(value: object) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, timedelta):
        return f"PT{Decimal(value // timedelta(microseconds=1)) / 1_000_000:f}S"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
