"""Incidents as a list, and one of them in the order a person needs it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from lakesmith.api.viewing.desk import Desk, at
from lakesmith.api.viewing.lines import OPEN, error_line, incident_lines, runs_by_id
from lakesmith.api.viewing.logs import tail
from lakesmith.monitor import tables
from lakesmith.pages.links import address
from lakesmith.pages.parts import span, words
from lakesmith.pages.views.common import ErrorLine, IncidentLine, Wanted
from lakesmith.pages.views.details import Changed, Happening, Hit, Incident
from lakesmith.pages.views.listings import Incidents

PAGE, SHOWN_LOG, MOST_HITS = 50, 30, 2000
SAFE_WORDS = {
    "nothing_written": "The failed load moved nothing: readers see what they saw before.",
    "not_moved": "No row was moved since: what readers see is old, and whole.",
    "written_and_committed": "Rows were committed: what readers see holds them, right or wrong. `lakesmith rollback` takes them back.",
    "unknown": "Nobody could tell. `lakesmith lake check` compares what the lake names with what is there.",
}
COMPARED = {
    "code_version": "code",
    "config_hash": "config",
    "version": "versions",
    "versions": "versions",
    "host": "host",
}


def incidents_view(desk: Desk, *, state: str = "open", start: int = 0) -> Incidents:
    """Return incidents, open ones first, then the newest."""
    incident = tables.incident
    mine = [incident.c.target == desk.target, *([incident.c.state.in_(OPEN)] if state == "open" else [])]
    order = (incident.c.opened_at.desc(), incident.c.incident_id)
    rows = desk.all(select(incident).where(*mine).order_by(*order).offset(start).limit(PAGE))
    total = desk.number(select(func.count()).select_from(incident).where(*mine))
    lines = incident_lines(desk, rows)
    if state == "open":
        lines.sort(key=lambda one: (one.severity != "error", one.opened_at))
    kept = state if state != "open" else ""
    newer = address("/incidents", state=kept, start=str(max(start - PAGE, 0))) if start else None
    older = address("/incidents", state=kept, start=str(start + PAGE)) if start + PAGE < total else None
    open_now = (
        total
        if state == "open"
        else desk.number(
            select(func.count())
            .select_from(incident)
            .where(incident.c.target == desk.target, incident.c.state.in_(OPEN))
        )
    )
    headline = (
        f"{open_now:,} open {'incident' if open_now == 1 else 'incidents'}" if open_now else "No incident is open"
    )
    return Incidents(desk.place, headline, lines, Wanted(len(lines), total, newer, older), state)


def incident_view(desk: Desk, incident_id: str) -> Incident | None:
    """Return an incident of this target, None if there is none."""
    incident = tables.incident
    row = desk.first(select(incident).where(incident.c.incident_id == incident_id, incident.c.target == desk.target))
    if row is None:
        return None
    [line] = incident_lines(desk, [row])
    facts = json.loads(row["facts"] or "{}")
    first = row["first_run_id"] or (facts.get("first_bad") or {}).get("run_id")
    runs = runs_by_id(desk, (first, row["last_run_id"], row["last_good_run_id"]))
    error = _error(desk, row, facts)
    below = facts.get("downstream") if isinstance(facts.get("downstream"), dict) else {}
    hits = _with_below(_hits(desk, incident_id), below, line)
    before = desk.all(
        select(incident)
        .where(
            incident.c.cause == row["cause"], incident.c.target == desk.target, incident.c.incident_id != incident_id
        )
        .order_by(incident.c.opened_at.desc())
        .limit(5)
    )
    log = tail(desk.shop.paths.logs, row["last_run_id"] or "", desk.shop.host.secrets.mask, wanted=SHOWN_LOG)[0]
    return Incident(
        desk.place,
        line,
        _sentence(desk, line),
        runs.get(first or ""),
        runs.get(row["last_run_id"] or ""),
        runs.get(row["last_good_run_id"] or ""),
        _changed(desk, row, facts),
        isinstance(facts.get("changes"), list) or ("changes" not in facts and bool(row["last_good_run_id"])),
        error,
        row["data_safe"],
        str(facts.get("safe") or SAFE_WORDS.get(row["data_safe"], "")),
        hits,
        max(int(below.get("models") or 0), sum(hit.role == "downstream" for hit in hits)),
        bool(row["is_downstream_known"]),
        incident_lines(desk, before),
        _commands(row, facts, error, has_run=row["last_run_id"] in runs),
        log,
        _history(desk, incident_id),
    )


def _sentence(desk: Desk, line: IncidentLine) -> str:
    """Return what failed, where, since when, and whether it still does."""
    title = line.title.removesuffix(".")
    where = "" if line.subject.removesuffix(".*") in title else f" ({line.subject})"
    if line.resolved_at is not None:
        lasted = span((line.resolved_at - line.opened_at).total_seconds())
        return f"{title}{where}: resolved as {words(line.resolution) or 'not said'} after {lasted}."
    lasted = span((desk.now - line.opened_at).total_seconds())
    return f"{title}{where}: since {line.opened_at:%d %b %H:%M}, for {lasted}, still so when last looked at {line.last_seen_at:%d %b %H:%M}."


def _error(desk: Desk, row: Mapping[str, Any], facts: Mapping[str, Any]) -> ErrorLine | None:
    """Return the error that is the cause: of the first run, by its fingerprint if that is known."""
    error = tables.error_event
    if not row["first_run_id"] or row["rule"] not in ("error", "fault", "load", "model", "build"):
        return None
    query = select(error).where(error.c.run_id == row["first_run_id"])
    if facts.get("fingerprint"):
        query = query.where(error.c.fingerprint == facts["fingerprint"])
    found = desk.first(query.order_by(error.c.event_id))
    return error_line(found) if found else None


def _changed(desk: Desk, row: Mapping[str, Any], facts: Mapping[str, Any]) -> list[Changed]:
    """Return what was different: as the incident was told, else by comparing its runs."""
    told = facts.get("changes")
    if isinstance(told, list):
        return [_told(one) for one in told]
    ids = [row["last_good_run_id"], row["first_run_id"]]
    run = tables.run
    rows = {one["run_id"]: one for one in desk.all(select(run).where(run.c.run_id.in_([one for one in ids if one])))}
    good, bad = rows.get(ids[0] or ""), rows.get(ids[1] or "")
    if good is None or bad is None:
        return []
    found = []
    for column, kind in COMPARED.items():
        before, after = str(good[column] or ""), str(bad[column] or "")
        if before != after and (before or kind != "code"):
            found.append(Changed(kind, f"another {words(column)}", before[:60], after[:60]))
    drift = tables.drift
    shapes = desk.all(
        select(drift)
        .where(
            drift.c.seen_at > good["started_at"],
            drift.c.seen_at <= (bad["finished_at"] or bad["started_at"]),
            drift.c.stream == row["subject"],
        )
        .limit(20)
    )
    return found + [
        Changed("schema", f"{one['kind'].replace('_', ' ')} {one['column_name']}", one["before"], one["after"])
        for one in shapes
    ]


def _told(one: Any) -> Changed:
    if isinstance(one, Mapping):
        kind, text = str(one.get("kind", one.get("what", ""))), str(one.get("text", one.get("sentence", "")))
        return Changed(kind, text, str(one.get("before") or ""), str(one.get("after") or ""))
    return Changed("", str(one), "", "")


def _hits(desk: Desk, incident_id: str) -> list[Hit]:
    hit = tables.incident_subject
    rows = desk.all(
        select(hit).where(hit.c.incident_id == incident_id).order_by(hit.c.role, hit.c.subject).limit(MOST_HITS)
    )
    return [Hit(row["subject"], row["role"], since, at(row["until"])) for row in rows if (since := at(row["since"]))]


def _history(desk: Desk, incident_id: str) -> list[Happening]:
    event = tables.incident_event
    rows = desk.all(
        select(event).where(event.c.incident_id == incident_id).order_by(event.c.event_id.desc()).limit(100)
    )
    return [Happening(moment, row["kind"], row["actor"], row["detail"]) for row in rows if (moment := at(row["at"]))]


def _with_below(hits: list[Hit], below: Mapping[str, Any], line: IncidentLine) -> list[Hit]:
    """Return what an incident touches, with the tables below it that its own facts name."""
    known = {hit.subject for hit in hits}
    names = [str(name) for name in below.get("names") or ()]
    return [*hits, *(Hit(name, "downstream", line.opened_at, None) for name in names if name not in known)]


def _commands(
    row: Mapping[str, Any], facts: Mapping[str, Any], error: ErrorLine | None, *, has_run: bool
) -> Sequence[tuple[str, str]]:
    """Return what a person can do now, with the command for each; nothing here runs by a click."""
    told = facts.get("todo")
    if isinstance(told, list):
        commands = [(str(one.get("text", "")), str(one.get("command", ""))) for one in told if isinstance(one, Mapping)]
    else:
        commands = _usual(row, error, has_run=has_run)
    if row["state"] in OPEN:
        short = row["incident_id"]
        commands.append(
            ("end it, with the reason", f"lakesmith incidents resolve {short} --reason fixed_at_source --note …")
        )
        commands.append(
            ("be quiet about it for a while", f"lakesmith alerts mute --select {row['subject']} --for 2h --reason …")
        )
    return commands


def _usual(row: Mapping[str, Any], error: ErrorLine | None, *, has_run: bool) -> list[tuple[str, str]]:
    """Return what helps with most incidents."""
    subject = row["subject"]
    is_stream = "." in subject and not subject.endswith("*") and not subject.startswith(("marts.", "gold.", "silver."))
    whole = f"source:{subject.removesuffix('.*')}+" if subject.endswith(".*") else subject.rpartition(".")[2]
    pick = f"source:{subject}+" if is_stream else whole
    commands = [("look at the source without loading", "lakesmith check")] if error else []
    commands.append(("try this again, and what depends on it", f"lakesmith run --select {pick}"))
    if is_stream and row["data_safe"] == "written_and_committed":
        commands.append(("take the table back to before", f"lakesmith rollback {subject}"))
    if has_run:
        commands.append(("read the whole log", f"lakesmith logs {row['last_run_id'][:13]}"))
    if row["state"] == "open":
        commands.append(("say that you are on it", f"lakesmith incidents acknowledge {row['incident_id']}"))
    return commands
