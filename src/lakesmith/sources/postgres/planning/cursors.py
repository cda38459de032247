"""Which rows a cursor sees, in SQL: those above its last value, those of the look-back window, and those it never sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column

_ENDLESS = ("infinity", "-infinity")
_NOT_NUMBERS = ("NaN", "Infinity", "-Infinity")

BEYOND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("int2", "int4", "int8", "text", "varchar", "bpchar", "uuid", "xid8", "pg_lsn"), ()),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), _ENDLESS),
    **dict.fromkeys(("float4", "float8", "numeric"), _NOT_NUMBERS),
}
"""Type of a cursor → values that a cursor must never stand at, because nothing, or nothing sensible, comes after them."""

TIMES = ("date", "timestamp", "timestamptz")
WHOLE = ("int2", "int4", "int8")
NUMBERS = (*WHOLE, "numeric", "float4", "float8")

LOWEST = -(2**63)

ENDLESS_NUMERIC = 140_000
"""The first version whose `numeric` knows infinity."""


def literal(value: str, kind: str = "") -> str:
    """Return a text as SQL writes it, as a value of the type `kind` if one is given.

    Examples:
        >>> literal("it's", "text")
        "'it''s'::text"
    """
    quoted = "'" + value.replace("'", "''") + "'"
    return f"{quoted}::{kind}" if kind else quoted


def beyond_of(kind: str, version: int) -> tuple[str, ...]:
    """Return the values of a type that are beyond all others, on a server of that version."""
    return BEYOND[kind][:1] if kind == "numeric" and version < ENDLESS_NUMERIC else BEYOND[kind]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A column that a stream is read along. `look_back` is in seconds for times, a number for numbers, None without one."""

    column: Column
    look_back: Decimal | None = None
    version: int = ENDLESS_NUMERIC

    @classmethod
    def of(cls, stream: StreamSpec, column: Column, version: int) -> Cursor:
        """Return the cursor of a stream.

        Raises:
            ConnectorOptionsError: If the column cannot be one, or cannot be looked back on.
        """
        kind, options = column.type.name, stream.options
        if column.type.is_array or kind not in BEYOND:
            raise ConnectorOptionsError(
                f"The column `{column.name}` is a {column.type.shown}, which cannot be a cursor.",
                where=stream.where,
                fix="set `cursor:` to a column of numbers, times or texts that grows with every row, or use `mode: replace`",
            )
        wanted = TIMES if options.look_back_time else NUMBERS
        if options.look_back is not None and kind not in wanted:
            raise ConnectorOptionsError(
                f"`look_back: {options.look_back}` has no meaning for `{column.name}`, which is a {column.type.shown}.",
                where=stream.where,
                fix="write a duration such as `10m` for times, a number for numbers, and none for texts",
            )
        span = options.look_back_time
        back = Decimal(str(span.total_seconds())) if span else options.look_back
        return cls(column, None if back is None else Decimal(str(back)), version)

    @property
    def _beyond(self) -> str:
        kind = self.column.type.name  # without its digits, which such values would not fit
        return ", ".join(literal(value, kind) for value in beyond_of(kind, self.version))

    @property
    def sees(self) -> str:
        """The condition that a row has a value to stand at."""
        name, beyond = self.column.quoted, self._beyond
        return f"{name} is not null and {name} not in ({beyond})" if beyond else f"{name} is not null"

    @property
    def misses(self) -> str:
        """The condition that it has none."""
        name, beyond = self.column.quoted, self._beyond
        return f"({name} is null or {name} in ({beyond}))" if beyond else f"{name} is null"

    def after(self, last: str) -> str:
        """Return the condition that a row is above the value `last`, and not beyond all."""
        return f"{self.column.quoted} > {self._value(last)} and {self.sees}"

    def window(self, last: str) -> str:
        """Return the condition that a row is at the value `last`, or before it by no more than the look-back."""
        name = self.column.quoted
        return f"{name} >= {self._lower(last)} and {name} <= {self._value(last)} and {self.sees}"

    def upto(self, last: str | None) -> str:
        """Return the condition that a row is not above the value `last`; None: there was no row, and no row meets it."""
        return "false" if last is None else f"{self.column.quoted} <= {self._value(last)}"

    def below(self, last: str) -> str:
        """Return the condition that a row is before the window of the value `last`."""
        return f"{self.column.quoted} < {self._lower(last)} and {self.sees}"

    @property
    def reach(self) -> str:
        """How far it looks back, as a position keeps it."""
        return str(self.look_back or 0)

    def reaching(self, reach: str) -> Cursor:
        """Return the same cursor, looking back as far as a position said; as far as it does now if that was not kept."""
        return replace(self, look_back=Decimal(reach) or None) if reach else self

    def _value(self, text: str) -> str:
        return literal(text, self.column.type.shown)

    def _lower(self, last: str) -> str:
        if self.look_back is None:
            return self._value(last)
        kind = self.column.type.name
        if kind in TIMES:
            return f"{self._value(last)} - {literal(f'{self.look_back} seconds', 'interval')}"
        if kind in WHOLE:  # as a number of its own: nothing overflows, and an index serves
            return literal(str(max(LOWEST, int(last) - int(self.look_back))), "bigint")
        return f"{self._value(last)} - {literal(str(self.look_back), kind)}"
