"""A session of ADBC inside the snapshot: questions with one answer, and queries whose rows come batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lakesmith.errors import RetriableError
from lakesmith.sources.postgres.connecting.drivers import raised_by_drivers
from lakesmith.sources.postgres.connecting.faults import Scene, driver_errors, state_of
from lakesmith.sources.postgres.planning.snapshot import BEGIN

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.sources.postgres.connecting.server import Server
    from lakesmith.sources.postgres.planning.snapshot import Snapshot

_GONE = ("22023", "42704", "55000")
"""What the server says of a snapshot whose session ended: never heard of."""

_BATCH = "adbc.postgresql.batch_size_hint_bytes"


class ReadingSession:
    """A session that sees what the snapshot sees. For one thread."""

    def __init__(self, connection: Any, scene: Scene, batch_bytes: int) -> None:
        self._connection, self._scene, self._batch_bytes = connection, scene, batch_bytes

    def answer(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        with driver_errors(self._scene), self._connection.cursor() as cursor:
            cursor.execute(query)
            return tuple(cursor.fetchone() or ())

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, in batches of about the size of the session.

        Raises:
            LakesmithError: What the server or the connection failed over.
        """
        with driver_errors(self._scene), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{_BATCH: str(self._batch_bytes)})
            cursor.execute(query)
            with cursor.fetch_record_batch() as reader:
                while (batch := _next(reader)) is not None:
                    yield batch


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None


@contextmanager
def reading(server: Server, snapshot: Snapshot, scene: Scene, batch_bytes: int) -> Iterator[ReadingSession]:
    """Give a session in the snapshot for the length of a `with`; one that is left in the middle of something is not used again.

    Raises:
        RetriableError: If the snapshot is gone.
        LakesmithError: If the server cannot be reached.
    """
    connection = snapshot.readers.take() or _open(server, snapshot.key, scene)
    try:
        yield ReadingSession(connection, scene, batch_bytes)
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
