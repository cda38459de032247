"""The run store: SQLite in WAL mode, its tables kept up to date by migrations."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError

from lakesmith.errors import StorageUnavailableError, StoreBrokenError
from lakesmith.host import Host
from lakesmith.host.files import storage_errors
from lakesmith.model.events import Event
from lakesmith.monitor.writing import statements

NEWEST = "0004"
BUSY_TIMEOUT_S = 30


class RunStore:
    """A `Recorder` that keeps events in a database file. Open it with `RunStore.at(path)`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def at(cls, path: Path, *, host: Host) -> RunStore:
        """Open the store, make or migrate its tables. A file that is not a store any more is put aside, never deleted.

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

    def record(self, event: Event) -> None:
        """Write one event down, in a transaction of its own."""
        todo = statements(event)
        if not todo:
            return
        with self.engine.begin() as connection:
            for statement, rows in todo:
                connection.execute(statement, rows) if rows else connection.execute(statement)

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def _opened(path: Path) -> Engine:
    """Return an engine on a store that is whole and up to date."""
    engine = _connect(path)
    try:
        _examine(engine)
        _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _examine(engine: Engine) -> None:
    """Read every page: damage found later would come in the middle of a run.

    Raises:
        DatabaseError: If the file is not a whole database.
    """
    with engine.connect() as connection:
        found = connection.execute(text("pragma quick_check(1)")).scalar()
    if found != "ok":
        raise DatabaseError("pragma quick_check", None, sqlite3.DatabaseError(str(found)))


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


def _connect(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")

    return engine


def _migrate(engine: Engine) -> None:
    version = _version(engine)
    if version == NEWEST:
        return
    if version is not None and version > NEWEST:
        raise StoreBrokenError(
            f"The run store was made by a newer Lakesmith (version {version}, this one knows {NEWEST}).",
            where=str(engine.url.database),
            fix="install the newer Lakesmith again, or move the file away to begin a new record",
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        known = connection.execute(text("select 1 from sqlite_master where name = 'alembic_version'")).first()
        if known is None:
            return None
        row = connection.execute(text("select version_num from alembic_version")).first()
        return str(row[0]) if row else None
