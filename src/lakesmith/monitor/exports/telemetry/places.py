"""The run store as a source opens it: where the project says it is, to read and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from lakesmith.errors import LakesmithError, SourceDataError, StorageUnavailableError
from lakesmith.host.secrets import Secrets
from lakesmith.monitor.databases import connect_file, connect_server, place_of
from lakesmith.project.documents import read_document
from lakesmith.project.faults import Faults, Place
from lakesmith.project.paths import PROJECT_FILE, ProjectPaths
from lakesmith.project.references import Lookup, read_dotenv, resolve_document

_POSTGRES = "postgresql"


def engine_of(root: Path, address: str | None, where: str) -> Engine | None:
    """Return an engine on a run store; None where there is none yet.

    Args:
        root: The project's folder.
        address: That of a server; None: the store is the project's file.
        where: Where the address is written, for messages.

    Raises:
        LakesmithError: If the address is none, or its driver is not installed.
    """
    if address:
        return connect_server(address, where=where)
    file = ProjectPaths(root).store
    return connect_file(file) if file.is_file() else None


@contextmanager
def reading(engine: Engine, *, settled: str = "") -> Iterator[Connection]:
    """Open a transaction that reads, for a `with`; what goes wrong in it has a remedy.

    Args:
        engine: The run store.
        settled: A table on whose writers to wait first: what they have numbered is there then, or never will be.

    Raises:
        StorageUnavailableError: If the database does not answer.
        SourceDataError: If it is none, or not one of runs.
    """
    try:
        with engine.connect() as connection:
            if settled and connection.dialect.name == _POSTGRES:
                connection.exec_driver_sql("set local lock_timeout = '10s'")
                connection.execute(text(f'lock table "{settled}" in share mode'))
            yield connection
    except DBAPIError as error:
        raise _explained(error, engine) from error


def _explained(error: DBAPIError, engine: Engine) -> LakesmithError:
    name = type(error.orig).__name__
    if isinstance(error, OperationalError):
        return StorageUnavailableError(
            f"The record of runs cannot be read now: {name}.",
            where=place_of(engine),
            fix="run again; if it stays so, `lakesmith doctor` examines it",
        )
    return SourceDataError(
        f"The record of runs is damaged, or is none: {name}.",
        where=place_of(engine),
        fix="`lakesmith doctor --repair` brings back what the logs of runs have",
    )


def said(root: Path) -> str | None:
    """Return what `monitor.store` of a project says, with its references replaced; None where it says nothing.

    Raises:
        ProjectFileError: If a reference has no value; whoever opened the project has found that before.
    """
    file, faults = ProjectPaths(root).file, Faults()
    document = read_document(file.read_bytes(), Place(0, PROJECT_FILE, 1), faults) if file.is_file() else None
    section = document.data.get("monitor") if document and isinstance(document.data, dict) else None
    if document is None or not isinstance(section, dict) or not section.get("store"):
        return None
    document.data = {"monitor": {"store": section["store"]}}
    lookup = Lookup(root, os.environ, read_dotenv(root, faults))
    resolved = resolve_document(document, lookup, Secrets(), faults)
    if faults.found:
        raise faults.error(Secrets())
    return str(resolved.data["monitor"]["store"])
