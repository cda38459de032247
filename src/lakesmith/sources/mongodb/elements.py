"""Elements of raw documents, found without decoding what lies before them; and values as positions keep them."""

from __future__ import annotations

import math
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_INT32 = struct.Struct("<i")
_INT64 = struct.Struct("<q")
_DOUBLE = struct.Struct("<d")
_UINT64 = struct.Struct("<Q")
_FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
_PREFIXED = {0x02: 4, 0x0D: 4, 0x0E: 4, 0x05: 5, 0x0C: 16, 0x03: 0, 0x04: 0, 0x0F: 0}
"""Type → what stands beside the bytes that its own length counts."""

OBJECT, ARRAY, REGEX, DECIMAL = 0x03, 0x04, 0x0B, 0x13
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SMALLEST = 5
"""The bytes of a document without fields."""

NAMES = {
    0x01: "number",
    0x10: "number",
    0x12: "number",
    0x13: "number",
    0x02: "string",
    0x0E: "string",
    0x07: "objectId",
    0x09: "date",
    0x11: "timestamp",
    0x03: "object",
    0x04: "array",
    0x05: "binData",
    0x08: "bool",
    0x0A: "null",
    0x0B: "regex",
}
"""Type → the bracket it is compared in, by MongoDB's words; numbers of all kinds are equal where the number is."""


class BrokenDocumentError(ValueError):
    """Bytes are no document."""


@dataclass(frozen=True, slots=True)
class Element:
    """A value in a raw document: its type, and its bytes without its name."""

    type: int
    value: bytes

    @property
    def bracket(self) -> str:
        """What it is compared with."""
        return NAMES.get(self.type, "other")

    @property
    def raw(self) -> bytes:
        """It as the only field, `v`, of a document."""
        return _INT32.pack(len(self.value) + 8) + bytes((self.type,)) + b"v\0" + self.value + b"\0"

    @property
    def text(self) -> str:
        """It as a position keeps it: exactly, in one line."""
        return b64encode(bytes((self.type,)) + self.value).decode()

    @classmethod
    def of_text(cls, text: str) -> Element:
        """Return what a position keeps."""
        raw = b64decode(text)
        return cls(raw[0], raw[1:])

    @classmethod
    def of(cls, value: Any) -> Element:
        """Return what the driver makes of a Python value."""
        import bson

        found = find(bson.encode({"v": value}), ("v",))
        if found is None:
            raise BrokenDocumentError("no value")
        return found

    @property
    def python(self) -> Any:
        """It as the driver decodes it, dates as milliseconds."""
        from bson.codec_options import CodecOptions
        from bson.codec_options import DatetimeConversion as Dates
        from bson.raw_bson import RawBSONDocument

        kept: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument, datetime_conversion=Dates.DATETIME_MS)
        return RawBSONDocument(self.raw, kept)["v"]

    @property
    def rank(self) -> Any:
        """What orders it among the values of its bracket, as MongoDB does; None for what no cursor can stand at."""
        known = _RANKS.get(self.type)
        if known is not None:
            return known(self.value)
        if self.type != DECIMAL:
            return None
        decimal = self.python.to_decimal()
        return decimal if decimal.is_finite() else None


def _double(value: bytes) -> float | None:
    number: float = _DOUBLE.unpack(value)[0]
    return number if math.isfinite(number) else None


_RANKS: Mapping[int, Callable[[bytes], Any]] = {
    0x01: _double,
    0x02: lambda value: value[4:-1],
    0x07: bytes,
    0x09: lambda value: _INT64.unpack(value)[0],
    0x0E: lambda value: value[4:-1],
    0x10: lambda value: _INT32.unpack(value)[0],
    0x11: lambda value: _UINT64.unpack(value)[0],
    0x12: lambda value: _INT64.unpack(value)[0],
}


def told(text: str) -> str:
    """Return a number or a date that a position keeps as people write it; empty for any other value."""
    if not text:
        return ""
    element = Element.of_text(text)
    if element.bracket == "number":
        return str(element.rank)
    if element.bracket != "date":
        return ""
    try:
        return (_EPOCH + timedelta(milliseconds=element.rank)).isoformat()
    except OverflowError:
        return ""


def elements(raw: bytes, start: int = 0) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield name, type, and the bounds of the value of each field of the document at `start`.

    Raises:
        BrokenDocumentError: If its lengths do not fit together.
    """
    try:
        end = start + _INT32.unpack_from(raw, start)[0] - 1
        at = start + 4
        if end >= len(raw) or end < at:
            raise BrokenDocumentError("length")
        while at < end:
            kind = raw[at]
            named = raw.index(0, at + 1, end)
            begins = named + 1
            ends = begins + _size(raw, kind, begins)
            if ends > end:
                raise BrokenDocumentError("value")
            yield raw[at + 1 : named], kind, begins, ends
            at = ends
    except (struct.error, ValueError, IndexError) as error:
        raise BrokenDocumentError(str(error)) from None


def _size(raw: bytes, kind: int, at: int) -> int:
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return fixed
    if kind == REGEX:
        return raw.index(0, raw.index(0, at) + 1) + 1 - at
    beside = _PREFIXED.get(kind)
    if beside is None:
        raise BrokenDocumentError("type")
    size: int = _INT32.unpack_from(raw, at)[0]
    if size < 0:
        raise BrokenDocumentError("length")
    return size + beside


def find(raw: bytes, path: Sequence[str]) -> Element | None:
    """Return the value at a path of names, None where there is none, or where it lies within a list.

    Raises:
        BrokenDocumentError: If the bytes are no document.
    """
    start = 0
    for depth, name in enumerate(path, 1):
        wanted = name.encode()
        found = next(((kind, begins, ends) for one, kind, begins, ends in elements(raw, start) if one == wanted), None)
        if found is None:
            return None
        kind, begins, ends = found
        if depth == len(path):
            return Element(kind, raw[begins:ends])
        if kind != OBJECT:
            return None
        start = begins
    return None


def documents(block: bytes) -> Iterator[tuple[int, int]]:
    """Yield the bounds of each document of a block by its length alone; what is left over at the end comes as one more.

    Examples:
        >>> list(documents(bytes([5, 0, 0, 0, 0]) * 2))
        [(0, 5), (5, 10)]
    """
    at, end, unpack = 0, len(block), _INT32.unpack_from
    while at < end:
        size = unpack(block, at)[0] if at + 4 <= end else 0
        if size < SMALLEST or at + size > end:
            yield at, end
            return
        yield at, at + size
        at += size
