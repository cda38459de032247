"""ORC: a few rows at a time, which become batches of a few megabytes: how large rows are, the file does not say before they are decoded.

Arrow has ORC's times in nanoseconds, which end in the year 2262: a file with later ones is refused by its reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import orc

from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.tables.columnar import (
    BLOCK_BYTES,
    MOST_ROWS,
    no_columns,
    refused,
    rows_per_batch,
    shown_count,
    shown_schema,
    stretches,
)
from lakesmith.sources.files.formats.tables.decoded import DECODED_BYTES, decoded_bytes, within_limits

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

KIND = "an ORC file"
ROWS = 64
"""How many rows are decoded together: as few as can be without much loss of time, since each may be as long as a record may be."""


class OrcFormat:
    """Reads ORC. The file is read from its end, so it has to be at hand as a whole."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:  # noqa: ARG002 - the footer comes first
        """Yield the rows, batch by batch.

        Raises:
            SourceDataError: If the file is no whole ORC file, or holds times that Arrow cannot hold.
        """
        with refused(tail.name, KIND):
            file = _open(tail.head)
            yield from within_limits(stretches(_batches(file, tail.head), file.nrows), tail.name)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - nothing is guessed
        """Return columns, types and counts of a file, as it states them."""
        with refused(name, KIND):
            file = _open(head)
            stripes = shown_count(file.nstripes, "stripe")
            return Sight(f"{shown_count(file.nrows, 'row')} in {stripes}, {shown_schema(file.schema)}")


def _open(head: BinaryIO) -> orc.ORCFile:
    head.seek(0)
    return orc.ORCFile(head)


def _batches(file: orc.ORCFile, head: BinaryIO) -> Iterator[pa.RecordBatch]:
    if not len(file.schema):
        yield no_columns(file.nrows)
    elif len(set(file.schema.names)) < len(file.schema):
        yield from _stripes(file)
    else:
        yield from _gathered(_few_rows(head))


def _stripes(file: orc.ORCFile) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file with several columns of one name, which Arrow reads by whole stripes only."""
    for number in range(file.nstripes):
        stripe = file.read_stripe(number)
        size = rows_per_batch(stripe.num_rows, stripe.nbytes)
        yield from (stripe.slice(start, size) for start in range(0, stripe.num_rows, size))


def _few_rows(head: BinaryIO) -> Iterator[pa.RecordBatch]:
    """Yield the rows, few at a time: one by one where the first is a large one."""
    first = next((rows for rows in _scanned(head, 1) if rows.num_rows), None)
    if first is not None:
        yield from _scanned(head, max(1, min(ROWS, DECODED_BYTES // max(decoded_bytes(first), 1))))


def _scanned(head: BinaryIO, rows: int) -> Iterator[pa.RecordBatch]:
    head.seek(0)
    scanner = (
        ds.OrcFileFormat()
        .make_fragment(head)
        .scanner(batch_size=rows, batch_readahead=0, fragment_readahead=0, use_threads=False)
    )
    for batch in scanner.to_reader():  # noqa: UP028 - the reader would be closed, which fails once it has met what is damaged
        yield batch


def _gathered(found: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches of a usual size out of many small ones."""
    waiting: list[pa.RecordBatch] = []
    size = rows = 0
    for batch in found:
        waiting.append(batch)
        size, rows = size + batch.nbytes, rows + batch.num_rows
        if size >= BLOCK_BYTES or rows >= MOST_ROWS:
            yield pa.concat_batches(waiting)  # type: ignore[attr-defined]
            waiting, size, rows = [], 0, 0
    if waiting:
        yield pa.concat_batches(waiting)  # type: ignore[attr-defined]


FORMAT = OrcFormat()
