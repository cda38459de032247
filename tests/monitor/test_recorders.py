"""Recorders: all hear everything, a broken one never stops the work, and logs hold no secret."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL

import lakesmith
from lakesmith.host import Host
from lakesmith.model import events
from lakesmith.model.events import StepProgress
from lakesmith.monitor.recorders import Fanout, RunLog


class Notes:
    def __init__(self):
        self.seen = []

    def record(self, event):
        self.seen.append(event)


class Broken(Notes):
    def record(self, event):
        super().record(event)
        raise OSError("the disk of the record is full")


def test_everybody_hears_everything_and_who_fails_is_left_out_once():
    first, broken, last, complaints = Notes(), Broken(), Notes(), []
    fanout = Fanout((first, broken, last), complain=complaints.append)
    for event in ALL:
        fanout.record(event)
    assert first.seen == last.seen == list(ALL)
    assert broken.seen == [ALL[0]]
    assert complaints == ["Broken stopped recording: OSError"]


def test_the_log_is_one_object_per_event_without_secrets(tmp_path):
    host = Host()
    host.secrets.add("hunter22")
    log = RunLog(tmp_path / "logs", host=host)
    for event in (*ALL, events.ErrorSeen("r1", "load:a.b", ALL[0].at, "X", "skip", "no hunter22 here", "x", "y")):
        log.record(event)
    text = (tmp_path / "logs" / "r1.jsonl").read_text()
    told = [json.loads(line) for line in text.splitlines()]
    assert [one["event"] for one in told] == [
        *(type(event).__name__ for event in ALL if not isinstance(event, StepProgress | events.RunRenewed)),
        "ErrorSeen",
    ]
    assert "hunter22" not in text
    assert told[-1]["what"] == "no •••• here"
    assert told[0]["at"] == "2026-10-01T12:00:00+00:00"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "people.csv").write_text("id,name\n1,Ada\n2,Bo\n")
    (tmp_path / "lakesmith.yml").write_text(
        "version: 1\nname: small\nsources:\n  crm:\n    type: files\n    streams: {people: {files: people.csv}}\n"
    )
    return lakesmith.open(tmp_path)


def test_a_broken_recorder_fails_no_run(project):
    notes = Notes()
    with pytest.warns(RuntimeWarning, match="Broken stopped recording: OSError"):
        result = project.run(recorders=(Broken(), notes))
    assert result.state == "succeeded"
    assert [load.counts.written for load in result.outcome.loads] == [2]
    assert isinstance(notes.seen[0], events.RunStarted)
    assert isinstance(notes.seen[-1], events.RunFinished)


def test_a_record_that_is_torn_fails_no_run_and_says_so_next_time(project):
    project.run()
    store = project.root / ".lakesmith" / "runs.db"
    content = store.read_bytes()
    store.write_bytes(content[:4096] + bytes(len(content) - 4096))
    (project.root / "people.csv").write_text("id,name\n1,Ada\n2,Bo\n3,Cy\n")
    result = project.run()
    assert (result.state, result.outcome.loads[0].counts.written) == ("succeeded", 1)
    assert any("damaged store was put aside" in finding.text for finding in project.doctor())


def test_a_run_whose_process_vanished_is_buried_by_the_next(project):
    from datetime import UTC, datetime

    from monitor_events import started

    from lakesmith.monitor.store import RunStore

    store = RunStore.at(project.root / ".lakesmith" / "runs.db", host=Host())
    store.record(started("gone", datetime.now(UTC)))
    store.close()
    project.run()
    assert {run.run_id: run.state for run in project.history().runs()}["gone"] == "lost"
