"""The crash points of the lake, in the order a load passes them."""

from __future__ import annotations

STAGE_OPENED = "lake.stage.opened"
ROWS_WRITTEN = "lake.stage.rows_written"
FILE_WRITTEN = "lake.stage.file_written"
FILE_SYNCED = "lake.stage.file_synced"
QUARANTINE_WRITTEN = "lake.quarantine.written"
STAGE_CLOSED = "lake.stage.closed"
COMMIT_BEGUN = "lake.commit.begun"
COMMIT_PREPARED = "lake.commit.prepared"
METADATA_WRITTEN = "lake.commit.metadata_written"
COMMIT_LANDED = "lake.commit.landed"

CRASH_POINTS = (
    STAGE_OPENED,
    ROWS_WRITTEN,
    FILE_WRITTEN,
    FILE_SYNCED,
    QUARANTINE_WRITTEN,
    STAGE_CLOSED,
    COMMIT_BEGUN,
    COMMIT_PREPARED,
    METADATA_WRITTEN,
    COMMIT_LANDED,
)
