"""A catalog in PostgreSQL: read by psycopg alone, committed to by PyIceberg, with the same settings on both ways."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakesmith.errors import LakesmithError, MissingExtraError, StorageFullError, StorageUnavailableError
from lakesmith.lake.catalogs.pointers import ALL, ONE, broken, locked_error
from lakesmith.model.places import LakeAddress
from lakesmith.model.streams import Finding, StreamId

if TYPE_CHECKING:
    import psycopg

CONNECT = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "lakesmith",
}
"""What a connection begins with: a server that is gone is noticed within a minute, not after TCP's two hours."""

SET_UP = (
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '30s'",
    "SET idle_in_transaction_session_timeout = '20s'",
    "SET synchronous_commit = on",
)
"""What every session is set to: a commit that was answered is on the disk, and a frozen client lets go of its locks before others give up."""

MUST_BE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
LOCKED = ("57014", "55P03")  # query_canceled, lock_not_available
FULL = ("53100",)
REFUSED = re.compile(r"authentication failed|no password supplied|pg_hba\.conf|(role|database) .* does not exist")
"""What a server says before there is a session, and with it an SQLSTATE."""


def dsn(address: LakeAddress) -> str:
    """Return the address as libpq takes it."""
    return "postgresql://" + address.catalog_url.partition("://")[2]


def load_psycopg() -> Any:
    """Return the module.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError(
            "A catalog in PostgreSQL needs psycopg, which is not installed.",
            where="catalog:",
            fix="pip install 'lakesmith[postgres]'",
        ) from error
    return psycopg


class PostgresDirectory:
    """The table `iceberg_tables` of a database. Keeps one connection per process."""

    def __init__(self, address: LakeAddress) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._process = 0

    @property
    def place(self) -> str:
        """Host and database."""
        return self._address.catalog_place

    def find(self, stream: StreamId) -> str | None:
        """Return the path of a table's newest metadata file."""
        rows = self._select(ONE, (self._address.catalog_name, stream.source, stream.name))
        return str(rows[0][0]) if rows else None

    def streams(self) -> list[StreamId] | None:
        """Return the streams that have a table."""
        rows = self._select(ALL, (self._address.catalog_name,))
        return None if rows is None else [StreamId(source, name) for source, name in rows]

    def check(self) -> Iterator[Finding]:
        """Yield what is wrong with the server's settings: a commit it confirmed could be lost.

        Raises:
            StorageUnavailableError: If the database cannot be reached.
        """
        for name, wanted in MUST_BE.items():
            rows = self._select(f"SHOW {name}", ())
            if rows and rows[0][0] != wanted:
                yield Finding(
                    "warning",
                    "lake catalog",
                    f"{self.place} runs with {name} = {rows[0][0]}: after a power cut it may forget commits that it confirmed",
                    f"set {name} = {wanted} in postgresql.conf",
                )

    def _select(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query; None where there is no catalog yet. A connection that has gone stale is made once more."""
        psycopg = load_psycopg()
        with self._lock:
            for last in (False, True):
                try:
                    return list(self._connected().execute(query.replace("?", "%s"), values).fetchall())
                except psycopg.errors.UndefinedTable:
                    return None
                except psycopg.Error as error:
                    self._drop()
                    if last or not isinstance(error, psycopg.OperationalError) or error.sqlstate in (*LOCKED, *FULL):
                        raise explain(error, self.place) from error
        return None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed or self._process != os.getpid():
            made = load_psycopg().connect(dsn(self._address), autocommit=True, prepare_threshold=None, **CONNECT)
            set_up(made)
            self._connection, self._process = made, os.getpid()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None


def set_up(connection: Any, _record: Any = None) -> None:
    """Set a fresh psycopg session up."""
    for statement in SET_UP:
        connection.execute(statement)
    if not connection.autocommit:
        connection.commit()


def explain(error: Exception, place: str) -> LakesmithError:
    """Return the error a person can act on for what psycopg raised. Its own text is left out: it may name users and values."""
    state = getattr(error, "sqlstate", None) or ""
    if state in LOCKED:
        return locked_error(place)
    if state in FULL:
        return StorageFullError(
            "The disk of the catalog's database is full; nothing of this batch became visible.",
            where=place,
            fix="free some space there and run the same command again: loading resumes where it was",
        )
    if state.startswith(("28", "3D", "42501")) or (not state and REFUSED.search(str(error))):
        return StorageUnavailableError(
            "The catalog's database refuses this user, or there is no such database.",
            where=place,
            fix="check user, password and database in `catalog:`, and that the user may read and write there",
        )
    if state and not state.startswith(("08", "57P", "53", "25")):
        return broken(place, f"cannot be read (SQLSTATE {state})")
    return StorageUnavailableError(
        f"The catalog's database does not answer ({state or type(error).__name__}).",
        where=place,
        fix="check that it runs and can be reached from here, then run the same command again: loading resumes where it was",
    )
