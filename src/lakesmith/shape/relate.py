"""How two types stand to each other: the same, wider, narrower, or neither."""

from __future__ import annotations

from lakesmith.model.types import (
    BINARY,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    Decimal,
    List,
    Map,
    Scalar,
    Struct,
    Type,
)

INT_DIGITS = {INT: 10, LONG: 19}
NUMBERS = (INT, LONG, FLOAT, DOUBLE)

_WIDER = {(INT, LONG), (FLOAT, DOUBLE)}
_HOLDS = {(LONG, INT), (DOUBLE, FLOAT), (DOUBLE, INT), (DOUBLE, LONG), (TIMESTAMP, DATE)}


def promotes(known: Type, seen: Type) -> bool:
    """Whether a column of type `known` can become `seen` in place, by a change of metadata only."""
    if isinstance(known, Decimal) and isinstance(seen, Decimal):
        return known.scale == seen.scale and known.precision < seen.precision
    return (known, seen) in _WIDER


def holds(known: Type, seen: Type) -> bool:
    """Whether values of `seen` are at home in `known` as a rule; single ones (a long beyond 2^53 in a double) may still not fit."""
    if isinstance(known, Decimal):
        digits = known.precision - known.scale
        if isinstance(seen, Decimal):
            return seen.scale <= known.scale and seen.precision - seen.scale <= digits
        return isinstance(seen, Scalar) and seen in INT_DIGITS and INT_DIGITS[seen] <= digits
    if known == STRING:
        return is_flat(seen) and seen != BINARY
    return (known, seen) in _HOLDS


def is_flat(kind: Type) -> bool:
    """Whether a type has no parts."""
    return isinstance(kind, (Scalar, Decimal))


def is_number(kind: Type) -> bool:
    """Whether a type is a number."""
    return isinstance(kind, Decimal) or kind in NUMBERS


def family(kind: str) -> str:
    """Return what a type, as text, has in common with those its values may move to: whole numbers, numbers, times, or the type itself.

    Examples:
        >>> family("int") == family("decimal(9, 2)"), family("date") == family("string")
        (True, False)
    """
    if kind.startswith("decimal") or kind in {number.name for number in NUMBERS}:
        return "number"
    return "time" if kind in {"date", "timestamp", "timestamptz"} else kind.partition("<")[0]


def sibling_of(known: Type, seen: Type) -> tuple[str, Type]:
    """Return suffix and type of the sibling that takes values of `seen` that a column of type `known` cannot hold.

    A number beside a number, and bytes, keep their type; all else is text. Objects and lists beside a string are JSON text under
    a suffix of their own, since `__string` beside a string would say nothing.
    """
    if is_number(known) and is_number(seen):
        return ("decimal" if isinstance(seen, Decimal) else str(seen)), seen
    if seen == BINARY:
        return "binary", BINARY
    return ("json" if known == STRING and isinstance(seen, (Struct, List, Map)) else "string"), STRING
