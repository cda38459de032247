"""Rows of the record as one Arrow batch, and the rejects among them. Imported when reading begins: it needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer

from lakesmith.model.streams import Reject

_INSTANT = pa.timestamp("us", tz="UTC")
_KINDS = ((Boolean, pa.bool_()), (BigInteger, pa.int64()), (Integer, pa.int64()), (Float, pa.float64()))


def schema_of(columns: Mapping[str, Column[Any]]) -> pa.Schema:
    """Return the Arrow schema of a table; texts in columns that end in `_at` are times."""
    return pa.schema([pa.field(name, _type_of(name, column)) for name, column in columns.items()])


def batch_of(
    rows: Sequence[Mapping[str, Any]], schema: pa.Schema, origin: str
) -> tuple[pa.RecordBatch, tuple[Reject, ...]]:
    """Return rows that hold what the schema says, and a reject for each of the others."""
    times = [field.name for field in schema if field.type == _INSTANT]
    whole: list[Mapping[str, Any]] = []
    rejects: list[Reject] = []
    for row in rows:
        try:
            whole.append({**row, **{name: _instant(row[name]) for name in times}})
        except ValueError:
            broken = next(name for name in times if not _is_instant(row[name]))
            raw = json.dumps(dict(row), ensure_ascii=False)
            rejects.append(Reject("not a time", f"{origin}, {_name_of(row)}", raw, broken))
    arrays = [pa.array([row[field.name] for row in whole], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema), tuple(rejects)


def _name_of(row: Mapping[str, Any]) -> str:
    name = next(name for name in ("run_id", "judgement_id", "event_id") if row.get(name) is not None)
    return f"{name} {row[name]}"


def _type_of(name: str, column: Column[Any]) -> pa.DataType:
    if name.endswith("_at"):
        return _INSTANT
    return next((made for kind, made in _KINDS if isinstance(column.type, kind)), pa.string())


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    made = datetime.fromisoformat(text)
    if made.tzinfo is None:
        raise ValueError("has no zone")
    return made


def _is_instant(text: str | None) -> bool:
    try:
        _instant(text)
    except ValueError:
        return False
    return True
