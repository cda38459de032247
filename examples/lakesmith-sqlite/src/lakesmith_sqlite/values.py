"""What SQLite holds, as Arrow: every column has the type it was declared with, and a value that does not fit makes a reject.

SQLite takes any value in any column. Here a declared type is a promise, and the row that breaks it waits in quarantine. Text arrives as `bytearray`, blobs as `bytes`: see `database.reading`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

DECIMAL = re.compile(r"(?:NUMERIC|DECIMAL)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", re.IGNORECASE)
MAX_DIGITS = 38


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the type it was declared with, the Arrow type, and how a value becomes one of that type.

    `convert` raises ValueError where the value does not fit.
    """

    name: str
    declared: str
    type: pa.DataType
    convert: Callable[[Any], Any]


def column_of(name: str, declared: str) -> Column:
    """Return how to read a column.

    Examples:
        >>> str(column_of("price", "NUMERIC(10, 2)").type), column_of("price", "NUMERIC(10, 2)").convert(1.5)
        ('decimal128(10, 2)', Decimal('1.50'))

    """
    if (match := DECIMAL.fullmatch(declared.strip())) and 0 < int(match[1]) <= MAX_DIGITS:
        scale = int(match[2] or 0)
        return Column(name, declared, pa.decimal128(int(match[1]), scale), _decimal(int(match[1]), scale))
    kind, convert = next((made for words, made in _DECLARED if re.search(words, declared, re.IGNORECASE)), _ANY)
    return Column(name, declared, kind, convert)


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError("not an integer")
    return value


def _boolean(value: Any) -> bool:
    if value not in (0, 1) or not isinstance(value, int):
        raise ValueError("neither 0 nor 1")
    return bool(value)


def _real(value: Any) -> float:
    if not isinstance(value, int | float):
        raise ValueError("not a number")
    return float(value)


def _decimal(precision: int, scale: int) -> Callable[[Any], Decimal]:
    def convert(value: Any) -> Decimal:
        if not isinstance(value, int | float):
            raise ValueError("not a number")
        number = Decimal(repr(value))
        if not number.is_finite():
            raise ValueError("not a number")
        rounded = round(number, scale)
        if rounded != number or len(rounded.as_tuple().digits) > precision:
            raise ValueError(f"does not fit {precision} digits, {scale} of them after the point")
        return rounded

    return convert


def _text(value: Any) -> str:
    if not isinstance(value, bytearray):
        raise ValueError("not text")
    return value.decode()  # a UnicodeDecodeError is a ValueError


def _blob(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("not a blob")
    return value


def _any(value: Any) -> str:
    if isinstance(value, bytes):
        raise ValueError("a blob in a column without a type")
    return value.decode() if isinstance(value, bytearray) else str(value)


# The first words that occur in the declared type decide, roughly as in SQLite's own rules.
_DECLARED: tuple[tuple[str, tuple[pa.DataType, Callable[[Any], Any]]], ...] = (
    ("BOOL", (pa.bool_(), _boolean)),
    ("INT", (pa.int64(), _integer)),
    ("CHAR|CLOB|TEXT", (pa.string(), _text)),
    ("BLOB", (pa.binary(), _blob)),
    ("REAL|FLOA|DOUB", (pa.float64(), _real)),
    ("DATETIME|TIMESTAMP", (pa.timestamp("us"), lambda value: _naive(datetime.fromisoformat(_text(value))))),
    ("DATE", (pa.date32(), lambda value: date.fromisoformat(_text(value)))),
)
_ANY = (pa.string(), _any)


def _naive(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("has a time zone")
    return moment
