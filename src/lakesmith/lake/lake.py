"""A lake: one Iceberg table per stream in a folder or a bucket, and the catalog that says which version is in force."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.host import Host
from lakesmith.lake.catalogs.directories import open_directory
from lakesmith.lake.catalogs.pointers import CatalogPointers
from lakesmith.lake.layout import Layout
from lakesmith.lake.services import Services
from lakesmith.lake.stores import open_store
from lakesmith.lake.table import Table
from lakesmith.model.loads import Batch, Commit, Group
from lakesmith.model.places import LakeAddress
from lakesmith.model.streams import Finding, StreamId

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

BUSY_TIMEOUT_S = 30.0


class Lake:
    """The tables of one lake. Nothing is made before the first stage or commit, and nothing connected before the first look."""

    def __init__(
        self,
        place: LakeAddress | Path,
        host: Host,
        *,
        catalog: Callable[[], Catalog] | None = None,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        """Name a lake.

        Args:
            place: Where it is; a folder alone holds its catalog, too.
            host: Clock, ids and signals.
            catalog: How to open the catalog that commits go to; None: as the address says.
            busy_timeout_s: How long to wait while another program has a SQLite catalog locked.
        """
        self.address = LakeAddress(str(place.absolute())) if isinstance(place, Path) else place
        layout = Layout(self.address.root)
        store = open_store(self.address)
        self._busy_timeout_s = busy_timeout_s
        self._opened: tuple[int, Catalog] | None = None
        self._lock = threading.Lock()
        self.directory = open_directory(self.address, self.open_catalog, busy_timeout_s)
        self.services = Services(
            layout, store, CatalogPointers(layout, store, self.directory), catalog or self.open_catalog, host
        )

    @property
    def root(self) -> str:
        """The lake's folder, absolute, or its URL."""
        return self.services.layout.root

    def table(self, stream: StreamId) -> Table:
        """Return the table of a stream, which may not exist yet."""
        return Table(stream, self.services)

    def commit_together(self, loads: Sequence[tuple[Group, Batch]]) -> list[Commit]:
        """Make groups of different tables visible in one moment, where the catalog is a database; see `lake.together`."""
        from lakesmith.lake.commits.together import commit_together

        return commit_together(self.services, loads)

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table, in order.

        Raises:
            CatalogLockedError: If the catalog stayed locked.
            CatalogBrokenError: If the catalog cannot be read.
            StorageUnavailableError: If the catalog cannot be reached.
        """
        return self.services.pointers.streams()

    def check(self) -> Iterator[Finding]:
        """Yield what is wrong with the settings of the catalog's server; nothing for other catalogs. Errors as in `streams`."""
        from lakesmith.lake.catalogs.postgres import PostgresDirectory

        if isinstance(self.directory, PostgresDirectory):
            yield from self.directory.check()

    def open_catalog(self) -> Catalog:
        """Return the catalog for PyIceberg, opened once in each process and made if it is missing.

        Raises:
            ConfigError: If a SQLite catalog is on a network file system.
            MissingExtraError: If the library of the catalog is not installed.
            CatalogLockedError: If the catalog stayed locked.
            StorageUnavailableError: If it cannot be reached.
        """
        from lakesmith.lake.catalogs.opening import open_catalog

        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = (os.getpid(), open_catalog(self.address, self._busy_timeout_s))
            return self._opened[1]
