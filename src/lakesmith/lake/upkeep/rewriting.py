"""Small files read in order and written as few, in bounded memory: no more than a row group is held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakesmith.errors import StorageUnavailableError
from lakesmith.host import crash
from lakesmith.host.files import storage_errors
from lakesmith.lake.staging.stage import SEQ, writer_options
from lakesmith.lake.stores.store import Store
from lakesmith.lake.types import schema_to_arrow
from lakesmith.lake.upkeep import points
from lakesmith.lake.upkeep.planning import Piece
from lakesmith.lake.upkeep.projecting import project
from lakesmith.model.loads import StagedFile
from lakesmith.model.types import Schema

READ_ROWS = 1 << 16
READ_BYTES = 16 << 20


class OutOfOrderError(Exception):
    """Rows do not come in the order of `_ls_seq`: such files are left as they are. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """When to close what: a file by its bytes, a row group by its rows and its bytes in memory."""

    file_bytes: int
    row_group_rows: int = 1 << 20
    row_group_bytes: int = 32 << 20


def rewrite(store: Store, pieces: Sequence[Piece], schema: Schema, *, prefix: str, bounds: Bounds) -> list[StagedFile]:
    """Write the rows of files anew, under the schema of today, and return the new files in order.

    Args:
        store: Where the lake lies.
        pieces: The files, in order of `_ls_seq`.
        schema: The table's schema, with field ids.
        prefix: What the new files' paths begin with.
        bounds: How large files and row groups become.

    Raises:
        OutOfOrderError: If rows are not in the order of `_ls_seq`.
        StorageFullError: If the disk is full.
        StorageUnavailableError: If a file cannot be read or written.
        ValueError: If a file has columns that bear no field id, or that the schema cannot read.
    """
    wanted = schema_to_arrow(schema)
    writer = _Writer(store, wanted, prefix, bounds)
    for piece in pieces:
        for rows in _read(store, piece):
            writer.write(project(rows, wanted))
    return writer.close()


def _read(store: Store, piece: Piece) -> Iterator[pa.RecordBatch]:
    with storage_errors(piece.path), store.open(piece.path) as opened:
        try:
            file = pq.ParquetFile(opened)
            yield from file.iter_batches(batch_size=_batch_rows(file.metadata), use_threads=False)
        except pa.ArrowInvalid as error:
            raise StorageUnavailableError(
                "A data file is not readable Parquet.",
                where=piece.path,
                fix="restore the file from a backup, or roll the table back to a snapshot before it",
            ) from error


def _batch_rows(footer: Any) -> int:
    """Return how many rows to read at once: few where rows are wide."""
    size_bytes = sum(footer.row_group(at).total_byte_size for at in range(footer.num_row_groups))
    per_row = max(1, size_bytes // max(1, footer.num_rows))
    return int(max(1, min(READ_ROWS, READ_BYTES // per_row)))


class _Writer:
    """Gathers rows into row groups and row groups into files."""

    def __init__(self, store: Store, schema: pa.Schema, prefix: str, bounds: Bounds) -> None:
        self._store, self._schema, self._prefix, self._bounds = store, schema, prefix, bounds
        self._pending: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._last = -1
        self._open: _File | None = None
        self._files: list[StagedFile] = []

    def write(self, rows: pa.RecordBatch) -> None:
        """Append rows, whose numbers are above all before."""
        if not rows.num_rows:
            return
        self._check_order(rows.column(rows.schema.get_field_index(SEQ)))
        self._pending.append(rows)
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        if self._rows >= self._bounds.row_group_rows or self._bytes >= self._bounds.row_group_bytes:
            self._flush()

    def close(self) -> list[StagedFile]:
        """Finish the last file and return all."""
        self._flush()
        self._roll()
        return self._files

    def _check_order(self, numbers: Any) -> None:
        first, last = numbers[0].as_py(), numbers[-1].as_py()
        rising = pc.all(pc.greater(numbers[1:], numbers[:-1]), min_count=0).as_py()
        if numbers.null_count or not rising or first <= self._last:
            raise OutOfOrderError
        self._last = last

    def _flush(self) -> None:
        if not self._rows:
            return
        table = pa.Table.from_batches(self._pending, self._schema)
        self._pending, self._rows, self._bytes = [], 0, 0
        if self._open is None:
            path = f"{self._prefix}-{len(self._files):05d}.parquet"
            self._open = _File(self._store, path, self._schema)
        self._open.write(table)
        crash.point(points.COMPACT_ROWS_WRITTEN)
        if self._open.size_bytes >= self._bounds.file_bytes:
            self._roll()

    def _roll(self) -> None:
        if self._open is not None:
            self._files.append(self._open.close())
            self._open = None


class _File:
    """One Parquet file in the making."""

    def __init__(self, store: Store, path: str, schema: pa.Schema) -> None:
        self._path, self._rows = path, 0
        self._first = self._last = 0
        self._sink = store.create(path)
        with storage_errors(path):
            self._writer = pq.ParquetWriter(cast("BinaryIO", self._sink), schema, **writer_options(schema))

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._sink.tell()

    def write(self, table: pa.Table) -> None:
        """Append one row group."""
        numbers = table.column(SEQ)
        if not self._rows:
            self._first = numbers[0].as_py()
        self._last = numbers[-1].as_py()
        with storage_errors(self._path):
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._rows += table.num_rows

    def close(self) -> StagedFile:
        """Finish the file; it is durable when this returns."""
        with storage_errors(self._path):
            self._writer.close()
            self._sink.flush()
            size_bytes = self._sink.tell()
            self._sink.close()
        return StagedFile(self._path, self._rows, size_bytes, self._first, self._last)
