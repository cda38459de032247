"""How incidents begin, go on and end. All in one transaction, so that one cause never has two."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from lakesmith.monitor import tables
from lakesmith.monitor.incidents.reading import read, seen_before
from lakesmith.monitor.incidents.recovery import Better, has_recovered, is_gone
from lakesmith.monitor.incidents.values import (
    CAUSE,
    ERROR,
    HIT,
    OPEN,
    OURSELVES,
    RESOLVED,
    Cause,
    Hit,
    Incident,
)
from lakesmith.monitor.incidents.wording import lasted
from lakesmith.monitor.writing import stamp

AGAIN = timedelta(hours=24)
"""A failure this soon after an end is the same incident, opened again."""

GONE = "the project does not ask for what it is about any more"
BUCKETS_KEPT = 60
REASONS_KEPT = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """Where incidents of one target are kept: a transaction, the time, and who knows ids and owners."""

    connection: Connection
    target: str
    now: datetime
    new_id: Callable[[], str]
    owner_of: Callable[[str], str] = lambda _subject: ""
    severity_of: Callable[[str], str] = lambda _subject: ERROR
    mask: Callable[[str], str] = lambda text: text


@dataclass(slots=True)
class Changes:
    """Which incidents one look opened, opened again, met again and ended, by id."""

    opened: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    fed: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)


def take_note(desk: Desk, causes: Iterable[Cause], better: Better) -> Changes:
    """Open, feed and end the incidents of a target by what was seen."""
    changes, met = Changes(), set()
    for cause in causes:
        incident = _newest(desk, cause)
        if incident is not None and incident.is_open:
            _feed(desk, incident, cause)
            changes.fed.append(incident.incident_id)
            met.add(incident.incident_id)
        elif incident is None or not _is_old_news(incident, cause):
            again = incident is not None and _is_soon(incident, desk.now)
            done = _reopen(desk, incident, cause) if incident is not None and again else _open(desk, cause)
            (changes.reopened if again else changes.opened).append(done)
            met.add(done)
    for incident in still_open(desk.connection, desk.target):
        if has_recovered(desk, incident, better, met=incident.incident_id in met):
            if is_gone(incident, better):
                settle_by_itself(desk, incident, lambda _incident: "config", GONE)
            else:
                settle_by_itself(desk, incident, better.resolution)
            changes.resolved.append(incident.incident_id)
    return changes


def still_open(connection: Connection, target: str) -> list[Incident]:
    """Return the incidents of a target that still need somebody, oldest first."""
    table = tables.incident
    query = select(table).where(table.c.target == target, table.c.state != RESOLVED).order_by(table.c.opened_at)
    return read(connection, query)


def tell(desk: Desk, incident_id: str, kind: str, detail: str, actor: str = OURSELVES) -> None:
    """Add a line to an incident's story."""
    row = {"incident_id": incident_id, "at": stamp(desk.now), "kind": kind, "actor": actor, "detail": desk.mask(detail)}
    desk.connection.execute(insert(tables.incident_event), [row])


def change(desk: Desk, incident_id: str, **values: Any) -> None:
    """Change an incident; `facts` are given as a mapping."""
    if "facts" in values:
        values["facts"] = _plain(desk, values["facts"])
    table = tables.incident
    desk.connection.execute(update(table).where(table.c.incident_id == incident_id).values(**values))


def settle_by_itself(
    desk: Desk, incident: Incident, resolution: Callable[[Incident], str], why: str = "what it is about is good again"
) -> None:
    """End an incident because what it is about is good again, or for another reason."""
    text = f"{why}; it was open for {lasted(desk.now - incident.began_at)}"
    ended = {"resolved_at": stamp(desk.now), "resolved_by": OURSELVES, "resolution": resolution(incident)}
    change(desk, incident.incident_id, state=RESOLVED, note=text, **ended)
    touched = tables.incident_subject
    mine = (touched.c.incident_id == incident.incident_id, touched.c.until.is_(None))
    desk.connection.execute(update(touched).where(*mine).values(until=stamp(desk.now)))
    tell(desk, incident.incident_id, "resolved", text)


def _newest(desk: Desk, cause: Cause) -> Incident | None:
    table = tables.incident
    query = select(table).where(table.c.target == desk.target, table.c.cause == cause.digest)
    found = read(desk.connection, query.order_by(table.c.opened_at.desc()).limit(1))
    return found[0] if found else None


def _is_soon(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is not None and now - incident.resolved_at < AGAIN


def _is_old_news(incident: Incident, cause: Cause) -> bool:
    """Whether a person has ended an incident, and nothing was seen since that they did not know."""
    known = cause.bucket in incident.facts.get("buckets", ())
    return known and (incident.resolved_by != OURSELVES) and (bool(cause.bucket) or _is_soon(incident, cause.seen_at))


def _open(desk: Desk, cause: Cause) -> str:
    incident_id = desk.new_id()
    times, last = seen_before(desk.connection, desk.target, cause.digest, desk.now)
    facts = dict(cause.facts) | {"key": cause.key, "buckets": [cause.bucket], "columns": _columns(cause)}
    facts["reasons"] = _reasons((), cause)
    if last is not None:
        ended = {"resolved_at": last.resolved_at and stamp(last.resolved_at), "resolution": last.resolution}
        facts["seen_before"] = {"times": times, "incident_id": last.incident_id, "note": last.note, **ended}
    row = {
        "incident_id": incident_id,
        "target": desk.target,
        "cause": cause.digest,
        "rule": cause.rule,
        "subject": cause.subject,
        "title": desk.mask(cause.title),
        "severity": _severity(desk, cause),
        "state": OPEN,
        "owner": desk.owner_of(cause.subject),
        "opened_at": stamp(min(cause.seen_at, desk.now)),
        "last_seen_at": stamp(cause.seen_at),
        "occurrences": 1,
        "note": "",
        "first_run_id": cause.run_id,
        "last_run_id": cause.run_id,
        "data_safe": "unknown",
        "is_downstream_known": False,
        "facts": _plain(desk, facts),
    }
    desk.connection.execute(insert(tables.incident), [row])
    _touch(desk, incident_id, {}, cause)
    tell(desk, incident_id, "opened", cause.title)
    return incident_id


def _reopen(desk: Desk, incident: Incident, cause: Cause) -> str:
    facts = _fed(incident.facts, cause) | {"reopened_at": stamp(desk.now)}
    last = {"resolved_at": incident.resolved_at and stamp(incident.resolved_at), "resolution": incident.resolution}
    times = int((incident.facts.get("seen_before") or {}).get("times", 0)) + 1
    facts["seen_before"] = {"times": times, "incident_id": incident.incident_id, "note": incident.note, **last}
    cleared = {"resolved_at": None, "resolved_by": None, "resolution": None, "note": ""}
    acknowledged = {"acknowledged_at": None, "acknowledged_by": None}
    ways = {"state": OPEN, "severity": _severity(desk, cause), "title": desk.mask(cause.title)}
    seen = {"last_seen_at": stamp(cause.seen_at), "occurrences": incident.occurrences + 1}
    run = {"last_run_id": cause.run_id or incident.last_run_id}
    change(desk, incident.incident_id, facts=facts, **cleared, **acknowledged, **ways, **seen, **run)
    _touch(desk, incident.incident_id, {(one.subject, one.role): one.until for one in incident.touched}, cause)
    tell(desk, incident.incident_id, "reopened", cause.title)
    return incident.incident_id


def _feed(desk: Desk, incident: Incident, cause: Cause) -> None:
    """Note that a cause is still there; a line is added to the story only for what is new."""
    is_new = cause.bucket not in incident.facts.get("buckets", ())
    worse = _severity(desk, cause) == ERROR != incident.severity
    values: dict[str, Any] = {"facts": _fed(incident.facts, cause), "last_seen_at": stamp(cause.seen_at)}
    if is_new:
        values |= {"occurrences": incident.occurrences + 1, "last_run_id": cause.run_id or incident.last_run_id}
        values["title"] = desk.mask(cause.title)
        tell(desk, incident.incident_id, "again", cause.title)
    if worse:
        values["severity"] = ERROR
        tell(desk, incident.incident_id, "worse", cause.title)
    known = {(one.subject, one.role): one.until for one in incident.touched}
    more = _touch(desk, incident.incident_id, known, cause)
    parts = {one.subject for one in incident.parts} | {one.subject for one in cause.parts}
    if len(parts) > 1 and incident.subject != "*":
        values["subject"] = _common(incident, parts)
    change(desk, incident.incident_id, **values)
    if more:
        names = ", ".join(more[:REASONS_KEPT]) + (
            f" and {len(more) - REASONS_KEPT} more" if len(more) > REASONS_KEPT else ""
        )
        tell(desk, incident.incident_id, "hit", f"it also hits {names}")


def _common(incident: Incident, parts: Iterable[str]) -> str:
    from lakesmith.monitor.incidents.naming import together

    return incident.subject if incident.rule not in ("fault", "late") else together(sorted(parts))


def _fed(facts: Mapping[str, Any], cause: Cause) -> dict[str, Any]:
    known = [bucket for bucket in facts.get("buckets", ()) if bucket != cause.bucket]
    columns = sorted({*facts.get("columns", ()), *_columns(cause)})
    reasons = _reasons(facts.get("reasons", ()), cause)
    own = {key: value for key, value in cause.facts.items() if value or key not in facts}
    return {**facts, **own, "buckets": [*known, cause.bucket][-BUCKETS_KEPT:], "columns": columns, "reasons": reasons}


def _columns(cause: Cause) -> list[str]:
    return sorted({f"{one.subject}.{one.column}" for one in cause.parts if one.column})


def _reasons(known: Sequence[str], cause: Cause) -> list[str]:
    told = [f"{one.subject}: {one.reason}" for one in (*cause.parts, *cause.hits) if one.reason]
    return list(dict.fromkeys([*told, *known]))[:REASONS_KEPT]


def _touch(desk: Desk, incident_id: str, known: Mapping[tuple[str, str], datetime | None], cause: Cause) -> list[str]:
    """Note what is part of an incident and what it hits; return the subjects that are new to it."""
    wanted: dict[tuple[str, str], Hit] = {(one.subject, CAUSE): one for one in cause.parts}
    wanted |= {(one.subject, HIT): one for one in cause.hits if (one.subject, CAUSE) not in wanted}
    table = tables.incident_subject
    for (subject, role), hit in wanted.items():
        if known.get((subject, role), None) is not None:
            mine = (table.c.incident_id == incident_id, table.c.subject == subject, table.c.role == role)
            since = {"since": stamp(hit.since), "until": None}
            desk.connection.execute(update(table).where(*mine).values(**since))
    rows = [
        {"incident_id": incident_id, "subject": subject, "role": role, "rule": hit.rule, "since": stamp(hit.since)}
        for (subject, role), hit in wanted.items()
        if (subject, role) not in known
    ]
    if rows:
        desk.connection.execute(insert(table), rows)
    named = {subject for subject, _ in known}
    return [row["subject"] for row in rows if row["subject"] not in named]


def _severity(desk: Desk, cause: Cause) -> str:
    """Return how bad it is: never worse than the worst table that it is about."""
    if cause.severity != ERROR:
        return cause.severity
    worst = {desk.severity_of(one.subject) for one in (*cause.parts, *cause.hits)}
    return ERROR if ERROR in worst else "warn"


def _plain(desk: Desk, facts: Mapping[str, Any]) -> str:
    return json.dumps(_masked(facts, desk.mask), sort_keys=True, ensure_ascii=False, default=str)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return plain values with every text masked before JSON writes it in another way."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): _masked(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, mask) for item in value]
    return value
