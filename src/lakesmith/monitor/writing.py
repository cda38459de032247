"""From events to rows of the run store: one function per kind of event, in a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable, Insert, Table, bindparam, insert, update

from lakesmith.model import events
from lakesmith.model.loads import Load
from lakesmith.monitor import tables
from lakesmith.monitor.blaming import blame

Row = dict[str, Any]
Statements = list[tuple[Executable, list[Row] | None]]


def stamp(at: datetime) -> str:
    """Return an aware time as the store writes it: UTC, microseconds, always 27 characters.

    Examples:
        >>> stamp(datetime(2026, 10, 1, 6, tzinfo=UTC))
        '2026-10-01T06:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def statements(event: events.Event, dialect: str = "sqlite") -> Statements:
    """Return what has to be written for an event; empty for events that are only shown. `dialect`: sqlite or postgresql."""
    write = _WRITERS.get(type(event))
    return write(event, _upsert(dialect)) if write else []


def _upsert(dialect: str) -> Callable[[Table], Any]:
    """Return the insert of a dialect that knows what to do with a row that is there; only that dialect is imported."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as into_postgresql

        return into_postgresql
    from sqlalchemy.dialects.sqlite import insert as into_sqlite

    return into_sqlite


def _new(upsert: Callable[[Table], Any], table: Table) -> Insert:
    """Return what inserts a row unless there is one."""
    statement: Insert = upsert(table).on_conflict_do_nothing()
    return statement


def _optional(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _json(plain: object) -> str:
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)


def _run_started(event: events.RunStarted, upsert: Callable[[Table], Any]) -> Statements:
    cause = event.cause
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
        "pipeline": cause.pipeline,
        "trigger_detail": cause.detail,
        "nominal_at": _optional(cause.nominal_at),
        "requested_by": cause.requested_by,
        "code_version": event.code_version,
        "code_dirty": event.code_dirty,
        "versions": _json(event.versions),
        "boot_id": event.boot_id,
    }
    return [(_new(upsert, tables.run), [row])]


def _run_renewed(event: events.RunRenewed, _upsert: Callable[[Table], Any]) -> Statements:
    run = tables.run
    alive = update(run).where(run.c.run_id == event.run_id, run.c.state == "running")
    return [(alive.values(lease_until=stamp(event.lease_until)), None)]


def _run_finished(event: events.RunFinished, _upsert: Callable[[Table], Any]) -> Statements:
    change = update(tables.run).where(tables.run.c.run_id == event.run_id)
    ended = {"finished_at": stamp(event.at), "state": event.state, "message": event.message}
    return [(change.values(**ended, cpu_s=event.cpu_s, peak_rss_bytes=event.peak_rss_bytes), None)]


def _step_started(event: events.StepStarted, upsert: Callable[[Table], Any]) -> Statements:
    row = {"run_id": event.run_id, "step": event.step, "kind": event.kind, "started_at": stamp(event.at)}
    return [(_new(upsert, tables.run_step), [{**row, "state": "running", "message": "", "facts": "{}"}])]


def _step_finished(event: events.StepFinished, upsert: Callable[[Table], Any]) -> Statements:
    ended = {
        "finished_at": stamp(event.at),
        "state": event.state,
        "seconds": event.seconds,
        "message": event.message,
        "facts": _json(event.facts),
        "attempt": event.attempt,
        "cpu_s": event.cpu_s,
        "peak_rss_bytes": event.peak_rss_bytes,
    }
    row = {"run_id": event.run_id, "step": event.step, "kind": event.kind, "started_at": stamp(event.at), **ended}
    written = upsert(tables.run_step).on_conflict_do_update(
        index_elements=["run_id", "step"], set_={name: bindparam(f"new_{name}") for name in ended}
    )
    rows = [{**row, **{f"new_{name}": value for name, value in ended.items()}}]
    took = {"cpu": (event.cpu_s, "s")}
    return [(written, rows), *_costs(event, event.step, event.step.partition(":")[2], took)]


def _load_finished(event: events.LoadFinished, upsert: Callable[[Table], Any]) -> Statements:
    load = event.load
    written: Statements = [(insert(tables.table_load), [_load_row(event)])]
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
    if changes:
        written.append((insert(tables.drift), changes))
    if load.columns:
        version = {
            "stream": str(load.stream),
            "schema_hash": load.schema_hash,
            "run_id": event.run_id,
            "seen_at": stamp(event.at),
            "columns": json.dumps(load.columns, ensure_ascii=False),
        }
        written.append((_new(upsert, tables.schema_version), [version]))
    moved = {"bytes_read": (load.traffic.bytes_read, "bytes"), "bytes_written": (_bytes_written(load), "bytes")}
    return [*written, *_costs(event, event.step, str(load.stream), moved)]


def _load_row(event: events.LoadFinished) -> Row:
    load, last = event.load, event.load.commits[-1] if event.load.commits else None
    return {
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
        "phases_s": _json(load.phases_s),
        "reject_reasons": _json(load.reject_reasons),
        "filter_reasons": _json(load.filter_reasons),
        "base_snapshot_id": load.base,
        "generation": last.checkpoint.generation if last else None,
        "kind": last.kind if last else None,
        "notices": json.dumps(load.notices, ensure_ascii=False) if load.notices else None,
        **_told_of(load),
    }


def _told_of(load: Load) -> Row:
    """Return what newer versions know of a load besides."""
    return {
        "mode": load.mode or None,
        "reason": load.reason or None,
        "started_at": _optional(load.started_at),
        "cursor_column": load.cursor_column or None,
        "cursor_from": load.cursor_from or None,
        "cursor_to": load.cursor_to or None,
        "rows_by_op": _json(load.ops) if load.ops else None,
        "bytes_read": load.traffic.bytes_read,
        "requests": load.traffic.requests,
        "retries": load.traffic.retries,
        "throttled_s": load.traffic.throttled_s,
        "cpu_s": load.cpu_s,
        "peak_rss_bytes": load.peak_rss_bytes,
        "schema_hash": load.schema_hash or None,
        "rows_before": load.rows_before,
        "rows_after": load.rows_after,
        "newest_event_at": _optional(load.newest_event_at),
    }


def _bytes_written(load: Load) -> int | None:
    return sum(commit.size_bytes for commit in load.commits) if load.commits else None


def _costs(event: Any, step: str, subject: str, used: Mapping[str, tuple[float | None, str]]) -> Statements:
    """Return rows of what was used up, each a quantity with its unit; what nobody measured has none."""
    rows = [
        {
            "run_id": event.run_id,
            "step": step,
            "subject": subject,
            "resource": resource,
            "quantity": float(quantity),
            "unit": unit,
            "seen_at": stamp(event.at),
        }
        for resource, (quantity, unit) in used.items()
        if quantity is not None
    ]
    return [(insert(tables.cost), rows)] if rows else []


def _model_finished(event: events.ModelFinished, upsert: Callable[[Table], Any]) -> Statements:
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
    return [(_new(upsert, tables.model_result), [row])]


def _check_finished(event: events.CheckFinished, upsert: Callable[[Table], Any]) -> Statements:
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
    return [(_new(upsert, tables.check_result), [row])]


def _table_seen(event: events.TableSeen, _upsert: Callable[[Table], Any]) -> Statements:
    seen, verdict = event.glance.seen, event.glance.verdict
    row = {
        "run_id": event.run_id,
        "stream": str(seen.stream),
        "seen_at": stamp(event.at),
        "state": verdict.state,
        "row_count": seen.rows,
        "loaded_at": _optional(seen.loaded_at),
        "fault": seen.fault,
        "message": verdict.text,
    }
    return [(insert(tables.table_seen), [row])]


def _published(event: events.DatasetPublished, upsert: Callable[[Table], Any]) -> Statements:
    row = {
        "run_id": event.run_id,
        "publisher": event.publisher,
        "dataset": event.dataset,
        "finished_at": stamp(event.at),
        "path": event.path,
        "row_count": event.rows,
        "size_bytes": event.size_bytes,
    }
    return [(_new(upsert, tables.publication), [row])]


def _error_seen(event: events.ErrorSeen, _upsert: Callable[[Table], Any]) -> Statements:
    blamed = blame(event)
    row = {
        "run_id": event.run_id,
        "step": event.step,
        "seen_at": stamp(event.at),
        "kind": event.kind,
        "remedy": event.remedy,
        "what": event.what,
        "at_place": event.where,
        "fix": event.fix,
        "error_class": blamed.error_class,
        "origin": blamed.origin,
        "retryable": blamed.retryable,
        "fingerprint": blamed.fingerprint,
    }
    return [(insert(tables.error_event), [row])]


_WRITERS: dict[type, Callable[[Any, Callable[[Table], Any]], Statements]] = {
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
