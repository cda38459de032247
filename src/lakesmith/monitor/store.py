"""The run store, in a SQLite file or on a PostgreSQL server: it writes events down. Opening it makes its tables, or brings them up to date."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from lakesmith.errors import StorageUnavailableError
from lakesmith.host import Host
from lakesmith.host.files import storage_errors
from lakesmith.model.events import Event
from lakesmith.monitor import tables
from lakesmith.monitor.databases import SMALL_BYTES, WRITES, connect_file, connect_server, examine_file, place_of
from lakesmith.monitor.making import bring_up_to_date
from lakesmith.monitor.writing import Statements, statements


class RunStore:
    """A `Recorder` that keeps events in a database. Open it with `RunStore.at(path)` or `RunStore.on(address)`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def at(cls, path: Path, *, host: Host) -> RunStore:
        """Open the store in a file, make or migrate its tables. A file that is not a store any more is put aside, never deleted.

        Raises:
            StoreBrokenError: If the store was made by a newer Lakesmith.
            StorageUnavailableError: If the folder cannot be written, or the file not be opened.
        """
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return cls(_opened(path))
        except OperationalError as error:
            raise StorageUnavailableError(
                f"The run store cannot be opened: {error.orig}.",
                where=str(path),
                fix="check that this user may write there and that the disk is not full, then run again",
            ) from error
        except DatabaseError:
            _put_aside(path, f"{host.clock.now():%Y%m%dT%H%M%S}")
            return cls(_opened(path))

    @classmethod
    def on(cls, address: str, *, where: str = "monitor.store") -> RunStore:
        """Open the store on a PostgreSQL server, make or migrate its tables; `where` is the place of the setting, for messages.

        Raises:
            ProjectFileError: If the address is none.
            MissingExtraError: If the driver is not installed.
            StoreBrokenError: If the store was made by a newer Lakesmith.
            StorageUnavailableError: If the server cannot be reached, or refuses.
        """
        engine = connect_server(address, where=where)
        try:
            bring_up_to_date(engine)
        except DBAPIError as error:
            engine.dispose()
            raise StorageUnavailableError(
                f"The run store cannot be opened: {type(error.orig).__name__} at {place_of(engine)}.",
                where=where,
                fix="check that the server is up and that this user may create tables there, then run again",
            ) from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return place_of(self.engine)

    def record(self, event: Event) -> None:
        """Write one event down, in a transaction of its own."""
        self.write((event,))

    def write(self, events: Sequence[Event]) -> None:
        """Write events down in one transaction: all of them or none.

        Raises:
            SQLAlchemyError: If the database does not take them.
        """
        dialect = self.engine.dialect.name
        todo = [statement for event in events for statement in statements(event, dialect)]
        if todo:
            with self.writing() as connection:
                _execute(connection, todo)

    def write_once(self, numbered: Sequence[tuple[int, Event]]) -> None:
        """Write events down in one transaction, each with its number in its run; those that are there already are left out.

        A server may have taken what it never confirmed: asked again, it must not take it twice. 0 is no number: it is always written.

        Raises:
            SQLAlchemyError: If the database does not take them.
        """
        dialect, run = self.engine.dialect.name, tables.run
        highest = {event.run_id: number for number, event in numbered}
        with self.writing() as connection:
            found = connection.execute(select(run.c.run_id, run.c.recorded).where(run.c.run_id.in_(highest)))
            reached = {str(row.run_id): int(row.recorded or 0) for row in found}
            for number, event in numbered:
                if not number or number > reached.get(event.run_id, 0):
                    _execute(connection, statements(event, dialect))
            for run_id, number in highest.items():
                if number > reached.get(run_id, 0):
                    connection.execute(update(run).where(run.c.run_id == run_id).values(recorded=number))

    def writing(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that may read before it writes; it ends with the `with`."""
        return self.engine.execution_options(**{WRITES: True}).begin()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def _execute(connection: Connection, todo: Statements) -> None:
    for statement, rows in todo:
        connection.execute(statement, rows) if rows else connection.execute(statement)


def _opened(path: Path) -> Engine:
    """Return an engine on a store that is whole and up to date."""
    engine = connect_file(path)
    try:
        if path.is_file() and path.stat().st_size <= SMALL_BYTES:
            examine_file(engine)
        bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _put_aside(path: Path, stamp: str) -> None:
    """Rename a file that is no store any more, with the logs that belong to it: a new file must not take them for its own."""
    number, aside = 1, path.with_name(f"{path.name}.broken-{stamp}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{stamp}-{number}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
