"""The collector: the only code of Lakesmith that deletes files of a lake, and what it asks before it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lakesmith.errors import LakesmithError
from lakesmith.host import crash
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.services import Services
from lakesmith.lake.stores.store import Stored
from lakesmith.lake.upkeep import guards, leases, marks, points
from lakesmith.lake.upkeep.guards import Sight
from lakesmith.lake.upkeep.reach import Reach, find_reach, key
from lakesmith.model.streams import StreamId

METADATA_ENDING = ".metadata.json"
OWN = "leases"
REASONS = {
    guards.DATA: "no snapshot that is kept names it",
    guards.METADATA: "no snapshot that is kept and no catalog needs it",
    guards.QUARANTINE: "its batch never landed",
    guards.SIDECAR: "no snapshot that is kept names it",
    guards.CLAIM: "replaced by a newer one",
    guards.LEASE: "it is over",
}
WAITS, DUE, DELETED = "waits", "due", "deleted"


@dataclass(frozen=True, slots=True)
class Litter:
    """An object that nobody needs. `state`: `waits` for a second look a day after the first, is `due`, or was `deleted`."""

    stored: Stored
    kind: str
    why: str
    state: str = WAITS


@dataclass(frozen=True, slots=True)
class Swept:
    """What a pass found in one table (None: in what belongs to the whole lake); `problem` is why nothing was deleted there."""

    stream: StreamId | None
    litter: tuple[Litter, ...] = ()
    problem: LakesmithError | None = None

    def count(self, state: str) -> tuple[int, int]:
        """Return how many objects are in a state, and their bytes."""
        sizes = [one.stored.size_bytes for one in self.litter if one.state == state]
        return len(sizes), sum(sizes)


def collect(services: Services, streams: Sequence[StreamId], *, delete: bool) -> list[Swept]:
    """Look through tables and through what is the lake's own; delete what two passes a day apart found to be needed by nobody.

    What cannot be read protects everything in its table. A table that the catalog does not know is not looked at.

    Args:
        services: The lake's.
        streams: Whose tables.
        delete: Whether to mark and delete; False: only say what would go.
    """
    crash.point(points.COLLECT_BEGUN)
    return [*(_guarded(services, stream, delete=delete) for stream in streams), _guarded(services, None, delete=delete)]


def _guarded(services: Services, stream: StreamId | None, *, delete: bool) -> Swept:
    try:
        return _sweep_own(services, delete=delete) if stream is None else _sweep(services, stream, delete=delete)
    except LakesmithError as error:
        return Swept(stream, (), error)


def _sweep(services: Services, stream: StreamId, *, delete: bool) -> Swept:
    before = services.pointers.read(stream)
    if before is None:
        return Swept(stream)
    objects = list(_list(services, stream, before.table_uuid))  # before the look at what names them, never after it
    metadata = services.pointers.read(stream)
    if metadata is None or metadata.table_uuid != before.table_uuid:
        return Swept(stream)
    reach, now = find_reach(services, stream, metadata), services.store.now()
    sight = Sight(reach, now, _newest_metadata(objects), _head_at(objects, metadata))
    found = [one for one in objects if not guards.must_stay(one.stored, one.kind, sight)]
    crash.point(points.COLLECT_LISTED)
    judged = _judge(services, str(stream), found, now, delete=delete)
    if not delete:
        return Swept(stream, tuple(judged))
    fresh = _look_again(services, stream, metadata, reach)
    return Swept(stream, tuple(_delete(services, one) if not fresh.holds(one.stored.path) else one for one in judged))


def _list(services: Services, stream: StreamId, table_uuid: str) -> Iterator[Litter]:
    layout = services.layout
    places = {
        guards.DATA: layout.data(stream),
        guards.METADATA: layout.metadata(stream),
        guards.QUARANTINE: layout.quarantine(stream),
        guards.SIDECAR: layout.sidecars(table_uuid),
        guards.CLAIM: f"{layout.own}/claims/{table_uuid}",
    }
    for kind, place in places.items():
        for stored in services.store.list(place):
            yield Litter(stored, kind, REASONS[kind])


def _newest_metadata(objects: Sequence[Litter]) -> frozenset[str]:
    versions = [one.stored for one in objects if one.stored.path.endswith(METADATA_ENDING)]
    newest_first = sorted(versions, key=lambda stored: (stored.modified_at, stored.path), reverse=True)
    return frozenset(stored.path for stored in newest_first[: guards.METADATA_KEPT])


def _head_at(objects: Sequence[Litter], metadata: Metadata) -> datetime | None:
    """Return when the list of files of the head of `main` was written, by the store's clock; None if it is not among the objects."""
    listed = next(
        (raw["manifest-list"] for raw in metadata.raw.get("snapshots") or () if raw["snapshot-id"] == metadata.main_id),
        "",
    )
    return next((one.stored.modified_at for one in objects if key(one.stored.path) == key(listed)), None)


def _judge(services: Services, name: str, found: Sequence[Litter], now: datetime, *, delete: bool) -> list[Litter]:
    """Return what was found with its state: due is what earlier passes agree on. A pass that may delete is written down first."""
    place = marks.folder(services.layout, name)
    earlier = marks.read_earlier(services.store, place, now)
    if delete:
        marks.write(services, place, [one.stored for one in found], now)
        crash.point(points.COLLECT_MARKED)
        for stored in earlier.outdated:
            if stored.modified_at <= now - guards.YOUNG and guards.is_ours(stored, guards.MARKS):
                services.store.delete(stored.path)
    return [replace(one, state=DUE if guards.is_marked_twice(one.stored, earlier.agreed) else WAITS) for one in found]


def _look_again(services: Services, stream: StreamId, metadata: Metadata, reach: Reach) -> Reach:
    """Return what the table needs now: it may have moved while its files were looked at."""
    newest = services.pointers.read(stream)
    if newest is None or newest.path == metadata.path:
        return reach
    return find_reach(services, stream, newest)


def _delete(services: Services, one: Litter) -> Litter:
    if one.state != DUE:
        return one
    services.store.delete(one.stored.path)
    crash.point(points.COLLECT_DELETED)
    return replace(one, state=DELETED)


def _sweep_own(services: Services, *, delete: bool) -> Swept:
    """Look through leases that are over."""
    now = services.store.now()
    sight = Sight(Reach(), now)
    over = leases.superseded(services.store, services.layout)
    found = [
        Litter(stored, guards.LEASE, REASONS[guards.LEASE])
        for stored in over
        if guards.is_ours(stored, guards.LEASE) and not guards.is_young(stored, sight)
    ]
    judged = _judge(services, OWN, found, now, delete=delete)
    return Swept(None, tuple(_delete(services, one) for one in judged) if delete else tuple(judged))
