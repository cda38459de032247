"""Judges the tables of a project, after a run and by the clock, and writes down what is new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from lakesmith.api.storing import complain
from lakesmith.monitor.judging import volume
from lakesmith.monitor.judging.values import BAD, GOOD, WARN, Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lakesmith.api.recording import Record
    from lakesmith.model.protocols import Recorder
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.workshop import Workshop

SAID_AGAIN = timedelta(hours=20)
"""A judgement that stays the same is written again after so long, so that everybody sees that somebody looked."""
RESTS = timedelta(minutes=30)
"""So long a run that found nothing new leaves the judgement as it is, where nothing is wrong."""


def after_run(shop: Workshop, record: Record, run_id: str) -> None:
    """Judge the tables at the end of a run, under its lock; settle incidents and tell people. Never raises."""
    if record.store is None or not record.flush() or _may_rest(shop, record.store, run_id):
        return
    found = judge(shop, record.store, run_id=run_id)
    try:
        from lakesmith.api.incidents import settle

        settle(shop, record.store, found, run_id=run_id)
        if shop.config.alerts.reaches_anybody:
            from lakesmith.api.alerts import announce

            announce(shop, record.store, run_id=run_id)
    except Exception as error:  # noqa: BLE001 - a boundary, as below
        complain(f"incidents could not be settled or told: {type(error).__name__}")


def _may_rest(shop: Workshop, store: RunStore, run_id: str) -> bool:
    """Whether a run found nothing new shortly after everything was judged, and all is well and told: such runs come often, and are quick."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from lakesmith.monitor import tables
    from lakesmith.monitor.writing import stamp

    run, judgement, now = tables.run, tables.judgement, shop.host.clock.now()
    lately = judgement.c.target == shop.target.name, judgement.c.judged_at >= stamp(now - SAID_AGAIN)
    try:
        with store.engine.connect() as connection:
            state = connection.execute(select(run.c.state).where(run.c.run_id == run_id)).scalar()
            if state != "nothing_new":
                return False
            newest = connection.execute(select(func.max(judgement.c.judged_at)).where(*lately)).scalar()
            wrong = select(func.count()).where(*lately, judgement.c.verdict.in_((WARN, BAD)))
            if newest is None or newest < stamp(now - RESTS) or connection.execute(wrong).scalar():
                return False
            incident, delivery = tables.incident, tables.delivery
            still_open = select(incident.c.incident_id).where(
                incident.c.target == shop.target.name, incident.c.state != "resolved"
            )
            unsent = select(delivery.c.delivery_id).where(delivery.c.state.in_(("waiting", "sending")))
            return not any(connection.execute(query.limit(1)).first() for query in (still_open, unsent))
    except SQLAlchemyError:
        return False


def judge(
    shop: Workshop, store: RunStore, *, run_id: str | None = None, recorder: Recorder | None = None
) -> list[Judgement]:
    """Look at what the loads of a run brought, judge every table, and write down what is new; return everything that is thought.

    Never raises: what goes wrong becomes a warning, and whatever was judged before stands.

    Args:
        shop: The project on a target.
        store: The record of runs, which has all events of the run.
        run_id: The run that is just ending; None by the clock.
        recorder: Not used: judgements are no events of a run.
    """
    del recorder
    from lakesmith.api.profiling import profile_run
    from lakesmith.api.thoughts import Thoughts

    found: list[Judgement] = []
    try:
        if run_id is not None:
            profile_run(shop, store, run_id)
        thoughts = Thoughts(shop, store, run_id)
        found = thoughts.all()
        keep(store, shop.target.name, found, thoughts.known)
    except Exception as error:  # noqa: BLE001 - a boundary: what is thought of a run must never fail it
        complain(f"tables could not be judged: {type(error).__name__}")
    return found


def keep(
    store: RunStore, target: str, found: Iterable[Judgement], known: Mapping[tuple[str, str, str], Judgement]
) -> int:
    """Write down what is not known yet, or is thought otherwise now, or was said long ago; return how much."""
    from sqlalchemy import insert

    from lakesmith.monitor import tables
    from lakesmith.monitor.judging.rows import row_of

    rows = [row_of(one, target) for one in found if is_new(one, known.get((one.subject, one.column, one.rule)))]
    if rows:
        with store.engine.begin() as connection:
            connection.execute(insert(tables.judgement), rows)
    return len(rows)


def is_new(one: Judgement, before: Judgement | None) -> bool:
    """Whether a judgement says something that the newest on record did not."""
    if one is before:
        return False
    if one.column and one.verdict == GOOD:
        return before is not None and before.verdict != GOOD  # a wide table has many good columns: one line says so
    if before is None or before.verdict != one.verdict or one.judged_at - before.judged_at > SAID_AGAIN:
        return True
    return before.bucket != one.bucket and (one.rule == volume.RULE or one.verdict in (BAD, WARN))
