"""What a commit says about itself in its snapshot summary, written and read in one place."""

from __future__ import annotations

import json
from pathlib import PurePath

from lakesmith.lake.metadata import ROLLED_BACK_TO, SWAPPED_FROM, Snapshot
from lakesmith.lake.positions.checkpoints import CHECKPOINT, ORDINAL
from lakesmith.lake.positions.sidecars import read_outline
from lakesmith.lake.quarantine.claims import BATCH_ID, CLAIMS, UNDONE
from lakesmith.model.loads import Batch, Commit, Counts, Group

PROVEN = "lakesmith.proven"
COUNTS = {name: f"lakesmith.{name}" for name in ("read", "written", "quarantined", "filtered", "derived")}

KINDS = {SWAPPED_FROM: "swap", ROLLED_BACK_TO: "rollback"}


def write_summary(group: Group, batch: Batch, said: str) -> dict[str, str]:
    """Return the summary entries of a load commit; `said` is what `Sidecars.write` returned for the batch's checkpoint."""
    claims = [PurePath(path).name for receipt in batch.staged for path in receipt.reject_files]
    return {
        CHECKPOINT: said,
        ORDINAL: str(group.ordinal),
        BATCH_ID: group.batch_id,
        PROVEN: str(batch.counts.proven).lower(),
        **{key: str(getattr(batch.counts, name)) for name, key in COUNTS.items()},
        **({CLAIMS: json.dumps(claims)} if claims else {}),
    }


def write_jump(key: str, snapshot_id: int, *, ticket: str, said: str, undone: str) -> dict[str, str]:
    """Return the summary entries of a commit that brings no rows of its own but makes those of another snapshot current.

    Args:
        key: Why: `SWAPPED_FROM` or `ROLLED_BACK_TO`.
        snapshot_id: The snapshot whose rows they are.
        ticket: What tells this commit from every other.
        said: The checkpoint, as the summary spells it.
        undone: The ordinals that are no part of the table's rows from now on.
    """
    return {
        CHECKPOINT: said,
        ORDINAL: str(read_outline(said).ordinal),
        BATCH_ID: ticket,
        PROVEN: "true",
        key: str(snapshot_id),
        **({UNDONE: undone} if undone else {}),
    }


def read_commit(snapshot: Snapshot) -> Commit | None:
    """Return the load commit that a snapshot is, None for upkeep and for what others wrote.

    A checkpoint that lies aside is not read: it comes without position and open splits.
    """
    if BATCH_ID not in snapshot.summary:
        return None
    counts = {name: snapshot.number(key) for name, key in COUNTS.items()}
    return Commit(
        snapshot_id=snapshot.id,
        batch_id=snapshot.summary[BATCH_ID],
        checkpoint=read_outline(snapshot.summary[CHECKPOINT]),
        counts=Counts(**counts, proven=snapshot.summary.get(PROVEN) == "true"),
        files=snapshot.number("added-data-files"),
        size_bytes=snapshot.number("added-files-size"),
        committed_at=snapshot.at,
        kind=next((kind for key, kind in KINDS.items() if key in snapshot.summary), "load"),
    )
