"""What kinds of values records hold, how two of them go together in one column, and the Arrow type of what they make.

A kind is a word, a `ListOf`, or a dict of parts. `small` is a whole number that a double holds exactly, `long` another one of 64 bits,
`big` one of up to 38 digits; `digits` a number that is kept as text; `text` marks values of several kinds that are told as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa

from lakesmith.sources.files.formats.nested.json_values import Digits, dump

EXACT = 2**53
WHOLE = ("small", "long", "big")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; `element` is `null` where it holds nothing that tells."""

    element: Kind


Kind: TypeAlias = "str | ListOf | dict[str, Kind]"

_ARROW: dict[str, pa.DataType] = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "small": pa.int64(),
    "long": pa.int64(),
    "big": pa.decimal128(38, 0),
    "double": pa.float64(),
    "digits": pa.string(),
    "string": pa.string(),
    "text": pa.string(),
}
_TOGETHER = {
    frozenset(("small", "long")): "long",
    frozenset(("small", "double")): "double",
    frozenset(("string", "digits")): "string",
    frozenset(("string", "text")): "text",
    frozenset(("digits", "text")): "text",
}
_WORDS = {bool: "bool", float: "double", Decimal: "big", Digits: "digits", str: "string", type(None): "null"}


def kind_of(value: Any) -> Kind:
    """Return the kind of one value; what lies in one list is brought together, as text where nothing else holds it."""
    if isinstance(value, dict):
        return {key: kind_of(item) for key, item in value.items()}
    if isinstance(value, list):
        element: Kind = "null"
        for item in value:
            element = mixed(element, kind_of(item))
        return ListOf(element)
    word = _WORDS.get(type(value))
    return word if word is not None else "small" if -EXACT <= value <= EXACT else "long"


def merged(one: Kind, other: Kind) -> Kind | None:
    """Return the kind that holds values of both as they are, None where there is none."""
    if other in (one, "null"):
        return one
    if one == "null":
        return other
    if isinstance(one, str) and isinstance(other, str):
        return _TOGETHER.get(frozenset((one, other)))
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        element = merged(one.element, other.element)
        return None if element is None else ListOf(element)
    if isinstance(one, dict) and isinstance(other, dict):
        return _merged_parts(one, other)
    return None


def _merged_parts(one: Mapping[str, Kind], other: Mapping[str, Kind]) -> Kind | None:
    parts = dict(one)
    for name, kind in other.items():
        part = merged(parts[name], kind) if name in parts else kind
        if part is None:
            return None
        parts[name] = part
    return parts


def mixed(one: Kind, other: Kind) -> Kind:
    """Return the kind that holds values of both, those that do not go together as text."""
    whole = merged(one, other)
    if whole is not None:
        return whole
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: mixed(one.get(name, "null"), other.get(name, "null")) for name in {**one, **other}}
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return ListOf(mixed(one.element, other.element))
    return "big" if one in WHOLE and other in WHOLE else "text"


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type of a kind."""
    if isinstance(kind, ListOf):
        return pa.list_(arrow_type(kind.element))
    if isinstance(kind, dict):
        return pa.struct([pa.field(name, arrow_type(part)) for name, part in kind.items()])
    return _ARROW[kind]


def typed(value: Any, kind: Kind) -> Any:
    """Return a value as Arrow takes it for its kind: text where that is its kind."""
    if value is None:
        return None
    if kind == "text":
        return value if type(value) is str else dump(value)
    if isinstance(kind, dict):
        return {name: typed(item, kind[name]) for name, item in value.items()}
    if isinstance(kind, ListOf):
        return [typed(item, kind.element) for item in value]
    return value


def has_text(kind: Kind) -> bool:
    """Whether values of several kinds are told as text anywhere in it."""
    if isinstance(kind, dict):
        return any(map(has_text, kind.values()))
    return has_text(kind.element) if isinstance(kind, ListOf) else kind == "text"


def batch_of(rows: Iterable[Mapping[str, Any]], kind: Mapping[str, Kind]) -> pa.RecordBatch:
    """Return records, all of this kind, as Arrow columns."""
    rows = list(rows)
    if not kind:
        return without_columns(len(rows))
    arrays = []
    for name, part in kind.items():
        values = [row.get(name) for row in rows]
        values = [typed(value, part) for value in values] if has_text(part) else values
        arrays.append(pa.array(values, arrow_type(part)))
    return pa.RecordBatch.from_arrays(arrays, names=list(kind))


def without_columns(rows: int) -> pa.RecordBatch:
    """Return so many rows that have no column."""
    empty: Any = pa.array([{}] * rows, pa.struct([]))
    return pa.RecordBatch.from_struct_array(empty)
