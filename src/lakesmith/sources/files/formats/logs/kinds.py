"""What the text of a field means: its Arrow type, and how it is read; a text that cannot be read is a fault, never null."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa

from lakesmith.model.streams import TEXT_KEY

NO_TIME = "the line has a time that does not exist"
MARK = {TEXT_KEY: b"1"}
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
"""The times that tables and the libraries that read them agree on: a year of five digits, or before the first, is none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a field is read: `read` gives null for what it cannot read, and `fault` is then the reason, with the column's name in `{}`."""

    type: pa.DataType
    read: Callable[[pl.Expr], pl.Expr]
    fault: str = ""
    has_dash: bool = True
    is_open: bool = False

    def field(self, name: str) -> pa.Field[pa.DataType]:
        """Return the Arrow field of a column of this kind; the type of an open one is learned later."""
        return pa.field(name, self.type, metadata=MARK if self.is_open else None)

    def value(self, text: pl.Expr) -> pl.Expr:
        """Return the values of a field; `-` and nothing mean no value, where the format has them."""
        return self.read(self._written(text))

    def is_faulty(self, text: pl.Expr) -> pl.Expr:
        """Return where a value stands that cannot be read."""
        return self._written(text).is_not_null() & self.value(text).is_null()

    def _written(self, text: pl.Expr) -> pl.Expr:
        return pl.when((text != "-") & (text != "")).then(text) if self.has_dash else text


def _same(text: pl.Expr) -> pl.Expr:
    return text


def _number(text: pl.Expr) -> pl.Expr:
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _epoch(text: pl.Expr) -> pl.Expr:
    micros = (text.cast(pl.Decimal(18, 6), strict=False) * 1_000_000).cast(pl.Int64, strict=False)
    return micros.cast(pl.Datetime("us", "UTC"))


def time(*formats: str, zone: str = "UTC", has_dash: bool = True) -> Kind:
    """Return the kind of times in one of some formats.

    Args:
        formats: As in Rust's chrono: `%d/%b/%Y:%H:%M:%S %z`.
        zone: Where clocks show times that are written without an offset. A time that its clocks skip, or show twice, is a fault.
        has_dash: Whether `-` means no time.
    """

    def read(text: pl.Expr) -> pl.Expr:
        when = pl.coalesce(_time(text, format_, zone) for format_ in formats)
        return pl.when(when.is_between(FIRST, LAST)).then(when)

    fault = NO_TIME if zone == "UTC" else f"{NO_TIME} in {zone}, or exists twice, when clocks are set back"
    return Kind(pa.timestamp("us", tz="UTC"), read, fault, has_dash=has_dash)


def _time(text: pl.Expr, format_: str, zone: str) -> pl.Expr:
    if format_ == "epoch":
        return _epoch(text)
    if "%z" in format_ or "%:z" in format_ or "%#z" in format_ or "%+" in format_:
        return text.str.to_datetime(format_, time_unit="us", time_zone="UTC", strict=False)
    naive = text.str.to_datetime(format_, time_unit="us", strict=False)
    return naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")


TEXT = Kind(pa.string(), _same)
RAW = Kind(pa.string(), _same, has_dash=False)
OPEN = Kind(pa.string(), _same, is_open=True)
RAW_OPEN = Kind(pa.string(), _same, has_dash=False, is_open=True)
WHOLE = Kind(pa.int64(), lambda text: text.cast(pl.Int64, strict=False), "{} is no whole number")
NUMBER = Kind(pa.float64(), _number, "{} is no number")
CLF = time("%d/%b/%Y:%H:%M:%S %z")
ISO = time("%Y-%m-%dT%H:%M:%S%.f%#z")
EPOCH = time("epoch")
