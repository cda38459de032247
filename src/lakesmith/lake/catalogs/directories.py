"""The catalog of a lake as a list, by the scheme of its URL. SQLite is read with the standard library, PostgreSQL with psycopg alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lakesmith.lake.catalogs.pointers import Directory, SqliteDirectory
from lakesmith.lake.layout import Layout
from lakesmith.model.places import LakeAddress
from lakesmith.model.streams import StreamId

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog


def sqlite_file(address: LakeAddress) -> str:
    """Return the path of a lake's SQLite catalog: in the lake's folder, or where `sqlite:///…` says."""
    if address.catalog is None:
        return Layout(address.root).catalog
    path = address.catalog_url.partition("://")[2].partition("?")[0]
    return unquote(path.removeprefix("/") if path.startswith("//") else path)


def open_directory(address: LakeAddress, catalog: Callable[[], Catalog], busy_timeout_s: float) -> Directory:
    """Return the catalog of a lake as a list; nothing is connected before the first look.

    Args:
        address: The lake.
        catalog: How to open the catalog with PyIceberg, for kinds that can only be read so.
        busy_timeout_s: How long to wait for a lock of a SQLite file.
    """
    if address.catalog_kind == "sqlite":
        return SqliteDirectory(sqlite_file(address), address.catalog_name, busy_timeout_s)
    if address.catalog_kind == "postgresql":
        from lakesmith.lake.catalogs.postgres import PostgresDirectory

        return PostgresDirectory(address)
    return _IcebergDirectory(address, catalog)


class _IcebergDirectory:
    """A catalog that only PyIceberg can read: Glue, REST."""

    def __init__(self, address: LakeAddress, catalog: Callable[[], Catalog]) -> None:
        self._address, self._catalog = address, catalog

    @property
    def place(self) -> str:
        """The catalog's address."""
        return self._address.catalog_place

    def find(self, stream: StreamId) -> str | None:
        """Return the path of a table's newest metadata file."""
        from pyiceberg.exceptions import NoSuchTableError

        from lakesmith.lake.catalogs.remote import remote_errors

        with remote_errors(self.place):
            try:
                return self._catalog().load_table((stream.source, stream.name)).metadata_location
            except NoSuchTableError:
                return None

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table."""
        from lakesmith.lake.catalogs.remote import remote_errors

        with remote_errors(self.place):
            catalog = self._catalog()
            spaces: Iterable[tuple[str, ...]] = catalog.list_namespaces()
            return sorted(StreamId(space[-1], table[-1]) for space in spaces for table in catalog.list_tables(space))
