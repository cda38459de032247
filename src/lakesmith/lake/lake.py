"""A lake in a folder: one Iceberg table per stream, and a SQLite catalog."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.host import Host
from lakesmith.lake.layout import Layout
from lakesmith.lake.pointers import SqlitePointers
from lakesmith.lake.services import Services
from lakesmith.lake.store import FolderStore
from lakesmith.lake.table import Table
from lakesmith.model.streams import StreamId

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

BUSY_TIMEOUT_S = 30.0


class Lake:
    """The tables below one folder. Nothing is made on disk before the first stage or commit."""

    def __init__(
        self,
        root: Path,
        host: Host,
        catalog_name: str = "lakesmith",
        *,
        catalog: Callable[[], Catalog] | None = None,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        """Name a lake.

        Args:
            root: Its folder.
            host: Clock, ids and signals.
            catalog_name: The catalog's name inside `catalog.db`; other tools must use the same.
            catalog: How to open the catalog that commits go to; None: the SQLite file in `root`.
            busy_timeout_s: How long to wait while another program has the catalog locked.
        """
        layout = Layout(str(root.absolute()))
        store = FolderStore(layout.root)
        self._catalog_name, self._busy_timeout_s = catalog_name, busy_timeout_s
        self._opened: Catalog | None = None
        self._lock = threading.Lock()
        self._services = Services(
            layout,
            store,
            SqlitePointers(layout, store, catalog_name, busy_timeout_s),
            catalog or self.open_catalog,
            host,
        )

    @property
    def root(self) -> str:
        """The lake's folder, absolute."""
        return self._services.layout.root

    def table(self, stream: StreamId) -> Table:
        """Return the table of a stream, which may not exist yet."""
        return Table(stream, self._services)

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table, in order.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog cannot be read.
        """
        return self._services.pointers.streams()

    def open_catalog(self) -> Catalog:
        """Return the catalog for PyIceberg, opened once and made if it is missing.

        Raises:
            ConfigError: If the folder is on a network file system.
            CatalogLockedError: If the catalog stayed locked.
        """
        from lakesmith.lake.catalogs import open_sqlite

        with self._lock:
            if self._opened is None:
                self._opened = open_sqlite(self._services.layout, self._catalog_name, self._busy_timeout_s)
            return self._opened
