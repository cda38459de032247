"""Keys that a table has and a whole new copy of the stream, or of a part of it, no longer brings."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.errors import LakesmithError, StorageFullError
from lakesmith.host.files import storage_errors
from lakesmith.lake.stores.store import Store
from lakesmith.lake.types import FIELD_ID, schema_to_arrow
from lakesmith.model.types import Decimal, Field, Scalar, Schema

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1 << 16
MEMORY_MB = 128
SEQ, OP, SOURCE, ALIVE, DEAD = "_ls_seq", "_ls_op", "_ls_source", "alive", "dead"
DELETED, TRUNCATED = "d", "t"
STAGED = (1 << 63) - 1  # later than any row of the table


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared: the data files of the table as it was, those just staged, the schema of the load and the key's columns.

    `files` are those of a `BronzeSnapshot`, `staged` the paths in the receipts, `schema` what `Bronze.number` returned for the load.
    With `origins`, only keys count whose current row came from one of them (`_ls_source`); `files` may then be those of `files_of`.
    `memory_mb` is what the keys may take in memory; beyond, they go to this machine's temporary folder.
    """

    files: Sequence[str]
    staged: Sequence[str]
    schema: Schema
    key: tuple[str, ...]
    origins: Collection[str] | None = None
    memory_mb: int = MEMORY_MB


def find_vanished(store: Store, compared: Compared) -> Iterator[pa.RecordBatch]:
    """Yield a row for each key that is current in the table and not among the staged rows, in no order, at most 65,536 at a time.

    The rows have the data columns of the load's schema, all null but the key: what a stage writes as `d`, each of them derived. A key
    is current if its newest row by `_ls_seq` is no `d` and no `t` came after it. Null counts as a value. Files are read once, and of
    them only the key, what was done, and where it came from if that matters.

    Raises:
        ValueError: If the key has a column that the schema does not have, or a nested one.
        StorageUnavailableError: If a file cannot be read.
        StorageFullError: If the temporary folder is full.
    """
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    feed = _Feed(store, compared, _key_fields(compared))
    names = ", ".join(f"k{at}" for at in range(len(compared.key)))
    query = f"SELECT {names}, max({ALIVE}) AS {ALIVE} FROM images GROUP BY {names} HAVING max({ALIVE}) > coalesce(max({DEAD}), -1)"  # noqa: S608 - names of our own
    with _workspace(compared.memory_mb) as connection, feed.errors():
        connection.register("images", pa.RecordBatchReader.from_batches(feed.schema, feed.batches()))
        for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
            current = batch.filter(pc.greater(batch.column(ALIVE), feed.truncated))
            if current.num_rows:
                yield _key_rows(current, compared)


@contextlib.contextmanager
def _workspace(memory_mb: int) -> Iterator[Any]:
    """Open a database in memory that may spill."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="lakesmith-keys-") as folder:
        settings: dict[str, Any] = {
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": folder,
            "threads": 2,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            yield connection


class _Feed:
    """The keys of all files, with where each was last alive and last dead; `truncated` is the newest `t` among the rows read.

    Where only some origins count, a row from elsewhere is as good as dead.
    """

    def __init__(self, store: Store, compared: Compared, keys: tuple[Field, ...]) -> None:
        import pyarrow as pa

        self._store, self._compared, self._keys = store, compared, keys
        self._types = [field.type for field in schema_to_arrow(keys)]
        columns = [pa.field(f"k{at}", kind) for at, kind in enumerate(self._types)]
        self.schema = pa.schema([*columns, pa.field(ALIVE, pa.int64()), pa.field(DEAD, pa.int64())])
        origins = compared.origins
        self._among = None if origins is None else pa.array(sorted(origins), pa.string())
        self.truncated = -1
        self._failure: LakesmithError | None = None

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what went wrong in a file as it was, not as the database tells it."""
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if self._failure is not None:
                raise self._failure from error
            if isinstance(error, duckdb.OutOfMemoryException):
                raise StorageFullError(
                    "The keys of this load need more room than the temporary folder has; nothing of this batch became visible.",
                    where=tempfile.gettempdir(),
                    fix="free some space there, or point TMPDIR to a larger disk, and run the same command again",
                ) from error
            raise

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the images of the table, then the staged keys."""
        try:
            more = (SEQ, OP) if self._among is None else (SEQ, OP, SOURCE)
            for path in self._compared.files:
                yield from map(self._of_table, self._read(path, more))
            for path in self._compared.staged:
                yield from map(self._of_load, self._read(path, ()))
        except LakesmithError as error:
            self._failure = error
            raise

    def _read(self, path: str, more: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Yield the key of a file's rows in today's types, and more columns, found by field id."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = {field.id: field for field in self._compared.schema if field in self._keys or field.name in more}
        with storage_errors(path), self._store.open(path) as opened, pq.ParquetFile(opened) as file:
            found = {
                field_id: field.name
                for field in file.schema_arrow
                if (field_id := int((field.metadata or {}).get(FIELD_ID, 0))) in wanted
            }
            for batch in file.iter_batches(BATCH_ROWS, columns=list(found.values())):
                columns: dict[str, Any] = {wanted[at].name: batch.column(name) for at, name in found.items()}
                missing: Any = pa.nulls(batch.num_rows)
                yield {field.name: columns.get(field.name, missing) for field in wanted.values()}

    def _of_table(self, columns: dict[str, Any]) -> pa.RecordBatch:
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        seq, op = columns[SEQ], columns[OP]
        is_deleted, is_truncated = pc.equal(op, DELETED), pc.equal(op, TRUNCATED)
        self.truncated = max(self.truncated, pc.max(seq.filter(is_truncated)).as_py() or -1)
        nothing = pa.scalar(None, pa.int64())
        is_dead = is_deleted
        if self._among is not None:
            is_dead = pc.or_(is_deleted, pc.invert(pc.is_in(columns[SOURCE], value_set=self._among)))
        alive = pc.if_else(pc.or_(is_dead, is_truncated), nothing, seq)
        return self._batch(columns, alive, pc.if_else(is_dead, seq, nothing)).filter(pc.invert(is_truncated))

    def _of_load(self, columns: dict[str, Any]) -> pa.RecordBatch:
        import pyarrow as pa

        count = len(columns[self._keys[0].name])
        return self._batch(columns, pa.nulls(count, pa.int64()), pa.repeat(pa.scalar(STAGED, pa.int64()), count))

    def _batch(self, columns: dict[str, Any], alive: Any, dead: Any) -> pa.RecordBatch:
        import pyarrow as pa

        keys = [columns[field.name].cast(kind) for field, kind in zip(self._keys, self._types, strict=True)]
        return pa.RecordBatch.from_arrays([*keys, alive, dead], schema=self.schema)


def _key_fields(compared: Compared) -> tuple[Field, ...]:
    fields = tuple(field for name in compared.key if (field := compared.schema.find(name)) is not None)
    if len(fields) < max(1, len(compared.key)) or not all(
        isinstance(field.type, (Scalar, Decimal)) for field in fields
    ):
        raise ValueError(f"{list(compared.key)} is no key of {list(compared.schema.names)}")
    return fields


def _key_rows(found: pa.RecordBatch, compared: Compared) -> pa.RecordBatch:
    import pyarrow as pa

    schema = schema_to_arrow(compared.schema.data)
    at = {name: index for index, name in enumerate(compared.key)}
    arrays: list[Any] = []
    for field in schema:
        kind: Any = field.type
        nulls = field.name not in at
        arrays.append(pa.nulls(found.num_rows, kind) if nulls else found.column(at[field.name]).cast(kind))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
