"""All tables: health, rows of a day against what is expected, age, owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from lakesmith.api.viewing.desk import ORDER, Desk, at
from lakesmith.api.viewing.lines import OPEN
from lakesmith.api.viewing.standing import subjects_of
from lakesmith.api.viewing.volumes import newest_loads, rows_by_stream
from lakesmith.monitor import tables as t
from lakesmith.pages.links import address
from lakesmith.pages.views.common import Wanted
from lakesmith.pages.views.listings import TableLine, Tables

PAGE = 100
NEWEST_RUNS = 40
LONG_AGO = datetime.min.replace(tzinfo=UTC)
SORTS: Mapping[str, Callable[[TableLine], Any]] = {
    "health": lambda line: (ORDER.get(line.health.verdict, 2), line.name),
    "name": lambda line: line.name,
    "rows": lambda line: (-(line.rows_day if line.rows_day is not None else -1), line.name),
    "age": lambda line: (line.loaded_at or LONG_AGO, line.name),
    "quarantined": lambda line: (-(line.quarantined_day or 0), line.name),
    "owner": lambda line: (line.owner or "~", line.name),
}


def tables_view(desk: Desk, *, sort: str = "health", verdict: str = "", find: str = "", start: int = 0) -> Tables:
    """Return the tables that fit what is asked, in the order asked for, a page of them."""
    lines = table_lines(desk)
    verdicts = Counter(line.health.verdict for line in lines)
    fit = [line for line in lines if verdict in ("", line.health.verdict) and find.lower() in line.name.lower()]
    fit.sort(key=SORTS.get(sort, SORTS["health"]))
    shown = fit[start : start + PAGE]

    def page(first: int) -> str:
        """Return the address of a page of the list."""
        return address(
            "/tables",
            sort=sort if sort != "health" else "",
            verdict=verdict,
            find=find,
            start=str(first) if first else "",
        )

    newer = page(max(start - PAGE, 0)) if start else None
    older = page(start + PAGE) if start + PAGE < len(fit) else None
    return Tables(
        desk.place,
        _headline(verdicts),
        verdicts,
        shown,
        Wanted(len(shown), len(fit), newer, older),
        sort,
        verdict,
        find,
    )


def table_lines(desk: Desk, only: Sequence[str] | None = None) -> list[TableLine]:
    """Return a line for every table that the project answers for: its streams and what readers get, or some streams alone."""
    streams = desk.names() if only is None else list(only)
    built = _relations(desk) if only is None else {}
    names = subjects_of(desk.shop, desk.standing.subjects()) if only is None else streams
    rows, newest = rows_by_stream(desk), newest_loads(desk)
    incidents = open_incidents(desk, names)
    expected = {one.subject: one for one in desk.standing.by_rule(("volume",), desk.now)}
    lines = []
    for name in names:
        day, last, volume = rows.get(name), newest.get(name), expected.get(name)
        is_stream = name in newest or name in streams
        loaded = at(last["finished_at"]) if last else at(built[name]["finished_at"]) if name in built else None
        lines.append(
            TableLine(
                name,
                "bronze" if is_stream else name.partition(".")[0],
                desk.owner_of(name),
                desk.standing.health(name, desk.now),
                day["written"] if day else 0 if last else None,
                volume.lower if volume else None,
                volume.upper if volume else None,
                loaded,
                day["quarantined"] if day else None,
                incidents.get(name, ""),
            )
        )
    return lines


def open_incidents(desk: Desk, names: Sequence[str]) -> dict[str, str]:
    """Return, by table, the open incident that touches it."""
    incident, hit = t.incident, t.incident_subject
    query = (
        select(hit.c.subject, hit.c.incident_id)
        .join(incident, incident.c.incident_id == hit.c.incident_id)
        .where(
            incident.c.state.in_(OPEN),
            incident.c.target == desk.target,
            hit.c.until.is_(None),
            hit.c.role != "downstream",
        )
        .order_by(incident.c.opened_at.desc())
    )
    wanted = set(names)
    return {row["subject"]: row["incident_id"] for row in desk.all(query.limit(20_000)) if row["subject"] in wanted}


def _relations(desk: Desk) -> dict[str, Mapping[str, Any]]:
    """Return what the newest runs built, by relation."""
    run, model = t.run, t.model_result
    newest = (
        select(run.c.run_id)
        .where(run.c.target == desk.target)
        .order_by(run.c.started_at.desc())
        .limit(NEWEST_RUNS)
        .subquery()
    )
    query = (
        select(model)
        .where(model.c.run_id.in_(select(newest.c.run_id)), model.c.relation != "")
        .order_by(model.c.finished_at)
    )
    return {row["relation"]: row for row in desk.all(query.limit(20_000))}


def _headline(verdicts: Mapping[str, int]) -> str:
    total = sum(verdicts.values())
    bad = verdicts.get("bad", 0) + verdicts.get("warn", 0)
    if not total:
        return "The project has no table yet"
    return (
        f"{bad:,} of {total:,} tables need a look"
        if bad
        else f"{total:,} tables, {verdicts.get('good', 0):,} known to be well"
    )
