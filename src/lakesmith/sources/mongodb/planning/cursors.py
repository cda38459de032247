"""A stream's cursor: which of its values count, in which order, and what MongoDB is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.mongodb.elements import Element
from lakesmith.sources.mongodb.position import Part

BRACKETS: Mapping[str, tuple[str, ...]] = {
    "date": ("date",),
    "number": ("double", "int", "long", "decimal"),
    "timestamp": ("timestamp",),
    "objectId": ("objectId",),
    "string": ("string",),
}
"""What a cursor can stand at, the likeliest first, by the types that are compared with each other."""

TIMES = ("date", "timestamp", "objectId")
LOWEST, HIGHEST = -(2**63), 2**63 - 1
_SECOND_BITS, _ID_SECONDS = 32, 4


@dataclass(frozen=True, slots=True)
class Cursor:
    """A field whose values of one bracket are read in their order; `look_back` is in seconds or as a number, None for none."""

    field: str
    bracket: str
    look_back: float | int | None = None

    @classmethod
    def of(cls, stream: StreamSpec, bracket: str) -> Cursor:
        """Return the stream's cursor.

        Raises:
            ConnectorOptionsError: If it cannot look back as it is told to.
        """
        options = stream.options
        span = options.look_back_time
        fits = options.look_back is None or (bracket in TIMES if span else bracket == "number")
        if not fits:
            raise ConnectorOptionsError(
                f"`look_back` of {stream.id} does not go with its cursor `{options.cursor}`, which holds values of type {bracket}.",
                where=stream.where,
                fix="write a duration such as `10m` for times, a number for numbers, and none for texts",
            )
        return cls(options.cursor, bracket, span.total_seconds() if span else options.look_back)

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to it."""
        return tuple(self.field.split("."))

    def sees(self) -> list[dict[str, Any]]:
        """Return the conditions that a document has one value to stand at."""
        return sees(self.field, self.bracket)

    def within(self, part: Part) -> list[dict[str, Any]]:
        """Return the conditions that a document's value lies within the bounds of a part."""
        bounds = {"$gt": part.above, "$gte": part.since, "$lte": part.upto, "$lt": part.below}
        said = {word: Element.of_text(text).python for word, text in bounds.items() if text}
        return [{self.field: said}, *self.sees()] if said else self.sees()

    def lower(self, last: Element) -> Element:
        """Return where the window before a value begins: the value itself without a look-back."""
        if self.look_back is None:
            return last
        if self.bracket == "date":
            return Element(last.type, _long(last.rank - int(self.look_back * 1000)))
        if self.bracket == "timestamp":
            return Element(last.type, max(0, last.rank - (int(self.look_back) << _SECOND_BITS)).to_bytes(8, "little"))
        if self.bracket == "objectId":
            second = max(0, int.from_bytes(last.value[:_ID_SECONDS], "big") - int(self.look_back))
            return Element(last.type, second.to_bytes(_ID_SECONDS, "big") + bytes(len(last.value) - _ID_SECONDS))
        return self._less(last)

    def _less(self, last: Element) -> Element:
        from decimal import Decimal

        back, rank = self.look_back or 0, last.rank
        if isinstance(rank, int) and isinstance(back, int):
            return Element(0x12, _long(rank - back))
        if isinstance(rank, Decimal):
            from bson.decimal128 import Decimal128, create_decimal128_context

            made: Decimal = create_decimal128_context().subtract(rank, Decimal(str(back)))
            return Element.of(Decimal128(made))
        return Element.of(float(rank) - float(back))


def sees(field: str, bracket: str) -> list[dict[str, Any]]:
    """Return the conditions that a field has one value of a bracket: a list has several, wherever on the path it stands."""
    types = list(BRACKETS[bracket])
    names = field.split(".")
    paths = [".".join(names[:depth]) for depth in range(1, len(names) + 1)]
    conditions: list[dict[str, Any]] = [{field: {"$type": types}}]
    conditions += [{path: {"$not": {"$type": "array"}}} for path in paths if path != "_id"]
    if bracket == "number":
        conditions.append({field: {"$nin": [float("nan"), float("inf"), float("-inf")]}})
    return conditions


def _long(number: int) -> bytes:
    return max(LOWEST, min(HIGHEST, number)).to_bytes(8, "little", signed=True)
