"""Incidents as a list, and one of them in the order a person needs it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from lakesmith.api.viewing.desk import Desk, at
from lakesmith.api.viewing.lines import OPEN, error_line, incident_lines, runs_by_id
from lakesmith.api.viewing.logs import tail
from lakesmith.monitor import tables
from lakesmith.pages.links import NODES, address
from lakesmith.pages.parts import span, words
from lakesmith.pages.views.common import ErrorLine, IncidentLine, Wanted
from lakesmith.pages.views.details import Below, Changed, Happening, Hit, Incident
from lakesmith.pages.views.listings import Incidents

PAGE, SHOWN_LOG, SHOWN_BEFORE, MOST_HITS = 50, 30, 5, 2000
GROUPS = ("models", "marts", "names", "exposures", "publications", "owners")


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
    first = _run_of(facts, "first_bad") or row["first_run_id"]
    good = _run_of(facts, "last_good") or row["last_good_run_id"]
    runs = runs_by_id(desk, (first, row["last_run_id"], good))
    before = desk.all(
        select(incident)
        .where(
            incident.c.cause == row["cause"], incident.c.target == desk.target, incident.c.incident_id != incident_id
        )
        .order_by(incident.c.opened_at.desc())
        .limit(SHOWN_BEFORE)
    )
    log = tail(desk.shop.paths.logs, row["last_run_id"] or "", desk.shop.host.secrets.mask, wanted=SHOWN_LOG)[0]
    return Incident(
        desk.place,
        line,
        _sentence(desk, line),
        runs.get(first or ""),
        runs.get(row["last_run_id"] or ""),
        runs.get(good or ""),
        [Changed(one["kind"], one["text"], one["before"], one["after"]) for one in facts.get("changes") or ()],
        facts.get("changes") is not None,
        _error(desk, row, facts),
        str(facts.get("what", "")),
        [str(one) for one in facts.get("reasons") or ()],
        row["data_safe"],
        str(facts.get("safe") or ""),
        _hits(desk, incident_id),
        _below(facts) if row["is_downstream_known"] else None,
        _before(facts),
        incident_lines(desk, before),
        _commands(row, facts),
        log,
        _history(desk, incident_id),
    )


def _run_of(facts: Mapping[str, Any], key: str) -> str | None:
    """Return the run that the facts name: the first bad one, or the last good one."""
    told = facts.get(key)
    return str(told["run_id"]) if told else None


def _sentence(desk: Desk, line: IncidentLine) -> str:
    """Return what failed, where, since when, and whether it still does."""
    title = f"{line.title[:1].upper()}{line.title[1:]}".removesuffix(".")
    short = line.subject.split(".")[2:3] if line.subject.startswith(NODES) else []
    where = "" if (short or [line.subject.removesuffix(".*")])[0] in title else f" ({line.subject})"
    if line.resolved_at is not None:
        lasted = span((line.resolved_at - line.opened_at).total_seconds())
        return f"{title}{where}: resolved as {words(line.resolution) or 'not said'} after {lasted}."
    lasted = span((desk.now - line.opened_at).total_seconds())
    return f"{title}{where}: since {line.opened_at:%d %b %H:%M}, for {lasted}, still so when last looked at {line.last_seen_at:%d %b %H:%M}."


def _error(desk: Desk, row: Mapping[str, Any], facts: Mapping[str, Any]) -> ErrorLine | None:
    """Return the error that is the cause: as the record has it, else as the incident tells it; None where the cause is no error."""
    if not facts.get("kind"):
        return None
    error, ids = tables.error_event, [one for one in (row["first_run_id"], row["last_run_id"]) if one]
    query = select(error).where(error.c.run_id.in_(ids), error.c.what == facts["what"])
    found = desk.first(query.order_by(error.c.event_id)) if ids else None
    return error_line(found) if found else _told(row, facts)


def _told(row: Mapping[str, Any], facts: Mapping[str, Any]) -> ErrorLine:
    """Return an error that the record holds no more."""
    steps = facts.get("steps") or ("",)
    return ErrorLine(
        row["first_run_id"] or "",
        steps[0],
        datetime.fromisoformat(row["opened_at"]),
        facts["kind"],
        facts.get("error_class") or "",
        facts.get("origin") or "",
        None,
        facts.get("what") or "",
        facts.get("where") or "",
        facts.get("fix") or "",
        facts.get("fingerprint") or "",
    )


def _below(facts: Mapping[str, Any]) -> Below | None:
    """Return what is downstream, None where nobody knows."""
    told = facts.get("downstream")
    return Below(*(told[name] for name in GROUPS)) if told else None


def _before(facts: Mapping[str, Any]) -> str:
    """Return how often the cause was there before, and how it ended; empty the first time."""
    told = facts.get("seen_before")
    if not told:
        return ""
    count, note = int(told["times"]), str(told.get("note") or "").removesuffix(".")
    ended = words(told.get("resolution") or "") or "not said"
    return f"Seen {count:,} {'time' if count == 1 else 'times'} before, last resolved as {ended}{f': {note}' if note else ''}."


def _hits(desk: Desk, incident_id: str) -> list[Hit]:
    hit = tables.incident_subject
    rows = desk.all(
        select(hit).where(hit.c.incident_id == incident_id).order_by(hit.c.role, hit.c.subject).limit(MOST_HITS)
    )
    return [
        Hit(row["subject"], row["role"], row["rule"], since, at(row["until"]))
        for row in rows
        if (since := at(row["since"]))
    ]


def _history(desk: Desk, incident_id: str) -> list[Happening]:
    event = tables.incident_event
    rows = desk.all(
        select(event).where(event.c.incident_id == incident_id).order_by(event.c.event_id.desc()).limit(100)
    )
    return [Happening(moment, row["kind"], row["actor"], row["detail"]) for row in rows if (moment := at(row["at"]))]


def _commands(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return what a person can do now, with the command for each; nothing here runs by a click."""
    acknowledge = f"lakesmith incidents acknowledge {row['incident_id']}"
    told = [(str(one["text"]), str(one["command"])) for one in facts.get("todo") or ()]
    commands = [one for one in told if row["state"] == "open" or one[1] != acknowledge]
    if row["state"] not in OPEN:
        return commands
    ending = f"lakesmith incidents resolve {row['incident_id']} --reason fixed_at_source --note …"
    mute = f"lakesmith alerts mute --select {shlex.quote(row['subject'])} --for 2h --reason …"
    return [*commands, ("end it, with the reason", ending), ("be quiet about it for a while", mute)]
