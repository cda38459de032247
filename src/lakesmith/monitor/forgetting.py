"""Lets go of what is older than `monitor.keep`, a little after each run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic

from sqlalchemy import Column, Connection, Table, delete, exists, func, not_, select

from lakesmith.monitor import tables
from lakesmith.monitor.sealing import SEALED, Witness, name_of
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp

LIMIT_S = 0.05
"""How long a run is held up by it at most, but for the step that is under way then."""
STEP = 20
"""Runs that go in one transaction."""
ROWS = 500
"""Rows of other kinds that go in one transaction."""

_OTHERS: tuple[tuple[Table, Column[str], Column[int] | Column[str]], ...] = (
    (tables.judgement, tables.judgement.c.judged_at, tables.judgement.c.judgement_id),
    (tables.delivery, tables.delivery.c.queued_at, tables.delivery.c.delivery_id),
    (tables.user_action, tables.user_action.c.at, tables.user_action.c.action_id),
)
"""What is written of no run alone, with its time and its key."""


def forget(store: RunStore, logs: Path, witness: Path, *, before: datetime, limit_s: float = LIMIT_S) -> int:
    """Take out what is older than `before`, oldest first, until it is all gone or time is up; return how many runs went.

    The newest load of each stream stays, with its run: numbers of loads go on from it. Incidents stay as long as they are open.

    Raises:
        SQLAlchemyError: If the database does not let go.
        LakesmithError: If the witness cannot be written.
        OSError: If a log cannot be deleted.
    """
    until, gone = monotonic() + limit_s, 0
    while monotonic() < until:
        with store.writing() as connection:
            runs = _oldest(connection, stamp(before))
            _let_go(connection, runs)
            since = _unsealed(connection, stamp(before))
        if since is not None:
            known = Witness.read(witness, name_of(store))
            if known is not None and known.since < since:
                Witness(known.store, known.sequence, known.chain, since, known.told).write(witness)
        for run_id in runs:
            (logs / f"{run_id}.jsonl").unlink(missing_ok=True)
        gone += len(runs)
        with store.writing() as connection:
            others = _let_others_go(connection, stamp(before))
        if not runs and not others:
            break
    return gone


def _oldest(connection: Connection, before: str) -> list[str]:
    """Return some of the oldest runs that are over and have no load from whose number others go on."""
    run, load, later = tables.run, tables.table_load, tables.table_load.alias()
    overtaken = exists().where(
        later.c.stream == load.c.stream,
        later.c.finished_at > load.c.finished_at,
        later.c.ordinal >= load.c.ordinal,
    )
    newest = exists().where(load.c.run_id == run.c.run_id, load.c.ordinal.is_not(None), not_(overtaken))
    query = select(run.c.run_id).where(run.c.started_at < before, run.c.state != "running", not_(newest))
    return list(connection.execute(query.order_by(run.c.started_at).limit(STEP)).scalars())


def _let_go(connection: Connection, runs: Sequence[str]) -> None:
    for table in (tables.cost, tables.column_profile, *reversed(SEALED)):
        if runs:
            connection.execute(delete(table).where(table.c.run_id.in_(runs)))


def _unsealed(connection: Connection, before: str) -> int | None:
    """Take out the seals at the beginning whose runs are gone or old; return the number of the first that stays, None if all do."""
    seal, run = tables.seal, tables.run
    young = select(func.min(seal.c.sequence)).join(run, run.c.run_id == seal.c.run_id).where(run.c.started_at >= before)
    first: int | None = connection.execute(young).scalar()
    if first is None:
        return None
    connection.execute(delete(seal).where(seal.c.sequence < first))
    return first


def _let_others_go(connection: Connection, before: str) -> bool:
    """Take out some of what is of no run alone; whether there may be more."""
    more = False
    for table, at, key in _OTHERS:
        old = select(key).where(at < before).limit(ROWS)
        more |= connection.execute(delete(table).where(key.in_(old))).rowcount == ROWS
    incident = tables.incident
    done = select(incident.c.incident_id).where(incident.c.state == "resolved", incident.c.resolved_at < before)
    ids: list[str] = list(connection.execute(done.limit(ROWS)).scalars())
    if ids:
        for table in (tables.incident_event, tables.incident_subject, incident):
            connection.execute(delete(table).where(table.c.incident_id.in_(ids)))
    _let_ticks_go(connection, before)
    return more or len(ids) == ROWS


def _let_ticks_go(connection: Connection, before: str) -> None:
    """Take out starts that were due; the newest one of a pipeline stays, for the next one follows it."""
    tick, later = tables.tick, tables.tick.alias()
    same = later.c.target == tick.c.target, later.c.pipeline == tick.c.pipeline
    followed = exists().where(*same, later.c.nominal_at > tick.c.nominal_at).correlate(tick)
    connection.execute(delete(tick).where(tick.c.nominal_at < before, followed))
