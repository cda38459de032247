"""What a commit says about itself in its snapshot summary, written and read in one place."""

from __future__ import annotations

import json
from pathlib import PurePath

from lakesmith.lake.checkpoints import CHECKPOINT, ORDINAL
from lakesmith.lake.metadata import Snapshot
from lakesmith.lake.quarantine import BATCH_ID, CLAIMS
from lakesmith.model.loads import Batch, Checkpoint, Commit, Counts, Group

PROVEN = "lakesmith.proven"
COUNTS = {name: f"lakesmith.{name}" for name in ("read", "written", "quarantined", "filtered", "derived")}


def write_summary(group: Group, batch: Batch) -> dict[str, str]:
    """Return the summary entries of a load commit."""
    claims = [PurePath(path).name for receipt in batch.staged for path in receipt.reject_files]
    return {
        CHECKPOINT: batch.checkpoint.encode(),
        ORDINAL: str(group.ordinal),
        BATCH_ID: group.batch_id,
        PROVEN: str(batch.counts.proven).lower(),
        **{key: str(getattr(batch.counts, name)) for name, key in COUNTS.items()},
        **({CLAIMS: json.dumps(claims)} if claims else {}),
    }


def read_commit(snapshot: Snapshot) -> Commit | None:
    """Return the load commit that a snapshot is, None for upkeep and for what others wrote."""
    if BATCH_ID not in snapshot.summary:
        return None
    counts = {name: snapshot.number(key) for name, key in COUNTS.items()}
    return Commit(
        snapshot_id=snapshot.id,
        batch_id=snapshot.summary[BATCH_ID],
        checkpoint=Checkpoint.decode(snapshot.summary[CHECKPOINT]),
        counts=Counts(**counts, proven=snapshot.summary.get(PROVEN) == "true"),
        files=snapshot.number("added-data-files"),
        size_bytes=snapshot.number("added-files-size"),
        committed_at=snapshot.at,
    )
