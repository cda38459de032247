"""Questions about incidents. Every answer is a frozen value."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, func, select

from lakesmith.monitor import tables
from lakesmith.monitor.incidents.values import RESOLVED, Cause, Happened, Hit, Incident, Touched
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore

FINE = ("false_positive", "expected_change")
"""Resolutions by which a person says that what was judged bad was as it should be."""

MANY = 500
"""So many ids go into one question."""


def incidents(store: RunStore, target: str, *, all_of_them: bool = False, limit: int = 200) -> list[Incident]:
    """Return the incidents of a target: open ones, or with `all_of_them` the resolved ones too; newest first."""
    table = tables.incident
    query = select(table).where(table.c.target == target).order_by(table.c.opened_at.desc(), table.c.incident_id)
    if not all_of_them:
        query = query.where(table.c.state != RESOLVED)
    with store.engine.connect() as connection:
        return read(connection, query.limit(limit))


def incidents_like(store: RunStore, beginning: str) -> list[Incident]:
    """Return the incidents whose id begins so, newest first."""
    table = tables.incident
    query = select(table).where(table.c.incident_id.startswith(beginning, autoescape=True))
    with store.engine.connect() as connection:
        return read(connection, query.order_by(table.c.opened_at.desc()).limit(MANY))


def story(store: RunStore, incident_id: str) -> list[Happened]:
    """Return what happened to an incident, oldest first; messages that were sent about it are in the deliveries."""
    table = tables.incident_event
    query = select(table).where(table.c.incident_id == incident_id, table.c.kind != "told").order_by(table.c.event_id)
    with store.engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [Happened(datetime.fromisoformat(row["at"]), row["kind"], row["actor"], row["detail"]) for row in rows]


def open_by_subject(store: RunStore, target: str) -> dict[str, str]:
    """Return the id of the oldest open incident that each subject is part of, or suffers from."""
    table, touched = tables.incident, tables.incident_subject
    query = (
        select(touched.c.subject, table.c.incident_id)
        .join(table, table.c.incident_id == touched.c.incident_id)
        .where(table.c.target == target, table.c.state != RESOLVED, touched.c.until.is_(None))
        .order_by(table.c.opened_at.desc())
    )
    with store.engine.connect() as connection:
        return {row.subject: row.incident_id for row in connection.execute(query)}


def called_fine(store: RunStore, target: str) -> set[tuple[str, str, str]]:
    """Return subject, rule and bucket of what was judged bad, and a person called fine: such a bucket trains like any other."""
    table, touched = tables.incident, tables.incident_subject
    query = (
        select(touched.c.subject, table.c.rule, table.c.facts)
        .join(table, table.c.incident_id == touched.c.incident_id)
        .where(table.c.target == target, table.c.resolution.in_(FINE))
    )
    with store.engine.connect() as connection:
        rows = connection.execute(query).all()
    return {(row.subject, row.rule, bucket) for row in rows for bucket in json.loads(row.facts).get("buckets", ())}


def read(connection: Connection, query: Select[Any]) -> list[Incident]:
    """Return the incidents that a question finds, each with its subjects."""
    rows = connection.execute(query).mappings().all()
    touched = _touched(connection, [row["incident_id"] for row in rows])
    return [_incident(dict(row), tuple(touched[row["incident_id"]])) for row in rows]


def cause_of(incident: Incident) -> Cause:
    """Return the cause of an incident as far as it is not good again."""
    parts, hits = (
        tuple(Hit(one.subject, one.rule, one.since) for one in those if one.until is None)
        for those in (incident.parts, incident.hits)
    )
    key = str(incident.facts.get("key", incident.cause))
    bucket = "".join(list(incident.facts.get("buckets", ()))[-1:])
    at, run_id = incident.last_seen_at, incident.last_run_id
    named = (key, incident.rule, incident.subject, incident.title, incident.severity)
    return Cause(*named, at, bucket, parts, hits, run_id, incident.facts)


def seen_before(connection: Connection, target: str, cause: str, before: datetime) -> tuple[int, Incident | None]:
    """Return how often a cause was there before, and the newest of those times."""
    table = tables.incident
    mine = (table.c.target == target, table.c.cause == cause, table.c.opened_at < stamp(before))
    times = connection.execute(select(func.count()).select_from(table).where(*mine)).scalar() or 0
    newest = read(connection, select(table).where(*mine).order_by(table.c.opened_at.desc()).limit(1)) if times else []
    return int(times), newest[0] if newest else None


def _touched(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[Touched]]:
    found: dict[str, list[Touched]] = defaultdict(list)
    table = tables.incident_subject
    for at in range(0, len(ids), MANY):
        query = select(table).where(table.c.incident_id.in_(ids[at : at + MANY])).order_by(table.c.subject)
        for row in connection.execute(query).mappings():
            one = Touched(row["subject"], row["role"], row["rule"], _need(row["since"]), when(row["until"]))
            found[row["incident_id"]].append(one)
    return found


def when(text: str | None) -> datetime | None:
    """Return a time of the store."""
    return datetime.fromisoformat(text) if text else None


def _need(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _incident(row: Mapping[str, Any], touched: Iterable[Touched]) -> Incident:
    return Incident(
        incident_id=row["incident_id"],
        target=row["target"],
        cause=row["cause"],
        rule=row["rule"],
        subject=row["subject"],
        title=row["title"],
        severity=row["severity"],
        state=row["state"],
        owner=row["owner"],
        opened_at=_need(row["opened_at"]),
        last_seen_at=_need(row["last_seen_at"]),
        occurrences=row["occurrences"],
        acknowledged_at=when(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"] or "",
        resolved_at=when(row["resolved_at"]),
        resolved_by=row["resolved_by"] or "",
        resolution=row["resolution"] or "",
        note=row["note"],
        first_run_id=row["first_run_id"],
        last_run_id=row["last_run_id"],
        last_good_run_id=row["last_good_run_id"],
        data_safe=row["data_safe"],
        is_downstream_known=bool(row["is_downstream_known"]),
        facts=json.loads(row["facts"]),
        touched=tuple(touched),
    )
