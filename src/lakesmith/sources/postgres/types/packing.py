"""How the columns of many rows travel as a few long values: the server appends them, and each column arrives as one run of bytes.

A driver takes as long over a value of two bytes as over one of a thousand. So a block of pages is asked for as one row, whose columns
are what `string_agg` made of all values of a column: numbers as the server sends them, one behind the other, and texts with a byte
between them that no text has. Which values are null is said by bits of their own, with those of the booleans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lakesmith.model.types import Decimal
from lakesmith.sources.postgres.types.table import Selected

MOST_COLUMNS = 100
"""Of wider tables a block has too few rows: filling and opening so many values costs more than it saves."""

BITS = 62
"""How many bits of a whole number of 64 are used."""

LONG_DIGITS = 18
"""As many as every whole number of 64 bits has."""

NO_NUMBER = -(2**63)
"""What stands for the `NaN` of a numeric that is sent as a whole number; no other one of so few digits is as low."""

_TEXT, _BYTES, _BOOL, _SCALED = "text", "bytea", "bool", "scaled"


@dataclass(frozen=True, slots=True)
class Form:
    """How values of a type are sent: `send` makes bytes of them, as many as `width`, 0 if as many as they need; `blank` is one in the place of null."""

    send: str
    width: int = 0
    blank: str = ""


FORMS = {
    "int2": Form("int2send", 2, "0"),
    "int4": Form("int4send", 4, "0"),
    "int8": Form("int8send", 8, "0"),
    "float4": Form("float4send", 4, "0"),
    "float8": Form("float8send", 8, "0"),
    "date": Form("date_send", 4, "2000-01-01"),
    "timestamp": Form("timestamp_send", 8, "2000-01-01"),
    "timestamptz": Form("timestamptz_send", 8, "2000-01-01"),
    "text": Form("textsend"),
    "varchar": Form("varcharsend"),
    "bpchar": Form("bpcharsend"),
    "name": Form("namesend"),
    _BYTES: Form("byteasend"),
    _SCALED: Form("int8send", 8, "0"),
}
"""The types that travel so, by name; booleans are bits."""


@dataclass(frozen=True, slots=True)
class PackedColumn:
    """One column on its way: its name in SQL, the name of what is sent of it, and the expression of that."""

    quoted: str
    sent: str
    value: str

    @property
    def width(self) -> int:
        """How many bytes each value has, 0 if as many as it needs."""
        return FORMS[self.sent].width

    @property
    def is_text(self) -> bool:
        """Whether its values have a byte between them."""
        return self.sent not in {_BOOL, _BYTES} and not self.width

    @property
    def is_bytes(self) -> bool:
        """Whether its lengths come in a column of their own."""
        return self.sent == _BYTES

    @property
    def is_bool(self) -> bool:
        """Whether it is nothing but bits."""
        return self.sent == _BOOL

    @property
    def aggregates(self) -> tuple[str, ...]:
        """The expressions of what is sent of it for all rows together."""
        if self.is_bool:
            return ()
        form = FORMS[self.sent]
        dense = f"coalesce({self.value}, '{form.blank}')"
        sent = f"pg_catalog.{form.send}({dense})"
        if self.is_bytes:
            return (_appended(sent), _appended(f"pg_catalog.int4send(pg_catalog.octet_length({dense}))"))
        return (_appended(sent, r"'\x00'::pg_catalog.bytea" if self.is_text else "null"),)


@dataclass(frozen=True)
class Packed:
    """All columns of a read on their way."""

    columns: tuple[PackedColumn, ...]

    @cached_property
    def bits(self) -> tuple[str, ...]:
        """The conditions that are sent as bits: which values are null, then which of the booleans are true."""
        # not of the value, which costs more; and to `is null`, a row of nothing but nulls would be null itself
        nulls = [f"{column.quoted} is not distinct from null" for column in self.columns]
        return (*nulls, *(column.value for column in self.columns if column.is_bool))

    @cached_property
    def select(self) -> str:
        """The SELECT list: how many rows there are, then numbers of bits, then the columns."""
        words = [self.bits[first : first + BITS] for first in range(0, len(self.bits), BITS)]
        numbers = [_appended(f"pg_catalog.int8send({_number(word)})") for word in words]
        made = [*numbers, *(one for column in self.columns for one in column.aggregates)]
        return ", ".join(("count(*) as rows", *(f"{one} as p{number}" for number, one in enumerate(made))))


def pack(columns: Sequence[Selected]) -> Packed | None:
    """Return how columns travel in blocks; None where one of them cannot, or where that is no quicker than row by row."""
    if not 0 < len(columns) <= MOST_COLUMNS:
        return None
    packed = [_packed(item) for item in columns]
    found = tuple(column for column in packed if column is not None)
    return Packed(found) if len(found) == len(packed) else None


def is_scaled(item: Selected) -> bool:
    """Whether a numeric is sent as a whole number: its type says that it has few digits, and how many behind the point."""
    told, kind = item.column.type, item.kind.type
    if not isinstance(kind, Decimal) or told.is_array or told.precision is None or told.scale is None:
        return False
    return 0 <= told.scale <= told.precision <= LONG_DIGITS and kind == Decimal(told.precision, told.scale)


def _packed(item: Selected) -> PackedColumn | None:
    kind, quoted = item.kind, item.column.quoted
    if kind.odd:
        return None
    if is_scaled(item):
        number = f"{quoted}::pg_catalog.numeric"
        whole = f"({number} * {10 ** (item.column.type.scale or 0)})::pg_catalog.int8"
        return PackedColumn(quoted, _SCALED, f"case when {number} = 'NaN' then '{NO_NUMBER}' else {whole} end")
    sent = kind.casts[-1] if kind.casts else item.column.type.name
    return PackedColumn(quoted, sent, kind.select(quoted)) if sent == _BOOL or sent in FORMS else None


def _appended(value: str, between: str = "null") -> str:
    return f"pg_catalog.string_agg({value}, {between})"


def _number(conditions: Sequence[str]) -> str:
    """Return the expression of a whole number, one bit for each condition."""
    return " | ".join(f"case when {one} then {1 << bit}::int8 else 0::int8 end" for bit, one in enumerate(conditions))
