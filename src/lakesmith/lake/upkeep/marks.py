"""What each pass of the collector found to be needed by nobody; only what two passes a day apart agree on is ever deleted."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.layout import Layout, safe_name
from lakesmith.lake.metadata import to_ms
from lakesmith.lake.services import Services
from lakesmith.lake.stores.store import Store, Stored
from lakesmith.lake.upkeep.guards import APART, is_whole

Marked = dict[str, int]
"""Bytes by path."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier passes said: what those since a day ago at the latest agree on (None: there was none), and marks nobody needs.

    Among the latter are those whose writing was cut off: such a pass said nothing.
    """

    agreed: Marked | None
    outdated: tuple[Stored, ...] = ()


def folder(layout: Layout, name: str) -> str:
    """Return where the marks of one table lie, or those of the lake's own things."""
    return f"{layout.own}/collector/{safe_name(name)}"


def read_earlier(store: Store, place: str, now: datetime) -> Earlier:
    """Return what earlier passes agree on; a pass that cannot be read is as if nothing had been marked.

    Args:
        store: Where the lake lies.
        place: The folder of the marks.
        now: The time by the store's clock, which also stamped the marks.
    """
    found = sorted(store.list(place), key=lambda stored: stored.modified_at, reverse=True)
    newest_first = [stored for stored in found if is_whole(stored)]
    torn = tuple(stored for stored in found if not is_whole(stored))
    old = [stored for stored in newest_first if stored.modified_at <= now - APART]
    if not old:
        return Earlier(None, torn)
    counting = [stored for stored in newest_first if stored.modified_at >= old[0].modified_at]
    agreed = _read(store, counting[0])
    for stored in counting[1:]:
        other = _read(store, stored)
        agreed = {path: said for path, said in agreed.items() if other.get(path) == said}
    return Earlier(agreed, (*(stored for stored in newest_first if stored not in counting), *torn))


def write(services: Services, place: str, found: Iterable[Stored], now: datetime) -> None:
    """Write down what this pass found to be needed by nobody.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If it cannot be written.
    """
    content = json.dumps({stored.path: stored.size_bytes for stored in found}, sort_keys=True).encode()
    name = f"{to_ms(now):015d}-{services.host.ids.ticket()}.json.gz"
    services.store.write(f"{place}/{name}", gzip.compress(content, 1, mtime=0))


def _read(store: Store, stored: Stored) -> Marked:
    try:
        raw = json.loads(gzip.decompress(store.read(stored.path)))
        return {str(path): int(size) for path, size in raw.items()}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zlib.error, StorageUnavailableError):
        return {}
