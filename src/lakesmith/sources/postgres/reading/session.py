"""A session of ADBC inside the snapshot: questions with one answer, and queries whose rows come batch by batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from lakesmith.errors import RetriableError
from lakesmith.sources.postgres.connecting.drivers import raised_by_drivers
from lakesmith.sources.postgres.connecting.faults import driver_errors, state_of
from lakesmith.sources.postgres.planning.snapshot import BEGIN
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.model.streams import Chunk
    from lakesmith.sources.postgres.connecting.server import Server
    from lakesmith.sources.postgres.planning.snapshot import Snapshot

_GONE = ("22023", "42704", "55000")
"""What the server says of a snapshot whose session ended: never heard of."""

_BATCH = "adbc.postgresql.batch_size_hint_bytes"


class Brake:
    """Lets any thread end the statement that another one waits for, and all that would follow it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statement: Any = None
        self._is_pulled = False

    def pull(self) -> None:
        """End what runs on the server; to be asked again while it goes on, as a statement may begin at the same moment."""
        with self._lock:
            self._is_pulled = True
            if self._statement is not None:
                with suppress(*raised_by_drivers()):
                    self._statement.adbc_cancel()

    @contextmanager
    def over(self, cursor: Any, scene: Scene) -> Iterator[Any]:
        """Give a cursor that can be stopped for the length of a `with`.

        Raises:
            RetriableError: If it was stopped before it began.
        """
        with self._lock:  # a cursor is closed by its own thread, never while another one cancels it
            if self._is_pulled:
                raise RetriableError("The load was stopped.", where=scene.said, fix="run the same command again")
            self._statement = cursor
        try:
            yield cursor
        finally:
            with self._lock:
                self._statement = None


class Chunks:
    """The chunks of a split, which the thread that waits for them shares with one that may end the wait."""

    def __init__(self, read: Callable[[Brake], Iterator[Chunk]]) -> None:
        self._brake = Brake()
        self._chunks = read(self._brake)

    def __iter__(self) -> Iterator[Chunk]:
        """Return the chunks."""
        return self

    def __next__(self) -> Chunk:
        """Return the next chunk."""
        return next(self._chunks)

    def cancel(self) -> None:
        """End the statement that runs on the server, and read no further. Any thread may ask."""
        self._brake.pull()

    def close(self) -> None:
        """Give back the session."""
        getattr(self._chunks, "close", lambda: None)()


class ReadingSession:
    """A session that sees what the snapshot sees. For one thread; another one may pull its brake. `batch_bytes`: how large batches are."""

    def __init__(self, connection: Any, scene: Scene, batch_bytes: int, brake: Brake) -> None:
        self._connection, self._scene, self.batch_bytes, self._brake = connection, scene, batch_bytes, brake

    def answer(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        with self._cursor() as cursor:
            cursor.execute(query)
            return tuple(cursor.fetchone() or ())

    def batches(self, query: str, share: int = 1) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, in batches of about the size of the session, or of one in `share` of it.

        Raises:
            LakesmithError: What the server or the connection failed over.
        """
        with self._cursor() as cursor:
            cursor.adbc_statement.set_options(**{_BATCH: str(max(1, self.batch_bytes // share))})
            cursor.execute(query)
            with cursor.fetch_record_batch() as reader:
                while (batch := _next(reader)) is not None:
                    yield batch

    @contextmanager
    def set_aside(self, settings: str) -> Iterator[None]:
        """Let settings, which a query makes for the transaction, hold for the length of a `with`; not where it is left by an error."""
        for statement in ("savepoint set_aside", settings):
            self._run(statement)
        yield
        for statement in ("rollback to savepoint set_aside", "release savepoint set_aside"):
            self._run(statement)

    def _run(self, statement: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(statement)
            cursor.fetchall()

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        with driver_errors(self._scene), self._connection.cursor() as cursor, self._brake.over(cursor, self._scene):
            yield cursor


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None


@contextmanager
def reading(
    server: Server, snapshot: Snapshot, scene: Scene, batch_bytes: int, brake: Brake
) -> Iterator[ReadingSession]:
    """Give a session in the snapshot for the length of a `with`; one that is left in the middle of something is not used again.

    Raises:
        RetriableError: If the snapshot is gone.
        LakesmithError: If the server cannot be reached.
    """
    connection = snapshot.readers.take() or _open(server, snapshot.key, scene)
    try:
        yield ReadingSession(connection, scene, batch_bytes, brake)
    except BaseException:
        connection.close()
        raise
    snapshot.readers.give_back(connection)


def _open(server: Server, key: str, scene: Scene) -> Any:
    connection = server.arrow()
    try:
        with driver_errors(scene):
            _enter(connection, key, scene)
    except BaseException:
        connection.close()
        raise
    return connection


def _enter(connection: Any, key: str, scene: Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEGIN)
        try:
            cursor.execute(f"set transaction snapshot '{key}'")
        except raised_by_drivers() as error:
            if state_of(error) not in _GONE:
                raise
            raise RetriableError(
                "The session that kept the server's snapshot has ended.",
                where=scene.said,
                fix="run the same command again: it reads what is there then",
            ) from error
