"""How BSON lies in bytes: the type bytes, how long their values are, and where a block's documents begin."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

DOUBLE, STRING, OBJECT, ARRAY, BINARY, UNDEFINED, OBJECT_ID, BOOL, DATE, NULL, REGEX, POINTER = range(1, 13)
CODE, SYMBOL, SCOPED_CODE, INT, TIMESTAMP, LONG, DECIMAL = range(13, 20)
MAX_KEY, MIN_KEY = 0x7F, 0xFF

NESTING = 100
"""How many objects and arrays may lie in each other, the document among them: MongoDB's own limit."""

SHORTEST = 5
"""The bytes of an empty document: its length and its end."""

GENERIC, OLD_BINARY, UUID = 0, 2, 4
"""Subtypes of binary values: bytes, bytes as they were once written, a UUID."""

FIXED = {
    DOUBLE: 8, UNDEFINED: 0, OBJECT_ID: 12, BOOL: 1, DATE: 8, NULL: 0,
    INT: 4, TIMESTAMP: 8, LONG: 8, DECIMAL: 16, MAX_KEY: 0, MIN_KEY: 0,
}  # fmt: skip
TEXTS = (STRING, CODE, SYMBOL)

_LENGTH = Struct("<i")
length_at = _LENGTH.unpack_from
"""Return the 32-bit length at a place of a buffer, in a tuple."""


class BrokenError(ValueError):
    """Why bytes are no document."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where documents begin and end; the next one begins at `end`, unless `is_stuck`: the length there cannot be right."""

    places: list[tuple[int, int]]
    end: int
    is_stuck: bool


def cut(block: bytes, start: int = 0, *, size: int = 2**31, most: int = 2**31) -> Cut:
    """Return where documents of a block are from `start` on, by their lengths alone.

    Args:
        block: Documents one behind the other.
        start: Where the first of them begins.
        size: At how many bytes to stop, if they are more than one document.
        most: At how many documents to stop.
    """
    places: list[tuple[int, int]] = []
    last, limit, first = len(block) - SHORTEST, len(block), start
    while start <= last and len(places) < most:
        end = start + length_at(block, start)[0]
        if end < start + SHORTEST or end > limit:
            return Cut(places, start, is_stuck=True)
        if end - first > size and places:
            return Cut(places, start, is_stuck=False)
        places.append((start, end))
        start = end
    return Cut(places, start, is_stuck=last < start < limit)


def end_of(block: bytes, kind: int, start: int, limit: int) -> int:
    """Return where the value of type `kind` at `start` ends, without looking into objects and arrays.

    Raises:
        BrokenError: If it does not end before `limit`, or is not what its type says.
    """
    width = FIXED.get(kind)
    if width is not None:
        end = start + width
    elif kind in TEXTS:
        end = _text_end(block, start, limit)
    elif kind in (OBJECT, ARRAY):
        end = start + _length(block, start, limit, SHORTEST)
    elif kind == BINARY:
        end = start + 5 + _length(block, start, limit, 0)
    elif kind == REGEX:
        end = zero_after(block, zero_after(block, start, limit) + 1, limit) + 1
    elif kind == POINTER:
        end = _text_end(block, start, limit) + FIXED[OBJECT_ID]
    elif kind == SCOPED_CODE:
        end = start + _length(block, start, limit, 4 + 5 + SHORTEST)
    else:
        raise BrokenError(f"a value has the unknown type 0x{kind:02x}")
    if end > limit:
        raise BrokenError("a value is longer than the object it is in")
    return end


def zero_after(block: bytes, start: int, limit: int) -> int:
    """Return where the name that begins at `start` ends.

    Raises:
        BrokenError: If it does not end before `limit`.
    """
    zero = block.find(0, start, limit)
    if zero < 0:
        raise BrokenError("a name has no end")
    return zero


def _length(block: bytes, start: int, limit: int, least: int) -> int:
    if start + 4 > limit:
        raise BrokenError("a value is longer than the object it is in")
    length: int = length_at(block, start)[0]
    if length < least:
        raise BrokenError("a length is less than a value of its type can have")
    return length


def _text_end(block: bytes, start: int, limit: int) -> int:
    end = start + 4 + _length(block, start, limit, 1)
    if end > limit:
        raise BrokenError("a value is longer than the object it is in")
    if block[end - 1]:
        raise BrokenError("a text has no end")
    return end
