"""Writes the rows of a group into Parquet files that nobody sees yet, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakesmith.host import Host, crash
from lakesmith.host.files import storage_errors
from lakesmith.lake import points
from lakesmith.lake.quarantine.rejects import RejectFile
from lakesmith.lake.staging.marks import mark_columns
from lakesmith.lake.stores.store import Store
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.loads import Group, Staged, StagedFile
from lakesmith.model.shapes import Marks
from lakesmith.model.streams import Reject
from lakesmith.model.types import Schema

SEQ_SHIFT = 32
ROWS_PER_GROUP = 1 << SEQ_SHIFT
OP_READ = "r"
SEQ = "_ls_seq"
REPEATED = ("_ls_op", "_ls_batch", "_ls_source")
REPEATED_TYPE = pa.dictionary(pa.int32(), pa.string())
SAMPLE_ROWS = 1 << 14
WRITE_BATCH_ROWS = 1 << 14
LONG_DIGITS = 18  # as many as every number of 64 bits has
FEW = 4  # a column has few values if its sample has at most one distinct value in so many rows


@dataclass(frozen=True, slots=True)
class Sizes:
    """When to close what: a Parquet file by its bytes on disk, a row group by its rows and its bytes in memory."""

    file_bytes: int = 128 << 20
    row_group_rows: int = 1 << 20
    row_group_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stage writes: the table's data folder and the stream's quarantine folder."""

    store: Store
    data: str
    quarantine: str
    sizes: Sizes = Sizes()


class FileStage:
    """Files of one group in the making, under one schema; fits `model.protocols.Stage`. For one thread at a time."""

    def __init__(self, place: Place, group: Group, schema: Schema, *, first_row: int, host: Host) -> None:
        self._place, self._group, self._schema = place, group, schema
        self._data_schema = schema_to_arrow(schema.data)
        self._file_schema = _file_schema(schema)
        self._next_row = first_row
        self._name = f"{group.ordinal:08d}-{first_row:010d}-{host.ids.ticket()}"
        self._rejects = RejectFile(place.store, f"{place.quarantine}/{self._name}.jsonl", group)
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = self._pending_bytes = 0
        self._open: _File | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lakesmith-stage")
        self._writing: deque[Future[None]] = deque()
        self._files: list[StagedFile] = []
        self._rows = 0
        crash.point(points.STAGE_OPENED)

    def write(self, rows: pa.RecordBatch, origin: str, marks: Marks | None = None) -> None:
        """Append rows, which have exactly the data columns of the stage's schema, in its order; all were read (`r`) without marks.

        Raises:
            ValueError: If they have other columns, or values or marks that do not fit, or the group has no row number left.
            StorageFullError: If the disk is full.
            StorageUnavailableError: If a file cannot be written.
        """
        if tuple(rows.schema.names) != tuple(self._data_schema.names):
            raise ValueError(f"a stage of {self._data_schema.names} was given {rows.schema.names}")
        if self._next_row + rows.num_rows > ROWS_PER_GROUP:
            raise ValueError(f"a group holds at most {ROWS_PER_GROUP} rows")
        marked, step = mark_columns(marks, self._schema, rows.num_rows), self._place.sizes.row_group_rows
        for start in range(0, rows.num_rows, step):
            part = {name: column.slice(start, step) for name, column in marked.items()}
            self._add(rows.slice(start, step), origin, part)

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Put records aside: they go to quarantine, stamped with the group's batch id.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If the file cannot be written.
        """
        self._rejects.write(rejects)

    def close(self) -> Staged:
        """Finish and fsync the files, and return the receipt.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If a file cannot be written.
        """
        self._flush()
        self._settle()
        self._thread.shutdown()
        self._roll()
        reject_files = self._rejects.close()
        crash.point(points.STAGE_CLOSED)
        return Staged(
            ordinal=self._group.ordinal,
            schema=self._schema,
            files=tuple(self._files),
            rows=self._rows,
            next_row=self._next_row,
            reject_files=reject_files,
            rejects=self._rejects.rejects,
        )

    def abandon(self) -> None:
        """Stop writing. Files that exist stay: only the collector deletes."""
        self._pending.clear()
        self._thread.shutdown(cancel_futures=True)
        if self._open is not None:
            self._open.abandon()
            self._open = None
        self._rejects.abandon()

    def _add(self, rows: pa.RecordBatch, origin: str, marked: dict[str, Any]) -> None:
        self._pending.append(self._complete(rows, origin, marked))
        self._next_row += rows.num_rows
        self._rows += rows.num_rows
        self._pending_rows += rows.num_rows
        self._pending_bytes += rows.nbytes
        sizes = self._place.sizes
        if self._pending_rows >= sizes.row_group_rows or self._pending_bytes >= sizes.row_group_bytes:
            self._flush()

    def _complete(self, rows: pa.RecordBatch, origin: str, marked: dict[str, Any]) -> pa.RecordBatch:
        """Return the rows in the file's own types, with their system columns."""
        data = rows if rows.schema.equals(self._data_schema) else rows.cast(self._data_schema)
        first = (self._group.ordinal << SEQ_SHIFT) + self._next_row
        loaded_at = pa.scalar(self._group.loaded_at, pa.timestamp("us", "UTC"))
        system: dict[str, Callable[[int], Any]] = {
            "_ls_seq": lambda count: pa.arange(first, first + count),  # type: ignore[attr-defined]
            "_ls_op": lambda count: _repeat(OP_READ, count),
            "_ls_batch": lambda count: _repeat(self._group.batch_id, count),
            "_ls_loaded_at": lambda count: pa.repeat(loaded_at, count),
            "_ls_source": lambda count: _repeat(origin, count),
        }
        names = self._file_schema.names
        made = {name: make(rows.num_rows) for name, make in system.items()} | marked
        arrays = [made[name] if name in made else data.column(name) for name in names]
        return pa.RecordBatch.from_arrays(arrays, schema=self._file_schema)

    def _flush(self) -> None:
        """Hand what is pending to the writing thread as one row group, once at most one other is still waiting there."""
        if not self._pending_rows:
            return
        table = pa.Table.from_batches(self._pending, self._file_schema)
        first_row = self._next_row - table.num_rows
        self._pending, self._pending_rows, self._pending_bytes = [], 0, 0
        self._settle(leave=1)
        self._writing.append(self._thread.submit(self._write_row_group, table, first_row))

    def _settle(self, *, leave: int = 0) -> None:
        """Wait for the writing thread until `leave` row groups are left to it; what went wrong there is raised here."""
        while len(self._writing) > leave:
            self._writing.popleft().result()

    def _write_row_group(self, table: pa.Table, first_row: int) -> None:
        """Write one row group; close the file if it is large enough."""
        self._open = self._open or self._begin(first_row, table)
        self._open.write(table)
        crash.point(points.ROWS_WRITTEN)
        if self._open.size_bytes >= self._place.sizes.file_bytes:
            self._roll()

    def _begin(self, first_row: int, first: pa.Table) -> _File:
        first_seq = (self._group.ordinal << SEQ_SHIFT) + first_row
        path = f"{self._place.data}/{self._name}-{len(self._files):05d}.parquet"
        return _File(self._place.store, path, first, first_seq)

    def _roll(self) -> None:
        if self._open is not None:
            self._files.append(self._open.close())
            self._open = None


class _File:
    """One Parquet file being written; it begins with the rows of `first`, which are still to be given to `write`."""

    def __init__(self, store: Store, path: str, first: pa.Table, first_seq: int) -> None:
        self._path, self._first_seq, self._rows = path, first_seq, 0
        self._sink = store.create(path)
        with storage_errors(path):
            self._writer = pq.ParquetWriter(
                cast("BinaryIO", self._sink), first.schema, **writer_options(first.schema, first)
            )

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._sink.tell()

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        with storage_errors(self._path):
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._rows += table.num_rows

    def close(self) -> StagedFile:
        """Finish and fsync the file."""
        with storage_errors(self._path):
            self._writer.close()
            self._sink.flush()
            crash.point(points.FILE_WRITTEN)
            size = self._sink.tell()
            self._sink.close()
        crash.point(points.FILE_SYNCED)
        return StagedFile(self._path, self._rows, size, self._first_seq, self._first_seq + self._rows - 1)

    def abandon(self) -> None:
        """Stop writing; what is there stays."""
        self._writer.is_open = False  # else its finalizer writes an end into a file that is closed
        self._sink.abandon()


def _file_schema(schema: Schema) -> pa.Schema:
    """Return the Arrow schema of the files. What repeats in every row is a dictionary in memory, and plain text in Parquet."""
    arrow = schema_to_arrow(schema)
    for name in REPEATED:
        at = arrow.get_field_index(name)
        arrow = arrow.set(at, arrow.field(at).with_type(REPEATED_TYPE))
    return arrow


def _repeat(value: str, count: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), pa.array([value]))


def writer_options(schema: pa.Schema, first: pa.Table | None = None) -> dict[str, Any]:
    """Return how Parquet is written: zstd, µs, no Arrow schema beside Parquet's own, deltas for the sequence.

    A dictionary that is begun and given up costs a quarter of the time of writing. So columns of which the `first` rows hold many
    values get none, and a small page limit gives up early where later rows are different. Without `first` all columns begin one.
    Whole numbers without a dictionary are written as deltas too: as quickly, in two thirds of the bytes, and no reader needs more than
    it needs for the sequence.
    """
    many = {name for name in schema.names if first is not None and _has_many(first[name])}
    deltas = {SEQ, *(name for name in many if _is_whole(schema.field(name).type))}
    return {
        "compression": "zstd",
        "compression_level": 1,
        "store_schema": False,
        "store_decimal_as_integer": True,
        "coerce_timestamps": "us",
        "use_dictionary": leaf_paths(field for field in schema if field.name not in {SEQ, *many}),
        "column_encoding": dict.fromkeys(deltas, "DELTA_BINARY_PACKED"),
        "dictionary_pagesize_limit": 256 << 10,
        "write_batch_size": WRITE_BATCH_ROWS,
    }


def _has_many(column: Any) -> bool:
    """Whether a column seems to have many distinct values; of one with parts nothing is known."""
    if pa.types.is_nested(column.type) or pa.types.is_dictionary(column.type):
        return False
    sample = column.slice(0, SAMPLE_ROWS)
    return bool(pc.count_distinct(sample, mode="all").as_py() * FEW > len(sample))


def _is_whole(type_: pa.DataType) -> bool:
    """Whether Parquet holds values of a type as whole numbers of 32 or 64 bits; times and short decimals are such."""
    if pa.types.is_decimal(type_):
        return bool(type_.precision <= LONG_DIGITS)
    return pa.types.is_integer(type_) or pa.types.is_date(type_) or pa.types.is_timestamp(type_)


def leaf_paths(fields: Iterable[pa.Field[Any]]) -> list[str]:
    """Return columns as Parquet names them, nested ones with their whole path."""
    return [path for field in fields for path in _leaves(field.name, field.type)]


def _leaves(path: str, type_: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(type_):
        for index in range(type_.num_fields):
            yield from _leaves(f"{path}.{type_.field(index).name}", type_.field(index).type)
    elif pa.types.is_list(type_):
        yield from _leaves(f"{path}.list.element", type_.value_type)
    elif pa.types.is_map(type_):
        yield from _leaves(f"{path}.key_value.key", type_.key_type)
        yield from _leaves(f"{path}.key_value.value", type_.item_type)
    else:
        yield path
