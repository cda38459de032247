"""The contract suite over the record of a project, both by runs and by numbers."""

import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import insert

from lakesmith.monitor import tables
from lakesmith.monitor.exports.telemetry import TelemetrySource
from lakesmith.monitor.writing import stamp
from lakesmith.testing import Records, SourceContract

sys.path.insert(0, str(Path(__file__).parents[1]))

from recorded_runs import MINUTE, NOON, Record

KILLS = ((2, "lake.commit.landed"),)
"""The lake's own tests kill everywhere; what is this source's own is that a load goes on where one landed."""


class TestRuns(SourceContract):
    """One row for each run: what is known of it, but for what only the run store needs."""

    source = TelemetrySource
    stream_options = MappingProxyType({"table": "lakesmith_runs", "batch_rows": 2})
    types = MappingProxyType(
        {"run_id": "string", "started_at": "timestamptz", "cpu_s": "double", "code_dirty": "boolean"}
    )
    kills = KILLS

    @pytest.mark.long
    def test_crash(self, tmp_path: Path) -> None:
        super().test_crash(tmp_path)

    def prepare(self, folder: Path) -> Records:
        with Record(folder) as record:
            for number in (1, 2, 3):
                record.run(number, {"shop.orders": (number, 1)})
            record.run(4, {"shop.orders": (9, 0)}, state=None)
        return Records([row(1), row(2), row(3)])

    def grow(self, folder: Path) -> Records:
        with Record(folder) as record:
            record.run(5, {}, state="failed")
        return Records([row(5, state="failed")])

    def empty(self, folder: Path) -> None:
        Record(folder).__exit__()

    def spoil(self, folder: Path) -> None:
        for name in ("runs.db-wal", "runs.db-shm"):
            (folder / ".lakesmith" / name).unlink(missing_ok=True)
        (folder / ".lakesmith" / "runs.db").write_bytes(b"not a database" * 1000)


@pytest.mark.long
class TestJudgements(SourceContract):
    """One row for each judgement, by its number."""

    source = TelemetrySource
    stream_options = MappingProxyType({"table": "lakesmith_judgements", "batch_rows": 2})
    types = MappingProxyType({"judged_at": "timestamptz", "value": "double", "trained_on": "long"})
    kills = KILLS

    @pytest.mark.long
    def test_crash(self, tmp_path: Path) -> None:
        super().test_crash(tmp_path)

    @pytest.mark.long
    def test_planning_is_light(self, tmp_path: Path) -> None:
        super().test_planning_is_light(tmp_path)

    def prepare(self, folder: Path) -> Records:
        return judged(folder, 1, 2, 3)

    def grow(self, folder: Path) -> Records:
        return judged(folder, 4)

    def empty(self, folder: Path) -> None:
        Record(folder).__exit__()


def row(number, state="succeeded"):
    began = NOON + number * 60 * MINUTE
    return {
        "run_id": f"run-{number}",
        "started_at": began,
        "finished_at": began + 2 * MINUTE,
        "state": state,
        "message": "",
        "project": "acme",
        "target": "prod",
        "command": "run",
        "selection": "",
        "started_by": "cli",
        "version": "0.1.0",
        "config_hash": "c0ffee",
        "host": "ada",
        "pipeline": "",
        "trigger_detail": "",
        "requested_by": "",
        "code_version": "",
        "versions": "{}",
        "cpu_s": 2.5,
    }


def judged(folder, *numbers):
    made, known = [], []
    for number in numbers:
        plain = {
            "run_id": None,
            "target": "prod",
            "subject": f"shop.orders{number}",
            "column_name": "",
            "rule": "volume",
            "bucket": "2026-10-01",
            "verdict": "warn",
            "value": 1.5 * number,
            "expected": 3.0,
            "lower": 2.0,
            "upper": 4.0,
            "score": None,
            "trained_on": 30 + number,
            "reason": "few rows",
        }
        at = NOON + number * MINUTE
        made.append({**plain, "judged_at": stamp(at)})
        known.append({**{name: value for name, value in plain.items() if value is not None}, "judged_at": at})
        known[-1]["judgement_id"] = number
    with Record(folder) as record, record.store.engine.begin() as connection:
        connection.execute(insert(tables.judgement), made)
    return Records(known)
