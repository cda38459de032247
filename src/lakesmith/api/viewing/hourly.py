"""The four small pictures of Today: rows, failures, lag and cost by the hour, beside yesterday and the same weekday of last week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select

from lakesmith.api.viewing.desk import Desk
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.parts import span
from lakesmith.pages.views.common import Plot

HOURS = 24
DAYS = {"today": 0, "yesterday": 1, "a week ago": 7}
HOUR_CHARACTERS = 13


def small_plots(desk: Desk) -> list[Plot]:
    """Return the pictures of the last 24 hours."""
    end = desk.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    points = [end - timedelta(hours=HOURS - index) for index in range(HOURS)]
    rows: dict[str, list[float]] = {}
    failed: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}
    for name, days in DAYS.items():
        found = _hours(desk, points[0] - timedelta(days=days), end - timedelta(days=days))
        keys = [stamp(at - timedelta(days=days))[:HOUR_CHARACTERS] for at in points]
        rows[name] = [_part(found, key, "written") for key in keys]
        failed[name] = [_part(found, key, "failed") for key in keys]
        spent[name] = [_part(found, key, "cpu_s") for key in keys]
    return [
        _plot("rows", "Rows written", "rows", points, rows),
        _plot("failures", "Runs that failed or were lost", "runs", points, failed),
        _lag(desk, points),
        _plot("cost", "CPU time of runs", "s", points, spent),
    ]


def _part(found: Mapping[str, Mapping[str, float]], key: str, part: str) -> float:
    return found.get(key, {}).get(part, 0.0)


def _hours(desk: Desk, start: datetime, end: datetime) -> dict[str, Mapping[str, float]]:
    """Return, by hour, rows written, runs that failed and CPU seconds."""
    run, load = tables.run, tables.table_load
    began = (run.c.started_at >= stamp(start), run.c.started_at < stamp(end), run.c.target == desk.target)
    hour = func.substr(run.c.started_at, 1, HOUR_CHARACTERS).label("hour")
    lost = (run.c.state == "running") & (run.c.lease_until < stamp(desk.now))
    bad = func.sum(case((run.c.state.in_(("failed", "lost")) | lost, 1), else_=0)).label("failed")
    runs = desk.all(select(hour, bad, func.sum(run.c.cpu_s).label("cpu_s")).where(*began).group_by(hour))
    written = select(hour, func.sum(load.c.rows_written).label("written")).join(load, load.c.run_id == run.c.run_id)
    rows = desk.all(written.where(*began).group_by(hour))
    found: dict[str, dict[str, Any]] = {
        row["hour"]: {"failed": float(row["failed"] or 0), "cpu_s": float(row["cpu_s"] or 0)} for row in runs
    }
    for row in rows:
        found.setdefault(row["hour"], {})["written"] = float(row["written"] or 0)
    return dict(found)


def _plot(name: str, title: str, unit: str, points: list[datetime], days: Mapping[str, list[float]]) -> Plot:
    totals = {day: sum(values) for day, values in days.items()}
    shown = {day: _said(total, unit) for day, total in totals.items()}
    takeaway = f"{shown['today']} in 24 hours; {shown['yesterday']} the day before, {shown['a week ago']} a week ago."
    today, *before = days
    return Plot(name, title, takeaway, unit, points, {today: days[today]}, {day: days[day] for day in before})


def _said(total: float, unit: str) -> str:
    return (
        f"{span(total)} of CPU time"
        if unit == "s"
        else f"{total:,.0f} {unit if total != 1 else unit.removesuffix('s')}"
    )


def _lag(desk: Desk, points: list[datetime]) -> Plot:
    """Return how much older than promised the worst table was, hour by hour, as judged."""
    table = tables.judgement
    hour = func.substr(table.c.judged_at, 1, HOUR_CHARACTERS).label("hour")
    query = (
        select(hour, func.max(table.c.value).label("oldest"), func.count(func.distinct(table.c.subject)).label("late"))
        .where(table.c.judged_at >= stamp(points[0]), table.c.rule == "age", table.c.target == desk.target)
        .where(table.c.verdict.in_(("bad", "warn")))
        .group_by(hour)
    )
    found = {row["hour"]: row for row in desk.all(query)}
    oldest: list[float | None] = []
    for at in points:
        row = found.get(stamp(at)[:HOUR_CHARACTERS])
        oldest.append(None if row is None else row["oldest"])
    late = max((row["late"] for row in found.values()), default=0)
    takeaway = (
        f"At most {late:,} tables were older than promised within 24 hours."
        if late
        else "No table was judged older than promised within 24 hours."
    )
    return Plot("lag", "Age of the latest table", takeaway, "s", points, {}, {"oldest late table": oldest})
