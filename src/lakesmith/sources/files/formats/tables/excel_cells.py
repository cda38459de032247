"""Cells of a workbook as columns of Arrow: a column has one type where all of its cells have it, and is text otherwise.

Numbers are floating point in a workbook. Where all of a column's are whole, they are longs. In a column of mixed types, a number is
written as the program shows it: whole ones without a point, others with at most 15 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute

from lakesmith.model.streams import TEXT_KEY

EXACT = 2**53
pc: Any = pyarrow.compute  # without the stubs, which know only types that are written down
MICRO = timedelta(microseconds=1)

_KINDS: Mapping[type, str] = {
    int: "number",
    float: "number",
    str: "text",
    bool: "bool",
    date: "date",
    datetime: "datetime",
    time: "time",
    timedelta: "duration",
}
_ARROW: Mapping[str, pa.DataType] = {
    "null": pa.null(),
    "number": pa.float64(),
    "text": pa.string(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "time": pa.time64("us"),
    "duration": pa.duration("us"),
}
_MIXED = "mixed"


def duration_text(value: timedelta) -> str:
    """Return a duration as ISO 8601 writes it, in seconds.

    Examples:
        >>> duration_text(timedelta(hours=30, seconds=1.5))
        'PT108001.5S'
    """
    return f"PT{Decimal(value // MICRO) / 1_000_000:f}S"


def number_text(value: float) -> str:
    """Return a number as a workbook shows it.

    Examples:
        >>> number_text(1.0), number_text(0.1 + 0.2), number_text(1e300)
        ('1', '0.3', '1e+300')
    """
    return str(int(value)) if abs(value) < EXACT and value == int(value) else f"{value:.15g}"


_TEXTS: Mapping[type, Callable[[Any], str]] = {
    int: str,
    float: number_text,
    str: str,
    bool: lambda value: "true" if value else "false",
    date: date.isoformat,
    datetime: datetime.isoformat,
    time: time.isoformat,
    timedelta: duration_text,
}


def cell_text(value: Any) -> str:
    """Return the value of a cell as text, empty for an empty one."""
    return _TEXTS[type(value)](value)


@dataclass(slots=True)
class Column:
    """The cells of one column below its header, piece by piece. An empty cell, and an empty text, is null."""

    pieces: list[tuple[str, Any]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def add(self, cells: Sequence[Any]) -> None:
        """Take in the cells of the next rows."""
        kind = _kind_of(cells)
        self.kinds.add(kind)
        values = [None if cell == "" else cell for cell in cells]
        if kind == _MIXED:
            self.pieces.append((kind, values))
        else:
            self.pieces.append((kind, _array(values, kind)))

    @property
    def kind(self) -> str:
        """What all cells are, `mixed` where they differ, `null` where there are none."""
        kinds = self.kinds - {"null"}
        if kinds == {"date", "datetime"}:
            return "datetime"
        return _MIXED if len(kinds) > 1 else next(iter(kinds), "null")

    def field(self, name: str) -> pa.Field[Any]:
        """Return name and type of the column."""
        kind = self.kind
        if kind == _MIXED:
            return pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"})
        if kind == "number" and all(_is_whole(piece) for told, piece in self.pieces if told == "number"):
            return pa.field(name, pa.int64())
        return pa.field(name, _ARROW[kind])

    def take(self, number: int, told: pa.Field[Any]) -> pa.Array[Any]:
        """Return a piece as an array of the column's type, and let go of it."""
        kind, piece = self.pieces[number]
        self.pieces[number] = (kind, None)
        if self.kind == _MIXED:
            cells = piece if kind == _MIXED else piece.to_pylist()
            return pa.array([None if cell is None else cell_text(cell) for cell in cells], pa.string())
        array: pa.Array[Any] = piece.cast(told.type)
        return array


def _kind_of(cells: Sequence[Any]) -> str:
    types = list(map(type, cells))
    found = set(types)
    if str in found and types.count(str) == cells.count(""):
        found.discard(str)
    kinds = {_KINDS[one] for one in found}
    if len(kinds) > 1:
        return "datetime" if kinds == {"date", "datetime"} else _MIXED
    return next(iter(kinds), "null")


def _array(values: Iterable[Any], kind: str) -> pa.Array[Any]:
    if kind == "datetime":
        values = [_moment(value) if type(value) is date else value for value in values]
    return pa.array(values, _ARROW[kind])


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a workbook knows no zone


def _is_whole(numbers: pa.Array[Any]) -> bool:
    fits = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less_equal(pc.abs(numbers), float(EXACT)))
    return bool(pc.all(fits, min_count=0).as_py())
