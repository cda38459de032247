"""How the columns of many rows travel as a few long values: the server appends them, and each column arrives as one run of bytes.

A driver takes as long over a value of two bytes as over one of a thousand. So a block of pages is asked for as one row, whose columns
are what `string_agg` made of all values of a column: numbers as the server sends them, one behind the other, and texts with a byte
between them that no text has. Sending a value takes the server much longer than reckoning with it: which values are null, all booleans,
and whole numbers that are short travel as bits of one long number, a word, for each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lakesmith.model.types import Decimal
from lakesmith.sources.postgres.types.table import Selected

MOST_COLUMNS = 100
"""Of wider tables a block has too few rows: filling and opening so many values costs more than it saves."""

WORD_BITS = 64
"""How many bits a word has."""

TOGETHER = 16
"""Of how many columns it is asked at once whether one of them is null, before each of them is."""

LONG_DIGITS = 18
"""As many as every whole number of 64 bits has."""

NO_NUMBER = 2**63 - 1
"""What stands for the `NaN`, and in the place of null, of a numeric that is sent as a whole number; no other one of so few digits is as high."""

UUID_CHARACTERS = 36
"""How long the server's text of a uuid is."""

_TEXT, _BYTES, _BOOL, _SCALED, _UUID = "text", "bytea", "bool", "scaled", "uuid"


@dataclass(frozen=True, slots=True)
class Form:
    """How values of a type are sent: `send` makes bytes of them, as many as `width`, 0 if as many as they need."""

    send: str
    width: int = 0


FORMS = {
    "int2": Form("int2send", 2),
    "int4": Form("int4send", 4),
    "int8": Form("int8send", 8),
    "float4": Form("float4send", 4),
    "float8": Form("float8send", 8),
    "date": Form("date_send", 4),
    "timestamp": Form("timestamp_send", 8),
    "timestamptz": Form("timestamptz_send", 8),
    "text": Form("textsend"),
    "varchar": Form("varcharsend"),
    "bpchar": Form("bpcharsend"),
    "name": Form("namesend"),
    _BYTES: Form("byteasend"),
    _SCALED: Form("int8send", 8),
    _UUID: Form("", UUID_CHARACTERS),
}
"""The types that travel so, by name; booleans are bits."""

IN_WORDS = {_BOOL: 1, "int2": 16, "int4": 32}
"""How many bits of a word a value of a type takes, of types that need not be sent alone."""


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
        """Whether its values have a byte between them, and null is an empty one."""
        return not self.width and not self.is_bytes

    @property
    def is_bytes(self) -> bool:
        """Whether its lengths come in a column of their own, and null is an empty one."""
        return self.sent == _BYTES

    @property
    def is_uuid(self) -> bool:
        """Whether its values are texts of one length."""
        return self.sent == _UUID

    @property
    def leaves_out_nulls(self) -> bool:
        """Whether nothing is sent where its value is null; in a word there is always something."""
        return bool(self.width) and self.sent != _SCALED

    @property
    def aggregates(self) -> tuple[str, ...]:
        """The expressions of what is sent of it for all rows together."""
        form = FORMS[self.sent]
        if self.is_uuid:
            return (_appended(self.value, "''"),)
        if self.width:
            return (_appended(f"pg_catalog.{form.send}({self.value})"),)
        dense = f"coalesce({self.value}, '')"
        sent = f"pg_catalog.{form.send}({dense})"
        if self.is_bytes:
            return (_appended(sent), _appended(f"pg_catalog.int4send(pg_catalog.octet_length({dense}))"))
        return (_appended(sent, r"'\x00'::pg_catalog.bytea"),)


@dataclass(frozen=True, slots=True)
class Bits:
    """Where in which word the value of a column is: `count` bits, the lowest of them bit number `first`."""

    word: int
    first: int
    count: int

    def number(self, value: str) -> str:
        """Return the expression of a whole number at its place."""
        whole = f"coalesce({value}, 0)::pg_catalog.int8"
        if self.first + self.count < WORD_BITS:
            whole = f"({whole} & {(1 << self.count) - 1})"
        return f"({whole} << {self.first})" if self.first else whole

    @property
    def flag(self) -> str:
        """The literal in which its one bit is set, and no other."""
        bit = 1 << self.first
        return f"'{bit - (1 << WORD_BITS) if self.first == WORD_BITS - 1 else bit}'::pg_catalog.int8"


@dataclass(frozen=True)
class Packed:
    """All columns of a read on their way."""

    columns: tuple[PackedColumn, ...]

    @cached_property
    def nulls(self) -> tuple[Bits, ...]:
        """For each column, which bit says that its value is null."""
        return tuple(Bits(number // WORD_BITS, number % WORD_BITS, 1) for number in range(len(self.columns)))

    @cached_property
    def in_words(self) -> Mapping[int, Bits]:
        """Where the values of which columns are, by their numbers: booleans, and short whole numbers that share a word."""
        return _places(self.columns)

    @cached_property
    def words(self) -> int:
        """How many words each row has."""
        return 1 + max(bits.word for bits in (*self.nulls, *self.in_words.values()))

    @cached_property
    def select(self) -> str:
        """The SELECT list: how many rows there are, then the words, then the columns that are not in words."""
        alone = [column for number, column in enumerate(self.columns) if number not in self.in_words]
        words = [_appended(f"pg_catalog.int8send({self._word(number)})") for number in range(self.words)]
        made = [*words, *(one for column in alone for one in column.aggregates)]
        return ", ".join(("count(*) as rows", *(f"{one} as p{number}" for number, one in enumerate(made))))

    def _word(self, number: int) -> str:
        flags = [(column, bits) for column, bits in zip(self.columns, self.nulls, strict=True) if bits.word == number]
        parts = [_null_flags(flags[first : first + TOGETHER]) for first in range(0, len(flags), TOGETHER)]
        for which, bits in self.in_words.items():
            if bits.word == number:
                value = self.columns[which].value
                is_bool = self.columns[which].sent == _BOOL
                parts.append(f"case when {value} then {bits.flag} else '0' end" if is_bool else bits.number(value))
        return " | ".join(parts)


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
    kind, told, quoted = item.kind, item.column.type, item.column.quoted
    if kind.odd:
        return None
    if is_scaled(item):
        # NaN is greater than all numbers, and null is passed over: asking the value itself would unpack it once more
        whole = f"least({quoted}::pg_catalog.numeric * {10 ** (told.scale or 0)}, {NO_NUMBER})::pg_catalog.int8"
        return PackedColumn(quoted, _SCALED, whole)
    if told.schema == "pg_catalog" and told.name == _UUID and kind.casts == (_TEXT,):
        return PackedColumn(quoted, _UUID, kind.select(quoted))
    sent = kind.casts[-1] if kind.casts else told.name
    return PackedColumn(quoted, sent, kind.select(quoted)) if sent == _BOOL or sent in FORMS else None


def _places(columns: Sequence[PackedColumn]) -> Mapping[int, Bits]:
    """Return where values are in words, behind the bits that say which are null. A number that would have a word for itself is not."""
    ends = [min(WORD_BITS, len(columns) - first) for first in range(0, len(columns), WORD_BITS)]
    always, places = len(ends), dict[int, Bits]()
    found = [(IN_WORDS[column.sent], number) for number, column in enumerate(columns) if column.sent in IN_WORDS]
    for count, number in sorted(found, key=lambda one: (-one[0], one[1])):
        word = next((word for word, end in enumerate(ends) if end + count <= WORD_BITS), len(ends))
        if word == len(ends):
            ends.append(0)
        places[number] = Bits(word, ends[word], count)
        ends[word] += count
    last = [number for number, bits in places.items() if bits.word == len(ends) - 1 >= always]
    if len(last) == 1 and columns[last[0]].sent != _BOOL:
        del places[last[0]]
    return places


def _null_flags(flags: Sequence[tuple[PackedColumn, Bits]]) -> str:
    """Return the expression of a word with the bits of the columns that are null."""
    # not of the value, which costs more; and to `is null`, a row of nothing but nulls would be null itself
    each = " | ".join(
        f"case when {column.quoted} is not distinct from null then {bits.flag} else '0' end" for column, bits in flags
    )
    any_ = f"pg_catalog.num_nulls({', '.join(column.quoted for column, _ in flags)})"
    return f"case when {any_} = 0 then '0' else {each} end"


def _appended(value: str, between: str = "null") -> str:
    return f"pg_catalog.string_agg({value}, {between})"
