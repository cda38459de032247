"""Why records were quarantined or left out, and how sources changed their shape. Reasons and counts only; never a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import TextClause, func, select

from lakesmith.api.viewing.desk import Desk, at
from lakesmith.api.viewing.lines import change_line
from lakesmith.api.viewing.throughput import reasons_of
from lakesmith.monitor import tables
from lakesmith.monitor.tables.records import FILTERED, QUARANTINED
from lakesmith.pages.views.listings import Quarantine, ReasonLine

DAYS, MOST_LOADS, SHOWN, SHOWN_CHANGES = 30, 1000, 200, 100


def quarantine_view(desk: Desk) -> Quarantine:
    """Return what loads of the last thirty days could not accept, and the newest changes of shape."""
    kept = _loads(desk, QUARANTINED)
    left = _loads(desk, FILTERED)
    quarantined = _reasons(kept, "reject_reasons", reasons_of)
    rows = sum(one.rows for one in quarantined)
    streams = len({one.stream for one in quarantined})
    headline = (
        f"{rows:,} records of {streams:,} tables went to quarantine in {DAYS} days"
        if rows
        else f"No record went to quarantine in {DAYS} days"
    )
    since = desk.now - timedelta(days=DAYS)
    is_cut = MOST_LOADS in (len(kept), len(left))
    return Quarantine(
        desk.place,
        since,
        headline,
        quarantined[:SHOWN],
        _reasons(left, "filter_reasons", reasons_of)[:SHOWN],
        _changes(desk),
        is_cut,
    )


def _loads(desk: Desk, some: TextClause) -> list[Mapping[str, Any]]:
    load, run = tables.table_load, tables.run
    columns = (load.c.stream, load.c.run_id, load.c.finished_at, load.c.reject_reasons, load.c.filter_reasons)
    query = (
        select(*columns)
        .join(run, run.c.run_id == load.c.run_id)
        .where(some, load.c.finished_at >= desk.ago(days=DAYS), run.c.target == desk.target)
        .order_by(load.c.finished_at.desc())
    )
    return desk.all(query.limit(MOST_LOADS))


def _reasons(
    loads: Sequence[Mapping[str, Any]], column: str, read: Callable[[str | None], dict[str, int]]
) -> list[ReasonLine]:
    """Return reasons by table, most rows first; loads are newest first."""
    found: dict[tuple[str, str], list[Any]] = {}
    for load in loads:
        for reason, count in read(load[column]).items():
            entry = found.setdefault((load["stream"], reason), [0, 0, load])
            entry[0] += count
            entry[1] += 1
    lines = [
        ReasonLine(stream, reason, rows, times, moment, newest["run_id"])
        for (stream, reason), (rows, times, newest) in found.items()
        if (moment := at(newest["finished_at"])) is not None
    ]
    return sorted(lines, key=lambda one: (-one.rows, one.stream, one.reason))


def _changes(desk: Desk) -> list[Any]:
    """Return the newest changes of shape; one that every load meets again appears once, as it was first seen within the span."""
    drift, run = tables.drift, tables.run
    same = (drift.c.stream, drift.c.kind, drift.c.column_name, drift.c.before, drift.c.after)
    first = (
        select(func.min(drift.c.drift_id))
        .join(run, run.c.run_id == drift.c.run_id)
        .where(run.c.target == desk.target, drift.c.seen_at >= desk.ago(days=DAYS * 3))
        .group_by(*same)
    )
    rows = desk.all(
        select(drift).where(drift.c.drift_id.in_(first)).order_by(drift.c.drift_id.desc()).limit(SHOWN_CHANGES)
    )
    return [change_line(row) for row in rows]
