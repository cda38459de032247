"""Leases: which snapshots an engine's attached views still name, so that nobody takes their files away.

A lease is an object that is written once: `<lake>/_lakesmith/leases/<holder>/<millis>-<ticket>-<state>.json`. An engine that is about to
attach writes one (`wanted`), and another (`held`) once its views name those snapshots. Of a holder, the newest `held` and everything
after it count: an attach that died half-way may have left the old views or the new ones.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from lakesmith.errors import StorageFullError, StorageUnavailableError
from lakesmith.lake.layout import Layout, safe_name
from lakesmith.lake.metadata import to_ms
from lakesmith.lake.services import Services
from lakesmith.lake.stores.store import Store, Stored
from lakesmith.model.streams import StreamId

LIFETIME = timedelta(days=7)
RENEWED = timedelta(days=1)
"""A lease that says the same is written again after this time."""
WANTED, HELD = "wanted", "held"


@dataclass(frozen=True, slots=True)
class Lease:
    """What one object of a lease says: the snapshots by stream (`source.stream`), for `lifetime` from when it was written."""

    stored: Stored
    snapshots: Mapping[str, int]
    lifetime: timedelta


def folder(layout: Layout) -> str:
    """Return the folder of all leases of a lake."""
    return f"{layout.own}/leases"


def leased(services: Services, stream: StreamId) -> frozenset[int]:
    """Return the snapshots of a stream's table that attached views still name. Imports nothing heavy.

    Raises:
        StorageUnavailableError: If a lease cannot be read: then nothing may be expired or deleted.
    """
    found = living(services.store, services.layout)
    return frozenset(lease.snapshots[str(stream)] for lease in found if str(stream) in lease.snapshots)


def living(store: Store, layout: Layout) -> list[Lease]:
    """Return the leases that count now.

    Raises:
        StorageUnavailableError: If one of them cannot be read.
    """
    objects = _by_holder(store.list(folder(layout)))
    if not objects:
        return []
    now = store.now()
    leases = (read(store, stored) for newest_first in objects.values() for stored in _counting(newest_first))
    return [lease for lease in leases if lease.stored.modified_at + lease.lifetime > now]


def read(store: Store, stored: Stored) -> Lease:
    """Return what an object of a lease says.

    Raises:
        StorageUnavailableError: If it cannot be read.
    """
    try:
        raw = json.loads(store.read(stored.path))
        snapshots = {str(stream): int(snapshot) for stream, snapshot in raw["snapshots"].items()}
        return Lease(stored, snapshots, timedelta(seconds=float(raw["lifetime_s"])))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StorageUnavailableError(
            "A lease of attached views is damaged, so nobody knows which files they still read.",
            where=stored.path,
            fix="delete that file, then run `lakesmith run`: the views are attached anew",
        ) from error


def want(services: Services, holder: str, snapshots: Mapping[StreamId, int], *, lifetime: timedelta = LIFETIME) -> None:
    """Ask that the files of these snapshots stay, before views name them.

    Args:
        services: The lake's.
        holder: Who attaches: one build file of one target on one machine.
        snapshots: What will be attached.
        lifetime: How long the lease counts by the store's clock, unless it is renewed.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If it cannot be written.
    """
    _write(services, holder, snapshots, WANTED, lifetime)


def hold(services: Services, holder: str, snapshots: Mapping[StreamId, int], *, lifetime: timedelta = LIFETIME) -> None:
    """Say that the holder's views name these snapshots, and no other any more; earlier leases of the holder are over.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If it cannot be written.
    """
    _write(services, holder, snapshots, HELD, lifetime)


def name_holder(target: str, place: str) -> str:
    """Return a name for who attaches: one build file on one machine, so that nobody ends another's lease.

    Args:
        target: The target's name, for people.
        place: The build file or folder, absolute.
    """
    own = hashlib.sha256(f"{platform.node()}:{place}".encode()).hexdigest()[:16]
    return f"{target}-{own}"


@contextmanager
def holding(services: Services, holder: str, snapshots: Mapping[StreamId, int]) -> Iterator[None]:
    """Keep the snapshots while views are attached to them, and from then on; earlier ones are let go once that has worked.

    A lake that may only be read cannot be told: its files stay three days at least, and each command attaches anew.
    """
    renew = not _is_held(services, holder, snapshots)
    if renew:
        with suppress(StorageUnavailableError, StorageFullError):
            want(services, holder, snapshots)
    yield
    if renew:
        with suppress(StorageUnavailableError, StorageFullError):
            hold(services, holder, snapshots)


def _is_held(services: Services, holder: str, snapshots: Mapping[StreamId, int]) -> bool:
    """Whether the holder's newest word is that it holds just these, said not long ago."""
    found = _by_holder(services.store.list(f"{folder(services.layout)}/{safe_name(holder)}"))
    newest = next((objects[0] for objects in found.values()), None)
    if newest is None or not newest.path.endswith(f"-{HELD}.json"):
        return False
    try:
        said = read(services.store, newest).snapshots
    except StorageUnavailableError:
        return False
    fresh = newest.modified_at > services.store.now() - RENEWED
    return fresh and said == {str(stream): snapshot for stream, snapshot in snapshots.items()}


def superseded(store: Store, layout: Layout) -> Iterator[Stored]:
    """Yield the objects of leases that count no more: replaced by newer ones, or past their time."""
    now = store.now()
    for newest_first in _by_holder(store.list(folder(layout))).values():
        counting = {stored.path for stored in _counting(newest_first)}
        for stored in newest_first:
            if stored.path not in counting or stored.modified_at + read(store, stored).lifetime <= now:
                yield stored


def _write(services: Services, holder: str, snapshots: Mapping[StreamId, int], state: str, lifetime: timedelta) -> None:
    place = f"{folder(services.layout)}/{safe_name(holder)}"
    newest = max((_millis(stored) for stored in services.store.list(place)), default=0)
    millis = max(to_ms(services.host.clock.now()), newest + 1)  # a clock that goes back does not wake an old lease
    said = {
        "holder": holder,
        "lifetime_s": lifetime.total_seconds(),
        "snapshots": {str(stream): snapshot for stream, snapshot in sorted(snapshots.items(), key=str)},
    }
    name = f"{millis:015d}-{services.host.ids.ticket()}-{state}.json"
    services.store.write(f"{place}/{name}", json.dumps(said, sort_keys=True).encode())


def _by_holder(objects: Iterable[Stored]) -> dict[str, list[Stored]]:
    """Return the objects of each holder, newest first."""
    grouped: dict[str, list[Stored]] = defaultdict(list)
    for stored in objects:
        if stored.path.endswith((f"-{WANTED}.json", f"-{HELD}.json")):
            grouped[stored.path.rpartition("/")[0]].append(stored)
    return {holder: sorted(found, key=lambda stored: stored.path, reverse=True) for holder, found in grouped.items()}


def _counting(newest_first: Iterable[Stored]) -> Iterator[Stored]:
    for stored in newest_first:
        yield stored
        if stored.path.endswith(f"-{HELD}.json"):
            return


def _millis(stored: Stored) -> int:
    number = stored.path.rpartition("/")[2].partition("-")[0]
    return int(number) if number.isdigit() else 0
