"""What happened to a table, in the order it happened, as far as its metadata still knows."""

from __future__ import annotations

from collections.abc import Iterator

from lakesmith.lake.catalogs.pointers import MOVED
from lakesmith.lake.commits.summaries import read_commit
from lakesmith.lake.metadata import FRESH, ROLLED_BACK_TO, Metadata, Snapshot
from lakesmith.lake.quarantine.claims import ORDINAL, is_undone, undone_before
from lakesmith.lake.table import Table
from lakesmith.model.loads import Counts
from lakesmith.model.versions import Version

LEFT = {"rollback": "rolled back", "swap": "replaced"}
"""What became of versions before a jump that took the table elsewhere."""


def versions_of(table: Table) -> list[Version]:
    """Return what happened to a table, newest first; empty where there is none. Imports nothing heavy.

    Raises:
        CatalogBrokenError: If the catalog or the metadata cannot be read.
        CatalogLockedError: If the catalog stayed locked.
    """
    metadata = table.services.pointers.read(table.stream)
    return read_versions(metadata) if metadata else []


def read_versions(metadata: Metadata) -> list[Version]:
    """Return every version that readers ever saw and that is still kept, newest first; the first is the one in force."""
    known, chain = metadata.snapshots(), [snapshot.id for snapshot in metadata.ancestors()]
    seen = {*chain, *(metadata.once_main & known.keys())}  # the chain is cut where snapshots between expired
    holds, undone = {snapshot.id for snapshot in metadata.lineage()}, undone_before(metadata, metadata.main_id)
    versions: list[Version] = []
    became, left = "undone", False
    for snapshot in sorted((known[one] for one in seen), key=lambda snapshot: -snapshot.sequence):
        kind = kind_of(metadata, snapshot)
        if (ordinal := snapshot.number(ORDINAL)) or snapshot.id in holds:
            left = snapshot.id not in holds and is_undone(ordinal, undone)
        # upkeep bears no ordinal: it goes with what came after it
        state = "in force" if not versions else became if left else ""
        versions.append(_version(metadata, snapshot, kind, state))
        if snapshot.id in holds:
            became = LEFT.get(kind, became)
    return versions


def kind_of(metadata: Metadata, snapshot: Snapshot) -> str:
    """Return load, swap, rollback, compaction, move, or foreign for what was not written by Lakesmith."""
    commit = read_commit(snapshot)
    if commit is not None:
        return commit.kind
    if MOVED in snapshot.summary:
        return "move"
    parent = metadata.snapshots().get(snapshot.parent_id or -1)
    same = parent is None or parent.summary.get("total-records") == snapshot.summary.get("total-records")
    return "compaction" if snapshot.summary.get("operation") == "replace" and same else "foreign"


def _version(metadata: Metadata, snapshot: Snapshot, kind: str, state: str) -> Version:
    commit = read_commit(snapshot)
    taken = snapshot.summary.get(ROLLED_BACK_TO)
    to = metadata.snapshots().get(int(taken)) if taken else None
    return Version(
        snapshot_id=snapshot.id,
        at=snapshot.at,
        kind=kind,
        state=state,
        ordinal=commit.checkpoint.ordinal if commit else None,
        generation=commit.checkpoint.generation if commit else None,
        rows=snapshot.number("total-records"),
        files=snapshot.number("total-data-files"),
        counts=_built(metadata, snapshot) if kind == "swap" else commit.counts if commit and kind == "load" else None,
        batch_id=commit.batch_id if commit else "",
        back_to=(to.number(ORDINAL) if to else 0) if taken else None,
    )


def _built(metadata: Metadata, swap: Snapshot) -> Counts | None:
    """Return what all loads of a generation that was built aside read and wrote together; None once some are not kept."""
    total = Counts()
    for part in _parts(metadata, swap):
        commit = read_commit(part)
        total += commit.counts if commit else Counts()
        if FRESH in part.summary:
            return total
    return None


def _parts(metadata: Metadata, swap: Snapshot) -> Iterator[Snapshot]:
    walk = metadata.lineage(swap.id)
    next(walk)
    return walk
