"""Rows of a table as one Arrow batch, and the rejects among them. Imported when reading begins: it needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from lakesmith.model.streams import Reject

from lakesmith_sqlite.database import Table
from lakesmith_sqlite.values import Column, column_of


@dataclass(frozen=True, slots=True)
class Batch:
    """How the rows of a table become Arrow."""

    table: Table
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, table: Table) -> Batch:
        """Return how to read `table`."""
        return cls(table, tuple(column_of(name, declared) for name, declared in table.columns))

    def convert(self, rows: Iterable[tuple[Any, ...]]) -> tuple[pa.RecordBatch, tuple[Reject, ...]]:
        """Return the rows that fit their declared types, and the others as rejects. Each row begins with its cursor."""
        fitting: list[list[Any]] = []
        rejects: list[Reject] = []
        for cursor, *values in rows:
            made = self._convert_row(cursor, values)
            if isinstance(made, Reject):
                rejects.append(made)
            else:
                fitting.append(made)
        schema = pa.schema([pa.field(column.name, column.type) for column in self.columns])
        by_column = zip(*fitting, strict=True) if fitting else ([] for _ in self.columns)
        arrays = [pa.array(list(values), column.type) for values, column in zip(by_column, self.columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema), tuple(rejects)

    def _convert_row(self, cursor: int, values: list[Any]) -> list[Any] | Reject:
        made: list[Any] = []
        for column, value in zip(self.columns, values, strict=True):
            try:
                made.append(None if value is None else column.convert(value))
            except ValueError as error:
                why = "not UTF-8" if isinstance(error, UnicodeError) else _why(column, error)
                return Reject(why, f"{self.table.name}, {self.table.cursor} {cursor}", self._raw(values), column.name)
        return made

    def _raw(self, values: list[Any]) -> str:
        named = zip(self.columns, values, strict=True)
        return json.dumps({column.name: _readable(value) for column, value in named}, ensure_ascii=False)


def _why(column: Column, error: ValueError) -> str:
    # dates bring the value itself in their message, which belongs in `raw` only
    own = not column.declared.upper().startswith(("DATE", "TIMESTAMP"))
    return f"{column.declared or 'column'}: {error}" if own else f"not a {column.declared}"


def _readable(value: Any) -> Any:
    if isinstance(value, bytearray):
        return value.decode(errors="backslashreplace")
    return {"hex": value.hex()} if isinstance(value, bytes) else value
