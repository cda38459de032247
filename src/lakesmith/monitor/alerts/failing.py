"""That messages do not arrive is an incident too, which other channels tell."""

from __future__ import annotations

from sqlalchemy import select

from lakesmith.monitor import tables
from lakesmith.monitor.incidents.advice import NOT_MOVED, SAFE, advice
from lakesmith.monitor.incidents.lifecycle import Desk, change, settle_by_itself, take_note
from lakesmith.monitor.incidents.reading import read
from lakesmith.monitor.incidents.recovery import Better
from lakesmith.monitor.incidents.values import DELIVERY, ERROR, RESOLVED, Cause, Hit, Incident

PREFIX = "alerts."


def failed(desk: Desk, channel: str, told: str, *, given_up: bool) -> None:
    """Open, or feed, the incident of a channel that does not deliver."""
    end = "; a message was given up after a day, and what it was about is told anew" if given_up else ""
    title = f"messages do not arrive over this channel: it {told}{end}"
    cause = _cause(desk, channel, title)
    done = take_note(desk, [cause], Better())
    for incident_id in (*done.opened, *done.reopened):
        table = tables.incident
        incident = read(desk.connection, select(table).where(table.c.incident_id == incident_id))[0]
        facts = dict(incident.facts) | {
            "safe": SAFE[NOT_MOVED],
            "changes": None,
            "downstream": None,
            "todo": advice(incident, ()),
        }
        change(desk, incident_id, facts=facts, data_safe=NOT_MOVED)


def arrived(desk: Desk, channel: str) -> None:
    """End the incident of a channel over which a message arrived."""
    table = tables.incident
    digest = _cause(desk, channel, "").digest
    mine = (table.c.target == desk.target, table.c.cause == digest, table.c.state != RESOLVED)
    for incident in read(desk.connection, select(table).where(*mine)):
        settle_by_itself(desk, incident, lambda _incident: "fixed_at_source")


def failing_channels(incidents: list[Incident]) -> dict[str, tuple[str, ...]]:
    """Return the channels that each open incident of a delivery is about, and all the failing ones with it."""
    mine = [one for one in incidents if one.rule == DELIVERY]
    names = tuple(one.subject.removeprefix(PREFIX) for one in mine if one.is_open)
    return {one.incident_id: tuple({*names, one.subject.removeprefix(PREFIX)}) for one in mine}


def _cause(desk: Desk, channel: str, title: str) -> Cause:
    subject = f"{PREFIX}{channel}"
    key, bucket = f"{DELIVERY}|{channel}", f"{desk.now:%Y-%m-%d}"
    parts = (Hit(subject, DELIVERY, desk.now),)
    return Cause(key, DELIVERY, subject, title, ERROR, desk.now, bucket, parts, facts={"what": title})
