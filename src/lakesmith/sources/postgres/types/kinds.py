"""The table of types: what is selected of a column of a server type, and which type it has in bronze."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Decimal,
    List,
    Type,
)
from lakesmith.sources.postgres.catalog.values import Column, ColumnType

MOST_DIGITS = 38
UNPINNED = Decimal(MOST_DIGITS, 9)
"""What a numeric without precision becomes, unless the project says otherwise."""

MONEY = Decimal(21, 2)
"""What money becomes, unless the project says otherwise: 64 bits, with two places in most locales."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How columns of a server type are read.

    `type` is that of bronze; `casts` are the types it is cast to on the server, in order, to arrive in a form that is exact and quick to
    read. Where the condition `odd` is true of a value `{x}` (`{cast}`: after the casts), the driver would refuse or change it, and it is
    selected as text beside the column; empty where that cannot be. `is_told`: the column's doc says the source's type.
    """

    type: Type
    casts: tuple[str, ...] = ()
    odd: str = ""
    is_told: bool = True

    def select(self, quoted: str) -> str:
        """Return the expression that is selected of a column: its values, null for odd ones."""
        cast = self._cast(quoted)
        return f"case when {self._is_odd(quoted)} then null else {cast} end" if self.odd else cast

    def odd_words(self, quoted: str) -> str:
        """Return the expression that is the text of an odd value, null for all others; empty where there are none."""
        return f"case when {self._is_odd(quoted)} then {quoted}::{_BUILT_IN}.text end" if self.odd else ""

    def _cast(self, quoted: str) -> str:
        return "::".join((quoted, *(f"{_BUILT_IN}.{cast}" for cast in self.casts)))

    def _is_odd(self, quoted: str) -> str:
        return self.odd.format(x=quoted, cast=self._cast(quoted))


_BUILT_IN = "pg_catalog"
_TEXT = Kind(STRING, ("text",))
_KINDS = {
    "bool": Kind(BOOLEAN, is_told=False),
    "int2": Kind(INT, is_told=False),
    "int4": Kind(INT, is_told=False),
    "int8": Kind(LONG, is_told=False),
    "float4": Kind(FLOAT, is_told=False),
    "float8": Kind(DOUBLE, is_told=False),
    "text": Kind(STRING, is_told=False),
    "varchar": Kind(STRING, is_told=False),
    "bpchar": Kind(STRING, is_told=False),  # cast to text it would lose its blanks
    "name": Kind(STRING, is_told=False),
    "bytea": Kind(BINARY, is_told=False),
    "date": Kind(DATE, is_told=False),
    "timestamp": Kind(TIMESTAMP, is_told=False),
    "timestamptz": Kind(TIMESTAMPTZ, is_told=False),
    "oid": Kind(LONG, ("int8",)),
    "money": Kind(MONEY, ("numeric", "text")),
}
_VECTORS = ("int2vector", "oidvector")
_ODD_BOUNDS = "pg_catalog.array_ndims({x}) > 1 or pg_catalog.array_lower({x}, 1) <> 1"
_ODD_TIMES = "('0001-01-01' <= all ({cast}) and '10000-01-01' > all ({cast})) is false"
_DECIMAL = re.compile(r"decimal\(\s*([0-9]+)\s*,\s*([0-9]+)\s*\)")


def kind_of(column: Column, pins: Mapping[str, Mapping[str, Any]]) -> Kind:
    """Return how a column is read; `pins` is what the project says of the stream's columns.

    A column that is to be a string comes as the server's own words, whatever it is; a number that is to be a decimal as that.
    """
    told, pin = column.type, _pinned(column.name, pins)
    kind = _element(told, pin if isinstance(pin, Decimal) else None)
    if pin == STRING and (told.is_array or kind.type != STRING):
        return _TEXT
    if told.domains:
        kind = replace(kind, casts=kind.casts or (told.name,), is_told=True)
    return _array(kind) if told.is_array and told.name not in _VECTORS else kind


def _element(told: ColumnType, pin: Decimal | None) -> Kind:
    if told.schema != _BUILT_IN:
        return _TEXT
    if told.name == "numeric":
        return _numeric(told, pin)
    kind = _KINDS.get(told.name, _TEXT)
    return replace(kind, type=pin) if pin is not None and told.name == "money" else kind


def _numeric(told: ColumnType, pin: Decimal | None) -> Kind:
    if told.precision is None or told.scale is None:
        return replace(_TEXT, type=pin or UNPINNED)
    digits = max(told.precision, told.scale)
    if told.scale < 0 or digits > MOST_DIGITS:
        return replace(_TEXT, type=pin or STRING)
    own = Decimal(digits, told.scale)
    return replace(_TEXT, type=pin if pin is not None and _holds(pin, own) else own, is_told=False)


def _holds(pin: Decimal, own: Decimal) -> bool:
    return pin.scale >= own.scale and pin.precision - pin.scale >= own.precision - own.scale


def _array(element: Kind) -> Kind:
    is_time = element.type in (DATE, TIMESTAMP, TIMESTAMPTZ)
    return Kind(
        List(element.type),
        tuple(f"{cast}[]" for cast in element.casts),
        f"{_ODD_BOUNDS} or {_ODD_TIMES}" if is_time else _ODD_BOUNDS,
        element.is_told,
    )


def _pinned(name: str, pins: Mapping[str, Mapping[str, Any]]) -> Type | None:
    """Return the decimal or string that the project wants of a column; None if it wants neither."""
    said = str((pins.get(name) or pins.get(name.lower()) or {}).get("type") or "").strip().lower()
    found = _DECIMAL.fullmatch(said)
    if found:
        return Decimal(int(found[1]), int(found[2]))
    return STRING if said == STRING.name else None
