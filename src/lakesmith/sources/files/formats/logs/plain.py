"""Lines in the plainest writing of a format, read as CSV by Arrow: several times as fast as by patterns with groups.

A pattern without groups tells these lines from the others: values between single blanks, those in quotes without an escape, numbers
and times within what Arrow reads as the other way of reading does. All other lines are left to that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl
import pyarrow as pa
from pyarrow import csv

from lakesmith.sources.files.formats.base import RECORD_LIMIT

WORD = '[^ \t"]+'
QUOTED = r'"[^"\\]*"'
WHOLE = "(?:-|-?[0-9]{1,18})"
NUMBER = r"(?:-|-?[0-9]{1,15}(?:\.[0-9]{1,9})?)"
DAY = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
INSTANT = f"{DAY}T{CLOCK}Z"
METHOD = "[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*"
PROTOCOL = r"HTTP/[0-9]+(?:\.[0-9]+)?"
PATTERNS = {pa.string(): WORD, pa.int64(): WHOLE, pa.float64(): NUMBER}
"""What values without quotes look like, by the type of their column."""

Derive = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a line: what it looks like, and what it is read as. `-` and nothing mean no value."""

    name: str
    pattern: str
    type: pa.DataType = pa.string()  # noqa: RUF009 - the types of Arrow never change

    @classmethod
    def of(cls, name: str, kind: pa.DataType) -> Part:
        """Return a value without quotes by the type of its column."""
        return cls(name, PATTERNS[kind], kind)


@dataclass(frozen=True, slots=True)
class Plain:
    """One plain writing of a line.

    `derive` is given the columns `sources`, of text as it stands in the line, and returns columns made of them, none of which may be
    null where `needed` names it.
    """

    parts: tuple[Part, ...]
    derive: Derive | None = None
    sources: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()

    def fitting(self, lines: pl.Series) -> pl.Series:
        """Return which lines are written this way."""
        if (lines.str.len_bytes() > RECORD_LIMIT).any():
            return pl.repeat(value=False, n=len(lines), eager=True)
        return lines.str.contains(f"^{' '.join(part.pattern for part in self.parts)}$")

    def read(self, lines: pl.Series) -> dict[str, pa.Array[Any]] | None:
        """Return the columns of lines that fit, None where some hold a day or time that does not exist."""
        data = lines.str.join("\n")[0].encode()
        kinds = {part.name: part.type for part in self.parts}
        try:
            table = _as_csv(data, kinds)
        except pa.ArrowInvalid:
            return None
        columns = {name: column.combine_chunks() for name, column in zip(kinds, table.columns, strict=True)}
        if self.derive is None:
            return columns
        frame = pl.DataFrame({name: pl.from_arrow(columns[name]) for name in self.sources})
        made = self.derive(frame)
        if any(made[name].null_count() for name in self.needed):
            return None
        return columns | {column.name: column.to_arrow() for column in made}


def _as_csv(data: bytes, kinds: dict[str, pa.DataType]) -> pa.Table:
    source: Any = pa.py_buffer(data)  # the stubs know files only
    return csv.read_csv(
        source,
        read_options=csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(kinds)),
        parse_options=csv.ParseOptions(delimiter=" ", quote_char='"', double_quote=False, escape_char=False),
        convert_options=csv.ConvertOptions(
            check_utf8=False,
            column_types=kinds,
            null_values=["-", ""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def read_plain(
    lines: pl.DataFrame, plains: Sequence[Plain], schema: pa.Schema
) -> tuple[list[tuple[pl.Series, pa.RecordBatch]], pl.DataFrame]:
    """Return the rows of plain lines with their numbers, and the lines that are left."""
    done = []
    for plain in plains:
        if not lines.height:
            break
        fits = plain.fitting(lines["line"])
        if not fits.any():
            continue
        mine = lines if fits.all() else lines.filter(fits)
        columns = plain.read(mine["line"])
        if columns is not None:
            done.append((mine["number"], _batch(columns, mine.height, schema)))
            lines = lines.clear() if mine is lines else lines.filter(~fits)
    return done, lines


def in_order(done: Sequence[tuple[pl.Series, pa.RecordBatch]]) -> pa.RecordBatch:
    """Return rows that were read in different ways in the order of their lines."""
    if len(done) == 1:
        return done[0][1]
    order = pl.concat([numbers for numbers, _ in done]).arg_sort().to_arrow()
    (batch,) = pa.Table.from_batches([batch for _, batch in done]).take(order).combine_chunks().to_batches()
    return batch


def _batch(columns: dict[str, pa.Array[Any]], rows: int, schema: pa.Schema) -> pa.RecordBatch:
    """Return the columns of a schema; those that these lines do not have are null."""
    arrays: list[pa.Array[Any]] = []
    for field in schema:
        column, kind = columns.get(field.name), cast("Any", field.type)
        arrays.append(pa.nulls(rows, kind) if column is None else column.cast(kind))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
