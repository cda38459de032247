"""Silence with an end and a reason."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from lakesmith.errors import SelectionError, UsageError
from lakesmith.monitor import tables
from lakesmith.monitor.incidents.reading import when
from lakesmith.monitor.incidents.values import Incident
from lakesmith.monitor.incidents.watches import fits
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore


@dataclass(frozen=True, slots=True)
class Mute:
    """Nothing is told of what `select` names (`shop.*`, `owner:finance`, `tag:nightly`) until then. `ended_at`: somebody ended it before."""

    mute_id: str
    select: str
    reason: str
    actor: str
    created_at: datetime
    until: datetime
    ended_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.ended_at is None and now < self.until


def silences(mute: Mute, incident: Incident, tags: Collection[str]) -> bool:
    """Whether a mute is about an incident: about its subject, or all it is about."""
    method, colon, value = mute.select.partition(":")
    if colon and method in ("owner", "tag"):
        return incident.owner == value if method == "owner" else value in tags
    parts = [one.subject for one in incident.parts] or [incident.subject]
    return fits(incident.subject, mute.select) or all(fits(part, mute.select) for part in parts)


def add(connection: Connection, mute: Mute) -> None:
    """Write a mute down.

    Raises:
        UsageError: If it has no reason, or its end is not ahead.
    """
    if not mute.reason.strip():
        raise UsageError("A mute needs a reason.", where="the command line", fix="add --reason with a sentence")
    if mute.until <= mute.created_at:
        raise UsageError("A mute has to end later than it begins.", where="the command line", fix="name a time ahead")
    row = {
        "mute_id": mute.mute_id,
        "matches": json.dumps({"select": mute.select}, ensure_ascii=False),
        "reason": mute.reason,
        "actor": mute.actor,
        "created_at": stamp(mute.created_at),
        "until": stamp(mute.until),
    }
    connection.execute(insert(tables.mute), [row])


def end(connection: Connection, beginning: str, now: datetime) -> Mute:
    """End the mute whose id begins so, or that is about just this selection.

    Raises:
        SelectionError: If none, or more than one, is in force.
    """
    found = [one for one in read(connection, now) if one.mute_id.startswith(beginning) or one.select == beginning]
    if len(found) != 1:
        what = f"{len(found)} mutes are meant by" if found else "No mute in force is meant by"
        raise SelectionError(
            f"{what} {beginning!r}.", where="the command line", fix="`lakesmith alerts mutes` lists them"
        )
    table = tables.mute
    connection.execute(update(table).where(table.c.mute_id == found[0].mute_id).values(ended_at=stamp(now)))
    return found[0]


def in_force(store: RunStore, now: datetime) -> list[Mute]:
    """Return the mutes in force, the one that ends first on top."""
    with store.engine.connect() as connection:
        return read(connection, now)


def read(connection: Connection, now: datetime) -> list[Mute]:
    """Return the mutes in force, the one that ends first on top."""
    table = tables.mute
    query = select(table).where(table.c.until > stamp(now), table.c.ended_at.is_(None)).order_by(table.c.until)
    return [_mute(dict(row)) for row in connection.execute(query).mappings()]


def _mute(row: dict[str, Any]) -> Mute:
    made, until = datetime.fromisoformat(row["created_at"]), datetime.fromisoformat(row["until"])
    selected = str(json.loads(row["matches"]).get("select", ""))
    return Mute(row["mute_id"], selected, row["reason"], row["actor"], made, until, when(row["ended_at"]))
