"""The lake's catalog as PyIceberg opens it: a SQLite file that is durable, patient, and on a disk of this machine."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import URL, event
from sqlalchemy.exc import SQLAlchemyError

from lakesmith.errors import ConfigError, LakesmithError, StorageFullError, StorageUnavailableError
from lakesmith.host.files import make_folder, storage_errors
from lakesmith.lake.layout import Layout
from lakesmith.lake.pointers import LOCKED, locked_error

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "lustre", "afs"}
)
MOUNTS = Path("/proc/self/mounts")


def open_sqlite(layout: Layout, name: str, busy_timeout_s: float) -> Catalog:
    """Open the catalog of a lake in a folder; it is made if it is missing.

    Args:
        layout: The lake's folders.
        name: The catalog's name inside the file; other tools must use the same.
        busy_timeout_s: How long a statement waits while another program writes.

    Raises:
        ConfigError: If the folder is on a network file system, where SQLite's locks do not hold.
        CatalogLockedError: If the file stayed locked.
        StorageFullError: If the disk is full.
        StorageUnavailableError: If the folder cannot be written.
    """
    refuse_network(Path(layout.root))
    make_folder(Path(layout.root))
    _make_durable(Path(layout.catalog), busy_timeout_s)
    timeout = {"timeout": f"{busy_timeout_s:g}"}
    properties = {
        "uri": URL.create("sqlite", database=layout.catalog, query=timeout).render_as_string(),
        "pool_pre_ping": "true",
        "py-io-impl": "lakesmith.lake.durable.DurableFileIO",
        "warehouse": layout.root,
    }
    try:
        catalog = SqlCatalog(name, **properties)
    except SQLAlchemyError as error:
        raise translate(error, layout.catalog) from error
    catalog.engine.dispose()  # connections made before the listener below are not set up
    event.listen(catalog.engine, "connect", _set_up)
    return catalog


def _make_durable(path: Path, busy_timeout_s: float) -> None:
    try:
        with storage_errors(path):
            path.touch()
        connection = sqlite3.connect(path, timeout=busy_timeout_s)
        try:
            connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error


def _set_up(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = FULL")


def translate(error: Exception, catalog: str) -> LakesmithError:
    """Return the error a person can act on for a database error of the catalog."""
    if any(word in str(error) for word in LOCKED):
        return locked_error(catalog)
    if "disk is full" in str(error):
        return StorageFullError(
            "The disk is full; nothing of this batch became visible.",
            where=catalog,
            fix="free some space and run the same command again: loading resumes where it was",
        )
    return StorageUnavailableError(
        f"The lake catalog cannot be used ({type(error).__name__}).",
        where=catalog,
        fix="check that the file is a healthy SQLite file and that this user may write it: `lakesmith doctor`",
    )


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a folder on a network file system, as far as this machine says what is mounted where.

    Raises:
        ConfigError: If it is on one.
    """
    kind = _file_system(folder.absolute(), mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise ConfigError(
            f"The lake's catalog is a SQLite file, and its locks do not hold on a network file system ({kind}).",
            where=str(folder),
            fix="keep the lake on a disk of this machine, or give the target a PostgreSQL catalog: `catalog: postgresql://…`",
        )


def _file_system(folder: Path, mounts: Path) -> str:
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    points = [(Path(parts[1].replace("\\040", " ")), parts[2]) for line in lines if len(parts := line.split()) > 2]  # noqa: PLR2004
    above = [(len(point.parts), kind) for point, kind in points if folder.is_relative_to(point)]
    return max(above, default=(0, ""), key=lambda found: found[0])[1]
