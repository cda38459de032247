"""The lake's catalog as PyIceberg opens it: durable and patient, a SQLite file only on a disk of this machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from lakesmith.errors import ConfigError, LakesmithError, StorageFullError, StorageUnavailableError
from lakesmith.host.files import make_folder, storage_errors
from lakesmith.lake.catalogs.directories import sqlite_file
from lakesmith.lake.catalogs.pointers import LOCKED, locked_error
from lakesmith.lake.catalogs.quick import QuickSqlCatalog
from lakesmith.lake.stores.durable import NAME, to_properties
from lakesmith.model.places import LakeAddress, scheme_of

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "lustre", "afs"}
)
MOUNTS = Path("/proc/self/mounts")


def open_catalog(address: LakeAddress, busy_timeout_s: float) -> Catalog:
    """Open the catalog of a lake with PyIceberg; it is made if it is missing.

    Args:
        address: The lake.
        busy_timeout_s: How long a statement waits while another program writes a SQLite file.

    Raises:
        ConfigError: If a SQLite file is on a network file system, where its locks do not hold.
        MissingExtraError: If the library of the catalog is not installed.
        CatalogLockedError: If it stayed locked.
        StorageFullError: If the disk is full.
        StorageUnavailableError: If it cannot be reached or written.
    """
    if address.catalog_kind == "sqlite":
        return _open_sqlite(address, busy_timeout_s)
    if address.catalog_kind == "postgresql":
        return _open_postgres(address)
    from lakesmith.lake.catalogs.remote import open_remote

    return open_remote(address)


def _properties(address: LakeAddress) -> dict[str, str]:
    return {
        "pool_pre_ping": "true",
        "py-io-impl": NAME,
        "warehouse": address.root,
        **to_properties(address.scheme, address.storage),
    }


def _open_sqlite(address: LakeAddress, busy_timeout_s: float) -> Catalog:
    file = Path(sqlite_file(address))
    refuse_network(file.parent)
    make_folder(file.parent)
    _make_durable(file, busy_timeout_s)
    url = URL.create("sqlite", database=str(file), query={"timeout": f"{busy_timeout_s:g}"}).render_as_string()
    return _open_sql(address, url, str(file), _set_up)


def _open_postgres(address: LakeAddress) -> Catalog:
    from lakesmith.lake.catalogs.postgres import CONNECT, dsn, load_psycopg, set_up

    load_psycopg()
    url = make_url(dsn(address)).set(drivername="postgresql+psycopg").update_query_dict(CONNECT)
    return _open_sql(address, url.render_as_string(hide_password=False), address.catalog_place, set_up)


def _open_sql(address: LakeAddress, url: str, place: str, listener: Callable[[Any, Any], None]) -> Catalog:
    catalog = _first_open(address, url, place)
    catalog.engine.dispose()  # connections made before the listener below are not set up
    event.listen(catalog.engine, "connect", listener)
    return catalog


def _first_open(address: LakeAddress, url: str, place: str) -> SqlCatalog:
    try:
        try:
            return QuickSqlCatalog(address.catalog_name, uri=url, **_properties(address))
        except (IntegrityError, ProgrammingError, OperationalError):
            # two programs that begin a catalog at the same time make its tables at the same time: they are there now
            return QuickSqlCatalog(address.catalog_name, uri=url, **_properties(address))
    except SQLAlchemyError as error:
        raise translate(error, place) from error


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
    """Return the error a person can act on for a database error of the catalog; `catalog` is its place without secrets."""
    if scheme_of(catalog):
        from lakesmith.lake.catalogs.postgres import explain

        return explain(getattr(error, "orig", None) or error, catalog)
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
