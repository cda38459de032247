"""One document, byte by byte: whether it is whole, and if it is unusual, the same without what columns cannot hold."""

from __future__ import annotations

from collections.abc import Mapping

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.extended_json import parts_of, value_text
from lakesmith.sources.mongodb.decoding.layout import BrokenError, length_at


def tidied(document: bytes) -> bytes:
    """Return a document in which no name stands twice in one object, the last value counting, and the names of arrays are 0, 1, 2 ….

    The same bytes come back where that is so already.

    Raises:
        BrokenError: If it is not a whole document, with the reason.
    """
    if len(document) < bson.SHORTEST or length_at(document)[0] != len(document):
        raise BrokenError("the document is not as long as it says")
    return _object(document, 0, bson.OBJECT, 1)


def id_text(document: bytes) -> str | None:
    """Return the `_id` of a document that may be broken as canonical extended JSON, None if it cannot be read."""
    try:
        found = _id_at(document)
        return None if found is None else value_text(document, *found)
    except (ValueError, IndexError):
        return None


def id_bytes(document: bytes) -> bytes | None:
    """Return type and value of the `_id` of a whole document, None if it has none."""
    found = _id_at(document)
    if found is None:
        return None
    kind, at = found
    return bytes((kind,)) + document[at : bson.end_of(document, kind, at, len(document))]


def _id_at(document: bytes) -> tuple[int, int] | None:
    at, limit = 4, len(document) - 1
    while at < limit and document[at]:
        zero = bson.zero_after(document, at + 1, limit)
        if document[at + 1 : zero] == b"_id":
            bson.end_of(document, document[at], zero + 1, limit)
            return document[at], zero + 1
        at = bson.end_of(document, document[at], zero + 1, limit)
    return None


def _object(block: bytes, start: int, kind: int, depth: int) -> bytes:
    if depth > bson.NESTING:
        raise BrokenError(f"objects and arrays are nested deeper than {bson.NESTING} levels")
    end = start + length_at(block, start)[0]
    met = parts_of(block, start)
    names = [name for _, name, _ in met]
    if kind == bson.ARRAY:
        names = [b"%d" % number for number in range(len(names))]
    elif not all(map(_is_text, names)):
        raise BrokenError("a name is not valid UTF-8")
    values = {
        name: (inner, _value(block, inner, at, end - 1, depth)) for name, (inner, _, at) in zip(names, met, strict=True)
    }
    return _packed(values)


def _value(block: bytes, kind: int, at: int, limit: int, depth: int) -> bytes:
    """Return one value, objects and arrays tidied."""
    if kind in (bson.OBJECT, bson.ARRAY):
        return _object(block, at, kind, depth + 1)
    value_text(block, kind, at, depth)  # what can be written as JSON is whole
    return block[at : bson.end_of(block, kind, at, limit)]


def _packed(values: Mapping[bytes, tuple[int, bytes]]) -> bytes:
    body = b"".join(bytes((kind,)) + name + b"\0" + value for name, (kind, value) in values.items())
    return (len(body) + bson.SHORTEST).to_bytes(4, "little") + body + b"\0"


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
