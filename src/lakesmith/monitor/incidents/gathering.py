"""What runs left in the record: errors, tests and models that failed, runs without an end; and what went well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from lakesmith.monitor import tables
from lakesmith.monitor.asking import rows_of
from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.values import CHECK, ERROR, MODEL, WARN, Failing, Fault, LostRun
from lakesmith.monitor.writing import stamp

LOOK_BACK = timedelta(hours=24)
"""Runs that began longer ago are no news where nobody has looked before."""

RUNS_AT_ONCE = 200
WENT_WELL = ("succeeded", "warned")
GOOD_ENDS = (*WENT_WELL, "nothing_new")
ALL_OF_IT = "everything"
RUN = "run"
_MODELS_GOOD = ("success", "pass")
_BROKEN = {"fail": ERROR, "error": ERROR, "warn": WARN}


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over, and all it left: what is wrong, what went well, and the row of the run itself."""

    run: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()
    failing: tuple[Failing, ...] = ()
    lost: tuple[LostRun, ...] = ()
    well: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()

    @property
    def run_id(self) -> str:
        """The run."""
        return str(self.run["run_id"])


def subject_of(step: str) -> str:
    """Return what a step works on.

    Examples:
        >>> subject_of("load:shop.orders"), subject_of("discover:shop"), subject_of("build")
        ('shop.orders', 'shop.*', 'build')
    """
    kind, _, rest = step.partition(":")
    return f"{rest}.*" if kind == "discover" else rest if kind == "load" else step


def ended_runs(connection: Connection, target: str, after: str, now: datetime, run_id: str | None) -> list[Ended]:
    """Return the runs of a target that ended after the run `after` (empty: in the last day), oldest first.

    Args:
        connection: A transaction.
        target: Whose runs.
        after: The id of the newest run that was looked at before.
        now: The time, aware: a run whose lease ran out before it is lost.
        run_id: A run that counts as ended although its last word may not be written yet.
    """
    run = tables.run
    newer = run.c.run_id > after if after else run.c.started_at >= stamp(now - LOOK_BACK)
    query = select(run).where(run.c.target == target, newer).order_by(run.c.run_id).limit(RUNS_AT_ONCE)
    rows = []
    for row in rows_of(connection, query):
        if row["state"] == "running" and row["run_id"] != run_id and row["lease_until"] >= stamp(now):
            break
        rows.append(row)
    return [_ended(connection, row, now, is_ours=row["run_id"] == run_id) for row in rows]


def _ended(connection: Connection, row: Mapping[str, Any], now: datetime, *, is_ours: bool) -> Ended:
    run_id, state = row["run_id"], row["state"]
    is_lost = state == "lost" or (state == "running" and not is_ours)
    steps = rows_of(connection, select(tables.run_step).where(tables.run_step.c.run_id == run_id))
    models = rows_of(connection, select(tables.model_result).where(tables.model_result.c.run_id == run_id))
    checks = rows_of(connection, select(tables.check_result).where(tables.check_result.c.run_id == run_id))
    faults = tuple(_faults(connection, run_id))
    name = row["pipeline"] or row["selection"] or ALL_OF_IT
    bad = {fault.subject for fault in faults}
    well = {subject_of(step["step"]) for step in steps if step["state"] in WENT_WELL} - bad
    if not is_lost and (state in GOOD_ENDS or (is_ours and state == "running" and not faults)):
        well.add(RUN)
    return Ended(
        row,
        faults,
        tuple(_failing(models, checks)),
        (_lost(row, name, steps, now),) if is_lost else (),
        frozenset(well),
        frozenset(_passed(models, checks)),
        frozenset() if is_lost else frozenset({name}),
    )


def _lost(row: Mapping[str, Any], name: str, steps: Sequence[Mapping[str, Any]], now: datetime) -> LostRun:
    began = datetime.fromisoformat(row["started_at"])
    until = datetime.fromisoformat(row["finished_at"] or row["lease_until"])
    cut = tuple(subject_of(step["step"]) for step in steps if step["state"] == "running")
    return LostRun(row["run_id"], began, min(until, now), name, cut)


def _faults(connection: Connection, run_id: str) -> Iterable[Fault]:
    table = tables.error_event
    for row in rows_of(connection, select(table).where(table.c.run_id == run_id).order_by(table.c.event_id)):
        yield Fault(
            run_id,
            row["step"],
            subject_of(row["step"]),
            datetime.fromisoformat(row["seen_at"]),
            row["kind"],
            row["remedy"],
            row["what"],
            row["at_place"],
            row["fix"],
            row["error_class"] or "",
            row["origin"] or "",
            row["fingerprint"] or "",
        )


def _failing(models: Sequence[Mapping[str, Any]], checks: Sequence[Mapping[str, Any]]) -> Iterable[Failing]:
    """Yield what failed. dbt's own messages are left out: a database repeats the value that it could not take."""
    for row in models:
        if row["status"] in ("error", "fail"):
            name = row["model"].rpartition(".")[2]
            at, what = datetime.fromisoformat(row["finished_at"]), f"the model {name} cannot be built"
            yield Failing(row["run_id"], row["model"], row["relation"], ERROR, at, what, MODEL)
    for row in checks:
        if row["status"] in _BROKEN:
            at, severity = datetime.fromisoformat(row["finished_at"]), _BROKEN[row["status"]]
            yield Failing(row["run_id"], row["check_id"], row["relation"], severity, at, _told(row), CHECK)


def _told(row: Mapping[str, Any]) -> str:
    name = naming.called(row["check_id"], row["relation"])
    of = f" on {row['column_name']}" if row["column_name"] else ""
    if row["status"] == "error":
        return f"the test {name}{of} could not run"
    rows = "1 row breaks" if row["failures"] == 1 else f"{row['failures']:,} rows break"
    return f"{rows} the test {name}{of}"


def _passed(models: Sequence[Mapping[str, Any]], checks: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    yield from (row["model"] for row in models if row["status"] in _MODELS_GOOD)
    yield from (row["check_id"] for row in checks if row["status"] == "pass")
