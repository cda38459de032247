"""Faults, judgements and runs of a record, short to write."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from lakesmith.monitor import tables
from lakesmith.monitor.incidents.values import Failing, Fault
from lakesmith.monitor.judging.values import Judgement
from lakesmith.monitor.writing import stamp

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def fault(stream="shop.orders", what="The server does not answer.", error_class="network", **more):
    given = {"run_id": "r1", "step": f"load:{stream}", "subject": stream, "seen_at": NOON, "kind": "RetriableError"}
    rest = {"remedy": "try again", "where": "", "fix": "start it", "origin": "source", "fingerprint": "f"}
    return Fault(**{**given, **rest, "what": what, "error_class": error_class, **more})


def judged(subject, rule="schedule", verdict="bad", column="", bucket="2026-10-01", run_id=None, at=NOON):
    reason = f"{rule} of {subject} is {verdict}"
    return Judgement(subject, rule, verdict, reason, at, column=column, bucket=bucket, run_id=run_id)


def failing(check_id="test.acme.unique.1", relation="marts.mart_x", severity="error", run_id="r1"):
    return Failing(run_id, check_id, relation, severity, NOON, "4 rows break the test unique")


def nothing_above(_subject):
    return frozenset()


class Record:
    """Writes runs as the recorder does, each an hour after the one before."""

    def __init__(self, store, target="local"):
        self.store, self.target, self.count = store, target, 0

    def put(self, table, **row):
        with self.store.engine.begin() as connection:
            connection.execute(insert(table), [row])

    def run(self, state="succeeded", *, well=(), errors=(), failed=(), passed=(), **more):
        """Write one run: streams that were loaded well, errors (step, class), checks that failed and passed."""
        self.count += 1
        run_id, at = f"{zlib.crc32(self.target.encode()):08x}-run-{self.count:03}", NOON + timedelta(hours=self.count)
        row = {
            "run_id": run_id,
            "started_at": stamp(at),
            "finished_at": None if state == "running" else stamp(at),
            "lease_until": stamp(at + timedelta(minutes=1)),
            "state": state,
            "message": "",
            "project": "acme",
            "target": self.target,
            "command": "run",
            "selection": "",
            "trigger": "cli",
            "version": "0.1",
            "config_hash": "c1",
            "host": "ada",
            "pid": 1,
            "code_version": "a" * 40,
            "code_dirty": False,
            "versions": '{"polars": "2.1"}',
        }
        self.put(tables.run, **{**row, **more})
        for stream in well:
            self.step(run_id, f"load:{stream}", "succeeded", at)
            self.load(run_id, stream, at)
        for step, error_class in errors:
            self.step(run_id, step, "failed", at)
            self.error(run_id, step, error_class, at)
        for check_id, status in [*((one, "fail") for one in failed), *((one, "pass") for one in passed)]:
            self.check(run_id, check_id, status, at)
        return run_id

    def step(self, run_id, step, state, at):
        began = {"kind": step.partition(":")[0], "started_at": stamp(at), "message": "", "facts": "{}"}
        self.put(tables.run_step, run_id=run_id, step=step, state=state, **began)

    def error(self, run_id, step, error_class, at, what="The server does not answer."):
        words = {"kind": "RetriableError", "remedy": "try again", "what": what, "at_place": "", "fix": "start it"}
        blame = {"error_class": error_class, "origin": "source", "retryable": True, "fingerprint": "f"}
        self.put(tables.error_event, run_id=run_id, step=step, seen_at=stamp(at), **words, **blame)

    def check(self, run_id, check_id, status, at):
        about = {"relation": "marts.mart_x", "column_name": "id", "severity": "error", "failures": 4, "seconds": 0.1}
        told = {"message": "Got 4 results", "finished_at": stamp(at), "status": status}
        self.put(tables.check_result, run_id=run_id, check_id=check_id, **about, **told)

    def load(self, run_id, stream, at, rows=100, snapshot=1):
        counts = {"rows_read": rows, "rows_written": rows, "rows_quarantined": 0, "rows_filtered": 0, "rows_derived": 0}
        rest = {"proven": True, "splits": 1, "files": 1, "size_bytes": 1, "resumed": False}
        texts = {"phases_s": "{}", "reject_reasons": "{}", "filter_reasons": "{}", "state": "succeeded"}
        named = {"run_id": run_id, "stream": stream, "finished_at": stamp(at), "snapshot_id": snapshot}
        self.put(tables.table_load, **named, **counts, **rest, **texts)
