"""Which snapshots a commit lets go of: kept are the newest by number, one a day for a week, and whatever somebody still needs."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.metadata import BUILD, FRESH, Metadata, Snapshot
from lakesmith.lake.positions.checkpoints import CHECKPOINT
from lakesmith.lake.quarantine.claims import ClaimStore

if TYPE_CHECKING:
    from pyiceberg.table.update import TableRequirement, TableUpdate

    from lakesmith.lake.services import Services
    from lakesmith.model.streams import StreamId

KEEP = 50
KEEP_PROPERTY = "history.expire.min-snapshots-to-keep"
DAYS = 7
MS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Expiry:
    """What a commit does besides its own work: updates that drop snapshots, properties to set, and what must not have moved."""

    updates: tuple[TableUpdate, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    requirements: tuple[TableRequirement, ...] = ()


NOTHING = Expiry()


def plan_expiry(
    services: Services, stream: StreamId, metadata: Metadata | None, *, at_ms: int, source: int | None = None
) -> Expiry:
    """Return what a commit to `main` lets go of. Claims are carried over when this returns.

    A generation that is being built aside goes as a whole: it would take the place of something that is no longer there. Where leases
    cannot be read, no snapshot goes.

    Args:
        services: The lake's.
        stream: Whose table it is.
        metadata: What the commit is built on, None for a new table.
        at_ms: The time of the commit, in milliseconds since 1970.
        source: The snapshot that the commit takes its rows from, if it brings none; the generation that it is part of stays.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If claims cannot be carried over.
        CatalogBrokenError: If claims carried over before are missing or damaged.
    """
    if metadata is None:
        return NOTHING
    dead = (BUILD,) if metadata.refs.get(BUILD, source) != source else ()
    try:
        leased = read_leased(services, stream)
    except StorageUnavailableError:
        return Expiry(_removals(metadata, [], dead), (), _unmoved(dead, metadata))
    needed = leased if source is None else leased | {source}
    expired = choose_expired(metadata, leased=needed, at_ms=at_ms, without=dead)
    claims = ClaimStore(services.store, services.layout).carry(metadata, leaving(metadata, expired, source))
    return Expiry(_removals(metadata, expired, dead), tuple(claims.items()), _unmoved(dead, metadata))


def plan_renewal(metadata: Metadata | None) -> Expiry:
    """Return what a commit that begins a generation aside lets go of: what was built aside before, which nobody ever saw."""
    old = metadata.refs.get(BUILD) if metadata is not None else None
    if metadata is None or old is None:
        return NOTHING
    needed = set(_held(metadata, without={BUILD}))
    expired = [snapshot.id for snapshot in _built(metadata, old) if snapshot.id not in needed]
    return Expiry(_removals(metadata, expired, ()), (), _unmoved((BUILD,), metadata))


def read_leased(services: Services, stream: StreamId) -> frozenset[int]:
    """Return the snapshots that engines' attached views still name.

    Raises:
        StorageUnavailableError: If a lease cannot be read.
    """
    from lakesmith.lake.upkeep.leases import leased

    return leased(services, stream)


def choose_expired(
    metadata: Metadata, *, leased: Collection[int], at_ms: int, without: Collection[str] = ()
) -> list[int]:
    """Return the snapshots to expire in a commit that adds one to `main`, oldest first.

    Args:
        metadata: What the commit is built on.
        leased: Snapshots that attached views name.
        at_ms: The time of the commit, in milliseconds since 1970.
        without: Branches that the commit removes.
    """
    oldest_first = sorted(metadata.snapshots().values(), key=lambda snapshot: snapshot.sequence)
    aside = {built.id for built in _built(metadata, metadata.refs.get(BUILD))}
    numbered = [snapshot.id for snapshot in oldest_first if snapshot.id not in aside][1 - keep_of(metadata) :]
    needed = {
        *numbered,
        *leased,
        *_held(metadata, without),
        *_since_checkpoint(metadata),
        *_last_of_days(metadata, at_ms),
    }
    return [snapshot.id for snapshot in oldest_first if snapshot.id not in needed]


def keep_of(metadata: Metadata) -> int:
    """Return how many snapshots the table keeps by number: its own property, which other tools know too, says so."""
    said = metadata.properties.get(KEEP_PROPERTY, "")
    return max(2, int(said)) if said.isdigit() else KEEP


def _held(metadata: Metadata, without: Collection[str]) -> Iterator[int]:
    """Yield what branches and tags hold: their heads, and for those beside `main` everything back to it."""
    main = {snapshot.id for snapshot in metadata.ancestors()}
    for head in {head for name, head in metadata.refs.items() if name not in without}:
        for snapshot in metadata.ancestors(head):
            yield snapshot.id
            if snapshot.id in main:
                break


def _since_checkpoint(metadata: Metadata) -> Iterator[int]:
    """Yield the head of `main` and its ancestors as far as the checkpoint in force."""
    for snapshot in metadata.ancestors():
        yield snapshot.id
        if CHECKPOINT in snapshot.summary:
            return


def _last_of_days(metadata: Metadata, at_ms: int) -> Iterator[int]:
    """Yield the last load of each of the days before today; of what was rolled back, nothing."""
    rolled_back = {snapshot.id for snapshot in metadata.ancestors()} - {snapshot.id for snapshot in metadata.wanted()}
    seen = metadata.once_main - rolled_back
    last: dict[int, Snapshot] = {}
    for snapshot in sorted(metadata.snapshots().values(), key=lambda snapshot: snapshot.sequence):
        if snapshot.id in seen and CHECKPOINT in snapshot.summary:
            last[snapshot.timestamp_ms // MS_PER_DAY] = snapshot
    today = at_ms // MS_PER_DAY
    yield from (snapshot.id for day, snapshot in last.items() if today - DAYS <= day < today)


def _built(metadata: Metadata, head: int | None) -> Iterator[Snapshot]:
    """Yield the snapshots of a generation that was built aside."""
    for snapshot in metadata.ancestors(head) if head is not None else ():
        yield snapshot
        if FRESH in snapshot.summary:
            return


def leaving(metadata: Metadata, expired: Collection[int], source: int | None = None) -> list[Snapshot]:
    """Return the snapshots that can be reached from the head of `main`, and cannot be from the one that comes after it.

    Args:
        metadata: What the commit is built on.
        expired: The snapshots it expires.
        source: The snapshot that it takes its rows from; None: the head.
    """
    before, later = _reachable(metadata, None), metadata.without(expired)
    return [before[at] for at in before.keys() - _reachable(later, source).keys()]


def _reachable(metadata: Metadata, source: int | None) -> dict[int, Snapshot]:
    chains = itertools.chain(metadata.ancestors(), metadata.lineage(source))
    return {snapshot.id: snapshot for snapshot in chains}


def _removals(metadata: Metadata, expired: list[int], branches: Iterable[str]) -> tuple[TableUpdate, ...]:
    from pyiceberg.table.update import (
        RemovePartitionStatisticsUpdate,
        RemoveSnapshotRefUpdate,
        RemoveSnapshotsUpdate,
    )

    refs = tuple(RemoveSnapshotRefUpdate(ref_name=branch) for branch in branches)
    if not expired:
        return refs
    known = {entry["snapshot-id"] for entry in metadata.raw.get("partition-statistics") or ()}
    statistics = tuple(RemovePartitionStatisticsUpdate(snapshot_id=at) for at in expired if at in known)
    return (*refs, *statistics, RemoveSnapshotsUpdate(snapshot_ids=expired))


def _unmoved(branches: Iterable[str], metadata: Metadata) -> tuple[TableRequirement, ...]:
    from pyiceberg.table.update import AssertRefSnapshotId

    return tuple(AssertRefSnapshotId(ref=branch, snapshot_id=metadata.refs[branch]) for branch in branches)
