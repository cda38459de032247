"""The record of starts that were due: what became of each, so that a scheduler that was killed goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from lakesmith.monitor import tables
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp

STARTED, WAITING = "started", "waiting"
"""States of a start that is not settled: its run goes on, or is to be tried again."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One start of a pipeline that was due. `state`: started, waiting, succeeded, warned, nothing_new, failed, stopped, lost, missed or merged."""

    pipeline: str
    nominal_at: datetime
    state: str
    decided_at: datetime
    run_id: str | None = None
    reason: str = ""


class Ticks:
    """The record of the starts of one target."""

    def __init__(self, store: RunStore, target: str) -> None:
        self._store, self._target = store, target

    def newest(self) -> dict[str, datetime]:
        """Return the newest start on record of each pipeline."""
        tick = tables.tick
        query = (
            select(tick.c.pipeline, func.max(tick.c.nominal_at))
            .where(tick.c.target == self._target)
            .group_by(tick.c.pipeline)
        )
        with self._store.engine.connect() as connection:
            return {str(name): datetime.fromisoformat(str(at)) for name, at in connection.execute(query)}

    def begun(self) -> list[Tick]:
        """Return the starts that have no end, oldest first: those that were under way when a scheduler died."""
        tick = tables.tick
        query = select(tick).where(tick.c.target == self._target, tick.c.state.in_((STARTED, WAITING)))
        with self._store.engine.connect() as connection:
            rows = connection.execute(query.order_by(tick.c.nominal_at)).mappings().all()
        return [
            Tick(
                row["pipeline"],
                datetime.fromisoformat(row["nominal_at"]),
                row["state"],
                datetime.fromisoformat(row["decided_at"]),
                row["run_id"],
                row["reason"],
            )
            for row in rows
        ]

    def run_of(self, tick: Tick) -> tuple[str, str, datetime] | None:
        """Return the newest run that a start has brought: its id, its state and its lease; None where none was begun."""
        run = tables.run
        query = (
            select(run.c.run_id, run.c.state, run.c.lease_until)
            .where(run.c.target == self._target, run.c.pipeline == tick.pipeline)
            .where(run.c.nominal_at == stamp(tick.nominal_at))
            .order_by(run.c.started_at.desc())
            .limit(1)
        )
        with self._store.engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else (found[0], found[1], datetime.fromisoformat(found[2]))

    def keep(self, ticks: Sequence[Tick]) -> None:
        """Write starts down, in place of what was said of them before."""
        if not ticks:
            return
        with self._store.engine.begin() as connection:
            for tick in ticks:
                self._replace(connection, tick)

    def _replace(self, connection: Connection, tick: Tick) -> None:
        table = tables.tick
        same = (
            table.c.target == self._target,
            table.c.pipeline == tick.pipeline,
            table.c.nominal_at == stamp(tick.nominal_at),
        )
        connection.execute(delete(table).where(*same))
        row = {
            "target": self._target,
            "pipeline": tick.pipeline,
            "nominal_at": stamp(tick.nominal_at),
            "state": tick.state,
            "decided_at": stamp(tick.decided_at),
            "run_id": tick.run_id,
            "reason": tick.reason,
        }
        connection.execute(insert(table), [row])


@dataclass(frozen=True, slots=True)
class Beat:
    """A part of the platform that says it is alive."""

    component: str
    started_at: datetime
    detail: str
    version: str
    host: str
    pid: int


def beat(store: RunStore, beat: Beat, at: datetime) -> None:
    """Write down that a component is alive."""
    table = tables.heartbeat
    values = {
        "seen_at": stamp(at),
        "started_at": stamp(beat.started_at),
        "detail": beat.detail,
        "version": beat.version,
        "host": beat.host,
        "pid": beat.pid,
    }
    with store.engine.begin() as connection:
        changed = connection.execute(update(table).where(table.c.component == beat.component).values(**values))
        if changed.rowcount == 0:
            connection.execute(insert(table), [{"component": beat.component, **values}])
