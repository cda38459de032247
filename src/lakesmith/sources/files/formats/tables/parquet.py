"""Parquet: row groups in batches of a few megabytes; what the file's own count says is what has to arrive.

Times of the old INT96 kind come in microseconds, or in nanoseconds where they have digits below: Arrow's reader would wrap those that
lie beyond the year 2262 around, or drop those digits. Inside lists and structs they come in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.tables.columnar import (
    no_columns,
    refused,
    shown_count,
    shown_schema,
    stretches,
)
from lakesmith.sources.files.formats.tables.decoded import within_limits
from lakesmith.sources.files.formats.tables.parquet_sizes import Sizes

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

KIND = "a Parquet file"
pc: Any = pyarrow.compute  # without the stubs, which know only types that are written down
READ_BUFFER = 1024 * 1024
NANOS = 1000


class ParquetFormat:
    """Reads Parquet. The file is read from its end, so it has to be at hand as a whole."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:  # noqa: ARG002 - the footer comes first
        """Yield the rows, batch by batch.

        Raises:
            SourceDataError: If the file is no whole Parquet file.
        """
        with refused(tail.name, KIND):
            file = _open(tail.head)
            found = stretches(_batches(file, tail.head, tail.name), file.metadata.num_rows)
            yield from within_limits(found, tail.name)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - nothing is guessed
        """Return columns, types and counts of a file, as it states them."""
        with refused(name, KIND):
            file = _open(head)
            rows = shown_count(file.metadata.num_rows, "row")
            groups = shown_count(file.metadata.num_row_groups, "row group")
            return Sight(f"{rows} in {groups}, {shown_schema(file.schema_arrow)}")


def _open(head: BinaryIO, unit: str = "us") -> pq.ParquetFile:
    head.seek(0)
    return pq.ParquetFile(head, buffer_size=READ_BUFFER, pre_buffer=False, coerce_int96_timestamp_unit=unit)


def _batches(file: pq.ParquetFile, head: BinaryIO, name: str) -> Iterator[pa.RecordBatch]:
    old_times = _old_times(file)
    fine = _open(head, "ns") if old_times else None
    sizes = Sizes(file, head, name, KIND)
    for group in range(file.num_row_groups):
        told = file.metadata.row_group(group)
        if not len(file.schema_arrow):
            yield no_columns(told.num_rows)
            continue
        size = sizes.rows_together(group)
        coarse = file.iter_batches(size, row_groups=[group], use_threads=False)
        if fine is None:
            yield from coarse
            continue
        # the batches of both readers are cut at the same rows: the columns that are read twice tell what either lost
        names = [file.schema_arrow.names[place] for place in old_times]
        again = fine.iter_batches(size, row_groups=[group], columns=names, use_threads=False)
        for rows, times in zip(coarse, again, strict=True):
            yield from _exact(rows, dict(zip(old_times, times.columns, strict=True)))


def _old_times(file: pq.ParquetFile) -> list[int]:
    """Return the places of the columns that hold INT96 times."""
    schema = file.schema
    old = {schema.column(at).path for at in range(len(schema)) if schema.column(at).physical_type == "INT96"}
    return [place for place, name in enumerate(file.schema_arrow.names) if name in old]


def _exact(rows: pa.RecordBatch, fine: dict[int, pa.Array[Any]]) -> Iterator[pa.RecordBatch]:
    """Yield rows with every time as it was written, in as many parts as that takes: one column has one unit."""
    has_digits, is_far = _mask(rows.num_rows), _mask(rows.num_rows)
    for place, nanos in fine.items():
        ticks, micros = nanos.cast(pa.int64()), rows.column(place).cast(pa.int64())
        floor = pc.divide(pc.subtract(ticks, pc.if_else(pc.less(ticks, 0), NANOS - 1, 0)), NANOS)
        far = pc.not_equal(floor, micros)
        digits = pc.and_(pc.invert(far), pc.not_equal(pc.multiply(floor, NANOS), ticks))
        is_far = pc.or_(is_far, pc.fill_null(far, fill_value=False))
        has_digits = pc.or_(has_digits, pc.fill_null(digits, fill_value=False))
    if not pc.any(has_digits).as_py():
        yield rows
    elif not pc.any(is_far).as_py() or rows.num_rows == 1:
        columns = [fine.get(place, column) for place, column in enumerate(rows.columns)]
        yield pa.RecordBatch.from_arrays(columns, names=rows.schema.names)
    else:
        half = rows.num_rows // 2
        yield from _exact(rows.slice(0, half), {place: nanos.slice(0, half) for place, nanos in fine.items()})
        yield from _exact(rows.slice(half), {place: nanos.slice(half) for place, nanos in fine.items()})


def _mask(length: int) -> pa.Array[Any]:
    return pa.array([False] * length)


FORMAT = ParquetFormat()
