"""The crash points of upkeep, in the order it passes them."""

from __future__ import annotations

COMPACT_BEGUN = "lake.compact.begun"
COMPACT_ROWS_WRITTEN = "lake.compact.rows_written"
COMPACT_WRITTEN = "lake.compact.written"
COMPACT_PROVEN = "lake.compact.proven"
COMPACT_SENDING = "lake.compact.sending"
COMPACT_PREPARED = "lake.compact.prepared"
COMPACT_LANDED = "lake.compact.landed"
COLLECT_BEGUN = "lake.collect.begun"
COLLECT_LISTED = "lake.collect.listed"
COLLECT_MARKED = "lake.collect.marked"
COLLECT_DELETED = "lake.collect.deleted"

COMPACT_POINTS = (
    COMPACT_BEGUN,
    COMPACT_ROWS_WRITTEN,
    COMPACT_WRITTEN,
    COMPACT_PROVEN,
    COMPACT_SENDING,
    COMPACT_PREPARED,
    COMPACT_LANDED,
)
COLLECT_POINTS = (COLLECT_BEGUN, COLLECT_LISTED, COLLECT_MARKED, COLLECT_DELETED)
UPKEEP_POINTS = (*COMPACT_POINTS, *COLLECT_POINTS)
