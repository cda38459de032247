"""Blocks of rows, as `packing` asks for them, as the columns that the driver would have made of the rows themselves."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

from pyarrow import RecordBatch

from lakesmith.errors import FatalError
from lakesmith.sources.postgres.types.arrow import Array, pa, pc
from lakesmith.sources.postgres.types.packing import WORD_BITS, Bits, Packed, PackedColumn
from lakesmith.sources.postgres.types.times import moved

_CODES = {2: "h", 4: "i", 8: "q"}
_INTEGERS = {2: pa.int16(), 4: pa.int32(), 8: pa.int64()}
_TYPES = {
    "float4": pa.float32(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}


def unpack(packed: Packed, blocks: RecordBatch) -> RecordBatch:
    """Return all rows of some blocks, in their order. Numerics that were sent as whole numbers are such, not yet moved behind the point.

    Raises:
        FatalError: If a column has more or fewer values than the server counted rows.
    """
    rows: int = pc.sum(blocks.column(0)).as_py() or 0
    sent = iter(blocks.columns[1:])
    words = [_numbers(next(sent), WORD_BITS // 8) for _ in range(packed.words)]
    for word in words:
        _need(rows, len(word))
    arrays = []
    for number, (column, null) in enumerate(zip(packed.columns, packed.nulls, strict=True)):
        bits = packed.in_words.get(number)
        values = _in_word(words[bits.word], bits) if bits is not None else _values(column, next(sent), sent)
        leaves_out = bits is None and column.leaves_out_nulls
        if not leaves_out or len(values) < rows:
            is_null = _flags(words[null.word], null)
            values = (_spread if leaves_out else _with_nulls)(values, is_null)
        _need(rows, len(values))
        arrays.append(values)
    return RecordBatch.from_arrays(arrays, names=[str(number) for number in range(len(arrays))])


def _flags(word: Array, bit: Bits) -> Array:
    """Return whether a bit is set, row by row."""
    mask = pa.scalar(1 << bit.first, pa.uint64())
    return pc.not_equal(pc.bit_wise_and(word.view(pa.uint64()), mask), pa.scalar(0, pa.uint64()))


def _in_word(word: Array, bits: Bits) -> Array:
    """Return the values of a column whose values are in words."""
    if bits.count == 1:
        return _flags(word, bits)
    highest = pc.shift_left(word, pa.scalar(WORD_BITS - bits.first - bits.count, pa.int64()))
    return pc.shift_right(highest, pa.scalar(WORD_BITS - bits.count, pa.int64())).cast(_INTEGERS[bits.count // 8])


def _values(column: PackedColumn, first: Array, others: Iterator[Array]) -> Array:
    """Return the values that were sent of a column: empty ones, or none, where they are null."""
    if column.is_text:
        return pc.split_pattern(first, b"\x00").flatten().cast(pa.string())
    if column.is_bytes:
        return _runs(_bytes(first), _numbers(next(others), 4))
    if column.is_uuid:
        data = _bytes(first)
        _need(0, data.size % column.width)
        return _strings(data, data.size // column.width, column.width)
    numbers = _numbers(first, column.width)
    type_ = _TYPES.get(column.sent, numbers.type)
    return (moved(numbers) if pa.types.is_temporal(type_) else numbers).view(type_)


def _strings(data: pa.Buffer, count: int, length: int) -> Array:
    """Return texts of one length, one behind the other."""
    offsets = pc.cumulative_sum(pa.repeat(pa.scalar(length, pa.int32()), count + 1), start=-length)
    return pa.Array.from_buffers(pa.string(), count, [None, offsets.buffers()[1], pa.py_buffer(data.to_pybytes())])


def _numbers(blocks: Array, width: int) -> Array:
    """Return numbers as the server sends them, the greatest byte first."""
    numbers = array(_CODES[width])
    numbers.frombytes(_bytes(blocks))
    if sys.byteorder == "little":
        numbers.byteswap()
    return pa.Array.from_buffers(_INTEGERS[width], len(numbers), [None, pa.py_buffer(numbers)])


def _bytes(blocks: Array) -> pa.Buffer:
    """Return the bytes of all blocks, one behind the other, where the driver has them: it holds up to twice the memory."""
    _, offsets, data = blocks.buffers()
    ends = pa.Array.from_buffers(pa.int32(), len(blocks) + 1, [None, offsets], offset=blocks.offset)
    first, last = ends[0].as_py(), ends[len(blocks)].as_py()
    return data.slice(first, last - first) if data is not None else pa.py_buffer(b"")


def _runs(data: pa.Buffer, lengths: Array) -> Array:
    """Return values of these lengths, one behind the other."""
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    _need(data.size, offsets[len(lengths)].as_py())
    return pa.Array.from_buffers(pa.binary(), len(lengths), [None, offsets.buffers()[1], data])


def _spread(dense: Array, is_null: Array) -> Array:
    """Return values at the rows that are not null, in their order, and null at the others."""
    given = pc.invert(is_null)
    _need(pc.sum(given).as_py() or 0, len(dense))
    number = pc.subtract(pc.cumulative_sum(given.cast(pa.int32())), pa.scalar(1, pa.int32()))
    return dense.take(pc.if_else(is_null, pa.scalar(None, pa.int32()), number))


def _with_nulls(values: Array, is_null: Array) -> Array:
    """Return values with null where the bit for it is set; the array before it must not be sliced."""
    if not pc.any(is_null).as_py():
        return values
    _, *buffers = values.buffers()
    return pa.Array.from_buffers(
        values.type, len(values), [pc.invert(is_null).buffers()[1], *buffers], offset=values.offset
    )


def _need(counted: int, arrived: int) -> None:
    if counted != arrived:
        raise FatalError(
            f"The server counted {counted} rows in a block, and {arrived} arrived.", fix="Report this as a bug."
        )
