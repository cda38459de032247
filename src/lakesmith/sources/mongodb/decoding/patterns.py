"""A shape as a regular expression over bytes: one match takes a whole document apart, without a step of Python for each value.

Texts are matched up to their first zero byte and objects up to their last part, not by the lengths that stand before them; lengths are
captured, and compared afterwards for all documents at once. Groups are atomic, so that a document that does not match fails in one
pass. Where the lengths are right, the match is the only way to read the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.fields import TEXT, Field
from lakesmith.sources.mongodb.decoding.shapes import SUBTYPES, Shape, Slot

_LENGTH = b"...."
_NUMBER = b"[0-9]++\\0"
_CAPTURED, _AHEAD = b"([0-9]++)\\0", b"(?=.([0-9]++))"
"""The same as a group; and one that looks ahead, where several ways would each have a group of their own, which is slower."""
_TEXT = b"[^\\0]*+"
_TYPED = (bson.DOUBLE, bson.OBJECT_ID, bson.BOOL, bson.DATE, bson.NULL, bson.INT, bson.LONG, bson.DECIMAL)


@dataclass(slots=True)
class Step:
    """What captured groups are: a value of a field under a code, in group `at`; behind it its content, if it has a length."""

    field: Field
    kind: int
    code: int
    at: int
    inner: Elements | None = None


@dataclass(slots=True)
class Elements:
    """How the elements of arrays are taken apart: the pattern of one, which groups have its number, and the steps for the others."""

    pattern: re.Pattern[bytes]
    steps: list[Step]


@dataclass(slots=True)
class _Writer:
    """Writes one pattern, counting its groups; without `captures` it has none."""

    captures: bool
    steps: list[Step] = field(default_factory=list)
    groups: int = 0

    def members(self, shape: Shape) -> bytes:
        """Return the pattern of an object's members."""
        return b"".join(self._member(name, shape.slots[name]) for name in shape.names)

    def element(self, slot: Slot) -> bytes:
        """Return the pattern of one element of an array, whose number is the first group."""
        number, name = b"", _NUMBER
        if self.captures:
            self.groups = 1
            number, name = (b"", _CAPTURED) if _is_of_one_way(slot) else (_AHEAD, _NUMBER)
        ways = [self._way(kind, name, slot) for kind in slot.kinds]
        return number + b"(?>" + b"|".join(ways) + b")"

    def _member(self, name: bytes, slot: Slot) -> bytes:
        ways = [self._way(kind, re.escape(name + b"\0"), slot) for kind in slot.kinds]
        return b"(?>" + b"|".join(ways) + b"|)"

    def _way(self, kind: int, name: bytes, slot: Slot) -> bytes:
        start = re.escape(bytes((kind,))) + name
        if kind == bson.OBJECT and slot.shape is not None:
            group = self._step(slot, kind, kind, 2)
            return start + group(_LENGTH) + group(self.members(slot.shape) + b"\\0")
        if kind == bson.ARRAY:
            group = self._step(slot, kind, kind, 2)
            return start + group(_LENGTH) + group(_repeated(slot.element)) + b"\\0"
        if kind == bson.STRING:
            group = self._step(slot, kind, kind, 2)
            return start + group(_LENGTH) + group(_TEXT) + b"\\0"
        if kind == bson.BINARY:
            return b"|".join(start + self._binary(slot, subtype, length) for subtype, length in slot.lengths)
        width = bson.FIXED[kind]
        group = self._step(slot, kind, kind if kind in _TYPED else TEXT, 1)
        if not width:
            return group(re.escape(bytes((kind,)))) + name
        return start + group(b"[\\0\\1]" if kind == bson.BOOL else b".{%d}" % width)

    def _binary(self, slot: Slot, subtype: int, length: int) -> bytes:
        group = self._step(slot, bson.BINARY, SUBTYPES[subtype], 1)
        start = re.escape(length.to_bytes(4, "little") + bytes((subtype,)))
        if subtype == bson.OLD_BINARY:
            start, length = start + re.escape((length - 4).to_bytes(4, "little")), length - 4
        return start + group(b".{%d}" % length)

    def _step(self, slot: Slot, kind: int, code: int, width: int) -> Callable[[bytes], bytes]:
        """Note a step of so many groups, and return what makes a pattern one of these groups."""
        if not self.captures:
            return lambda pattern: pattern
        inner = None
        if kind == bson.ARRAY and slot.element is not None:
            inner = _elements(slot.element)
        self.steps.append(Step(slot.field, kind, code, self.groups, inner))
        self.groups += width
        return lambda pattern: b"(" + pattern + b")"


def compiled(shape: Shape) -> Elements:
    """Return how documents of a shape are taken apart; the pattern is for all of a document."""
    writer = _Writer(captures=True)
    body = _LENGTH + writer.members(shape) + b"\\0"
    return Elements(re.compile(body, re.DOTALL), writer.steps)


def _elements(slot: Slot) -> Elements:
    writer = _Writer(captures=True)
    body = writer.element(slot)
    return Elements(re.compile(body, re.DOTALL), writer.steps)


def _is_of_one_way(slot: Slot) -> bool:
    """Whether elements have one pattern alone, in which their number comes before all that is captured."""
    return len(slot.kinds) == 1 and all(bson.FIXED.get(kind, 1) and kind != bson.BINARY for kind in slot.kinds)


def _repeated(slot: Slot | None) -> bytes:
    """Return the pattern of all elements of an array."""
    return b"" if slot is None else _Writer(captures=False).element(slot) + b"*+"
