"""The crash points of the lake, in the order a load passes them."""

from __future__ import annotations

STAGE_OPENED = "lake.stage.opened"
ROWS_WRITTEN = "lake.stage.rows_written"
FILE_WRITTEN = "lake.stage.file_written"
FILE_SYNCED = "lake.stage.file_synced"
QUARANTINE_WRITTEN = "lake.quarantine.written"
STAGE_CLOSED = "lake.stage.closed"
COMMIT_BEGUN = "lake.commit.begun"
SIDECAR_WRITTEN = "lake.sidecar.written"
COMMIT_PREPARED = "lake.commit.prepared"
METADATA_WRITTEN = "lake.commit.metadata_written"
COMMIT_LANDED = "lake.commit.landed"
SWAP_BEGUN = "lake.swap.begun"
SWAP_PREPARED = "lake.swap.prepared"
SWAP_LANDED = "lake.swap.landed"
ROLLBACK_BEGUN = "lake.rollback.begun"
ROLLBACK_PREPARED = "lake.rollback.prepared"
ROLLBACK_LANDED = "lake.rollback.landed"
TOGETHER_BEGUN = "lake.together.begun"
TOGETHER_PREPARED = "lake.together.prepared"
TOGETHER_MOVED = "lake.together.moved"
TOGETHER_LANDED = "lake.together.landed"
CLAIMS_CARRIED = "lake.expire.claims_carried"

CRASH_POINTS = (
    STAGE_OPENED,
    ROWS_WRITTEN,
    FILE_WRITTEN,
    FILE_SYNCED,
    QUARANTINE_WRITTEN,
    STAGE_CLOSED,
    COMMIT_BEGUN,
    SIDECAR_WRITTEN,
    COMMIT_PREPARED,
    METADATA_WRITTEN,
    COMMIT_LANDED,
)

SWAP_POINTS = (SWAP_BEGUN, SWAP_PREPARED, METADATA_WRITTEN, SWAP_LANDED)
ROLLBACK_POINTS = (ROLLBACK_BEGUN, ROLLBACK_PREPARED, METADATA_WRITTEN, ROLLBACK_LANDED)
TOGETHER_POINTS = (TOGETHER_BEGUN, TOGETHER_PREPARED, METADATA_WRITTEN, TOGETHER_MOVED, TOGETHER_LANDED)
EXPIRY_POINTS = (CLAIMS_CARRIED,)
