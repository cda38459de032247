"""A record of many days of loads, written into a run store as runs would have left it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp

NIGHT = datetime(2026, 11, 18, 6, 30, tzinfo=UTC)


class Clock:
    """Shows what it is told; steady time goes on with it."""

    def __init__(self, time: datetime = NIGHT) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time

    def steady_s(self) -> float:
        return self.time.timestamp()


def run_row(run_id, began, state="succeeded", minutes=10, selection="", target="local", **more):
    return {
        "run_id": run_id,
        "started_at": stamp(began),
        "finished_at": None if state == "running" else stamp(began + timedelta(minutes=minutes)),
        "lease_until": stamp(began + timedelta(minutes=minutes + 1)),
        "state": state,
        "message": "",
        "project": "yard",
        "target": target,
        "command": more.pop("command", "run"),
        "selection": selection,
        "trigger": "cli",
        "version": "0",
        "config_hash": "",
        "host": "h",
        "pid": 1,
        **more,
    }


def load_row(run_id, stream, at, rows, before=0, state="succeeded", reason="news", **more):
    return {
        "run_id": run_id,
        "stream": stream,
        "finished_at": stamp(at),
        "started_at": stamp(at),
        "state": state,
        "rows_read": rows,
        "rows_written": rows,
        "rows_quarantined": 0,
        "rows_filtered": 0,
        "rows_derived": 0,
        "proven": True,
        "splits": 1,
        "files": 1,
        "size_bytes": 1,
        "resumed": False,
        "phases_s": "{}",
        "reject_reasons": "{}",
        "filter_reasons": "{}",
        "snapshot_id": None if state == "failed" else 1,
        "kind": None if state == "failed" else "load",
        "reason": reason,
        "rows_before": before,
        "rows_after": before + rows,
        **more,
    }


def write(store, runs=(), loads=(), errors=()):
    with store.engine.begin() as connection:
        for table, rows in ((tables.run, runs), (tables.table_load, loads), (tables.error_event, errors)):
            if rows:
                connection.execute(insert(table), list(rows))


def months_of(store, streams, rows_on, days=60, until=NIGHT, hour=6):
    """Write a good run each day; `rows_on(stream, days ago)` are the rows it brought, None for a day without a load."""
    totals = dict.fromkeys(streams, 0)
    runs, loads = [], []
    for ago in range(days, -1, -1):
        began = until.replace(hour=hour, minute=0) - timedelta(days=ago)
        run_id = f"run-{days - ago:03}-{began:%m%d}"
        runs.append(run_row(run_id, began))
        for stream in streams:
            rows = rows_on(stream, ago)
            if rows is not None:
                reason = "first" if ago == days else "news"
                loads.append(
                    load_row(run_id, stream, began + timedelta(minutes=5), rows, totals[stream], reason=reason)
                )
                totals[stream] += rows
    write(store, runs, loads)
    return totals
