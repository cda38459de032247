"""What people do with incidents: say that they see to one, and end it with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update

from lakesmith.errors import SelectionError, UsageError
from lakesmith.monitor import tables
from lakesmith.monitor.incidents.lifecycle import Desk, change, tell
from lakesmith.monitor.incidents.reading import incidents_like, read
from lakesmith.monitor.incidents.values import ACKNOWLEDGED, RESOLUTIONS, RESOLVED, Incident
from lakesmith.monitor.incidents.wording import lasted
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore

SHOWN = 5


def find(store: RunStore, beginning: str) -> Incident:
    """Return the one incident whose id begins so.

    Raises:
        SelectionError: If there is none, or more than one.
    """
    found = incidents_like(store, beginning) if beginning else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise SelectionError(
            f"No incident begins with {beginning!r}.",
            where="the command line",
            fix="`lakesmith incidents --all` lists them",
        )
    names = ", ".join(one.incident_id for one in found[:SHOWN])
    raise SelectionError(
        f"{len(found)} incidents begin with {beginning!r}.",
        where="the command line",
        fix=f"write more of one of: {names}",
    )


def acknowledge(desk: Desk, incident: Incident, actor: str, *, note: str = "", via: str = "cli") -> None:
    """Note that somebody sees to an incident: it is not told again until it gets worse or ends.

    Raises:
        UsageError: If it is over.
    """
    if not _now(desk, incident).is_open:
        raise UsageError(
            "This incident is over.", where=incident.incident_id, fix="`lakesmith incidents` lists the open ones"
        )
    seen = {"acknowledged_at": stamp(desk.now), "acknowledged_by": actor}
    change(desk, incident.incident_id, state=ACKNOWLEDGED, **seen, **({"note": desk.mask(note)} if note else {}))
    tell(desk, incident.incident_id, "acknowledged", note, actor)
    _note_action(
        desk.connection, desk.now, (actor, via), ("incident.acknowledge", incident.incident_id, desk.mask(note))
    )


def resolve(desk: Desk, incident: Incident, actor: str, *, reason: str, note: str, via: str = "cli") -> None:
    """End an incident with one of the reasons and a note.

    Raises:
        UsageError: If it is over, the reason is not one, or there is no note.
    """
    if reason not in RESOLUTIONS:
        raise UsageError(
            f"{reason!r} is not a reason.", where="the command line", fix=f"use one of: {', '.join(RESOLUTIONS)}"
        )
    if not note.strip():
        raise UsageError(
            "An incident is ended with a note.", where="the command line", fix="say in a sentence what it was"
        )
    found = _now(desk, incident)
    if not found.is_open:
        raise UsageError(
            "This incident is over.", where=incident.incident_id, fix="`lakesmith incidents` lists the open ones"
        )
    ended = {"resolved_at": stamp(desk.now), "resolved_by": actor, "resolution": reason, "note": desk.mask(note)}
    change(desk, incident.incident_id, state=RESOLVED, **ended)
    touched = tables.incident_subject
    mine = (touched.c.incident_id == incident.incident_id, touched.c.until.is_(None))
    desk.connection.execute(update(touched).where(*mine).values(until=stamp(desk.now)))
    span = lasted(desk.now - found.began_at)
    tell(desk, incident.incident_id, "resolved", f"{reason.replace('_', ' ')}: {note}; it was open for {span}", actor)
    action = ("incident.resolve", incident.incident_id, f"{reason}: {desk.mask(note)}")
    _note_action(desk.connection, desk.now, (actor, via), action)


def _now(desk: Desk, incident: Incident) -> Incident:
    table = tables.incident
    return read(desk.connection, select(table).where(table.c.incident_id == incident.incident_id))[0]


def _note_action(connection: Connection, at: datetime, who: tuple[str, str], what: tuple[str, str, str]) -> None:
    row = {"at": stamp(at), "actor": who[0], "via": who[1], "verb": what[0], "target": what[1], "detail": what[2]}
    connection.execute(insert(tables.user_action), [{**row, "outcome": "done"}])


def note_action(connection: Connection, at: datetime, who: tuple[str, str], what: tuple[str, str, str]) -> None:
    """Note what a person did.

    Args:
        connection: A transaction.
        at: When.
        who: Who, and by which way (`cli`, `console`).
        what: The verb, what it was done to, and a sentence.
    """
    _note_action(connection, at, who, what)
