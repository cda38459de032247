"""Which metadata file is a table's newest: read from the catalog with the standard library alone."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lakesmith.errors import CatalogBrokenError, CatalogLockedError, StorageUnavailableError
from lakesmith.lake.layout import Layout
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.store import Store
from lakesmith.model.streams import StreamId

ONE = "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"
ALL = "SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = ? ORDER BY 1, 2"
LOCKED = ("locked", "busy")
NEEDED = {"table-uuid", "schemas", "current-schema-id", "last-updated-ms", "last-column-id"}


class Pointers(Protocol):
    """Reads the newest metadata of tables. Another kind of catalog is another class that fits."""

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


@dataclass(frozen=True, slots=True)
class SqlitePointers:
    """The pointers of a lake whose catalog is a SQLite file; `busy_timeout_s` is how long to wait for a lock."""

    layout: Layout
    store: Store
    catalog_name: str
    busy_timeout_s: float

    @property
    def place(self) -> str:
        """The catalog's file."""
        return self.layout.catalog

    def read(self, stream: StreamId) -> Metadata | None:
        """Return the newest metadata of a stream's table, None where there is no table.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog or the metadata file cannot be read, or the catalog is gone while the table is there.
        """
        rows = self._select(ONE, (self.catalog_name, stream.source, stream.name))
        if rows:
            return read_metadata(self.store, self._at_home(str(rows[0][0]).removeprefix("file://")))
        if rows is None and Path(self.layout.metadata(stream)).is_dir():
            raise self._broken("is gone or empty, while tables that it pointed to are still there")
        return None

    def _at_home(self, metadata: str) -> str:
        """Return the path if it lies in this lake: the catalog of a copied folder still points into the original."""
        if Path(metadata).resolve().is_relative_to(Path(self.layout.root).resolve()):
            return metadata
        raise CatalogBrokenError(
            "This lake is a copy, or was moved: its catalog points to tables in another folder, which are not touched.",
            where=f"{self.layout.catalog}, which names {metadata}",
            fix="move the lake back to the folder it was made in, or delete this copy of it: loading starts from the sources",
        )

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table, in order.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog cannot be read.
        """
        return [StreamId(source, name) for source, name in self._select(ALL, (self.catalog_name,)) or ()]

    def _select(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query; None where there is no catalog yet."""
        if not Path(self.layout.catalog).exists():
            return None
        try:
            with self._connected() as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if "no such table: iceberg_tables" in str(error):
                return None
            if any(word in str(error) for word in LOCKED):
                raise locked_error(self.layout.catalog) from error
            if "readonly" in str(error) or "unable to open" in str(error):
                raise StorageUnavailableError(
                    "The lake catalog can only be read, and its write-ahead log needs a folder that can be written.",
                    where=self.layout.catalog,
                    fix="give this user the right to write in the lake's folder",
                ) from error
            if "disk I/O" in str(error):
                raise StorageUnavailableError(
                    f"The lake catalog cannot be read now: {error}.",
                    where=self.layout.catalog,
                    fix="look at the disk: it may be full or failing; nothing was changed",
                ) from error
            raise self._broken(f"cannot be read ({error})") from error

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        address = f"{Path(self.layout.catalog).as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=self.busy_timeout_s)) as connection:
            yield connection

    def _broken(self, what: str) -> CatalogBrokenError:
        return CatalogBrokenError(
            f"The lake catalog {what}.",
            where=self.layout.catalog,
            fix="restore the file from a backup; the tables beside it are untouched. `lakesmith doctor` says more",
        )


def locked_error(catalog: str) -> CatalogLockedError:
    """Return the error that says the catalog stayed locked."""
    return CatalogLockedError(
        "The lake catalog stayed locked by another program; nothing of this batch became visible.",
        where=catalog,
        fix="close the program that has the file open for writing, and run the same command again",
    )


def read_metadata(store: Store, path: str) -> Metadata:
    """Return the content of a metadata file.

    Raises:
        CatalogBrokenError: If it cannot be read.
    """
    try:
        raw = json.loads(store.read(path))
    except StorageUnavailableError as error:
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
        fix="restore the file from a backup, or move the lake back to the folder it was made in",
    )
