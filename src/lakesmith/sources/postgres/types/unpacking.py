"""Blocks of rows, as `packing` asks for them, as the columns that the driver would have made of the rows themselves."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

from pyarrow import RecordBatch

from lakesmith.errors import FatalError
from lakesmith.sources.postgres.types.arrow import Array, pa, pc
from lakesmith.sources.postgres.types.packing import BITS, Packed, PackedColumn
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
    bits = _bits([next(sent) for _ in range(0, len(packed.bits), BITS)], rows)
    nulls = [next(bits) for _ in packed.columns]
    arrays = []
    for column, is_null in zip(packed.columns, nulls, strict=True):
        values = next(bits) if column.is_bool else _values(column, next(sent), sent)
        _need(rows, len(values))
        arrays.append(_with_nulls(values, is_null))
    return RecordBatch.from_arrays(arrays, names=[str(number) for number in range(len(arrays))])


def _bits(words: list[Array], rows: int) -> Iterator[Array]:
    """Yield whether each bit is set, row by row."""
    for word in words:
        numbers = _numbers(word, 8)
        _need(rows, len(numbers))
        for bit in range(BITS):
            yield pc.not_equal(pc.bit_wise_and(numbers, pa.scalar(1 << bit, pa.int64())), pa.scalar(0, pa.int64()))


def _values(column: PackedColumn, first: Array, others: Iterator[Array]) -> Array:
    if column.is_text:
        return pc.split_pattern(first, b"\x00").flatten().cast(pa.string())
    if column.is_bytes:
        return _runs(_bytes(first), _numbers(next(others), 4))
    numbers = _numbers(first, column.width)
    type_ = _TYPES.get(column.sent, numbers.type)
    return (moved(numbers) if pa.types.is_temporal(type_) else numbers).view(type_)


def _numbers(blocks: Array, width: int) -> Array:
    """Return numbers as the server sends them, the greatest byte first."""
    numbers = array(_CODES[width])
    numbers.frombytes(_bytes(blocks))
    if sys.byteorder == "little":
        numbers.byteswap()
    return pa.Array.from_buffers(_INTEGERS[width], len(numbers), [None, pa.py_buffer(numbers)])


def _bytes(blocks: Array) -> pa.Buffer:
    """Return the bytes of all blocks, one behind the other; none of them is null."""
    _, offsets, data = blocks.buffers()
    ends = pa.Array.from_buffers(pa.int32(), len(blocks) + 1, [None, offsets], offset=blocks.offset)
    first, last = ends[0].as_py(), ends[len(blocks)].as_py()
    return data.slice(first, last - first) if data is not None else pa.py_buffer(b"")


def _runs(data: pa.Buffer, lengths: Array) -> Array:
    """Return values of these lengths, one behind the other."""
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    _need(data.size, offsets[len(lengths)].as_py())
    return pa.Array.from_buffers(pa.binary(), len(lengths), [None, offsets.buffers()[1], data])


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
