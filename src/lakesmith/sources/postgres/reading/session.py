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
    from lakesmith.sources.postgres.connecting.arrow import ArrowSession, Statement
    from lakesmith.sources.postgres.connecting.server import Server
    from lakesmith.sources.postgres.planning.snapshot import Snapshot

_GONE = ("22023", "42704", "55000")
"""What the server says of a snapshot whose session ended: never heard of."""


class Brake:
    """Lets any thread end the statement that another one waits for, and all that would follow it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statement: Statement | None = None
        self._is_pulled = False

    def pull(self) -> None:
        """End what runs on the server; to be asked again while it goes on, as a statement may begin at the same moment."""
        with self._lock:
            self._is_pulled = True
            if self._statement is not None:
                with suppress(*raised_by_drivers()):
                    self._statement.cancel()

    @contextmanager
    def over(self, statement: Statement, scene: Scene) -> Iterator[Statement]:
        """Give a statement that can be stopped for the length of a `with`.

        Raises:
            RetriableError: If it was stopped before it began.
        """
        with self._lock:  # a statement is closed by its own thread, never while another one cancels it
            if self._is_pulled:
                raise RetriableError("The load was stopped.", where=scene.said, fix="run the same command again")
            self._statement = statement
        try:
            yield statement
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

    def __init__(self, session: ArrowSession, scene: Scene, batch_bytes: int, brake: Brake) -> None:
        self._session, self._scene, self.batch_bytes, self._brake = session, scene, batch_bytes, brake

    def answer(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        with self._statement() as statement:
            return next(iter(statement.rows(query)), ())

    def batches(self, query: str, share: int = 1) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, in batches of about the size of the session, or of one in `share` of it.

        Raises:
            LakesmithError: What the server or the connection failed over.
        """
        with self._statement() as statement:
            yield from statement.batches(query, self.batch_bytes // share)

    @contextmanager
    def set_aside(self, settings: str) -> Iterator[None]:
        """Let settings, which a query makes for the transaction, hold for the length of a `with`; not where it is left by an error."""
        for query in ("savepoint set_aside", settings):
            self.answer(query)
        yield
        for query in ("rollback to savepoint set_aside", "release savepoint set_aside"):
            self.answer(query)

    @contextmanager
    def _statement(self) -> Iterator[Statement]:
        with (
            driver_errors(self._scene),
            self._session.statement() as statement,
            self._brake.over(statement, self._scene),
        ):
            yield statement


@contextmanager
def reading(
    server: Server, snapshot: Snapshot, scene: Scene, batch_bytes: int, brake: Brake
) -> Iterator[ReadingSession]:
    """Give a session in the snapshot for the length of a `with`; one that is left in the middle of something is not used again.

    Raises:
        RetriableError: If the snapshot is gone.
        LakesmithError: If the server cannot be reached.
    """
    session = snapshot.readers.take() or _open(server, snapshot.key, scene)
    try:
        yield ReadingSession(session, scene, batch_bytes, brake)
    except BaseException:
        session.close()
        raise
    snapshot.readers.give_back(session)


def _open(server: Server, key: str, scene: Scene) -> ArrowSession:
    session = server.arrow()
    try:
        with driver_errors(scene):
            _enter(session, key, scene)
    except BaseException:
        session.close()
        raise
    return session


def _enter(session: ArrowSession, key: str, scene: Scene) -> None:
    session.rows(BEGIN)
    try:
        session.rows(f"set transaction snapshot '{key}'")
    except raised_by_drivers() as error:
        if state_of(error) not in _GONE:
            raise
        raise RetriableError(
            "The session that kept the server's snapshot has ended.",
            where=scene.said,
            fix="run the same command again: it reads what is there then",
        ) from error
