"""Rows of a table that a new generation keeps: read in the order of arrival, by where they came from, in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lakesmith.errors import StorageUnavailableError
from lakesmith.host.files import storage_errors
from lakesmith.lake.stores.store import Store
from lakesmith.lake.types import FIELD_ID, schema_to_arrow
from lakesmith.model.types import Schema

if TYPE_CHECKING:
    import pyarrow as pa

SEQ, OP, SOURCE = "_ls_seq", "_ls_op", "_ls_source"
BATCH_ROWS = 1 << 16


def carried_rows(
    store: Store, files: Sequence[str], schema: Schema, origins: Collection[str]
) -> Iterator[tuple[pa.RecordBatch, str, pa.Array[Any]]]:
    """Yield the rows that came from some origins: data columns of today's schema, the origin, and what the source did with each row.

    Args:
        store: Where the lake lies.
        files: The data files of one snapshot.
        schema: The table's schema, with field ids.
        origins: The values of `_ls_source` that are wanted.

    Raises:
        StorageUnavailableError: If a file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.compute

    from lakesmith.lake.upkeep.projecting import project

    pc: Any = pyarrow.compute
    wanted = schema_to_arrow(schema)
    names = list(schema_to_arrow(schema.data).names)
    among = pa.array(sorted(origins), pa.string())
    for path in sorted(files, key=lambda file: _first_number(store, file, schema)):
        for raw in _batches(store, path):
            rows = project(raw, wanted)
            rows = rows.filter(pc.is_in(rows.column(SOURCE), value_set=among))
            for part in _runs(rows):
                yield part.select(names), part.column(SOURCE)[0].as_py(), part.column(OP)


def _batches(store: Store, path: str) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with storage_errors(path), store.open(path) as opened:
        try:
            yield from pq.ParquetFile(opened).iter_batches(BATCH_ROWS)
        except pa.ArrowInvalid as error:
            raise StorageUnavailableError(
                "A data file is not readable Parquet.",
                where=path,
                fix="restore the file from a backup, or roll the table back to a snapshot before it",
            ) from error


def _first_number(store: Store, path: str, schema: Schema) -> int:
    """Return the lowest `_ls_seq` of a file, out of its footer."""
    import pyarrow.parquet as pq

    seq = schema.find(SEQ)
    with storage_errors(path), store.open(path) as opened:
        file = pq.ParquetFile(opened)
        at = next(
            at for at, field in enumerate(file.schema_arrow) if seq and int((field.metadata or {})[FIELD_ID]) == seq.id
        )
        name = file.schema_arrow.field(at).name
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        chunks = [group.column(column) for group in groups for column in range(group.num_columns)]
        lows = [int(chunk.statistics.min) for chunk in chunks if chunk.path_in_schema == name and chunk.statistics]  # type: ignore[arg-type]
    return min(lows, default=0)


def _runs(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield stretches of rows that came from one origin."""
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if not rows.num_rows:
        return
    source = rows.column(SOURCE)
    cuts = pc.indices_nonzero(pc.not_equal(source[1:], source[:-1])).to_pylist()
    edges = [0, *(cut + 1 for cut in cuts), rows.num_rows]
    for start, stop in itertools.pairwise(edges):
        yield rows.slice(start, stop - start)
