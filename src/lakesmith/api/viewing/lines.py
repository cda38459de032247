"""From rows of the record to the lines that several pages show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from lakesmith.api.viewing.desk import Desk, at
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.links import NODES, STEPS
from lakesmith.pages.views.common import ChangeLine, ErrorLine, IncidentLine, LoadLine, RunLine

OPEN = ("open", "acknowledged")
EVERYTHING = "everything"
DONE = ("succeeded", "nothing_new", "rolled_back")


def run_line(row: Mapping[str, Any], now: str, sums: Mapping[str, Any] | None = None) -> RunLine:
    """Return a run; one whose lease ran out before `now` is lost."""
    lost = row["state"] == "running" and row["lease_until"] < now
    told = sums or {}
    return RunLine(
        row["run_id"],
        row["pipeline"] or row["selection"] or EVERYTHING,
        at(row["started_at"]) or _never(),
        at(row["finished_at"]),
        "lost" if lost else row["state"],
        "its process ended without a word" if lost else row["message"],
        row["command"],
        row["trigger"],
        told.get("loads"),
        told.get("written"),
        told.get("quarantined"),
    )


def ended(step: str, run: str) -> str:
    """Return the state of a step; one that was going on in a run that is over or lost ended with it."""
    return run if step == "running" and run != "running" else step


def runs_by_id(desk: Desk, ids: Iterable[str | None]) -> dict[str, RunLine]:
    """Return runs by their ids; one that is not on record is left out."""
    wanted = [one for one in ids if one]
    if not wanted:
        return {}
    now = stamp(desk.now)
    return {
        row["run_id"]: run_line(row, now) for row in desk.all(select(tables.run).where(tables.run.c.run_id.in_(wanted)))
    }


def sums_of(desk: Desk, runs: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return how many loads runs had, and how many rows they wrote and quarantined, by run."""
    load = tables.table_load
    query = (
        select(
            load.c.run_id,
            func.count().label("loads"),
            func.sum(load.c.rows_written).label("written"),
            func.sum(load.c.rows_quarantined).label("quarantined"),
        )
        .where(load.c.run_id.in_(list(runs)))
        .group_by(load.c.run_id)
    )
    counted = {
        row["run_id"]: {name: int(row[name] or 0) for name in ("loads", "written", "quarantined")}
        for row in desk.all(query)
    }
    return {run: counted.get(run, {"loads": 0, "written": 0, "quarantined": 0}) for run in runs}


def load_line(row: Mapping[str, Any]) -> LoadLine:
    """Return a load under the row law."""
    holds = row["rows_read"] == row["rows_written"] + row["rows_quarantined"] + row["rows_filtered"]
    law = ("holds" if row["proven"] else "unproven") if holds else "broken"
    return LoadLine(
        row["run_id"],
        row["stream"],
        at(row["finished_at"]) or _never(),
        row["state"],
        row["mode"] or "",
        row["reason"] or "",
        row["rows_read"],
        row["rows_written"],
        row["rows_quarantined"],
        row["rows_filtered"],
        law if row["state"] in DONE else "not_done",
        sum(json.loads(row["phases_s"] or "{}").values()),
        row["size_bytes"],
        row["files"],
    )


def incident_lines(desk: Desk, rows: Sequence[Mapping[str, Any]]) -> list[IncidentLine]:
    """Return incidents with how many tables each hits."""
    hit = tables.incident_subject
    ids = [row["incident_id"] for row in rows]
    counted: dict[str, int] = {}
    if ids:
        query = (
            select(hit.c.incident_id, func.count(func.distinct(hit.c.subject)).label("hits"))
            .where(hit.c.incident_id.in_(ids), *_are_tables())
            .group_by(hit.c.incident_id)
        )
        counted = {row["incident_id"]: row["hits"] for row in desk.all(query)}
    return [_incident_line(row, counted.get(row["incident_id"], 0)) for row in rows]


def _are_tables() -> tuple[ColumnElement[bool], ...]:
    """Return what is true of subjects that are tables, not groups of them, runs, tests, steps or channels."""
    subject = tables.incident_subject.c.subject
    others = ("%*", "run of %", *(f"{step}%" for step in STEPS), *(f"{kind}%.%" for kind in NODES))
    return (subject.like("%.%"), *(subject.not_like(one) for one in others))


def _incident_line(row: Mapping[str, Any], hits: int) -> IncidentLine:
    return IncidentLine(
        row["incident_id"],
        row["title"],
        row["subject"],
        row["rule"],
        row["severity"],
        row["state"],
        row["owner"],
        at(row["opened_at"]) or _never(),
        at(row["last_seen_at"]) or _never(),
        at(row["resolved_at"]),
        row["resolution"] or "",
        row["occurrences"],
        hits,
    )


def change_line(row: Mapping[str, Any]) -> ChangeLine:
    """Return a change of a source's shape."""
    sides = (row["before"], row["after"], row["policy"], row["outcome"], row["run_id"])
    return ChangeLine(at(row["seen_at"]) or _never(), row["stream"], row["column_name"], row["kind"], *sides)


def error_line(row: Mapping[str, Any]) -> ErrorLine:
    """Return an error."""
    return ErrorLine(
        row["run_id"],
        row["step"],
        at(row["seen_at"]) or _never(),
        row["kind"],
        row["error_class"] or "",
        row["origin"] or "",
        row["retryable"],
        row["what"],
        row["at_place"],
        row["fix"],
        row["fingerprint"] or "",
    )


def _never() -> Any:
    raise ValueError("a moment that the record always has is missing")
