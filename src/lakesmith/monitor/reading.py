"""Questions to the run store. Every answer is a frozen value; a run whose lease ran out is *lost*, never running."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select

from lakesmith.monitor import tables
from lakesmith.monitor.asking import ids_of_newest, rows_of
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `state`: running, succeeded, warned, failed, stopped, nothing_new or lost."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    state: str
    message: str
    target: str
    command: str
    selection: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run; `seconds` is None while it runs, and for a run that was lost."""

    run_id: str
    step: str
    kind: str
    state: str
    seconds: float | None
    message: str
    facts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """One load of one stream, or, in state rolled_back, one table that went back.

    `base_snapshot_id` is what the table was at before, None where there was nothing or an older Lakesmith wrote the record; `kind`
    is that of the last commit (load, swap, rollback), None where nothing was committed; `notices` is what the source said besides.
    """

    run_id: str
    stream: str
    finished_at: datetime
    state: str
    rows_read: int
    rows_written: int
    rows_quarantined: int
    rows_filtered: int
    proven: bool
    size_bytes: int
    seconds: float
    ordinal: int | None
    resumed: bool
    reject_reasons: Mapping[str, int]
    filter_reasons: Mapping[str, int]
    snapshot_id: int | None = None
    base_snapshot_id: int | None = None
    generation: int | None = None
    kind: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def law_holds(self) -> bool:
        """Whether read = written + quarantined + filtered."""
        return self.rows_read == self.rows_written + self.rows_quarantined + self.rows_filtered


@dataclass(frozen=True, slots=True)
class TableRecord:
    """One look at a table that others load: its `state` then, its rows, and when it was loaded last. None is unknown."""

    run_id: str
    stream: str
    seen_at: datetime
    state: str
    rows: int | None
    loaded_at: datetime | None
    fault: str
    message: str


@dataclass(frozen=True, slots=True)
class DriftRecord:
    """One change of a source's shape."""

    run_id: str
    stream: str
    seen_at: datetime
    kind: str
    column: str
    before: str
    after: str
    policy: str
    outcome: str


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One result of one test."""

    run_id: str
    check_id: str
    relation: str
    column: str
    status: str
    severity: str
    failures: int
    message: str


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """One error of one step."""

    run_id: str
    step: str
    seen_at: datetime
    kind: str
    remedy: str
    what: str
    where: str
    fix: str


class History:
    """Reads a run store as of `now`."""

    def __init__(self, store: RunStore, *, now: datetime) -> None:
        self._store, self._now = store, now

    def runs(self, limit: int = 20) -> list[RunRecord]:
        """Return the newest runs first."""
        rows = self._all(select(tables.run).order_by(tables.run.c.started_at.desc()).limit(limit))
        return [self._run(row) for row in rows]

    def runs_like(self, beginning: str) -> list[RunRecord]:
        """Return the runs whose id begins so, newest first."""
        run = tables.run
        query = select(run).where(run.c.run_id.startswith(beginning, autoescape=True))
        return [self._run(row) for row in self._all(query.order_by(run.c.started_at.desc()))]

    def unfinished(self, target: str) -> list[str]:
        """Return the ids of a target's runs that have no end."""
        run = tables.run
        rows = self._all(select(run).where(run.c.state == "running", run.c.target == target))
        return [row["run_id"] for row in rows]

    def last_success(self) -> RunRecord | None:
        """Return the newest run that ended well, or None."""
        good = ("succeeded", "warned")
        query = select(tables.run).where(tables.run.c.state.in_(good))
        rows = self._all(query.order_by(tables.run.c.finished_at.desc()).limit(1))
        return self._run(rows[0]) if rows else None

    def steps(self, run_id: str) -> list[StepRecord]:
        """Return the steps of a run in the order they began."""
        step = tables.run_step
        rows = self._all(select(step).where(step.c.run_id == run_id).order_by(step.c.started_at))
        return [
            StepRecord(run_id, r["step"], r["kind"], r["state"], r["seconds"], r["message"], json.loads(r["facts"]))
            for r in rows
        ]

    def loads(self, *, run_id: str | None = None, limit: int = 200) -> list[LoadRecord]:
        """Return loads, newest first; only those of `run_id` if given."""
        query = select(tables.table_load).order_by(tables.table_load.c.load_id.desc()).limit(limit)
        if run_id is not None:
            query = query.where(tables.table_load.c.run_id == run_id)
        return [_load(row) for row in self._all(query)]

    def highest_ordinals(self, target: str) -> dict[str, int]:
        """Return the highest ordinal on record for each stream of a target: what its table must have reached."""
        load, run = tables.table_load, tables.run
        query = (
            select(load.c.stream, func.max(load.c.ordinal).label("highest"))
            .join(run, run.c.run_id == load.c.run_id)
            .where(run.c.target == target, load.c.ordinal.is_not(None))
            .group_by(load.c.stream)
        )
        return {row["stream"]: row["highest"] for row in self._all(query)}

    def newest_loads(self) -> list[LoadRecord]:
        """Return the newest load that moved rows, for each stream, by name."""
        load, mine = tables.table_load.alias("load"), tables.table_load.alias("mine")
        query = (
            select(load).where(load.c.load_id.in_(ids_of_newest(mine, mine.c.rows_read > 0))).order_by(load.c.stream)
        )
        return [_load(row) for row in self._all(query)]

    def newest_tables(self, target: str) -> list[TableRecord]:
        """Return the newest look at each table that others load for a target, by name."""
        seen, run = tables.table_seen, tables.run
        newest = (
            select(func.max(seen.c.seen_id))
            .join(run, run.c.run_id == seen.c.run_id)
            .where(run.c.target == target)
            .group_by(seen.c.stream)
        )
        rows = self._all(select(seen).where(seen.c.seen_id.in_(newest)).order_by(seen.c.stream))
        return [_table(row) for row in rows]

    def drift(self, limit: int = 50) -> list[DriftRecord]:
        """Return the changes of shape, newest first; one that every load meets again appears once, as it was first seen."""
        table = tables.drift
        same = (table.c.stream, table.c.kind, table.c.column_name, table.c.before, table.c.after)
        first = select(func.min(table.c.drift_id)).group_by(*same)
        rows = self._all(
            select(table).where(table.c.drift_id.in_(first)).order_by(table.c.drift_id.desc()).limit(limit)
        )
        return [
            DriftRecord(
                r["run_id"],
                r["stream"],
                datetime.fromisoformat(r["seen_at"]),
                r["kind"],
                r["column_name"],
                r["before"],
                r["after"],
                r["policy"],
                r["outcome"],
            )
            for r in rows
        ]

    def newest_checks(self) -> list[CheckRecord]:
        """Return the newest result of each test, worst first."""
        check = tables.check_result
        newest = (
            select(check.c.check_id, func.max(check.c.finished_at).label("at")).group_by(check.c.check_id).subquery()
        )
        query = select(check).join(
            newest, and_(check.c.check_id == newest.c.check_id, check.c.finished_at == newest.c.at)
        )
        worst_first = {"error": 0, "fail": 1, "warn": 2, "skipped": 3, "pass": 4}
        found = [
            CheckRecord(
                r["run_id"],
                r["check_id"],
                r["relation"],
                r["column_name"],
                r["status"],
                r["severity"],
                r["failures"],
                r["message"],
            )
            for r in self._all(query)
        ]
        return sorted(found, key=lambda c: (worst_first.get(c.status, 0), c.relation, c.check_id))

    def errors(self, run_id: str) -> list[ErrorRecord]:
        """Return the errors of a run in the order they were seen."""
        error = tables.error_event
        return [
            ErrorRecord(
                run_id,
                r["step"],
                datetime.fromisoformat(r["seen_at"]),
                r["kind"],
                r["remedy"],
                r["what"],
                r["at_place"],
                r["fix"],
            )
            for r in self._all(select(error).where(error.c.run_id == run_id).order_by(error.c.event_id))
        ]

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._store.engine.connect() as connection:
            return rows_of(connection, query)

    def _run(self, row: Mapping[str, Any]) -> RunRecord:
        lost = row["state"] == "running" and row["lease_until"] < stamp(self._now)
        return RunRecord(
            row["run_id"],
            datetime.fromisoformat(row["started_at"]),
            datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
            "lost" if lost else row["state"],
            "its process ended without a word" if lost else row["message"],
            row["target"],
            row["command"],
            row["selection"],
        )


def _table(row: Mapping[str, Any]) -> TableRecord:
    return TableRecord(
        row["run_id"],
        row["stream"],
        datetime.fromisoformat(row["seen_at"]),
        row["state"],
        row["row_count"],
        datetime.fromisoformat(row["loaded_at"]) if row["loaded_at"] else None,
        row["fault"],
        row["message"],
    )


def _load(row: Mapping[str, Any]) -> LoadRecord:
    return LoadRecord(
        row["run_id"],
        row["stream"],
        datetime.fromisoformat(row["finished_at"]),
        row["state"],
        row["rows_read"],
        row["rows_written"],
        row["rows_quarantined"],
        row["rows_filtered"],
        row["proven"],
        row["size_bytes"],
        sum(json.loads(row["phases_s"]).values()),
        row["ordinal"],
        row["resumed"],
        json.loads(row["reject_reasons"]),
        json.loads(row["filter_reasons"]),
        row["snapshot_id"],
        row["base_snapshot_id"],
        row["generation"],
        row["kind"],
        tuple(json.loads(row["notices"] or "[]")),
    )
