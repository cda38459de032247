"""What is too old goes, a little at a time; what is still needed stays."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL, NOON
from sealed_runs import record_runs

from lakesmith.model import events
from lakesmith.model.streams import StreamId
from lakesmith.monitor import forgetting, tables
from lakesmith.monitor.forgetting import forget
from lakesmith.monitor.reading import History
from lakesmith.monitor.repair import examine
from lakesmith.monitor.sealing import SEALED
from lakesmith.monitor.writing import stamp


@pytest.fixture
def folder(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent


def ids(store, table):
    with store.engine.connect() as connection:
        return sorted(set(connection.execute(select(table.c.run_id)).scalars()))


def forget_before(store, folder, day, limit_s=60.0):
    return forget(store, folder / "logs", folder / "runs.seal", before=NOON + timedelta(days=day), limit_s=limit_s)


def test_runs_before_a_day_go_with_everything_of_theirs(store, folder):
    record_runs(store, folder, 6)
    assert forget_before(store, folder, 4) == 3
    for table in SEALED:
        assert ids(store, table) == ["run-4", "run-5", "run-6"], table.name
    assert ids(store, tables.cost) == ["run-4", "run-5", "run-6"]
    assert sorted(log.stem for log in (folder / "logs").iterdir()) == ["run-4", "run-5", "run-6"]
    assert examine(store, folder / "logs", folder / "runs.seal") == []
    record_runs(store, folder, 1, first=7)
    assert examine(store, folder / "logs", folder / "runs.seal") == []
    assert forget_before(store, folder, 4) == 0


def test_the_load_from_whose_number_others_go_on_stays_with_its_run(store, folder):
    record_runs(store, folder, 3)
    other = StreamId("app", "dormant")
    [load] = [event for event in ALL if isinstance(event, events.LoadFinished)]
    store.record(replace(load, run_id="run-1", load=replace(load.load, stream=other)))
    failed = replace(
        load, run_id="run-2", at=NOON + timedelta(days=2), load=replace(load.load, stream=other, commits=())
    )
    store.record(failed)
    assert forget_before(store, folder, 99) == 1
    assert ids(store, tables.run) == ["run-1", "run-3"]
    assert History(store, now=NOON).highest_ordinals("local") == {"app.dormant": 5, "app.orders": 5}


def test_time_is_short_and_the_rest_goes_later(store, folder, monkeypatch):
    monkeypatch.setattr(forgetting, "STEP", 2)
    record_runs(store, folder, 7)
    assert forget_before(store, folder, 99, limit_s=0.0) == 0
    seen = []
    monkeypatch.setattr(forgetting, "monotonic", lambda: float(len(seen)) if not seen.append(1) else 0.0)
    assert forget_before(store, folder, 99, limit_s=1.5) == 2
    monkeypatch.undo()
    assert forget_before(store, folder, 99) == 4
    assert ids(store, tables.run) == ["run-7"]


def test_a_run_that_goes_on_stays(store, folder):
    record_runs(store, folder, 2)
    store.record(replace(events.RunFinished("run-1", NOON, "running")))
    assert forget_before(store, folder, 99) == 0


INCIDENT = {
    "target": "local",
    "cause": "x",
    "rule": "volume",
    "subject": "app.orders",
    "title": "t",
    "severity": "error",
    "owner": "",
    "last_seen_at": stamp(NOON),
    "opened_at": stamp(NOON),
    "occurrences": 1,
    "note": "",
    "data_safe": "yes",
    "is_downstream_known": True,
    "facts": "{}",
}


def test_open_incidents_stay_and_resolved_ones_go_with_what_hangs_on_them(store, folder):
    states = {
        "a": ("open", None),
        "b": ("resolved", NOON),
        "c": ("resolved", NOON + timedelta(days=9)),
        "d": ("acknowledged", None),
    }
    with store.engine.begin() as connection:
        for name, (state, at) in states.items():
            row = {**INCIDENT, "incident_id": name, "state": state, "resolved_at": at and stamp(at)}
            connection.execute(insert(tables.incident), [row])
            event = {"incident_id": name, "at": stamp(NOON), "kind": "opened", "actor": "", "detail": ""}
            connection.execute(insert(tables.incident_event), [event])
    forget_before(store, folder, 5)
    with store.engine.connect() as connection:
        assert connection.execute(select(tables.incident.c.incident_id)).scalars().all() == ["a", "c", "d"]
        assert connection.execute(select(tables.incident_event.c.incident_id)).scalars().all() == ["a", "c", "d"]


def test_the_newest_start_of_a_pipeline_stays(store, folder):
    rows = [
        {"target": "local", "pipeline": pipeline, "nominal_at": stamp(NOON + timedelta(days=day)), "state": "succeeded"}
        for pipeline, days in (("a", (1, 2, 9)), ("b", (1, 2)))
        for day in days
    ]
    with store.engine.begin() as connection:
        connection.execute(insert(tables.tick), [{**row, "decided_at": stamp(NOON), "reason": ""} for row in rows])
    forget_before(store, folder, 5)
    with store.engine.connect() as connection:
        kept = connection.execute(select(tables.tick.c.pipeline, tables.tick.c.nominal_at)).all()
    assert sorted((name, at[:10]) for name, at in kept) == [("a", "2026-10-10"), ("b", "2026-10-03")]
