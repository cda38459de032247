"""Which metadata file is a table's newest: read from the catalog without Iceberg's library where that can be."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lakesmith.errors import CatalogBrokenError, CatalogLockedError, LakeMovedError, StorageUnavailableError
from lakesmith.lake.layout import Layout
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.stores.store import Store
from lakesmith.model.places import scheme_of
from lakesmith.model.streams import StreamId

ONE = "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"
ALL = "SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = ? ORDER BY 1, 2"
LOCKED = ("locked", "busy")
NEEDED = {"table-uuid", "schemas", "current-schema-id", "last-updated-ms", "last-column-id"}
MOVED = "lakesmith.moved-to"
MOVED_FILE = "moved.json"


class Pointers(Protocol):
    """Reads the newest metadata of tables."""

    @property
    def place(self) -> str:
        """The catalog as messages name it: a file, or an address without its secrets."""
        ...

    def read(self, stream: StreamId) -> Metadata | None:
        """Return the newest metadata of a stream's table, None where there is no table."""
        ...

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table, in order."""
        ...


class Directory(Protocol):
    """A catalog as a list: which metadata file belongs to which table."""

    @property
    def place(self) -> str:
        """The catalog as messages name it: a file, or an address without its secrets."""
        ...

    def find(self, stream: StreamId) -> str | None:
        """Return the path of the newest metadata file of a stream's table; None where the catalog names no such table.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog cannot be read.
            StorageUnavailableError: If the catalog cannot be reached.
        """
        ...

    def streams(self) -> list[StreamId] | None:
        """Return the streams that have a table, in order; None where there is no catalog yet. Errors as in `find`."""
        ...


@dataclass(frozen=True, slots=True)
class CatalogPointers:
    """Reads the newest metadata of the tables of one lake; `directory` is its catalog."""

    layout: Layout
    store: Store
    directory: Directory

    @property
    def place(self) -> str:
        """The catalog as messages name it."""
        return self.directory.place

    def read(self, stream: StreamId) -> Metadata | None:
        """Return the newest metadata of a stream's table, None where there is no table.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog or the metadata file cannot be read, or the catalog is gone while the table is there.
            StorageUnavailableError: If the catalog or the store cannot be reached.
            LakeMovedError: If the lake was moved to another place.
        """
        path = self.directory.find(stream)
        if path is None:
            self._check_new(stream)
            return None
        metadata = read_metadata(self.store, self.at_home(path))
        if to := metadata.properties.get(MOVED):
            raise moved_error(self.layout.root, to)
        return metadata

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table, in order.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog cannot be read.
            StorageUnavailableError: If the catalog cannot be reached.
        """
        return self.directory.streams() or []

    def at_home(self, metadata: str) -> str:
        """Return the path if it lies in this lake: the catalog of a copied folder still points into the original.

        Raises:
            CatalogBrokenError: If it does not.
        """
        path = metadata.removeprefix("file://")
        if is_below(path, self.layout.root):
            return path
        raise CatalogBrokenError(
            "This lake is a copy, or was moved: its catalog points to tables in another place, which are not touched.",
            where=f"{self.place}, which names {path}",
            fix="`lakesmith lake move --here` makes this copy a lake of its own; or put it back where it was made. "
            "If two lakes share one database, give each a name: `catalog: postgresql://…?catalog=NAME`",
        )

    def _check_new(self, stream: StreamId) -> None:
        """A table that the catalog does not name may be loaded from the start, unless something says that it was here."""
        if self.directory.streams() is None and next(self.store.list(self.layout.metadata(stream)), None) is not None:
            raise broken(self.place, "is gone or empty, while tables that it pointed to are still there")
        marker = f"{self.layout.own}/{MOVED_FILE}"
        if self.store.size(marker) is not None:
            raise moved_error(self.layout.root, str(json.loads(self.store.read(marker))["to"]))


def is_below(path: str, root: str) -> bool:
    """Whether a path or URL lies below `root`; links are followed in folders."""
    if scheme_of(path) or scheme_of(root):
        return path.startswith(f"{root}/")
    return Path(path).resolve().is_relative_to(Path(root).resolve())


@dataclass(frozen=True, slots=True)
class SqliteDirectory:
    """A catalog in a SQLite file; `busy_timeout_s` is how long to wait for a lock."""

    file: str
    catalog_name: str
    busy_timeout_s: float

    @property
    def place(self) -> str:
        """The catalog's file."""
        return self.file

    def find(self, stream: StreamId) -> str | None:
        """Return the path of a table's newest metadata file."""
        rows = self._select(ONE, (self.catalog_name, stream.source, stream.name))
        return str(rows[0][0]) if rows else None

    def streams(self) -> list[StreamId] | None:
        """Return the streams that have a table."""
        rows = self._select(ALL, (self.catalog_name,))
        return None if rows is None else [StreamId(source, name) for source, name in rows]

    def _select(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query; None where there is no catalog yet."""
        if not Path(self.file).exists():
            return None
        try:
            with self._connected() as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if "no such table: iceberg_tables" in str(error):
                return None
            raise self._translated(error) from error

    def _translated(self, error: sqlite3.Error) -> CatalogLockedError | CatalogBrokenError | StorageUnavailableError:
        if any(word in str(error) for word in LOCKED):
            return locked_error(self.file)
        if "readonly" in str(error) or "unable to open" in str(error):
            return StorageUnavailableError(
                "The lake catalog can only be read, and its write-ahead log needs a folder that can be written.",
                where=self.file,
                fix="give this user the right to write in the lake's folder",
            )
        if "disk I/O" in str(error):
            return StorageUnavailableError(
                f"The lake catalog cannot be read now: {error}.",
                where=self.file,
                fix="look at the disk: it may be full or failing; nothing was changed",
            )
        return broken(self.file, f"cannot be read ({error})")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        address = f"{Path(self.file).as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=self.busy_timeout_s)) as connection:
            yield connection


def broken(place: str, what: str) -> CatalogBrokenError:
    """Return the error that says what is wrong with a catalog."""
    return CatalogBrokenError(
        f"The lake catalog {what}.",
        where=place,
        fix="restore it from a backup; the tables are untouched. `lakesmith doctor` says more",
    )


def locked_error(catalog: str) -> CatalogLockedError:
    """Return the error that says the catalog stayed locked."""
    return CatalogLockedError(
        "The lake catalog stayed locked by another program; nothing of this batch became visible.",
        where=catalog,
        fix="close the program that has it open for writing, and run the same command again",
    )


def moved_error(root: str, to: str) -> LakeMovedError:
    """Return the error that says that a lake lives elsewhere now."""
    return LakeMovedError(
        f"This lake was moved to {to}, and nothing is loaded into the old one.",
        where=root,
        fix=f"write `lake: {to}` for the target; what lies here can be deleted once you have looked at the new one",
    )


def read_metadata(store: Store, path: str) -> Metadata:
    """Return the content of a metadata file.

    Raises:
        CatalogBrokenError: If it is not there or is not Iceberg metadata.
        StorageUnavailableError: If the object store cannot be reached.
    """
    try:
        raw = json.loads(store.read(path))
    except StorageUnavailableError as error:
        if scheme_of(path) and not isinstance(error.__cause__, FileNotFoundError):
            raise
        raise _unreadable(path, "the file is not there, or may not be read") from error
    except ValueError as error:
        raise _unreadable(path, "it is not JSON") from error
    if not isinstance(raw, dict) or not raw.keys() >= NEEDED:
        raise _unreadable(path, "it is not Iceberg metadata")
    return Metadata(path, raw)


def _unreadable(path: str, reason: str) -> CatalogBrokenError:
    return CatalogBrokenError(
        f"The metadata file of a table cannot be read: {reason}.",
        where=path,
        fix="restore the file from a backup, or move the lake back to where it was made",
    )
