"""Whether the platform can say of itself that it watches: what a sign of life to the outside stands for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from lakesmith.monitor import tables
from lakesmith.monitor.alerts.values import SENDING, WAITING
from lakesmith.monitor.writing import stamp
from lakesmith.project.alerting import Heartbeat
from lakesmith.project.references import has_reference

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore

LOOKED = timedelta(minutes=5)
"""Tables that nobody has judged for so long are not watched."""

STUCK = timedelta(minutes=15)
"""A message that waits for so long does not arrive."""

ALIVE = timedelta(seconds=60)


def watch_of(target: str) -> str:
    """Return the name under which the judging of a target says that it is there."""
    return f"watch {target}"


def why_not(store: RunStore, target: str, now: datetime) -> str:
    """Return why the platform cannot vouch for itself, empty if it can."""
    beat, delivery = tables.heartbeat, tables.delivery
    with store.engine.connect() as connection:
        looked = select(beat.c.seen_at).where(beat.c.component == watch_of(target))
        seen_at = connection.execute(looked).scalar()
        unsent = delivery.c.state.in_((WAITING, SENDING))
        stuck = connection.execute(
            select(delivery.c.channel).where(unsent, delivery.c.queued_at < stamp(now - STUCK))
        ).first()
    if seen_at is None or seen_at < stamp(now - LOOKED):
        return "nobody has judged the tables lately"
    return f"messages over {stuck.channel} do not arrive" if stuck else ""


def is_alive(store: RunStore, component: str, now: datetime) -> bool:
    """Whether a part of the platform has said lately that it is there."""
    beat = tables.heartbeat
    with store.engine.connect() as connection:
        seen_at = connection.execute(select(beat.c.seen_at).where(beat.c.component == component)).scalar()
    return seen_at is not None and seen_at >= stamp(now - ALIVE)


def counts(connection: Connection, target: str, now: datetime) -> dict[str, int]:
    """Return what happened in the last day, by what is counted."""
    run, load = tables.run, tables.table_load
    since = stamp(now - timedelta(days=1))
    mine = (run.c.target == target, run.c.started_at > since)
    runs = connection.execute(select(func.count()).select_from(run).where(*mine)).scalar() or 0
    failed = select(func.count()).select_from(run).where(*mine, run.c.state.in_(("failed", "lost")))
    written = select(func.sum(load.c.rows_written)).join(run, run.c.run_id == load.c.run_id).where(*mine)
    return {
        "runs in a day": int(runs),
        "of them failed": int(connection.execute(failed).scalar() or 0),
        "rows written": int(connection.execute(written).scalar() or 0),
    }


def give_sign(heartbeat: Heartbeat) -> bool:
    """Ask for the address of somebody who waits for it; whether they answered. That they do not is theirs to notice."""
    from lakesmith.monitor.alerts.channels.connecting import get
    from lakesmith.monitor.alerts.channels.outcome import carefully, of_answer

    address = heartbeat.url
    if address is None or has_reference(address):
        return False
    return carefully(lambda: of_answer(get(address, private=heartbeat.private))).ok
