"""Whether the times in a table's metadata only go forward, as other readers of Iceberg demand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from lakesmith.lake.metadata import Metadata, from_ms

TOLERANCE_MS = 60_000
"""How far times may go back before the readers built on Iceberg's Java library refuse to open the table."""


def check_logs(metadata: Metadata) -> tuple[str, ...]:
    """Return what is wrong with the order of times in a table's metadata, one sentence each; nothing if they only go forward."""
    return tuple(_faults(metadata))


def _faults(metadata: Metadata) -> Iterator[str]:
    last = metadata.last_updated_ms
    seen = [int(entry["timestamp-ms"]) for entry in metadata.raw.get("snapshot-log") or ()]
    versions = [int(entry["timestamp-ms"]) for entry in metadata.raw.get("metadata-log") or ()]
    snapshots = sorted(metadata.snapshots().values(), key=lambda snapshot: snapshot.sequence)
    yield from _backwards("the log of what readers saw", [*seen, max(last, seen[-1]) if seen else last])
    yield from _backwards("the log of metadata files", [*versions, last])
    yield from _backwards("the snapshots, in the order of their sequence numbers,", [s.timestamp_ms for s in snapshots])
    if snapshots and snapshots[-1].timestamp_ms > last:
        yield f"the newest snapshot is of {from_ms(snapshots[-1].timestamp_ms):%Y-%m-%d %H:%M:%S}, after the table's last change"
    if seen and metadata.main_id is not None and metadata.raw["snapshot-log"][-1]["snapshot-id"] != metadata.main_id:
        yield "the log of what readers saw does not end with what they see"


def _backwards(what: str, times_ms: Sequence[int]) -> Iterator[str]:
    gap = max((before - after for before, after in itertools.pairwise(times_ms)), default=0)
    if gap > 0:
        who = "other readers refuse the table" if gap > TOLERANCE_MS else "other readers still take that"
        yield f"{what} goes back by {gap / 1000:,.3f} s; {who}"
