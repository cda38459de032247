"""One view of the server that all tables of a run are read in: a session that exported its snapshot and keeps it alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import RetriableError
from lakesmith.host.clock import Clock
from lakesmith.sources.postgres.connecting.drivers import raised_by_drivers
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    import psycopg

    from lakesmith.sources.postgres.connecting.server import Server
    from lakesmith.sources.postgres.planning.known import Known

BEGIN = "begin isolation level repeatable read, read only"
"""How every transaction begins that reads in the snapshot."""

# The transaction's start makes it one of a kind: the server gives out its own names for snapshots again after a restart.
_EXPORT = """
select pg_export_snapshot(), (extract(epoch from now()) * 1000000)::bigint, current_setting('block_size')::int
"""


class Readers:
    """Connections inside a snapshot that wait for the next split: opening one costs as much as reading some megabytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Any] | None = []

    def take(self) -> Any:
        """Return one that waits, None if none does."""
        with self._lock:
            return self._waiting.pop() if self._waiting else None

    def give_back(self, connection: Any) -> None:
        """Let one wait; it is closed where the snapshot is gone."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close all that wait, and those that are given back later."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
        for connection in waiting or ():
            connection.close()


@dataclass(slots=True)
class Snapshot:
    """A snapshot while it lives. `key` is what the server calls it, `name` the same made unique; `opened_s` by the steady clock.

    `known` keeps what was found out of each table in it, so that the same question has the same answer.
    """

    session: psycopg.Connection[Any]
    key: str
    name: str
    block_bytes: int
    opened_s: float
    known: dict[str, Known] = field(default_factory=dict)
    readers: Readers = field(default_factory=Readers)

    @property
    def can_range(self) -> bool:
        """Whether the server finds a range of pages without looking at all others."""
        return self.session.info.server_version >= 140_000  # noqa: PLR2004 - 14 is where it learned that


class SnapshotHolder:
    """Opens the snapshot when it is first asked for, and lets go of it at the end, or when it has become too old."""

    def __init__(self, server: Callable[[], Server], clock: Clock, max_age_s: float) -> None:
        self._server, self._clock, self._max_age_s = server, clock, max_age_s
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def take(self) -> Snapshot:
        """Return the snapshot that lives; a new one where there is none, or where it is too old for a load to begin in it."""
        with self._lock:
            if self._snapshot is not None and (self._is_old(self._snapshot) or self._snapshot.session.closed):
                self._let_go()
            if self._snapshot is None:
                self._snapshot = self._open()
            return self._snapshot

    def need(self, name: str, where: str) -> Snapshot:
        """Return the snapshot of that name.

        Raises:
            RetriableError: If it is gone, or has become too old.
        """
        snapshot = self._snapshot
        if snapshot is None or snapshot.name != name or snapshot.session.closed:
            raise RetriableError(
                "The server's snapshot that this load was planned in is gone.",
                where=where,
                fix="run the same command again: it reads what is there then",
            )
        if self._is_old(snapshot):
            raise RetriableError(
                f"The load has kept the server's snapshot for longer than {self._max_age_s / 60:g} minutes, and the server cannot clean up meanwhile.",
                where=where,
                fix="raise `snapshot_max_age_min` or `connections`, read from a `replica`, or load by a `cursor`; then run again",
            )
        return snapshot

    def prove(self, name: str, where: str) -> None:
        """Ask the session that keeps the snapshot whether it still lives: what was read is whole only if nobody could empty it meanwhile.

        A reader goes on in its snapshot after that session has ended, and the locks on all other tables and partitions have not.

        Raises:
            RetriableError: If the session has ended, or the snapshot is not that one.
        """
        snapshot = self.need(name, where)
        try:
            snapshot.session.execute("select")
        except raised_by_drivers() as error:
            if not snapshot.session.broken:
                return  # a plan of another stream failed in it, and is about to be taken back
            raise RetriableError(
                "The session that kept the server's snapshot, and the locks on its tables, has ended.",
                where=where,
                fix="see that nothing there ends sessions that are idle in a transaction, and run the same command again: it reads what is there then",
            ) from error

    def close(self) -> None:
        """Let go of the snapshot."""
        with self._lock:
            self._let_go()

    def _is_old(self, snapshot: Snapshot) -> bool:
        return self._clock.steady_s() - snapshot.opened_s > self._max_age_s

    def _open(self) -> Snapshot:
        server = self._server()
        session = server.session()
        with driver_errors(Scene(server.place)):
            session.execute(BEGIN)
            row = session.execute(_EXPORT).fetchone()
        if row is None:
            raise RetriableError("The server gave no snapshot.", where=server.place, fix="run the same command again")
        key, begun, block_bytes = row
        return Snapshot(session, key, f"{key}.{begun}", block_bytes, self._clock.steady_s())

    def _let_go(self) -> None:
        if self._snapshot is not None:
            self._snapshot.readers.close()
            self._snapshot.session.close()
            self._snapshot = None
