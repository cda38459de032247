"""What everything in the lake works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.host import Host
from lakesmith.lake.catalogs.pointers import Pointers
from lakesmith.lake.layout import Layout
from lakesmith.lake.positions.sidecars import Sidecars
from lakesmith.lake.stores.store import Store

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Services:
    """What a table works with: folders, the store below them, the pointers it reads, the catalog it commits to (opened on first use), the host."""

    layout: Layout
    store: Store
    pointers: Pointers
    catalog: Callable[[], Catalog]
    host: Host

    @property
    def sidecars(self) -> Sidecars:
        """The checkpoints that are too large for a summary."""
        return Sidecars(self.store, self.layout.own)
