"""Values as canonical MongoDB Extended JSON, version 2, straight from their bytes: every type, and names that stand twice."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from struct import Struct

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.layout import BrokenError, end_of, length_at, zero_after

_DOUBLE, _LONG, _INT, _STAMP, _WIDE = Struct("<d"), Struct("<q"), Struct("<i"), Struct("<II"), Struct("<QQ")
_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_CONSTANTS = {
    bson.NULL: "null",
    bson.UNDEFINED: '{"$undefined": true}',
    bson.MIN_KEY: '{"$minKey": 1}',
    bson.MAX_KEY: '{"$maxKey": 1}',
}
_COEFFICIENT_BITS = 49
_BIAS = 6176
_MOST = 10**34 - 1


def quoted(raw: bytes) -> str:
    """Return text as a JSON string.

    Raises:
        BrokenError: If it is not valid UTF-8.
    """
    try:
        return json.dumps(raw.decode(), ensure_ascii=False)
    except UnicodeDecodeError:
        raise BrokenError("a text is not valid UTF-8") from None


def object_text(block: bytes, start: int, depth: int = 1) -> str:
    """Return the object at `start` as JSON, names that stand twice twice.

    Raises:
        BrokenError: If it is broken.
    """
    parts = [f"{quoted(name)}: {value_text(block, kind, at, depth)}" for kind, name, at in each_of(block, start)]
    return f"{{{', '.join(parts)}}}"


def parts_of(block: bytes, start: int) -> list[tuple[int, bytes, int]]:
    """Return type, name and place of each value in the object or array at `start`.

    Raises:
        BrokenError: If it is broken; objects and arrays in it are not looked into.
    """
    return list(each_of(block, start))


def each_of(block: bytes, start: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield what `parts_of` returns.

    Raises:
        BrokenError: If it is broken, once that is met.
    """
    limit = start + length_at(block, start)[0] - 1
    if block[limit]:
        raise BrokenError("an object has no end")
    at = start + 4
    while at < limit:
        kind = block[at]
        zero = zero_after(block, at + 1, limit)
        end = end_of(block, kind, zero + 1, limit)  # whoever looks at the value relies on its length
        yield kind, block[at + 1 : zero], zero + 1
        at = end


def _array_text(block: bytes, start: int, depth: int) -> str:
    """Return an array as JSON, written piece by piece: it may have a million elements. One whose names do not count is an object."""
    told = StringIO()
    told.write("[")
    for number, (kind, name, at) in enumerate(each_of(block, start)):
        if name != b"%d" % number:
            return object_text(block, start, depth)
        told.write(", " if number else "")
        told.write(value_text(block, kind, at, depth))
    told.write("]")
    return told.getvalue()


def value_text(block: bytes, kind: int, at: int, depth: int = 1) -> str:
    """Return the value of type `kind` at `at`, whose length is known to be right, as JSON.

    An array whose names are not 0, 1, 2 … is shown as the object it is.

    Raises:
        BrokenError: If a text in it is not UTF-8, or something in it is broken or too deep.
    """
    if kind in (bson.OBJECT, bson.ARRAY):
        if depth >= bson.NESTING:
            raise BrokenError(f"objects and arrays are nested deeper than {bson.NESTING} levels")
        return (_array_text if kind == bson.ARRAY else object_text)(block, at, depth + 1)
    constant = _CONSTANTS.get(kind)
    if constant is not None:
        return constant
    if kind == bson.SCOPED_CODE:
        return _scoped(block, at, depth)
    return _WRITERS[kind](block, at)


def date_text(milliseconds: int) -> str:
    """Return milliseconds since 1970 as JSON."""
    return f'{{"$date": {{"$numberLong": "{milliseconds}"}}}}'


def parted(raw: bytes) -> tuple[int, int, int] | None:
    """Return sign (0 or 1), coefficient and exponent of a decimal of 16 bytes; None if it is no finite number."""
    low, high = _WIDE.unpack(raw)
    sign = high >> 63
    if (high >> 61) & 3 == 3:  # noqa: PLR2004 - two set bits: not a plain coefficient
        if (high >> 59) & 15 == 15:  # noqa: PLR2004 - four set bits: infinite, or no number
            return None
        return sign, 0, ((high >> 47) & 0x3FFF) - _BIAS  # a coefficient that is too large counts as zero
    coefficient = (high & ((1 << _COEFFICIENT_BITS) - 1)) << 64 | low
    return sign, coefficient if coefficient <= _MOST else 0, ((high >> _COEFFICIENT_BITS) & 0x3FFF) - _BIAS


def _scoped(block: bytes, at: int, depth: int) -> str:
    limit = at + length_at(block, at)[0]
    scope = end_of(block, bson.STRING, at + 4, limit)
    if end_of(block, bson.OBJECT, scope, limit) != limit:
        raise BrokenError("code and its scope are not as long as they say")
    code = quoted(block[at + 8 : scope - 1])
    return f'{{"$code": {code}, "$scope": {value_text(block, bson.OBJECT, scope, depth)}}}'


def _text(block: bytes, at: int) -> str:
    return quoted(block[at + 4 : at + 3 + length_at(block, at)[0]])


def _double(block: bytes, at: int) -> str:
    shown = repr(_DOUBLE.unpack_from(block, at)[0])
    return f'{{"$numberDouble": "{_SPECIAL.get(shown, shown)}"}}'


def _binary(block: bytes, at: int) -> str:
    content, kind = block[at + 5 : at + 5 + length_at(block, at)[0]], block[at + 4]
    if kind == bson.OLD_BINARY:
        content = old_binary(content)
    return f'{{"$binary": {{"base64": "{b64encode(content).decode()}", "subType": "{kind:02x}"}}}}'


def old_binary(content: bytes) -> bytes:
    """Return the bytes of a binary value of subtype 2, which has its length twice.

    Raises:
        BrokenError: If its lengths differ.
    """
    if len(content) < 4 or length_at(content)[0] != len(content) - 4:  # noqa: PLR2004 - the bytes of a length
        raise BrokenError("a binary value of subtype 2 is not as long as it says")
    return content[4:]


def _bool(block: bytes, at: int) -> str:
    if block[at] > 1:
        raise BrokenError("a boolean is neither true nor false")
    return "true" if block[at] else "false"


def _regex(block: bytes, at: int) -> str:
    middle = block.index(0, at)
    options = bytes(sorted(block[middle + 1 : block.index(0, middle + 1)]))
    return f'{{"$regularExpression": {{"pattern": {quoted(block[at:middle])}, "options": {quoted(options)}}}}}'


def _pointer(block: bytes, at: int) -> str:
    target = at + 4 + length_at(block, at)[0]
    return f'{{"$dbPointer": {{"$ref": {_text(block, at)}, "$id": {_object_id(block, target)}}}}}'


def _object_id(block: bytes, at: int) -> str:
    return f'{{"$oid": "{block[at : at + 12].hex()}"}}'


def _timestamp(block: bytes, at: int) -> str:
    increment, seconds = _STAMP.unpack_from(block, at)
    return f'{{"$timestamp": {{"t": {seconds}, "i": {increment}}}}}'


def _decimal(block: bytes, at: int) -> str:
    raw = block[at : at + 16]
    parts = parted(raw)
    if parts is None:
        sign, is_infinite = raw[15] >> 7, not raw[15] & 4
        shown = ("-Infinity" if sign else "Infinity") if is_infinite else "NaN"
    else:
        sign, coefficient, exponent = parts
        shown = str(Decimal((sign, tuple(map(int, str(coefficient))), exponent)))
    return f'{{"$numberDecimal": "{shown}"}}'


_WRITERS = {
    bson.DOUBLE: _double,
    bson.STRING: _text,
    bson.BINARY: _binary,
    bson.OBJECT_ID: _object_id,
    bson.BOOL: _bool,
    bson.DATE: lambda block, at: date_text(_LONG.unpack_from(block, at)[0]),
    bson.REGEX: _regex,
    bson.POINTER: _pointer,
    bson.CODE: lambda block, at: f'{{"$code": {_text(block, at)}}}',
    bson.SYMBOL: lambda block, at: f'{{"$symbol": {_text(block, at)}}}',
    bson.INT: lambda block, at: f'{{"$numberInt": "{_INT.unpack_from(block, at)[0]}"}}',
    bson.TIMESTAMP: _timestamp,
    bson.LONG: lambda block, at: f'{{"$numberLong": "{_LONG.unpack_from(block, at)[0]}"}}',
    bson.DECIMAL: _decimal,
}
