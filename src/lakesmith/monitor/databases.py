"""The two databases that a run store can be in: a SQLite file in WAL mode, or a schema of a PostgreSQL server."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from lakesmith.errors import MissingExtraError, ProjectFileError

BUSY_TIMEOUT_S = 5
"""How long one waits for another who writes: what a run has to say waits in its own queue."""
CONNECT_TIMEOUT_S = 5
BY_INDEX = "-crandom_page_cost=1.1"
"""Few rows of large tables are asked for. What a server takes a row out of order for by itself is meant for disks that turn."""
WRITES = "lakesmith_writes"
"""Execution option of a connection whose transaction writes after it has read: it takes the right to write at its beginning."""
MIGRATING = 7_205_759_403_791
"""The number of the advisory lock under which PostgreSQL's tables are made; any constant will do that nobody else takes."""
SMALL_BYTES = 32_000_000
"""A file up to this size is read as a whole when it is opened; of a larger one, `doctor` does so."""
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")


def connect_file(path: Path) -> Engine:
    """Return an engine on a SQLite file, which transactions may change whole or not at all, tables included."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = (
            None  # the driver would begin transactions by itself, and none for changes of tables
        )
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return engine


def connect_server(address: str, *, where: str = "monitor.store") -> Engine:
    """Return an engine on a PostgreSQL server. `?schema=name` in the address says in which schema the tables are.

    Args:
        address: `postgresql://user:password@host:port/database`.
        where: The place of the setting, for messages.

    Raises:
        ProjectFileError: If it is no such address.
        MissingExtraError: If the driver is not installed.
    """
    url, schema = _parsed(address, where)
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "lakesmith"}
    limits = f"-clock_timeout={BUSY_TIMEOUT_S}s -cstatement_timeout=60s"
    told = url.query.get("options", "")
    arguments["options"] = " ".join(
        filter(None, (str(told), limits, BY_INDEX, f"-csearch_path={schema}" if schema else ""))
    )
    url = url.difference_update_query(["options"])
    try:
        engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=3)
    except ImportError as error:
        raise MissingExtraError(
            "A run store in PostgreSQL needs psycopg, which is not installed.",
            where=where,
            fix="pip install 'lakesmith[postgres]'",
        ) from error
    return engine.execution_options(lakesmith_schema=schema)


def place_of(engine: Engine) -> str:
    """Return where a store is, as people may see it: never with a password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    schema = engine.get_execution_options().get("lakesmith_schema") or "public"
    return f"{engine.url.host}:{engine.url.port or 5432}/{engine.url.database}, schema {schema}"


def examine_file(engine: Engine) -> None:
    """Read every page of a SQLite file: damage found later would come in the middle of a run.

    Raises:
        DatabaseError: If the file is not a whole database.
    """
    with engine.connect() as connection:
        found = connection.execute(text("pragma quick_check(1)")).scalar()
    if found != "ok":
        raise DatabaseError("pragma quick_check", None, sqlite3.DatabaseError(str(found)))


def lock_for_change(connection: Connection) -> None:
    """See that nobody else changes tables until the transaction ends; make the schema if there is none."""
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql("set local lock_timeout = '60s'")  # as long as another may take to change tables
    connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
    schema = connection.get_execution_options().get("lakesmith_schema")
    if schema and _SCHEMA.fullmatch(schema):
        connection.exec_driver_sql(f'create schema if not exists "{schema}"')


def _parsed(address: str, where: str) -> tuple[URL, str]:
    """Return the address as the driver wants it, and the schema, empty if it says none."""
    fix = "write it as `postgresql://user:password@host/database?schema=lakesmith`, by a reference"
    try:
        url = make_url(address)
    except ArgumentError:
        url = None
    if url is None or url.drivername not in POSTGRES or not url.database:
        raise ProjectFileError("The address of the run store is not one of PostgreSQL.", where=where, fix=fix)
    schema = url.query.get("schema", "")
    if not isinstance(schema, str) or (schema and not _SCHEMA.fullmatch(schema)):
        told = "The schema of the run store has to be a plain name: small letters, digits and `_`."
        raise ProjectFileError(told, where=where, fix=fix)
    return url.set(drivername="postgresql+psycopg").difference_update_query(["schema"]), schema
