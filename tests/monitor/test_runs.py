"""Runs of real projects, as their record tells them: what they did, why, with what, and what becomes of a store that is not there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))

import lakesmith
from lakesmith.api.circumstances import cause_from, code_of
from lakesmith.api.storing import open_store
from lakesmith.host.measuring import Gauge, boot_id
from lakesmith.model.events import Cause
from lakesmith.monitor import tables
from lakesmith.monitor.plain import from_plain

PROJECT = """
version: 1
name: small
sources:
  crm:
    type: files
    streams:
      people: {{files: "people-{{date}}.csv", mode: dedupe, key: id, columns: {{age: {{type: int}}}}}}
monitor:
  {store}
  tables:
    "crm.*": {{event_time: seen}}
"""


def people(root, day, text):
    (root / f"people-{day}.csv").write_text("id,name,age,seen\n" + text)


def make(root, store="keep: 90d"):
    root.mkdir(parents=True, exist_ok=True)
    (root / "lakesmith.yml").write_text(PROJECT.format(store=store))
    people(root, "2026-01-01", "1,Ada,36,2026-01-01T08:00:00Z\n2,Bo\n3,Cy,9,2026-01-02T00:00:00Z\n")
    return lakesmith.open(root)


@pytest.fixture
def project(tmp_path):
    return make(tmp_path / "small")


def rows(project, table, *order):
    with closing(open_store(project._shop)) as store, store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(*order)).mappings()]


def loads(project):
    return rows(project, tables.table_load, tables.table_load.c.load_id)


def test_a_first_load_and_its_run_say_all_they_know(project, monkeypatch):
    monkeypatch.setenv("LAKESMITH_TRIGGER", "schedule")
    monkeypatch.setenv("LAKESMITH_PIPELINE", "morning")
    monkeypatch.setenv("LAKESMITH_NOMINAL_AT", "2026-11-22T06:00:00+01:00")
    monkeypatch.setenv("LAKESMITH_REQUESTED_BY", "ada")
    assert project.run().state == "succeeded"
    [run] = rows(project, tables.run)
    told = ("trigger", "pipeline", "nominal_at", "requested_by", "pid", "boot_id", "code_version", "code_dirty")
    assert [run[name] for name in told] == [
        *("schedule", "morning", "2026-11-22T05:00:00.000000Z", "ada", os.getpid(), boot_id()),
        *("", None),
    ]
    assert {"python", "duckdb", "pyiceberg"} <= json.loads(run["versions"]).keys()
    assert run["cpu_s"] > 0
    assert run["peak_rss_bytes"] > 10_000_000
    [load] = loads(project)
    size = (project.root / "people-2026-01-01.csv").stat().st_size
    assert [load[name] for name in ("mode", "reason", "rows_before", "rows_after", "bytes_read")] == [
        *("dedupe", "first", 0, 2, size)
    ]
    assert (json.loads(load["rows_by_op"]), load["rows_quarantined"]) == ({"r": 2}, 1)
    assert load["newest_event_at"] == "2026-01-02T00:00:00.000000Z"
    assert run["started_at"] <= load["started_at"] <= load["finished_at"]
    assert load["cpu_s"] >= 0
    [version] = rows(project, tables.schema_version)
    assert version["schema_hash"] == load["schema_hash"]
    assert json.loads(version["columns"]) == {"id": "long", "name": "string", "age": "int", "seen": "timestamptz"}
    steps = {step["step"]: step for step in rows(project, tables.run_step)}
    assert all(step["attempt"] == 1 and step["cpu_s"] >= 0 and step["peak_rss_bytes"] for step in steps.values())
    costs = {(cost["step"], cost["subject"], cost["resource"]): cost["quantity"] for cost in rows(project, tables.cost)}
    assert costs["load:crm.people", "crm.people", "bytes_read"] == size
    assert costs["load:crm.people", "crm.people", "cpu"] == steps["load:crm.people"]["cpu_s"]
    assert costs["load:crm.people", "crm.people", "bytes_written"] > 0


@pytest.mark.long
def test_every_load_says_why_it_was(project):
    project.run()
    people(project.root, "2026-01-02", "1,Ada,37,2026-01-09T08:00:00Z\n")
    project.run()
    project.rebuild("crm.people")
    project.rebuild("crm.people", since=date(2026, 1, 2))
    found = [(load["reason"], load["rows_before"], load["rows_after"]) for load in loads(project)]
    assert found == [("first", 0, 2), ("news", 2, 3), ("rebuild", 3, 3), ("backfill", 3, 3)]
    assert len(rows(project, tables.schema_version)) == 1
    people(project.root, "2026-01-03", "4,Di,5,2026-01-10T08:00:00Z\n")
    (project.root / "people-2026-01-03.csv").write_text("id,name,age,seen,town\n4,Di,5,2026-01-10T08:00:00Z,Ulm\n")
    project.run()
    assert [load["reason"] for load in loads(project)][-1] == "news"
    assert len({load["schema_hash"] for load in loads(project)}) == len(rows(project, tables.schema_version)) == 2
    assert [finding for finding in project.doctor() if finding.subject == "run store" and finding.level != "ok"] == []


def test_a_store_that_cannot_be_opened_costs_a_complaint_and_the_log_brings_the_run_back(project):
    state = project.root / ".lakesmith"
    (state / "runs.db").mkdir(parents=True)
    with pytest.warns(RuntimeWarning, match="run store cannot be opened.*in its log alone"):
        result = project.run()
    assert (result.state, result.outcome.loads[0].counts.written) == ("succeeded", 2)
    shutil.rmtree(state / "runs.db")
    assert [run.run_id for run in project.history().runs()] == []
    missing = [finding.text for finding in project.doctor() if finding.level == "warning"]
    assert f"the record of run {result.run_id} is gone" in missing
    assert [finding.text for finding in project.repair()] == [
        f"run {result.run_id} is back, as its log tells it; no seal proves it"
    ]
    assert [(run.run_id, run.state) for run in project.history().runs()] == [(result.run_id, "succeeded")]
    assert [(load["reason"], load["rows_written"]) for load in loads(project)] == [("first", 2)]


def test_an_older_copy_of_the_store_is_told_once_and_repaired(project):
    project.run()
    store, copy = project.root / ".lakesmith" / "runs.db", project.root / "older.db"
    shutil.copy(store, copy)
    people(project.root, "2026-01-02", "1,Ada,37,2026-01-09T08:00:00Z\n")
    lost = project.run().run_id
    before = loads(project)
    shutil.copy(copy, store)
    with pytest.warns(RuntimeWarning, match="the record of the newest run is gone"):
        project.history()
    project.history()  # told once: a second warning would fail this test
    assert [finding.text for finding in project.repair()] == [f"run {lost} is back, as it was sealed: {4} rows"]
    assert loads(project) == before


def test_a_project_may_keep_its_record_on_a_server(tmp_path, shared_postgres, monkeypatch):
    monkeypatch.setenv("RECORD", shared_postgres.database() + "?schema=lakesmith")
    project = make(tmp_path / "served", "store: ${env:RECORD}")
    run_id = project.run().run_id
    assert not (project.root / ".lakesmith" / "runs.db").exists()
    assert [run.run_id for run in project.history().runs()] == [run_id]
    assert [load["reason"] for load in loads(project)] == ["first"]
    assert [finding for finding in project.doctor() if finding.subject == "run store" and finding.level != "ok"] == []
    text = "".join(path.read_text() for path in (project.root / ".lakesmith" / "logs").iterdir())
    assert "pass-word" not in text


def test_logs_hold_no_position_and_can_be_read_back(project):
    project.run()
    [log] = (project.root / ".lakesmith" / "logs").iterdir()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["event"] == "RunSealed"
    assert "position" not in log.read_text()
    assert [type(from_plain(line)).__name__ for line in lines[:-1]] == [line["event"] for line in lines[:-1]]


KILLED = """
import os, signal, lakesmith
class Killer:
    def record(self, event):
        if type(event).__name__ == "LoadFinished":
            os.kill(os.getpid(), signal.SIGKILL)
lakesmith.open({root!r}).run(recorders=(Killer(),))
"""


def test_a_run_that_is_killed_was_there_before_its_first_step_and_is_lost_after(project):
    child = subprocess.run([sys.executable, "-c", KILLED.format(root=str(project.root))], check=False)
    assert child.returncode == -signal.SIGKILL
    [run] = rows(project, tables.run)
    assert (run["state"], run["finished_at"]) == ("running", None)
    began, lease = (datetime.fromisoformat(run[name]) for name in ("started_at", "lease_until"))
    assert (lease - began).total_seconds() <= 120
    assert project.run().state == "nothing_new"  # it had committed
    assert [run.state for run in reversed(project.history().runs())] == ["lost", "nothing_new"]
    assert [finding for finding in project.doctor() if finding.subject == "run store" and finding.level != "ok"] == []


def git(root, *words):
    said = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *said, *words], cwd=root, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_of_a_project_and_whether_it_was_changed(tmp_path, monkeypatch):
    inner = tmp_path / "repository" / "project"
    inner.mkdir(parents=True)
    (inner / "lakesmith.yml").write_text("version: 1\n")
    assert code_of(inner) == ("", None)
    git(inner.parent, "init", "-q")
    git(inner.parent, "add", ".")
    assert code_of(inner) == ("", True)
    git(inner.parent, "commit", "-qm", "first")
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=inner, check=True, capture_output=True, text=True)
    assert code_of(inner) == (told.stdout.strip(), False)
    (inner / "data.csv").write_text("id\n1\n")
    assert code_of(inner)[1] is False
    (inner / "lakesmith.yml").write_text("version: 1\nname: x\n")
    assert code_of(inner) == (told.stdout.strip(), True)
    monkeypatch.setenv("PATH", "")
    assert code_of(inner) == ("", None)


def test_why_there_is_a_run():
    assert cause_from({}, Cause("console", requested_by="bo")) == Cause("console", requested_by="bo")
    airflow = {
        "AIRFLOW_CTX_DAG_ID": "daily",
        "AIRFLOW_CTX_TASK_ID": "lake",
        "AIRFLOW_CTX_EXECUTION_DATE": "2026-11-22T06:00:00",
        "AIRFLOW_CTX_TRY_NUMBER": "2",
        "LAKESMITH_REQUESTED_BY": "airflow",
    }
    at = datetime(2026, 11, 22, 6, tzinfo=UTC)
    assert cause_from(airflow) == Cause("airflow", "daily lake", at, "airflow", attempt=2)
    assert cause_from({"LAKESMITH_NOMINAL_AT": "soon", "LAKESMITH_ATTEMPT": "x"}).nominal_at is None


def test_a_gauge_sees_work_and_memory():
    gauge = Gauge.begin()
    held = bytearray(80_000_000)
    for at in range(0, len(held), 4096):
        held[at] = 1
    total = sum(number * number for number in range(2_000_000))
    took = gauge.read()
    assert total
    assert took.cpu_s > 0
    assert took.peak_rss_bytes >= 80_000_000
    assert Gauge.begin().read().cpu_s < took.cpu_s
