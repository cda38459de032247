"""One table: its health with reasons, its throughput, its loads and how its shape changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from lakesmith.api.viewing.changes import marks_between, runs_of
from lakesmith.api.viewing.desk import Desk, at
from lakesmith.api.viewing.lines import change_line, incident_lines, load_line, run_line
from lakesmith.api.viewing.others import health_of_other, others_of
from lakesmith.api.viewing.thought import judgement_line
from lakesmith.api.viewing.throughput import Loads, plots_of
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.links import key_of
from lakesmith.pages.parts import size
from lakesmith.pages.views.common import ChangeLine, Health, JudgementLine, Throughput
from lakesmith.pages.views.details import Table

NEWEST, SHOWN_LOADS, SHOWN_CHANGES, SHOWN_INCIDENTS = 60, 20, 20, 6
MOST_JUDGEMENTS = 120
ENDINGS = ("succeeded", "nothing_new", "rolled_back")


def table_view(desk: Desk, key: str) -> Table | None:
    """Return the table with a key, None if nothing of the project or its record is called so."""
    name = name_of(desk, key)
    if name is None:
        return None
    loads = _loads(desk, name)
    runs = runs_of(desk, [row["run_id"] for row in loads])
    changes = changes_of(desk, (name,))
    other = next((one for one in others_of(desk) if one.stream == name), None)
    health = health_of_other(other) if other else desk.standing.health(name, desk.now)
    end = desk.now
    start = min((point for point in Loads(loads).points), default=end - timedelta(days=1)) - timedelta(hours=1)
    recent = [change for change in changes if change.seen_at >= start]
    plots = plots_of(Loads(loads), _judged(desk, name, "volume"), _judged(desk, name, "age"))
    now = stamp(desk.now)
    newest = loads[-1] if loads else None
    return Table(
        desk.place,
        name,
        desk.owner_of(name),
        desk.tags_of(name),
        health,
        f"Others load {name}: it {other.text}." if other else _headline(name, health, newest),
        _facts(newest),
        Throughput(start, end, marks_between(runs, recent), plots),
        [run_line(row, now) for row in runs],
        desk.standing.judgements(name, desk.now),
        [load_line(row) for row in reversed(loads[-SHOWN_LOADS:])],
        changes,
        incident_lines(desk, _incidents(desk, name)),
    )


def name_of(desk: Desk, key: str) -> str | None:
    """Return the name that an address stands for: a stream, something judged or something on record."""
    if not key.startswith("~"):
        others = [one.stream for one in others_of(desk)]
        return (
            key
            if key in desk.names() or key in others or key in desk.standing.subjects() or _on_record(desk, key)
            else None
        )
    candidates = [*desk.names(), *(one.stream for one in others_of(desk)), *desk.standing.subjects()]
    found = next((name for name in candidates if key_of(name) == key), None)
    return found or next((name for name in _touched(desk) if key_of(name) == key), None)


def changes_of(desk: Desk, names: Sequence[str], *, days: int = 3650) -> list[ChangeLine]:
    """Return how tables changed their shape, newest first."""
    drift = tables.drift
    query = select(drift).where(drift.c.stream.in_(list(names)), drift.c.seen_at >= desk.ago(days=days))
    return [change_line(row) for row in desk.all(query.order_by(drift.c.seen_at.desc()).limit(SHOWN_CHANGES))]


def _on_record(desk: Desk, name: str) -> bool:
    load, model, hit = tables.table_load, tables.model_result, tables.incident_subject
    asked = (
        select(load.c.stream).where(load.c.stream == name),
        select(hit.c.subject).where(hit.c.subject == name),
        select(model.c.relation).where(model.c.relation == name),
    )
    return any(desk.first(query) for query in asked)


def _touched(desk: Desk) -> list[str]:
    """Return what incidents and changes are about: names that no plain address stands for are looked for there as well."""
    hit, drift = tables.incident_subject, tables.drift
    names = {row["subject"] for row in desk.all(select(hit.c.subject).distinct().limit(20_000))}
    return [*names, *(row["stream"] for row in desk.all(select(drift.c.stream).distinct().limit(20_000)))]


def _loads(desk: Desk, name: str) -> list[Any]:
    load, run = tables.table_load, tables.run
    query = (
        select(load)
        .join(run, run.c.run_id == load.c.run_id)
        .where(load.c.stream == name, run.c.target == desk.target)
        .order_by(load.c.finished_at.desc())
        .limit(NEWEST)
    )
    return desk.all(query)[::-1]


def _judged(desk: Desk, name: str, rule: str) -> list[JudgementLine]:
    """Return the newest judgements of a rule, oldest of them first."""
    table = tables.judgement
    query = select(table).where(table.c.subject == name, table.c.rule == rule, table.c.target == desk.target)
    return [judgement_line(row) for row in desk.all(query.order_by(table.c.judged_at.desc()).limit(MOST_JUDGEMENTS))][
        ::-1
    ]


def _incidents(desk: Desk, name: str) -> list[Any]:
    incident, hit = tables.incident, tables.incident_subject
    mine = select(hit.c.incident_id).where(hit.c.subject == name)
    query = select(incident).where(incident.c.incident_id.in_(mine), incident.c.target == desk.target)
    return desk.all(query.order_by(incident.c.opened_at.desc()).limit(SHOWN_INCIDENTS))


def _headline(name: str, health: Health, newest: Any) -> str:
    if newest is None:
        return f"No load of {name} is on record."
    wrote = f"{newest['rows_written']:,} rows on {at(newest['finished_at']):%d %b %H:%M}"
    if newest["state"] not in ENDINGS:
        return f"The newest load of {name} {newest['state'].replace('_', ' ')}; {health.reason or 'no rule has said more'}."
    because = f"; {health.reason.removesuffix('.')}" if health.reason else ""
    return f"{wrote}{because}."


def _facts(newest: Any) -> dict[str, str]:
    if newest is None:
        return {}
    return {
        "rows in the table": f"{newest['rows_after']:,}" if newest["rows_after"] is not None else "",
        "mode": newest["mode"] or "",
        "newest commit": newest["batch_id"] or "",
        "lake snapshot": str(newest["snapshot_id"] or ""),
        "generation": str(newest["generation"] or ""),
        "schema": (newest["schema_hash"] or "")[:16],
        "newest event (UTC)": (newest["newest_event_at"] or "")[:16].replace("T", " "),
        "bytes of the newest load": size(newest["size_bytes"]),
    }
