"""The values of one type as an Arrow array: in bulk, exact, and those that Arrow cannot hold as extended JSON beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.arrow import Array, pa, pc
from lakesmith.sources.mongodb.decoding.extended_json import date_text, parted, quoted, value_text
from lakesmith.sources.mongodb.decoding.fields import OLD_BINARY, TEXT, UUID, Values, spread
from lakesmith.sources.mongodb.decoding.layout import BrokenError

PLACES = 9
DIGITS = 38
DECIMALS = pa.decimal128(DIGITS, PLACES)
"""What decimals become: the type that PostgreSQL's numerics without precision have."""

INSTANTS = pa.timestamp("us", "UTC")
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The first and the last millisecond of the years 1 to 9999."""

_LARGEST = 10**DIGITS
_MICROS = 1000
_ID_DIGITS = 24
_UUID_CUTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))

Texts = dict[int, str]
"""Extended JSON by row, for values that have no place in an array."""

Made = tuple[Array, Texts]


def _int32s(values: Values, size: int) -> Made:
    return _fixed(values, size, pa.int32(), 4).cast(pa.int64()), {}


def _int64s(values: Values, size: int) -> Made:
    return _fixed(values, size, pa.int64(), 8), {}


def _doubles(values: Values, size: int) -> Made:
    return _fixed(values, size, pa.float64(), 8), {}


def _booleans(values: Values, size: int) -> Made:
    if set(values.values) - {b"\0", b"\1"}:
        raise BrokenError("a boolean is neither true nor false")
    return _fixed(values, size, pa.uint8(), 1).cast(pa.bool_()), {}


def _instants(values: Values, size: int) -> Made:
    """Return dates as microseconds; those outside of the years 1 to 9999 are told."""
    texts: Texts = {}
    told = _fixed(values, size, pa.int64(), 8)
    bounds = pc.min_max(told).as_py()
    if bounds["min"] is not None and (bounds["min"] < FIRST_MS or bounds["max"] > LAST_MS):
        fits = pc.and_(pc.greater_equal(told, FIRST_MS), pc.less_equal(told, LAST_MS))
        texts = {row: date_text(told[row].as_py()) for row in pc.indices_nonzero(pc.invert(fits)).to_pylist()}
        told = pc.if_else(fits, told, None)
    return pc.multiply(told, _MICROS).cast(INSTANTS), texts


def _decimals(values: Values, size: int) -> Made:
    """Return decimals; those that have more digits or places, minus zero and what is no number are told."""
    rows: list[int] = []
    numbers: list[bytes] = []
    texts: Texts = {}
    for row, raw in values.pairs():
        number = _scaled(raw)
        if number is None:
            texts[row] = value_text(raw, bson.DECIMAL, 0)
        else:
            rows.append(row)
            numbers.append(number.to_bytes(16, "little", signed=True))
    return _fixed(Values(rows, numbers), size, DECIMALS, 16), texts


def _strings(values: Values, size: int) -> Made:
    raw = values.array if values.array is not None else pa.array(values.spread(size), pa.binary())
    try:
        return raw.cast(pa.string()), {}
    except pa.ArrowInvalid:
        raise BrokenError("a text is not valid UTF-8") from None


def _object_ids(values: Values, size: int) -> Made:
    digits = b"".join(values.values).hex()
    shown = [digits[start : start + _ID_DIGITS] for start in range(0, len(digits), _ID_DIGITS)]
    return pa.array(spread(values.rows, shown, size), pa.string()), {}


def _uuids(values: Values, size: int) -> Made:
    shown = ["-".join(one.hex()[start:stop] for start, stop in _UUID_CUTS) for one in values.values]
    return pa.array(spread(values.rows, shown, size), pa.string()), {}


def _binaries(values: Values, size: int) -> Made:
    return pa.array(values.spread(size), pa.binary()), {}


KINDS: dict[str, dict[int, Callable[[Values, int], Made]]] = {
    "long": {bson.INT: _int32s, bson.LONG: _int64s},
    "double": {bson.DOUBLE: _doubles},
    "string": {bson.STRING: _strings, bson.OBJECT_ID: _object_ids, UUID: _uuids},
    "date": {bson.DATE: _instants},
    "bool": {bson.BOOL: _booleans},
    "decimal": {bson.DECIMAL: _decimals},
    "binary": {bson.BINARY: _binaries, OLD_BINARY: _binaries},
}
"""Kinds of values that share a column: what makes them an array of so many rows, by the codes they come under.

A `BrokenError` is raised where a value is not what its type says.
"""


def text_of(code: int, value: Any, block: bytes) -> str:
    """Return one value, as `Values` holds it, as extended JSON."""
    if code == TEXT:
        return str(value)
    if code == bson.STRING:
        return quoted(value)
    if code in (bson.BINARY, OLD_BINARY, UUID):
        return value_text(_packed(code, value), bson.BINARY, 0)
    return value_text(block, code, value) if isinstance(value, int) else value_text(value, code, 0)


def validity(rows: Collection[int], size: int) -> Any:
    """Return the bits that say which rows there are; None for all."""
    if len(rows) == size:
        return None
    there = bytearray(size)
    for row in rows:
        there[row] = 1
    return pa.Array.from_buffers(pa.uint8(), size, [None, pa.py_buffer(bytes(there))]).cast(pa.bool_()).buffers()[1]


def _fixed(values: Values, size: int, kind: Any, width: int) -> Array:
    if values.dense is not None and len(values.rows) < size:
        bits, data = pa.array(values.dense, pa.binary(width)).buffers()
        return pa.Array.from_buffers(kind, size, [bits, data])
    data = b"".join(values.spread(size, bytes(width)))
    return pa.Array.from_buffers(kind, size, [validity(values.rows, size), pa.py_buffer(data)])


def _scaled(raw: bytes) -> int | None:
    """Return a decimal as a whole number of its last place; None if that is not exact."""
    parts = parted(raw)
    if parts is None:
        return None
    sign, coefficient, exponent = parts
    shift, lost = exponent + PLACES, 0
    if not coefficient:
        return None if sign else 0
    if abs(shift) > DIGITS:
        return None
    if shift < 0:
        coefficient, lost = divmod(coefficient, 10**-shift)
    else:
        coefficient = coefficient * int(10**shift)
    if lost or coefficient >= _LARGEST:
        return None
    return -coefficient if sign else coefficient


def _packed(code: int, content: bytes) -> bytes:
    subtype = {bson.BINARY: bson.GENERIC, OLD_BINARY: bson.OLD_BINARY, UUID: bson.UUID}[code]
    if code == OLD_BINARY:
        content = len(content).to_bytes(4, "little") + content
    return len(content).to_bytes(4, "little") + bytes((subtype,)) + content
