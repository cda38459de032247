"""A version of a bronze table: one lake snapshot that readers saw, and what brought it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lakesmith.model.loads import Counts


@dataclass(frozen=True, slots=True)
class Version:
    """One line of a table's history.

    `kind` is load, swap (a generation that was built aside), rollback, compaction, move (the lake was carried elsewhere), or foreign (not written by Lakesmith). `state` is
    "in force" for what readers see, "rolled back" or "replaced" for what the table left behind, else empty: its rows are part of it.
    `rows` and `files` count the whole table as it then was, `counts` what the load itself moved (None where nothing says so).
    `back_to` is, for a rollback, the ordinal of the version it went back to; 0 where that is not kept.
    """

    snapshot_id: int
    at: datetime
    kind: str
    state: str
    ordinal: int | None
    generation: int | None
    rows: int
    files: int
    counts: Counts | None = None
    batch_id: str = ""
    back_to: int | None = None
