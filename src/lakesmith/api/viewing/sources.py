"""Sources: which state each is in, and one of them with its tables and its throughput."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from lakesmith.api.viewing.changes import marks_between, runs_of
from lakesmith.api.viewing.desk import Desk
from lakesmith.api.viewing.lines import error_line
from lakesmith.api.viewing.others import other_line, others_of, state_of
from lakesmith.api.viewing.table import changes_of
from lakesmith.api.viewing.tables import SORTS, table_lines
from lakesmith.api.viewing.throughput import Loads, plots_of, reasons_of
from lakesmith.api.viewing.volumes import newest_loads
from lakesmith.monitor import tables
from lakesmith.monitor.tables.records import QUARANTINED
from lakesmith.monitor.writing import stamp
from lakesmith.pages.links import key_of
from lakesmith.pages.views.common import ErrorLine, Throughput
from lakesmith.pages.views.details import Source
from lakesmith.pages.views.listings import SourceLine, Sources, TableLine

GOOD = ("succeeded", "nothing_new", "rolled_back")
DAYS, DRAWN_DAYS, SHOWN_ERRORS, MOST_ERRORS = 30, 14, 8, 2000
SUMMED = ("rows_read", "rows_written", "rows_quarantined", "size_bytes", "requests", "throttled_s", "cpu_s")


def sources_view(desk: Desk) -> Sources:
    """Return all sources of the project."""
    lines = table_lines(desk, desk.names())
    newest = newest_loads(desk)
    errors, changes = _errors_by_source(desk), _changes_by_source(desk)
    found = []
    for name in desk.shop.config.sources:
        mine = [line for line in lines if line.name.partition(".")[0] == name]
        found.append(_line(desk, name, mine, newest, errors.get(name, 0), changes.get(name, 0)))
    return Sources(desk.place, found)


def source_view(desk: Desk, key: str) -> Source | None:
    """Return one source, None if the project has none with that key."""
    name = next((one for one in desk.shop.config.sources if key_of(one) == key), None)
    if name is None:
        return None
    streams = desk.names([name])
    lines = table_lines(desk, streams)
    errors = _errors(desk, name)
    changes = changes_of(desk, streams, days=DAYS)
    line = _line(desk, name, lines, newest_loads(desk), len(errors), len(changes))
    days = _by_day(desk, streams)
    start = _drawn_since(desk)
    marks = marks_between(
        runs_of(desk, [row["run_id"] for row in days]), [one for one in changes if one.seen_at >= start]
    )
    drawn = Throughput(start, desk.now, marks, plots_of(Loads(days, unit="day"), (), ()))
    others = [other_line(one) for one in others_of(desk, name)] if not desk.shop.config.sources[name].loads else []
    return Source(desk.place, line, sorted(lines, key=SORTS["health"]), others, drawn, errors[:SHOWN_ERRORS], changes)


def _line(
    desk: Desk,
    name: str,
    lines: Sequence[TableLine],
    newest: Mapping[str, Mapping[str, Any]],
    errors: int,
    changes: int,
) -> SourceLine:
    source = desk.shop.config.sources[name]
    if not source.loads:
        return _watched(desk, name, source.type, errors)
    verdicts = Counter(line.health.verdict for line in lines)
    loads = [newest[line.name] for line in lines if line.name in newest]
    state, reason = _state(lines, loads)
    good = [line.loaded_at for line in lines if line.loaded_at and newest.get(line.name, {}).get("state") in GOOD]
    rows = sum(line.rows_day or 0 for line in lines)
    return SourceLine(
        name, source.type, state, reason, len(lines), max(good, default=None), rows, errors, changes, verdicts
    )


def _watched(desk: Desk, name: str, kind: str, errors: int) -> SourceLine:
    """Return a source that others load: the worst of its tables, and when one was loaded last."""
    found = others_of(desk, name)
    state, reason = state_of(found)
    loaded = max((one.loaded_at for one in found if one.loaded_at), default=None)
    return SourceLine(name, kind, state, reason, len(found), loaded, 0, errors, 0, {})


def _state(lines: Sequence[TableLine], loads: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the word for a source's state, and why."""
    if not loads:
        return "never_loaded", "no load is on record"
    failed = [load["stream"] for load in loads if load["state"] not in GOOD]
    if failed:
        return "broken", f"the newest load of {failed[0]} failed" + (
            f", and of {len(failed) - 1} more" if len(failed) > 1 else ""
        )
    worst = [line for line in lines if line.health.verdict == "bad"]
    if worst:
        return "late" if worst[0].health.freshness == "bad" else "broken", f"{worst[0].name}: {worst[0].health.reason}"
    late = [line for line in lines if line.health.freshness == "warn"]
    if late:
        return "late", f"{late[0].name}: {late[0].health.reason}"
    return _arrived(len(lines), len(loads))


def _arrived(streams: int, loaded: int) -> tuple[str, str]:
    return (
        ("first_load", f"{streams - loaded:,} of {streams:,} streams were never loaded")
        if loaded < streams
        else ("connected", "")
    )


def _errors(desk: Desk, name: str) -> list[ErrorLine]:
    error, run = tables.error_event, tables.run
    query = (
        select(error)
        .join(run, run.c.run_id == error.c.run_id)
        .where(run.c.started_at >= desk.ago(days=7), run.c.target == desk.target)
        .where(error.c.step.startswith(f"load:{name}.", autoescape=True))
        .order_by(error.c.event_id.desc())
    )
    return [error_line(row) for row in desk.all(query.limit(MOST_ERRORS))]


def _errors_by_source(desk: Desk) -> Counter[str]:
    error, run = tables.error_event, tables.run
    query = (
        select(error.c.step, func.count().label("times"))
        .join(run, run.c.run_id == error.c.run_id)
        .where(run.c.started_at >= desk.ago(days=7), run.c.target == desk.target)
        .group_by(error.c.step)
    )
    counted: Counter[str] = Counter()
    for row in desk.all(query):
        counted[row["step"].partition(":")[2].partition(".")[0]] += row["times"]
    return counted


def _changes_by_source(desk: Desk) -> Counter[str]:
    drift, run = tables.drift, tables.run
    query = (
        select(drift.c.stream, func.count().label("times"))
        .join(run, run.c.run_id == drift.c.run_id)
        .where(drift.c.seen_at >= desk.ago(days=DAYS), run.c.target == desk.target)
        .group_by(drift.c.stream)
    )
    counted: Counter[str] = Counter()
    for row in desk.all(query):
        counted[row["stream"].partition(".")[0]] += row["times"]
    return counted


def _drawn_since(desk: Desk) -> datetime:
    """Return where pictures by day begin: at the beginning of a day, for half of one looks like a bad one."""
    return (desk.now - timedelta(days=DRAWN_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)


def _by_day(desk: Desk, streams: Sequence[str]) -> list[dict[str, Any]]:
    """Return the loads of a source within two weeks, each day's as one."""
    load, run = tables.table_load, tables.run
    day = func.substr(load.c.finished_at, 1, 10).label("day")
    of_run = (
        select(
            load.c.run_id,
            day,
            func.max(load.c.finished_at).label("finished_at"),
            *(func.sum(load.c[name]).label(name) for name in SUMMED),
        )
        .where(load.c.stream.in_(list(streams)), load.c.finished_at >= stamp(_drawn_since(desk)))
        .group_by(load.c.run_id, day)
        .subquery()
    )  # by run first: whether a run is of this target is looked up once for each, not for each of its loads, and not for all runs there are
    of_target = select(run.c.target).where(run.c.run_id == of_run.c.run_id).scalar_subquery()
    query = (
        select(
            of_run.c.day,
            func.max(of_run.c.finished_at).label("finished_at"),
            func.max(of_run.c.run_id).label("run_id"),
            *(func.sum(of_run.c[name]).label(name) for name in SUMMED),
        )
        .where(of_target == desk.target)
        .group_by(of_run.c.day)
        .order_by(of_run.c.day)
    )
    reasons = _reasons_by_day(desk, streams)
    blank = {"rows_by_op": None, "phases_s": "{}", "cursor_column": None, "cursor_to": None, "state": "succeeded"}
    return [
        {**row, **_whole(row), **blank, "reject_reasons": json.dumps(reasons.get(row["day"], {}))}
        for row in desk.all(query)
    ]


def _whole(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return sums as numbers: PostgreSQL adds whole numbers up to decimals."""
    whole = {name: int(row[name] or 0) for name in SUMMED[:4]}
    return whole | {name: None if row[name] is None else float(row[name]) for name in SUMMED[4:]}


def _reasons_by_day(desk: Desk, streams: Sequence[str]) -> dict[str, Counter[str]]:
    load = tables.table_load
    query = select(load.c.finished_at, load.c.reject_reasons).where(
        load.c.stream.in_(list(streams)), load.c.finished_at >= stamp(_drawn_since(desk)), QUARANTINED
    )
    found: dict[str, Counter[str]] = {}
    for row in desk.all(query.order_by(load.c.finished_at.desc()).limit(MOST_ERRORS)):
        found.setdefault(row["finished_at"][:10], Counter()).update(reasons_of(row["reject_reasons"]))
    return found
