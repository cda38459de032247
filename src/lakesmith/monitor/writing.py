"""From events to rows of the run store: one function per kind of event, in a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable, insert, update
from sqlalchemy.dialects.sqlite import insert as upsert

from lakesmith.model import events
from lakesmith.monitor import tables

Statements = list[tuple[Executable, list[dict[str, Any]] | None]]


def stamp(at: datetime) -> str:
    """Return an aware time as the store writes it: UTC, microseconds, always 27 characters.

    Examples:
        >>> stamp(datetime(2026, 10, 1, 6, tzinfo=UTC))
        '2026-10-01T06:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def statements(event: events.Event) -> Statements:
    """Return what has to be written for an event; empty for events that are only shown."""
    write = _WRITERS.get(type(event))
    return write(event) if write else []


def _run_started(event: events.RunStarted) -> Statements:
    row = {
        "run_id": event.run_id,
        "started_at": stamp(event.at),
        "lease_until": stamp(event.lease_until),
        "state": "running",
        "message": "",
        "project": event.project,
        "target": event.target,
        "command": event.command,
        "selection": event.selection,
        "trigger": event.trigger,
        "version": event.version,
        "config_hash": event.config_hash,
        "host": event.host,
        "pid": event.pid,
    }
    return [(insert(tables.run), [row])]


def _run_renewed(event: events.RunRenewed) -> Statements:
    where = tables.run.c.run_id == event.run_id
    return [(update(tables.run).where(where).values(lease_until=stamp(event.lease_until)), None)]


def _run_finished(event: events.RunFinished) -> Statements:
    change = update(tables.run).where(tables.run.c.run_id == event.run_id)
    return [(change.values(finished_at=stamp(event.at), state=event.state, message=event.message), None)]


def _step_started(event: events.StepStarted) -> Statements:
    row = {"run_id": event.run_id, "step": event.step, "kind": event.kind, "started_at": stamp(event.at)}
    return [
        (upsert(tables.run_step).on_conflict_do_nothing(), [{**row, "state": "running", "message": "", "facts": "{}"}])
    ]


def _step_finished(event: events.StepFinished) -> Statements:
    ended = {
        "finished_at": stamp(event.at),
        "state": event.state,
        "seconds": event.seconds,
        "message": event.message,
        "facts": json.dumps(event.facts, sort_keys=True),
    }
    row = {"run_id": event.run_id, "step": event.step, "kind": event.kind, "started_at": stamp(event.at), **ended}
    return [
        (upsert(tables.run_step).values(row).on_conflict_do_update(index_elements=["run_id", "step"], set_=ended), None)
    ]


def _load_finished(event: events.LoadFinished) -> Statements:
    load, last = event.load, event.load.commits[-1] if event.load.commits else None
    row = {
        "run_id": event.run_id,
        "stream": str(load.stream),
        "finished_at": stamp(event.at),
        "state": load.state,
        "rows_read": load.counts.read,
        "rows_written": load.counts.written,
        "rows_quarantined": load.counts.quarantined,
        "rows_filtered": load.counts.filtered,
        "rows_derived": load.counts.derived,
        "proven": load.counts.proven,
        "splits": load.splits,
        "files": sum(commit.files for commit in load.commits),
        "size_bytes": load.size_bytes,
        "ordinal": last.checkpoint.ordinal if last else None,
        "batch_id": last.batch_id if last else None,
        "snapshot_id": last.snapshot_id if last else None,
        "committed_at": stamp(last.committed_at) if last else None,
        "resumed": load.resumed,
        "phases_s": json.dumps(load.phases_s, sort_keys=True),
        "reject_reasons": json.dumps(load.reject_reasons, sort_keys=True),
        "filter_reasons": json.dumps(load.filter_reasons, sort_keys=True),
        "base_snapshot_id": load.base,
        "generation": last.checkpoint.generation if last else None,
        "kind": last.kind if last else None,
        "notices": json.dumps(load.notices, ensure_ascii=False) if load.notices else None,
    }
    written: Statements = [(insert(tables.table_load), [row])]
    changes = [
        {
            "run_id": event.run_id,
            "stream": str(load.stream),
            "seen_at": stamp(event.at),
            "kind": change.kind,
            "column_name": change.column,
            "before": change.before,
            "after": change.after,
            "policy": change.policy,
            "outcome": change.outcome,
        }
        for change in load.drift
    ]
    return [*written, (insert(tables.drift), changes)] if changes else written


def _model_finished(event: events.ModelFinished) -> Statements:
    row = {
        "run_id": event.run_id,
        "model": event.model,
        "finished_at": stamp(event.at),
        "relation": event.relation,
        "status": event.status,
        "seconds": event.seconds,
        "row_count": event.rows,
        "message": event.message,
    }
    return [(upsert(tables.model_result).on_conflict_do_nothing(), [row])]


def _check_finished(event: events.CheckFinished) -> Statements:
    row = {
        "run_id": event.run_id,
        "check_id": event.check_id,
        "finished_at": stamp(event.at),
        "relation": event.relation,
        "column_name": event.column,
        "status": event.status,
        "severity": event.severity,
        "failures": event.failures,
        "seconds": event.seconds,
        "message": event.message,
    }
    return [(upsert(tables.check_result).on_conflict_do_nothing(), [row])]


def _table_seen(event: events.TableSeen) -> Statements:
    seen, verdict = event.glance.seen, event.glance.verdict
    row = {
        "run_id": event.run_id,
        "stream": str(seen.stream),
        "seen_at": stamp(event.at),
        "state": verdict.state,
        "row_count": seen.rows,
        "loaded_at": stamp(seen.loaded_at) if seen.loaded_at else None,
        "fault": seen.fault,
        "message": verdict.text,
    }
    return [(insert(tables.table_seen), [row])]


def _published(event: events.DatasetPublished) -> Statements:
    row = {
        "run_id": event.run_id,
        "publisher": event.publisher,
        "dataset": event.dataset,
        "finished_at": stamp(event.at),
        "path": event.path,
        "row_count": event.rows,
        "size_bytes": event.size_bytes,
    }
    return [(upsert(tables.publication).on_conflict_do_nothing(), [row])]


def _error_seen(event: events.ErrorSeen) -> Statements:
    row = {
        "run_id": event.run_id,
        "step": event.step,
        "seen_at": stamp(event.at),
        "kind": event.kind,
        "remedy": event.remedy,
        "what": event.what,
        "at_place": event.where,
        "fix": event.fix,
    }
    return [(insert(tables.error_event), [row])]


_WRITERS: dict[type, Callable[[Any], Statements]] = {
    events.RunStarted: _run_started,
    events.RunRenewed: _run_renewed,
    events.RunFinished: _run_finished,
    events.StepStarted: _step_started,
    events.StepFinished: _step_finished,
    events.LoadFinished: _load_finished,
    events.ModelFinished: _model_finished,
    events.CheckFinished: _check_finished,
    events.TableSeen: _table_seen,
    events.DatasetPublished: _published,
    events.ErrorSeen: _error_seen,
}
