"""How large rows are once they are decoded: a few bytes in a file can stand for as many as somebody likes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute

from lakesmith.sources.files.formats.base import RECORD_LIMIT, Stretch, reject
from lakesmith.sources.files.formats.tables.columnar import BLOCK_BYTES
from lakesmith.sources.files.limits import MB

pc: Any = pyarrow.compute  # without the stubs, which know only types that are written down
DECODED_BYTES = 128 * MB
"""How much memory the rows that are decoded together may take."""

TOO_LONG = f"the record is longer than {RECORD_LIMIT // MB} MB"
OFFSET_BYTES = 4


def decoded_bytes(values: Any) -> int:
    """Return how many bytes a column or batch takes where every value stands for itself."""
    if isinstance(values, pa.RecordBatch):
        return sum(map(decoded_bytes, values.columns))
    kind = values.type
    if pa.types.is_dictionary(kind):
        return OFFSET_BYTES * len(values) + _looked_up(values)
    if pa.types.is_struct(kind):
        return sum(map(decoded_bytes, values.flatten()))
    if _is_list(kind):
        return OFFSET_BYTES * len(values) + decoded_bytes(_elements(values))
    return int(values.nbytes)


def longest_words(values: Any) -> int:
    """Return the length in bytes of the longest text in the dictionaries of a column, or batch, whether a row has it or not."""
    if isinstance(values, pa.RecordBatch):
        return max(map(longest_words, values.columns), default=0)
    kind = values.type
    if pa.types.is_dictionary(kind):
        return (pc.max(pc.binary_length(values.dictionary)).as_py() or 0) if is_words(kind.value_type) else 0
    if pa.types.is_struct(kind):
        return max((longest_words(values.field(at)) for at in range(kind.num_fields)), default=0)
    return longest_words(values.values) if _is_list(kind) else 0


def is_words(kind: Any) -> bool:
    """Whether values of a type have any length."""
    return any(told(kind) for told in _WORDS)


_WORDS = (pa.types.is_string, pa.types.is_binary, pa.types.is_large_string, pa.types.is_large_binary)


def within_limits(found: Iterable[Stretch], name: str) -> Iterator[Stretch]:
    """Yield stretches with batches of a few megabytes; a row that is longer than a record may be is a reject.

    Args:
        found: What was read, from the first row of the file on, without a gap.
        name: What rows and rejects are called after.
    """
    first = 1
    for one in found:
        left = one.counted
        parts = list(_parts(one.rows, first))
        first += one.rows.num_rows
        for start, part in parts[:-1]:
            left = None if left is None else left - part.num_rows
            yield _held(replace(one, rows=part, counted=None if left is None else part.num_rows), name, start)
        start, part = parts[-1]
        yield _held(replace(one, rows=part, counted=left), name, start)


def _held(one: Stretch, name: str, row: int) -> Stretch:
    if one.rows.num_rows != 1 or decoded_bytes(one.rows) <= RECORD_LIMIT:
        return one
    return replace(one, rows=one.rows.slice(0, 0), rejects=(*one.rejects, reject(TOO_LONG, name, row, b"")))


def _parts(rows: pa.RecordBatch, first: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield parts of a batch that are small, or one row, with the number of their first row."""
    size = decoded_bytes(rows) if rows.num_rows > 1 else 0
    if size <= BLOCK_BYTES:
        yield first, rows
        return
    half = rows.num_rows // 2
    yield from _parts(rows.slice(0, half), first)
    yield from _parts(rows.slice(half), first + half)


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind))


def _elements(values: Any) -> Any:
    """Return the elements of all lists of a column, which may be a part of a longer one."""
    if not len(values):
        return values.values.slice(0, 0)
    first, last = values.offsets[0].as_py(), values.offsets[-1].as_py()
    return values.values.slice(first, last - first)


def _looked_up(values: Any) -> int:
    """Return how many bytes the values of a column with a dictionary take without it."""
    kind = values.type.value_type
    if is_words(kind):
        lengths = pc.cast(pc.binary_length(values.dictionary), pa.int64())
        return int(pc.sum(pc.take(lengths, values.indices)).as_py() or 0)
    return len(values) * int(values.dictionary.nbytes) // max(len(values.dictionary), 1)
