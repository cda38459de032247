"""Which checkpoint is in force, and how a commit carries it."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

from lakesmith.errors import CatalogBrokenError, ForeignCommitError
from lakesmith.lake.metadata import Metadata, Snapshot
from lakesmith.model.loads import Checkpoint

CHECKPOINT = "lakesmith.checkpoint"
ORDINAL = "lakesmith.ordinal"
REFERENCE = "lakesmith.checkpoint-ref"
MOVED_FILES = ("added-data-files", "deleted-data-files", "added-delete-files", "removed-delete-files")


def reference(snapshot_id: int, checkpoint: Checkpoint) -> str:
    """Return the table property that repeats a checkpoint's reference; it outlives the snapshot."""
    digest = hashlib.sha256(checkpoint.encode().encode()).hexdigest()
    return json.dumps({"ordinal": checkpoint.ordinal, "sha256": digest, "snapshot-id": snapshot_id}, sort_keys=True)


def in_force(metadata: Metadata, start: int | None = None) -> Checkpoint | None:
    """Return the checkpoint of the nearest ancestor that bears one; None for a table without snapshots.

    Args:
        metadata: The table's metadata.
        start: The snapshot to begin at; None: the head of `main`.

    Raises:
        ForeignCommitError: If something else than upkeep came after it, or no ancestor bears one.
        CatalogBrokenError: If the checkpoint is not what the table says it wrote.
    """
    later: list[Snapshot] = []
    for snapshot in metadata.ancestors(start):
        if CHECKPOINT in snapshot.summary:
            _check_upkeep(metadata, [*later, snapshot])
            return _decode(metadata, snapshot)
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


def _decode(metadata: Metadata, snapshot: Snapshot) -> Checkpoint:
    text = snapshot.summary[CHECKPOINT]
    said = read_reference(metadata)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if said.get("snapshot-id") == snapshot.id and said.get("sha256") != digest:
        raise _untrusted(metadata, snapshot, "its hash is another than the table repeats")
    try:
        return Checkpoint.decode(text)
    except ValueError as error:
        raise _untrusted(metadata, snapshot, str(error)) from error


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
