"""The fields of a collection's documents, as they are met, and the values of each in the documents at hand.

Values lie in *spaces*: the documents are one, and the elements of all arrays of one field are another. A row is a number in a space.
The parts of an object have the rows of the space that the object is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

REST = "_rest"
AS_SENT = "_as_sent"
OWN = (REST.encode(), AS_SENT.encode())
"""Names that are ours: a field that is really called so goes into the rest."""

UUID, OLD_BINARY, TEXT = 256, 257, 258
"""Codes beside the types of BSON: binary values of subtype 4 and 2, and values that have no Arrow type and are extended JSON."""


@dataclass(slots=True)
class Values:
    """The values of one type: their rows in rising order, and for each row what `code` says.

    Bytes for values of one piece, text for `TEXT`, and for objects and arrays their bytes or their place in the block. `counts` are the
    numbers of elements of arrays. `dense`, where it is there, has the values of all rows, None for no value, and `array`
    those of texts as Arrow's bytes; `values` is not to be used then.
    """

    rows: Any = field(default_factory=list)
    values: Any = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    dense: Sequence[Any] | None = None
    array: Any = None

    def pairs(self) -> Iterator[tuple[int, Any]]:
        """Return rows with their values."""
        if self.dense is not None:
            return ((row, value) for row, value in enumerate(self.dense) if value is not None)
        return zip(self.rows, self.values, strict=True)

    def spread(self, size: int, empty: Any = None) -> Sequence[Any]:
        """Return the values of all `size` rows, `empty` for no value."""
        return self.dense if self.dense is not None and empty is None else spread(self.rows, self.values, size, empty)


def spread(rows: Sequence[int], values: Sequence[Any], size: int, empty: Any = None) -> Sequence[Any]:
    """Return values in their rows, and `empty` in all others."""
    if len(values) == size:
        return values
    made = [empty] * size
    for row, value in zip(rows, values, strict=True):
        made[row] = value
    return made


class Field:
    """One field: its values by code, its parts where it is an object, its elements where it is an array."""

    __slots__ = ("by_code", "element", "elements", "is_kept", "last", "name", "parts")

    def __init__(self, name: str) -> None:
        self.name = name
        self.last = -1
        self.is_kept = False
        self.by_code: dict[int, Values] = {}
        self.parts: Parts | None = None
        self.element: Field | None = None
        self.elements = 0

    def values(self, code: int) -> Values:
        """Return the values of a code, to which more can be added."""
        found = self.by_code.get(code)
        if found is None:
            found = self.by_code[code] = Values()
        return found

    def clear(self) -> None:
        """Forget all values."""
        self.last, self.elements, self.by_code = -1, 0, {}
        if self.parts is not None:
            self.parts.clear()
        if self.element is not None:
            self.element.clear()

    def inner(self) -> Iterator[Parts]:
        """Yield the parts of the objects in the field, also of those in arrays."""
        if self.parts is not None:
            yield self.parts
        if self.element is not None:
            yield from self.element.inner()


@dataclass(slots=True)
class Budget:
    """How many fields an object may have, and how many more all objects together."""

    each: int
    left: int


class Parts:
    """The fields of an object: as many as the budget allows, in the order they were met. The others are told in `rest`."""

    __slots__ = ("budget", "fields", "rest")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.fields: dict[bytes, Field] = {}
        self.rest = Values()

    def admit(self, name: bytes) -> Field | None:
        """Return a new field; None where it belongs into the rest.

        Raises:
            UnicodeDecodeError: If the name is not UTF-8.
        """
        text = name.decode()
        if len(self.fields) >= self.budget.each or self.budget.left <= 0 or name in OWN:
            return None
        self.budget.left -= 1
        made = self.fields[name] = Field(text)
        return made

    def clear(self) -> None:
        """Forget all values."""
        self.rest = Values()
        for one in self.fields.values():
            one.clear()

    def keep(self) -> None:
        """Note that the fields that have values are fields of whole documents."""
        for one in self:
            one.is_kept = one.is_kept or bool(one.by_code)
            for parts in one.inner():
                parts.keep()

    def forget(self) -> None:
        """Take out the fields of which only broken documents told."""
        for name, one in list(self.fields.items()):
            for parts in one.inner():
                parts.forget()
            if not one.is_kept:
                del self.fields[name]
                self.budget.left += 1

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())
