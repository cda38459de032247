"""How many rows tables got within a span."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from lakesmith.api.viewing.desk import Desk
from lakesmith.monitor import tables


def rows_by_stream(desk: Desk, *, hours: float = 24) -> dict[str, Mapping[str, Any]]:
    """Return, by stream, the rows written and quarantined by runs that began within the last hours, and the newest good load."""
    load, run = tables.table_load, tables.run
    query = (
        select(
            load.c.stream,
            func.sum(load.c.rows_written).label("written"),
            func.sum(load.c.rows_quarantined).label("quarantined"),
        )
        .join(run, run.c.run_id == load.c.run_id)
        .where(run.c.started_at >= desk.ago(hours=hours), run.c.target == desk.target)
        .group_by(load.c.stream)
    )
    return {
        row["stream"]: {name: int(row[name] or 0) for name in ("written", "quarantined")} for row in desk.all(query)
    }


def newest_loads(desk: Desk) -> dict[str, Mapping[str, Any]]:
    """Return the newest load of each stream and how it ended; found once for each look."""
    if "newest" not in desk.known:
        desk.known["newest"] = _newest(desk)
    found: dict[str, Mapping[str, Any]] = desk.known["newest"]
    return found


def _newest(desk: Desk) -> dict[str, Mapping[str, Any]]:
    """Make one jump along the index for each stream."""
    load, run = tables.table_load, tables.run
    listed = _names()
    mine = tables.table_load.alias("mine")
    last = (
        select(mine.c.load_id)
        .join(run, run.c.run_id == mine.c.run_id)
        .where(mine.c.stream == listed.c.stream, run.c.target == desk.target)
        .order_by(mine.c.finished_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    newest = select(last.label("load_id")).where(listed.c.stream.is_not(None)).cte("newest")
    columns = (load.c.stream, load.c.run_id, load.c.finished_at, load.c.state, load.c.reason, load.c.rows_written)
    query = select(*columns).select_from(newest).join(load, load.c.load_id == newest.c.load_id)
    return {row["stream"]: row for row in desk.all(query)}


def _names() -> Any:
    """Return the streams on record as a list that is walked along the index, not by reading every load."""
    load, other = tables.table_load, tables.table_load.alias("other")
    names = select(func.min(load.c.stream).label("stream")).cte("names", recursive=True)
    following = select(func.min(other.c.stream)).where(other.c.stream > names.c.stream).scalar_subquery()
    return names.union_all(select(following).where(names.c.stream.is_not(None)))
