"""Which rows of the run store become which table of the lake: whose columns, in which order, and what they are counted by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, FromClause, Table

from lakesmith.monitor import tables

_WORKINGS = frozenset({"lease_until", "recorded", "pid", "boot_id", "load_id", "drift_id", "cost_id"})
"""Columns that are of use to the run store alone."""
_RENAMED = {"trigger": "started_by"}
"""Names that are words of SQL somewhere."""


@dataclass(frozen=True, slots=True)
class Content:
    """A table of the lake: `columns` by the names they get there, and `order`, which no two rows share within a run or a number.

    `table` is where its rows are. `number` is None where they are a run's, which is over once it is sealed; else the column whose
    numbers only grow. `at` is then the time that goes with a number.
    """

    table: Table
    rows: FromClause
    columns: Mapping[str, Column[Any]]
    order: tuple[Column[Any], ...]
    number: Column[int] | None = None
    at: Column[str] | None = None


def _of_runs(table: Table, order: Column[Any]) -> Content:
    columns = {_RENAMED.get(one.name, one.name): one for one in table.columns if one.name not in _WORKINGS}
    rows = table.join(tables.seal, tables.seal.c.run_id == table.c.run_id)
    return Content(table, rows, columns, (tables.seal.c.sequence, order))


def _judgements() -> Content:
    table = tables.judgement
    return Content(
        table,
        table,
        {column.name: column for column in table.columns},
        (table.c.judgement_id,),
        table.c.judgement_id,
        table.c.judged_at,
    )


def _incidents() -> Content:
    """What happened to incidents, each line with the incident as it is when it is read: the newest line of one is how it stands."""
    event, incident = tables.incident_event, tables.incident
    told = ("target", "cause", "rule", "subject", "title", "severity", "state", "owner", "opened_at", "occurrences")
    ended = ("acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by", "resolution", "note")
    runs = ("first_run_id", "last_run_id", "last_good_run_id", "data_safe")
    columns: dict[str, Column[Any]] = {
        "event_id": event.c.event_id,
        "incident_id": event.c.incident_id,
        "happened_at": event.c.at,
        "kind": event.c.kind,
        "actor": event.c.actor,
        "detail": event.c.detail,
        **{name: incident.c[name] for name in (*told, *ended, *runs)},
    }
    joined = event.join(incident, incident.c.incident_id == event.c.incident_id)
    return Content(event, joined, columns, (event.c.event_id,), event.c.event_id, event.c.at)


CONTENTS: Mapping[str, Content] = {
    "lakesmith_runs": _of_runs(tables.run, tables.run.c.run_id),
    "lakesmith_steps": _of_runs(tables.run_step, tables.run_step.c.step),
    "lakesmith_loads": _of_runs(tables.table_load, tables.table_load.c.load_id),
    "lakesmith_checks": _of_runs(tables.check_result, tables.check_result.c.check_id),
    "lakesmith_drift": _of_runs(tables.drift, tables.drift.c.drift_id),
    "lakesmith_errors": _of_runs(tables.error_event, tables.error_event.c.event_id),
    "lakesmith_costs": _of_runs(tables.cost, tables.cost.c.cost_id),
    "lakesmith_judgements": _judgements(),
    "lakesmith_incidents": _incidents(),
}
