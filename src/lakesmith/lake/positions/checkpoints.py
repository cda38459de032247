"""Which checkpoint is in force, and how a commit carries it."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

from lakesmith.errors import CatalogBrokenError, ForeignCommitError
from lakesmith.lake.metadata import Metadata, Snapshot
from lakesmith.lake.positions.sidecars import Reference, Sidecars
from lakesmith.model.loads import Checkpoint

CHECKPOINT = "lakesmith.checkpoint"
ORDINAL = "lakesmith.ordinal"
REFERENCE = "lakesmith.checkpoint-ref"
MOVED_FILES = ("added-data-files", "deleted-data-files", "added-delete-files", "removed-delete-files")


def reference(snapshot_id: int, checkpoint: Checkpoint) -> str:
    """Return the table property that repeats a checkpoint's reference; it outlives the snapshot."""
    digest = hashlib.sha256(checkpoint.encode().encode()).hexdigest()
    return json.dumps({"ordinal": checkpoint.ordinal, "sha256": digest, "snapshot-id": snapshot_id}, sort_keys=True)


def in_force(metadata: Metadata, sidecars: Sidecars, start: int | None = None) -> Checkpoint | None:
    """Return the checkpoint of the nearest ancestor that bears one; None for a table without snapshots.

    Args:
        metadata: The table's metadata.
        sidecars: Where large checkpoints lie.
        start: The snapshot to begin at; None: the head of `main`.

    Raises:
        ForeignCommitError: If something else than upkeep came after it, or no ancestor bears one.
        CatalogBrokenError: If the checkpoint is not what the table says it wrote, or what it lies in is missing.
        StorageUnavailableError: If what it lies in cannot be read now.
    """
    snapshot = find_bearer(metadata, start)
    return None if snapshot is None else _decode(metadata, snapshot, sidecars)


def find_bearer(metadata: Metadata, start: int | None = None) -> Snapshot | None:
    """Return the snapshot whose checkpoint is in force, without reading that; None for a table without snapshots.

    Raises:
        ForeignCommitError: If something else than upkeep came after it, or no ancestor bears one.
    """
    later: list[Snapshot] = []
    for snapshot in metadata.ancestors(start):
        if CHECKPOINT in snapshot.summary:
            _check_upkeep(metadata, [*later, snapshot])
            return snapshot
        later.append(snapshot)
    if metadata.main_id is None and not metadata.snapshots() and REFERENCE not in metadata.properties:
        return None
    raise ForeignCommitError(
        "This table has snapshots, but none of its history bears a Lakesmith checkpoint: where to resume is not known.",
        where=metadata.path,
        fix="restore the table to a snapshot that Lakesmith wrote, or move it away so that the stream is loaded anew",
    )


def _check_upkeep(metadata: Metadata, newest_first: list[Snapshot]) -> None:
    for child, parent in itertools.pairwise(newest_first):
        if not _is_upkeep(child, parent):
            raise ForeignCommitError(
                f"Snapshot {child.id} ({child.summary.get('operation', 'unknown')}) was not written by Lakesmith and changed rows.",
                where=metadata.path,
                fix=f"roll the table back to snapshot {parent.id}, or move it away so that the stream is loaded anew",
            )


def _is_upkeep(child: Snapshot, parent: Snapshot) -> bool:
    if child.summary.get("operation") == "replace":
        rows = child.summary.get("total-records")
        deletes = child.number("total-delete-files") == parent.number("total-delete-files")
        return rows is not None and rows == parent.summary.get("total-records") and deletes
    return bool(child.summary) and not any(child.number(key) for key in MOVED_FILES)


def find_said(metadata: Metadata | None, start: int | None = None) -> str | None:
    """Return what the summary says that bears the checkpoint in force; None for a table that is not there or was never loaded.

    Raises:
        ForeignCommitError: If something else than upkeep came after it, or no ancestor bears one.
    """
    snapshot = find_bearer(metadata, start) if metadata is not None else None
    return None if snapshot is None else snapshot.summary[CHECKPOINT]


def name_sidecars(metadata: Metadata, sidecars: Sidecars) -> frozenset[str]:
    """Return the paths of all sidecars that a version of the metadata names: of every snapshot kept, on every branch.

    Raises:
        CatalogBrokenError: If a snapshot's checkpoint cannot be understood, so that what it needs is not known.
    """
    bearing = [snapshot for snapshot in metadata.snapshots().values() if CHECKPOINT in snapshot.summary]
    paths: set[str] = set()
    for snapshot in bearing:
        try:
            paths |= sidecars.paths(snapshot.summary[CHECKPOINT])
        except ValueError as error:
            raise _untrusted(metadata, snapshot, str(error)) from error
    return frozenset(paths)


def _decode(metadata: Metadata, snapshot: Snapshot, sidecars: Sidecars) -> Checkpoint:
    text = snapshot.summary[CHECKPOINT]
    said = read_reference(metadata)
    try:
        checkpoint = sidecars.read(text)
        decoded = text if Reference.decode(text) is None else checkpoint.encode()
    except ValueError as error:
        raise _untrusted(metadata, snapshot, str(error)) from error
    digest = hashlib.sha256(decoded.encode()).hexdigest()
    if said.get("snapshot-id") == snapshot.id and said.get("sha256") != digest:
        raise _untrusted(metadata, snapshot, "its hash is another than the table repeats")
    return checkpoint


def _untrusted(metadata: Metadata, snapshot: Snapshot, why: str) -> CatalogBrokenError:
    return CatalogBrokenError(
        f"The checkpoint in snapshot {snapshot.id} cannot be trusted: {why}.",
        where=metadata.path,
        fix="restore the metadata file from a backup, or roll the table back to the snapshot before",
    )


def read_reference(metadata: Metadata) -> dict[str, Any]:
    """Return what the table repeats about its newest checkpoint; empty for a table never loaded."""
    try:
        read = json.loads(metadata.properties.get(REFERENCE, "{}"))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def highest_ordinal(metadata: Metadata) -> int:
    """Return the highest ordinal ever committed to the table, also by snapshots that were rolled back; 0 before the first."""
    kept = (snapshot.number(ORDINAL) for snapshot in metadata.snapshots().values())
    return max([int(read_reference(metadata).get("ordinal", 0)), *kept])
