"""How the lines of one format are written: patterns whose groups are columns, and what lies inside some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl
import pyarrow as pa

from lakesmith.sources.files.formats.base import RECORD_LIMIT
from lakesmith.sources.files.formats.logs.kinds import Kind
from lakesmith.sources.files.formats.logs.plain import Plain, in_order, read_plain

REST = "rest"
TOO_LONG = f"the line is longer than {RECORD_LIMIT // 1024 // 1024} MB"

Chain = tuple[str, ...]
Refine = Callable[[pl.DataFrame], pl.DataFrame]


def word(name: str) -> str:
    """Return a pattern for a value without blanks."""
    return f"(?P<{name}>[^ ]+)"


def whole(name: str) -> str:
    """Return a pattern for a whole number, or `-`; what else it lets through is a fault of its kind."""
    return f"(?P<{name}>[0-9-]+)"


def decimal(name: str) -> str:
    """Return a pattern for a number with or without decimals, or `-`; what else it lets through is a fault of its kind."""
    return f"(?P<{name}>[0-9.-]+)"


def quoted(name: str) -> str:
    r"""Return a pattern for a value in quotes; `\"` is no end of it."""
    return rf'"(?P<{name}>(?:[^"\\]|\\.)*)"'


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of some lines: rows, and number and reason of the lines that are none; `passed` were no records."""

    rows: pa.RecordBatch
    bad: tuple[tuple[int, str], ...] = ()
    passed: int = 0


class Parser(Protocol):
    """Reads the lines of one file, from its beginning or from where `notes` of an earlier reading say it stands."""

    @property
    def notes(self) -> Mapping[str, str]:
        """What to remember of the file."""
        ...

    @property
    def empty(self) -> pa.RecordBatch:
        """No rows, with the columns known so far."""
        ...

    @property
    def has_directives(self) -> bool:
        """Whether lines that begin with `#` are no records."""
        ...

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """Return what becomes of numbered lines that follow those of the call before."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    r"""A format whose lines all have the same columns.

    Each of `chains` is a way to write a line, tried where those before it did not fit: patterns, the group `rest` of one holding the
    text for the next. A pattern has at most 15 groups, and is written so that no character can be read in two ways: the engine then
    needs one pass (twice to five times as fast). `refine` adds columns to those of the groups, which are all text when it gets them.
    `ends_open` says that a last line without its end is taken for whole if it fits. `plains` are ways to write a line that are read
    faster, with the same result; lines in none of them go through the chains.
    """

    label: str
    chains: tuple[Chain, ...]
    columns: Mapping[str, Kind]
    refine: Refine | None = None
    ends_open: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    has_directives: bool = False
    plains: tuple[Plain, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """The columns of every chunk."""
        return pa.schema([kind.field(name) for name, kind in self.columns.items()])

    @property
    def empty(self) -> pa.RecordBatch:
        """No rows, with all columns."""
        return pa.RecordBatch.from_pylist([], schema=self.schema)

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """Return what becomes of numbered lines."""
        plain, others = read_plain(lines, self.plains, self.schema)
        if plain and not others.height:
            return Parsed(in_order(plain))
        rows, bad = self._parse_by_chains(others)
        batch = as_batch(rows, self.schema)
        return Parsed(in_order([*plain, (rows["number"], batch)]) if plain else batch, bad)

    def _parse_by_chains(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, tuple[tuple[int, str], ...]]:
        """Return the rows with their numbers, and number and reason of the lines that are none."""
        done: list[pl.DataFrame] = []
        bad: list[pl.DataFrame] = []
        for chain in self.chains:
            read = self._read(lines, chain)
            if not read["reason"].count():
                done.append(read)
                lines = lines.clear()
                break
            fits = read.filter(pl.col("fits"))
            done.append(fits.filter(pl.col("reason").is_null()))
            bad.append(fits.filter(pl.col("reason").is_not_null()).select("number", "reason"))
            lines = read.filter(~pl.col("fits")).select("number", "line")
            if not lines.height:
                break
        is_long = pl.col("line").str.len_bytes() > RECORD_LIMIT
        reason = pl.when(is_long).then(pl.lit(TOO_LONG)).otherwise(pl.lit(f"the line is not in {self.label}"))
        bad.append(lines.select("number", reason.alias("reason")))
        rows = done[0] if all(not more.height for more in done[1:]) else pl.concat(done).sort("number")
        faults = pl.concat(bad)
        faulty = tuple(faults.sort("number").iter_rows()) if faults.height else ()
        return rows, faulty

    def _read(self, lines: pl.DataFrame, chain: Chain) -> pl.DataFrame:
        """Return number and line, whether it fits, why it has no values (null if it has), and all columns."""
        frame = split(lines, chain)
        frame = frame if self.refine is None else self.refine(frame)
        absent = [pl.lit(None, pl.String).alias(name) for name in self.columns if name not in frame.columns]
        return valued(frame.with_columns(absent), self.columns)


def split(lines: pl.DataFrame, chain: Chain) -> pl.DataFrame:
    """Return lines with a column of text for each group of a chain, and `fits`."""
    frame = lines.with_columns(pl.when(pl.col("line").str.len_bytes() <= RECORD_LIMIT).then("line").alias(REST))
    fits = pl.repeat(value=True, n=frame.height, eager=True)
    for pattern in chain:
        groups = frame[REST].str.extract_groups(pattern).struct.unnest()
        frame = pl.concat([frame.drop(REST), groups], how="horizontal")
        fits = fits & groups.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    frame = frame.with_columns(fits.alias("fits"))
    return frame.drop(REST) if REST in frame.columns else frame


def valued(frame: pl.DataFrame, columns: Mapping[str, Kind]) -> pl.DataFrame:
    """Return text turned into values, and `reason` where a text is no value of its column's kind, or the line does not fit."""
    checked = {name: kind for name, kind in columns.items() if kind.fault}
    values = [kind.value(pl.col(name)).alias(name) for name, kind in columns.items()]
    faulty = [kind.is_faulty(pl.col(name)) for name, kind in checked.items()] or [pl.lit(value=False)]
    read = frame.select("number", "line", "fits", pl.any_horizontal(faulty).alias("reason"), *values)
    if not read["reason"].any() and read["fits"].all():
        return read.with_columns(pl.lit(None, pl.String).alias("reason"))
    reasons = [
        pl.when(is_faulty).then(pl.lit(kind.fault.format(name)))
        for is_faulty, (name, kind) in zip(faulty, checked.items(), strict=False)
    ]
    outside = pl.when(~pl.col("fits")).then(pl.lit(""))
    return read.with_columns(frame.select(pl.coalesce(outside, *reasons, pl.lit(None, pl.String)).alias("reason")))


def as_batch(frame: pl.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Return the columns of a schema as one batch."""
    table = frame.select(schema.names).to_arrow().cast(schema)
    arrays = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
