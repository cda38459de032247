"""ORC: stripe by stripe, in batches of a few megabytes; a stripe is held as a whole, since Arrow's reader knows nothing smaller.

Arrow has ORC's times in nanoseconds, which end in the year 2262: a file with later ones is refused by its reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
from pyarrow import orc

from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.tables.columnar import (
    no_columns,
    refused,
    rows_per_batch,
    shown_count,
    shown_schema,
    stretches,
)

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

KIND = "an ORC file"


class OrcFormat:
    """Reads ORC. The file is read from its end, so it has to be at hand as a whole."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:  # noqa: ARG002 - the footer comes first
        """Yield the rows, batch by batch.

        Raises:
            SourceDataError: If the file is no whole ORC file, or holds times that Arrow cannot hold.
        """
        with refused(tail.name, KIND):
            file = _open(tail.head)
            yield from stretches(_batches(file), file.nrows)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - nothing is guessed
        """Return columns, types and counts of a file, as it states them."""
        with refused(name, KIND):
            file = _open(head)
            stripes = shown_count(file.nstripes, "stripe")
            return Sight(f"{shown_count(file.nrows, 'row')} in {stripes}, {shown_schema(file.schema)}")


def _open(head: BinaryIO) -> orc.ORCFile:
    head.seek(0)
    return orc.ORCFile(head)


def _batches(file: orc.ORCFile) -> Iterator[pa.RecordBatch]:
    if not len(file.schema):
        yield no_columns(file.nrows)
        return
    for number in range(file.nstripes):
        stripe = file.read_stripe(number)
        size = rows_per_batch(stripe.num_rows, stripe.nbytes)
        yield from (stripe.slice(start, size) for start in range(0, stripe.num_rows, size))


FORMAT = OrcFormat()
