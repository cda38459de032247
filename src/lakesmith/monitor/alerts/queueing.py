"""What was told, and what waits to be sent: written down together, so that no message is made twice and none is forgotten."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, func, insert, or_, select, update

from lakesmith.monitor import tables
from lakesmith.monitor.alerts.grouping import EVERY_ROUTE, Due
from lakesmith.monitor.alerts.mutes import Mute
from lakesmith.monitor.alerts.values import (
    DIGEST,
    FAILED,
    SENDING,
    SENT,
    SUPPRESSED,
    WAITING,
    Delivery,
    Note,
    Sent,
    Told,
)
from lakesmith.monitor.asking import rows_of
from lakesmith.monitor.incidents.reading import MANY, read, when
from lakesmith.monitor.incidents.values import OURSELVES, RESOLVED, Incident
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore

LOOK_BACK = timedelta(days=7)
"""An end that nobody could be told of for so long is told to nobody."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction, the time, and who makes ids."""

    connection: Connection
    now: datetime
    new_id: Callable[[], str]


def to_tell(connection: Connection, target: str, now: datetime) -> list[Incident]:
    """Return the incidents of a target that are open, or were not long ago; oldest first."""
    table = tables.incident
    recent = or_(table.c.state != RESOLVED, table.c.resolved_at > stamp(now - LOOK_BACK))
    return read(connection, select(table).where(table.c.target == target, recent).order_by(table.c.opened_at))


def what_was_told(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], list[Told]]:
    """Return what was told of incidents, by incident and channel, oldest first; what could not be delivered was not told."""
    event, delivery = tables.incident_event, tables.delivery
    found: list[Told] = []
    for at in range(0, len(ids), MANY):
        query = select(event).where(event.c.incident_id.in_(ids[at : at + MANY]), event.c.kind == "told")
        for row in rows_of(connection, query.order_by(event.c.event_id)):
            facts = json.loads(row["detail"])
            found.append(Told(row["incident_id"], at=datetime.fromisoformat(row["at"]), **facts))
    failed: set[str] = set()
    sent_by = list({one.delivery_id for one in found})
    for at in range(0, len(sent_by), MANY):
        mine = delivery.c.delivery_id.in_(sent_by[at : at + MANY])
        query = select(delivery.c.delivery_id).where(mine, delivery.c.state == FAILED)
        failed |= {row["delivery_id"] for row in rows_of(connection, query)}
    told: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in found:
        if one.delivery_id not in failed:
            told[one.incident_id, one.channel].append(one)
    return told


def groups(connection: Connection, now: datetime) -> tuple[dict[tuple[str, str], datetime], set[tuple[str, str]]]:
    """Return when each group (route and channel) had its last message, and the groups whose message has not gone out."""
    delivery = tables.delivery
    mine = (delivery.c.queued_at > stamp(now - LOOK_BACK), delivery.c.state.not_in((SUPPRESSED, FAILED)))
    of_incidents = delivery.c.group_key != ""
    route = case((delivery.c.kind == DIGEST, EVERY_ROUTE), else_=delivery.c.route).label("group_route")
    last = select(route, delivery.c.channel, func.max(delivery.c.queued_at).label("at")).where(*mine, of_incidents)
    newest = {
        (row["group_route"], row["channel"]): datetime.fromisoformat(row["at"])
        for row in rows_of(connection, last.group_by(route, delivery.c.channel))
    }
    unsent = select(route, delivery.c.channel).where(delivery.c.state.in_((WAITING, SENDING)), of_incidents)
    return newest, {(row["group_route"], row["channel"]) for row in rows_of(connection, unsent.distinct())}


def queue(writer: Writer, message: Due, note: Note) -> str:
    """Write down a message that is due now, and that its incidents are told by it; return its id."""
    only = message.incidents[0].incident_id if len(message.incidents) == 1 else None
    group = f"{message.route}/{message.channel}"
    delivery_id = put(writer, (message.route, message.channel, group), note, incident_id=only)
    rows = []
    for one in message.incidents:
        facts = {"channel": message.channel, "severity": one.severity, "parts": len(one.parts)}
        kind = message.kind if one.is_open else RESOLVED
        detail = json.dumps({**facts, "kind": kind, "delivery_id": delivery_id}, sort_keys=True)
        rows.append(
            {
                "incident_id": one.incident_id,
                "at": stamp(writer.now),
                "kind": "told",
                "actor": OURSELVES,
                "detail": detail,
            }
        )
    writer.connection.execute(insert(tables.incident_event), rows)
    return delivery_id


def put(writer: Writer, way: tuple[str, str, str], note: Note, *, incident_id: str | None = None) -> str:
    """Write down a message that is due now; `way` is its route, its channel, and its group (empty for none). Return its id."""
    delivery_id = writer.new_id()
    row = _row(writer, delivery_id, way, incident_id)
    row |= {"kind": note.kind, "state": WAITING, "next_try_at": stamp(writer.now), "suppressed_by": ""}
    body = json.dumps(asdict(note), sort_keys=True, ensure_ascii=False)
    writer.connection.execute(insert(tables.delivery), [{**row, "body": body}])
    return delivery_id


def write_test(writer: Writer, channel: str, note: Note, sent: Sent) -> None:
    """Write down a message that somebody sent to try a channel, and what came of it."""
    delivery_id = put(writer, ("test", channel, ""), note)
    ended = {
        "state": SENT if sent.ok else FAILED,
        "attempts": 1,
        "next_try_at": None,
        "fault": "" if sent.ok else sent.told,
    }
    table = tables.delivery
    sent_at = stamp(writer.now) if sent.ok else None
    mine = table.c.delivery_id == delivery_id
    writer.connection.execute(update(table).where(mine).values(**ended, sent_at=sent_at))


def suppress(writer: Writer, incident: Incident, channels: Collection[str], route: str, mute: Mute) -> None:
    """Write down once that an incident would have been told, and is not because of a mute."""
    delivery = tables.delivery
    mine = (delivery.c.incident_id == incident.incident_id, delivery.c.suppressed_by == mute.mute_id)
    known = {row["channel"] for row in rows_of(writer.connection, select(delivery.c.channel).where(*mine))}
    for channel in channels:
        if channel not in known:
            row = _row(writer, writer.new_id(), (route, channel, f"{route}/{channel}"), incident.incident_id)
            row |= {"kind": "opened", "state": SUPPRESSED, "suppressed_by": mute.mute_id, "body": "{}"}
            writer.connection.execute(insert(delivery), [row])


def deliveries(store: RunStore, limit: int = 50) -> list[Delivery]:
    """Return the newest deliveries first."""
    table = tables.delivery
    with store.engine.connect() as connection:
        rows = rows_of(connection, select(table).order_by(table.c.queued_at.desc(), table.c.delivery_id).limit(limit))
    return [delivery_of(row) for row in rows]


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    """Return a row of the table as a value."""
    return Delivery(
        row["delivery_id"],
        row["route"],
        row["channel"],
        row["kind"],
        row["state"],
        row["attempts"],
        datetime.fromisoformat(row["queued_at"]),
        when(row["next_try_at"]),
        when(row["sent_at"]),
        row["fault"],
        row["suppressed_by"],
        row["incident_id"],
        json.loads(row["body"]),
    )


def note_from(body: Mapping[str, Any]) -> Note:
    """Return the message that a delivery holds."""
    lines = tuple((str(word), str(text)) for word, text in body["lines"])
    return Note(**{**body, "lines": lines, "incidents": tuple(body["incidents"])})


def _row(writer: Writer, delivery_id: str, way: tuple[str, str, str], incident_id: str | None) -> dict[str, Any]:
    route, channel, group = way
    names = {"delivery_id": delivery_id, "incident_id": incident_id, "route": route, "channel": channel}
    return names | {"group_key": group, "attempts": 0, "queued_at": stamp(writer.now), "fault": ""}
