"""The version of a run store's tables: a new store gets them whole, one of an older version by migrations."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from lakesmith.errors import StoreBrokenError
from lakesmith.monitor.databases import WRITES, lock_for_change, place_of
from lakesmith.monitor.tables import metadata

NEWEST = "0005"
_VERSION_TABLE = "create table alembic_version (version_num VARCHAR(32) not null, constraint alembic_version_pkc primary key (version_num))"
"""As the library of migrations makes it, which goes on from there once there is a newer version."""


def bring_up_to_date(engine: Engine) -> None:
    """See that the tables are those of `NEWEST`, in one transaction that nobody else changes tables in.

    Raises:
        StoreBrokenError: If the store is newer than this Lakesmith.
    """
    with engine.connect() as connection:
        if _known_version(connection) == NEWEST:
            return
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        lock_for_change(connection)
        version = _known_version(connection)  # somebody else may have been faster
        if version is None:
            make(connection)
        elif version != NEWEST:
            migrate(connection)


def make(connection: Connection) -> None:
    """Make every table as it is now: what all migrations make one after the other, without the library that they need."""
    metadata.create_all(connection, checkfirst=False)  # a table that is there already is somebody else's
    connection.execute(text(_VERSION_TABLE))
    connection.execute(text("insert into alembic_version values (:newest)"), {"newest": NEWEST})


def migrate(connection: Connection) -> None:
    """Run the migrations that the store has not seen."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _known_version(connection: Connection) -> str | None:
    """Return the version of the tables: None where there are none, empty where they say none.

    Raises:
        StoreBrokenError: If it is newer than this Lakesmith.
    """
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("select version_num from alembic_version")).first()
    version = str(row[0]) if row else ""
    if version > NEWEST:
        raise StoreBrokenError(
            f"The run store was made by a newer Lakesmith (version {version}, this one knows {NEWEST}).",
            where=place_of(connection.engine),
            fix="install the newer Lakesmith again, or move the store away to begin a new record",
        )
    return version
