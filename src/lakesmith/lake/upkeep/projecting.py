"""Rows of an old file under the schema of today: columns and their parts found by field id, widened, or null."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakesmith.lake.types import FIELD_ID


def project(rows: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
    """Return the rows with exactly the columns of `wanted`.

    Args:
        rows: Rows as a file holds them; its schema bears field ids, in nested types too.
        wanted: The columns needed, with field ids.

    Raises:
        ValueError: If a column of the file bears no field id, or a type changed in a way that is no promotion.
    """
    children = [(field, rows.column(at)) for at, field in enumerate(rows.schema)]
    return pa.RecordBatch.from_arrays(_match(children, list(wanted), rows.num_rows), schema=wanted)


def _match(have: list[tuple[pa.Field[Any], Any]], wanted: list[pa.Field[Any]], rows: int) -> list[Any]:
    by_id = {_id(field): (field, array) for field, array in have}
    made = []
    for field in wanted:
        known = by_id.get(_id(field))
        made.append(pa.nulls(rows, field.type) if known is None else _convert(known[1], known[0].type, field.type))
    return made


def _convert(array: Any, have: pa.DataType, want: pa.DataType) -> Any:
    """Return an array of another type; nested types are matched part by part, by id."""
    if pa.types.is_struct(want):
        return _struct(array, have, want)
    if pa.types.is_list(want):
        return _list(array, have, want)
    if pa.types.is_map(want):
        return _map(array, have, want)
    if pa.types.is_nested(have):
        raise ValueError(f"a column of {have} cannot be read as {want}")
    return array if have == want else array.cast(want)  # a safe cast: it refuses what does not fit


def _struct(array: Any, have: Any, want: Any) -> Any:
    parts = [(have.field(at), array.field(at)) for at in range(have.num_fields)]
    fields = [want.field(at) for at in range(want.num_fields)]
    children = _match(parts, fields, len(array))
    if not children:
        return array
    return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null())


def _list(array: Any, have: Any, want: Any) -> Any:
    [values] = _match([(have.value_field, array.values)], [want.value_field], len(array.values))
    return pa.ListArray.from_arrays(_offsets(array), values, type=want, mask=array.is_null())


def _map(array: Any, have: Any, want: Any) -> Any:
    entries = [(have.key_field, array.keys), (have.item_field, array.items)]
    keys, items = _match(entries, [want.key_field, want.item_field], len(array.keys))
    return pa.MapArray.from_arrays(_offsets(array), keys, items, type=want, mask=array.is_null())


def _offsets(array: Any) -> Any:
    """Return a list's offsets as an array of its own: a mask is not taken beside a slice."""
    return pc.add(array.offsets, pa.scalar(0, pa.int32()))


def _id(field: pa.Field[Any]) -> int:
    raw = (field.metadata or {}).get(FIELD_ID)
    if raw is None:
        raise ValueError(f"column {field.name!r} bears no field id")
    return int(raw)
