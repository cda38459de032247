"""What a log says of its rows, as system columns: what was done, what it did not bring, and which key the row had before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute

from lakesmith.lake.types import type_to_arrow
from lakesmith.model.shapes import Marks
from lakesmith.model.types import PREV_KEY, UNCHANGED, Schema, Type

Array = Any  # the types known of PyArrow do not say what its functions take and return
pc: Any = pyarrow.compute
OP = "_ls_op"
READ, CREATED, UPDATED, DELETED, TRUNCATED = OPS = ("r", "c", "u", "d", "t")


def mark_columns(marks: Marks | None, schema: Schema, count: int) -> dict[str, Array]:
    """Return the system columns that marks fill. Without marks those of a table with holes are null, and `_ls_op` is not among them.

    Args:
        marks: What the log says; None: nothing.
        schema: The stage's schema, with field ids.
        count: How many rows there are.

    Raises:
        ValueError: If the marks are not as long as the rows, hold an unknown operation, name a column that is not there, or tell of
            holes where the table has no columns for them.
    """
    holes = {name: field for name in (UNCHANGED, PREV_KEY) if (field := schema.find(name)) is not None}
    columns: dict[str, Array] = {name: _nulls(count, field.type) for name, field in holes.items()}
    if marks is None:
        return columns
    _check(marks, holes.keys(), count)
    columns[OP] = _operations(marks.op)
    if marks.unchanged is not None and UNCHANGED in holes:
        columns[UNCHANGED] = _field_ids(marks.unchanged, schema)
    if marks.prev_key is not None and PREV_KEY in holes:
        columns[PREV_KEY] = marks.prev_key.cast(pa.string())
    return columns


def _check(marks: Marks, holes: Any, count: int) -> None:
    for name, array in (("op", marks.op), (UNCHANGED, marks.unchanged), (PREV_KEY, marks.prev_key)):
        if array is not None and len(array) != count:
            raise ValueError(f"{count} rows were given {len(array)} marks of {name}")
        if array is not None and name != "op" and name not in holes and array.null_count < count:
            raise ValueError(f"the table has no column {name}: its schema must be numbered with holes")


def _operations(op: Array) -> Array:
    """Return operations over one dictionary, the same for every batch, so that Parquet keeps it."""
    at = pc.index_in(op.cast(pa.string()), value_set=pa.array(OPS))
    if at.null_count:
        raise ValueError(f"an operation is none of {', '.join(OPS)}")
    return pa.DictionaryArray.from_arrays(at, pa.array(OPS))


def _field_ids(unchanged: Array, schema: Schema) -> Array:
    """Return lists of names as lists of field ids, which a later change of names leaves alone."""
    names = unchanged.flatten()
    known = pa.array([field.name for field in schema.data], pa.string())
    at = pc.index_in(names.cast(pa.string()), value_set=known)
    if at.null_count:
        raise ValueError("a row has an unchanged column that the table does not have")
    ids = pa.array([field.id for field in schema.data], pa.int32()).take(at)
    lengths = pc.fill_null(pc.list_value_length(unchanged), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths.cast(pa.int32()))])
    column = next(field for field in schema if field.name == UNCHANGED)
    return pa.ListArray.from_arrays(offsets, ids, type=type_to_arrow(column.type), mask=pc.is_null(unchanged))


def _nulls(count: int, type_: Type) -> Array:
    arrow: Any = type_to_arrow(type_)
    return pa.nulls(count, arrow)


def split_key_updates(rows: pa.RecordBatch, marks: Marks, before: pa.RecordBatch) -> tuple[pa.RecordBatch, Marks]:
    """Make two rows of every update that changed the key: `d` of the old key, then `c` of the new one.

    The `d` bears the old key and nothing else, and counts as derived; the `c` says which key its row had.

    Args:
        rows: The rows.
        marks: What the log says of them.
        before: The key columns as they were before each row, as long as the rows; of rows that are no updates it is not looked at.

    Raises:
        ValueError: If `before` is of another length, or has a column that the rows do not have.
    """
    if before.num_rows != rows.num_rows or not set(before.schema.names) <= set(rows.schema.names):
        raise ValueError("the key before must be as long as the rows and have columns of theirs")
    moved = _moved(rows, marks.op, before)
    count = pc.sum(moved).as_py() or 0
    if not count:
        return rows, marks
    source, is_old = _doubled(moved)
    keys = set(before.schema.names)
    arrays = [
        _pick(rows.column(name), before.column(name) if name in keys else None, source, is_old)
        for name in rows.schema.names
    ]
    is_new = pc.and_(pc.invert(is_old), moved.take(source))
    op = pc.if_else(is_old, DELETED, pc.if_else(is_new, CREATED, marks.op.take(source)))
    told = pa.array(spell_keys(before), pa.string()).take(source)
    kept = marks.prev_key.take(source) if marks.prev_key is not None else pa.nulls(len(source), pa.string())
    expanded = Marks(
        op=op,
        unchanged=None if marks.unchanged is None else _without(marks.unchanged.take(source), is_old),
        prev_key=_without(pc.if_else(is_new, told, kept), is_old),
        derived=marks.derived + count,
    )
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema), expanded


def _moved(rows: pa.RecordBatch, op: Array, before: pa.RecordBatch) -> Array:
    """Return which rows are updates of the key; null is a value."""
    different = pa.array([False] * rows.num_rows, pa.bool_())
    for name in before.schema.names:
        now, old = rows.column(name), before.column(name).cast(rows.schema.field(name).type)
        unequal = pc.fill_null(pc.not_equal(now, old), pc.not_equal(pc.is_null(now), pc.is_null(old)))
        different = pc.or_(different, unequal)
    return pc.and_(different, pc.equal(op, UPDATED))


def _doubled(moved: Array) -> tuple[Array, Array]:
    """Return the row each new row is made of, and whether it is the one of the old key."""
    source = [at for at, twice in enumerate(moved.to_pylist()) for _ in range(1 + twice)]
    first = [this == after for this, after in pairwise([*source, -1])]
    return pa.array(source, pa.int64()), pa.array(first, pa.bool_())


def _pick(now: Array, before: Array | None, source: Array, is_old: Array) -> Array:
    """Return a column: its values, and for old rows those before, or null."""
    taken = now.take(source)
    if before is None:
        return _without(taken, is_old)
    return pc.if_else(is_old, before.cast(now.type).take(source), taken)


def _without(values: Array, mask: Array) -> Array:
    """Return values with null where the mask is true; of any type, nested too."""
    places = pc.if_else(mask, None, pa.array(range(len(values)), pa.int64()))
    return values.take(places)


def spell_keys(keys: pa.RecordBatch) -> Iterator[str]:
    """Yield each row of key columns as canonical JSON, what JSON has no word for as text."""
    for row in keys.to_pylist():
        yield json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_as_text)


def _as_text(value: object) -> str:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case bytes():
            return value.hex()
    raise TypeError(f"a key of type {type(value).__name__} cannot be spelled")
