"""A session of ADBC, by the driver's own calls: what its layer for Python's database interface adds would import all frame libraries there are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lakesmith.sources.postgres.connecting.drivers import ADBC, load_driver

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = "adbc.postgresql.batch_size_hint_bytes"
WITH_COPY = "adbc.postgresql.use_copy"

Answer = TypeVar("Answer")


class Statement:
    """A statement that may run queries one after the other, for one thread; another one may cancel what runs."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._reader: pa.RecordBatchReader | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which are few: they come without COPY, so that whatever it fails over has an SQLSTATE."""
        columns = self._run(query, {WITH_COPY: "false"}).read_all().columns
        return list(zip(*(column.to_pylist() for column in columns), strict=True))

    def batches(self, query: str, batch_bytes: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query in batches of about so many bytes."""
        reader = self._run(query, {WITH_COPY: "true", BATCH_BYTES: str(max(1, batch_bytes))})
        while (batch := _next(reader)) is not None:
            yield batch

    def cancel(self) -> None:
        """End what runs on the server. Any thread may ask while the statement is open."""
        self._handle.cancel()

    def close(self) -> None:
        """Let go of what is left of the last query, and of the statement."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        handle, self._handle = self._handle, None
        if handle is not None:  # it may be closed once only
            handle.close()

    def _run(self, query: str, options: dict[str, str]) -> pa.RecordBatchReader:
        from pyarrow import RecordBatchReader

        self._handle.set_options(**options)
        self._handle.set_sql_query(query)
        stream, _ = _interruptibly(self._handle.execute_query, self._handle.cancel)
        self._reader = RecordBatchReader.from_stream(stream)
        return self._reader


class ArrowSession:
    """A session of ADBC in autocommit: write `begin` yourself. For one thread at a time."""

    def __init__(self, conninfo: str) -> None:
        """Connect.

        Raises:
            MissingExtraError: If the driver is not installed.
        """
        driver = load_driver(ADBC)
        from adbc_driver_manager import AdbcConnection

        self._database = driver.connect(conninfo)
        try:
            self._connection = AdbcConnection(self._database)
        except BaseException:
            self._database.close()
            raise
        self._open: list[Statement] = []

    def __enter__(self) -> Self:
        """Return itself; the session ends with the `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self.close()

    @contextmanager
    def statement(self) -> Iterator[Statement]:
        """Give a statement for the length of a `with`."""
        from adbc_driver_manager import AdbcStatement

        statement = Statement(AdbcStatement(self._connection))
        self._open.append(statement)
        try:
            yield statement
        finally:
            if statement in self._open:
                self._open.remove(statement)
            statement.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query; none for what has none, such as `begin`."""
        with self.statement() as statement:
            return statement.rows(query)

    def close(self) -> None:
        """End the session, and the statements that are still open."""
        while self._open:
            self._open.pop().close()
        self._connection.close()
        self._database.close()


def _interruptibly(call: Callable[[], Answer], cancel: Callable[[], None]) -> Answer:
    """Return what a call returns that waits for the server where Python hears no signal: the main thread has another one wait."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    with ThreadPoolExecutor(1, "lakesmith-waits") as waiting:
        answer = waiting.submit(call)
        try:
            return answer.result()
        except BaseException:  # of the call, or of whom a signal woke
            if not answer.done():
                cancel()
            raise


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
