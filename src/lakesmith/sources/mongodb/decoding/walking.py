"""Documents value by value into fields: every document can be read so, whatever it holds.

What is unusual (broken bytes, names that stand twice, arrays whose names do not count) ends the walk with a `ValueError` and without a
reason: `inspecting` then finds out which document it is and what is the matter with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.extended_json import old_binary, quoted, value_text
from lakesmith.sources.mongodb.decoding.fields import OLD_BINARY, TEXT, UUID, Budget, Field, Parts, Values
from lakesmith.sources.mongodb.decoding.layout import BrokenError, end_of

Place = tuple[int, int]

TYPED_NESTING = 32
"""Down to which depth objects and arrays are structs and lists; deeper ones are extended JSON."""

_PLAIN = {
    kind: bson.FIXED[kind] for kind in (bson.DOUBLE, bson.OBJECT_ID, bson.DATE, bson.INT, bson.LONG, bson.DECIMAL)
}
_NUMBERS = tuple(b"%d" % number for number in range(1000))
_UUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Walked:
    """Documents of one block, to be read value by value; `as_sent` are those that are to be told as a whole, too, by row."""

    block: bytes
    places: list[Place]
    as_sent: Mapping[int, str] = field(default_factory=dict)

    def only(self, rows: Sequence[int]) -> Walked:
        """Return some of the documents."""
        as_sent = {number: self.as_sent[row] for number, row in enumerate(rows) if row in self.as_sent}
        return Walked(self.block, [self.places[row] for row in rows], as_sent)

    def fill(self, parts: Parts) -> None:
        """Add the values to the fields, which must have none.

        Raises:
            ValueError: If there is something unusual about a document; what was added is of no use then.
            IndexError: Likewise.
        """
        walk = _Walker(self.block, parts.budget).document
        for row, (start, end) in enumerate(self.places):
            walk(start + 4, end - 1, parts, row, 1)


class _Walker:
    def __init__(self, block: bytes, budget: Budget) -> None:
        self._block, self._budget = block, budget

    def document(self, at: int, limit: int, parts: Parts, row: int, depth: int) -> None:
        """Add the values of an object."""
        block, known = self._block, parts.fields
        if block[limit]:
            raise BrokenError("an object has no end")
        while at < limit:
            zero = block.index(0, at + 1, limit)
            name = block[at + 1 : zero]
            one = known.get(name) or parts.admit(name)
            if one is None:
                at = self._into_rest(parts, row, at, zero + 1, limit, depth)
            elif one.last == row:
                raise BrokenError("a name stands twice")
            else:
                one.last = row
                at = self._value(block[at], zero + 1, limit, one, row, depth)

    def _value(self, kind: int, at: int, limit: int, field: Field, row: int, depth: int) -> int:
        """Add one value to its field; return where it ends."""
        block = self._block
        width = _PLAIN.get(kind)
        if width is not None:
            end = at + width
            if end > limit:
                raise BrokenError("a value is longer than the object it is in")
            into = field.by_code.get(kind) or field.values(kind)
            into.rows.append(row)
            into.values.append(block[at:end])
            return end
        end = end_of(block, kind, at, limit)
        if kind == bson.STRING:
            into = field.by_code.get(kind) or field.values(kind)
            into.values.append(block[at + 4 : end - 1])
        elif kind in (bson.OBJECT, bson.ARRAY) and depth < TYPED_NESTING:
            into = field.values(kind)
            into.values.append(at)
            if kind == bson.OBJECT:
                inner = field.parts
                if inner is None:
                    inner = field.parts = Parts(self._budget)
                self.document(at + 4, end - 1, inner, row, depth + 1)
            else:
                into.counts.append(self._array(at + 4, end - 1, field, depth + 1))
        elif kind in (bson.BOOL, bson.NULL):
            into = field.values(kind)
            into.values.append(block[at:end])
        else:
            into = self._odd(kind, at, end, field, depth)
        into.rows.append(row)
        return end

    def _array(self, at: int, limit: int, field: Field, depth: int) -> int:
        """Add the elements of one array; return how many they are."""
        block = self._block
        if block[limit]:
            raise BrokenError("an array has no end")
        element = field.element
        if element is None:
            element = field.element = Field("element")
        first = row = field.elements
        while at < limit:
            zero = block.index(0, at + 1, limit)
            number = row - first
            if block[at + 1 : zero] != (_NUMBERS[number] if number < len(_NUMBERS) else b"%d" % number):
                raise BrokenError("the names of an array do not count")
            at = self._value(block[at], zero + 1, limit, element, row, depth)
            row += 1
        field.elements = row
        return row - first

    def _odd(self, kind: int, at: int, end: int, field: Field, depth: int) -> Values:
        block = self._block
        if kind == bson.BINARY:
            subtype, content = block[at + 4], block[at + 5 : end]
            code = {bson.GENERIC: bson.BINARY, bson.OLD_BINARY: OLD_BINARY, bson.UUID: UUID}.get(subtype)
            if code == OLD_BINARY:
                content = old_binary(content)
            if code is not None and (code != UUID or len(content) == _UUID_BYTES):
                into = field.values(code)
                into.values.append(content)
                return into
        into = field.values(TEXT)
        into.values.append(value_text(block, kind, at, depth))
        return into

    def _into_rest(self, parts: Parts, row: int, start: int, at: int, limit: int, depth: int) -> int:
        block, kind = self._block, self._block[start]
        end = end_of(block, kind, at, limit)
        parts.rest.rows.append(row)
        parts.rest.values.append(f"{quoted(block[start + 1 : at - 1])}: {value_text(block, kind, at, depth)}")
        return end
