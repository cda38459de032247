"""The run store: every event is written down, old and broken stores are dealt with, and the questions have answers."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import create_engine

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL, DRIFT, NOON, STREAM, checked, loaded, looked, started
from store_tables import columns_of

from lakesmith.errors import StorageUnavailableError, StoreBrokenError
from lakesmith.model import events
from lakesmith.monitor import tables
from lakesmith.monitor.reading import History, RunRecord, TableRecord
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp


@pytest.fixture
def history(store, clock):
    for event in ALL:
        store.record(event)
    return History(store, now=clock.now())


def test_there_is_an_event_of_every_kind():
    assert {type(event) for event in ALL} == set(get_args(events.Event))


def test_a_migrated_store_is_a_fresh_one(store, tmp_path):
    fresh = create_engine(f"sqlite:///{tmp_path}/fresh.db")
    tables.metadata.create_all(fresh)
    assert columns_of(store.engine) == columns_of(fresh)
    fresh.dispose()


def test_a_run(history):
    end = NOON + timedelta(seconds=10)
    run = RunRecord("r1", NOON, end, "warned", "7 rows loaded", "local", "run", "+mart_x")
    assert history.runs() == [run]
    assert history.last_success() == run
    assert history.unfinished("local") == []


def test_steps_in_the_order_they_began(history):
    assert [(s.step, s.kind, s.state, s.seconds, s.message, s.facts) for s in history.steps("r1")] == [
        ("load:app.orders", "load", "succeeded", 2.0, "", {"read": 10}),
        ("build", "build", "warned", 6.0, "4 rows", {"models": 1}),
    ]


def test_a_load_with_all_it_knows(history):
    [load] = history.loads()
    assert (load.stream, load.state, load.finished_at, load.ordinal) == (str(STREAM), "succeeded", NOON, 5)
    assert (load.rows_read, load.rows_written, load.rows_quarantined, load.rows_filtered) == (10, 7, 2, 1)
    assert (load.proven, load.law_holds, load.resumed) == (True, True, True)
    assert (load.size_bytes, load.seconds) == (2**40, 2.0)
    assert (load.reject_reasons, load.filter_reasons) == ({"short": 2}, {"held": 1})
    assert (load.base_snapshot_id, load.snapshot_id, load.generation, load.kind) == (2**61, 2**62, 0, "load")
    assert load.notices == ("`b.csv` is gone",)
    assert history.loads(run_id="r1") == [load] == history.newest_loads()
    assert history.loads(run_id="r2") == []


def test_drift_check_and_error(history):
    [drift] = history.drift()
    assert (drift.stream, drift.seen_at) == (str(STREAM), NOON)
    assert (drift.kind, drift.column, drift.before, drift.after, drift.policy, drift.outcome) == (
        DRIFT.kind,
        DRIFT.column,
        DRIFT.before,
        DRIFT.after,
        DRIFT.policy,
        DRIFT.outcome,
    )
    [check] = history.newest_checks()
    assert (check.relation, check.column, check.status, check.severity, check.failures, check.message) == (
        "marts.mart_x",
        "day",
        "warn",
        "error",
        4,
        "Got 4 results",
    )
    [error] = history.errors("r1")
    assert (error.step, error.kind, error.remedy, error.what, error.where, error.fix) == (
        "build",
        "TransformError",
        "skip",
        "It broke.",
        "marts.mart_x",
        "mend it",
    )


def test_what_nobody_asks_back_yet_is_kept_too(store, history):
    assert history
    with store.engine.connect() as connection:
        model = connection.execute(tables.model_result.select()).mappings().one()
        published = connection.execute(tables.publication.select()).mappings().one()
        load = connection.execute(tables.table_load.select()).mappings().one()
    assert (model["relation"], model["row_count"], model["status"]) == ("marts.mart_x", 12, "success")
    assert (published["path"], published["row_count"], published["size_bytes"]) == ("final/x", 12, 3_000)
    assert (load["snapshot_id"], load["batch_id"], load["files"]) == (2**62, "batch-1", 2)


def test_a_run_without_a_word_is_lost_when_its_lease_is_over(store, clock):
    store.record(started())
    assert History(store, now=clock.now()).runs()[0].state == "running"
    clock.wait(minutes=16)
    [run] = History(store, now=clock.now()).runs()
    assert (run.state, run.message) == ("lost", "its process ended without a word")
    assert History(store, now=clock.now()).unfinished("local") == ["r1"]
    assert History(store, now=clock.now()).unfinished("prod") == []


def test_a_renewed_lease_keeps_a_run_alive(store, clock):
    store.record(started())
    store.record(events.RunRenewed("r1", NOON, NOON + timedelta(hours=1)))
    clock.wait(minutes=50)
    assert History(store, now=clock.now()).runs()[0].state == "running"


def test_the_newest_result_of_a_test_counts_and_the_worst_comes_first(store, clock):
    store.record(started())
    store.record(started("r2", NOON + timedelta(hours=1)))
    for run_id, at, states in (
        ("r1", NOON, ("fail", "pass", "pass")),
        ("r2", NOON + timedelta(hours=1), ("pass", "error")),
    ):
        for number, status in enumerate(states):
            store.record(checked(status, run_id, at, f"test.acme.number_{number}.0"))
    found = History(store, now=clock.now()).newest_checks()
    assert [(check.check_id.split("_")[1][0], check.status) for check in found] == [
        ("1", "error"),
        ("0", "pass"),
        ("2", "pass"),
    ]


def test_the_same_drift_appears_once_as_it_was_first_seen(store, clock):
    store.record(started())
    store.record(loaded())
    store.record(loaded(at=NOON + timedelta(hours=1)))
    assert [drift.seen_at for drift in History(store, now=clock.now()).drift()] == [NOON]


def test_the_newest_load_is_the_last_that_moved_rows(store, clock):
    store.record(started())
    store.record(loaded(rows=7))
    store.record(loaded(rows=9, at=NOON + timedelta(hours=1)))
    store.record(loaded(rows=-3, at=NOON + timedelta(hours=2)))
    assert [load.rows_written for load in History(store, now=clock.now()).newest_loads()] == [9]


def test_a_store_opened_again_has_what_was_written(path, host, store, history):
    assert history
    store.close()
    again = RunStore.at(path, host=host)
    assert [run.run_id for run in History(again, now=NOON).runs()] == ["r1"]
    again.close()


def damage_header(path):
    path.write_bytes(b"this is not a database" * 500)


def damage_middle(path):
    content = bytearray(path.read_bytes())
    content[4096 : len(content)] = bytes(len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damage_header, damage_middle])
def test_a_broken_store_is_put_aside_with_its_log_and_a_new_one_begins(path, host, store, history, damage):
    assert history
    store.close()
    damage(path)
    broken = path.read_bytes()
    again = RunStore.at(path, host=host)
    assert History(again, now=NOON).runs() == []
    again.record(started())
    again.close()
    [aside] = path.parent.glob("runs.db.broken-*")
    assert aside.read_bytes() == broken


def test_the_log_of_a_broken_store_does_not_leak_into_the_new_one(path, host, store, history, tmp_path):
    assert history
    store.close()
    copy = tmp_path / "copy" / "runs.db"
    again = RunStore.at(path, host=host)
    again.record(started("r2"))
    shutil.copytree(path.parent, copy.parent)  # as a power cut leaves it: with a write-ahead log of the last run
    again.close()
    log = copy.with_name("runs.db-wal").read_bytes()
    assert log
    damage_header(copy)
    new = RunStore.at(copy, host=host)
    assert History(new, now=NOON).runs() == []
    new.close()
    [aside] = copy.parent.glob("runs.db.broken-*-wal")
    assert aside.read_bytes() == log


def test_two_broken_stores_of_one_second_are_both_kept(path, host, store):
    store.close()
    for _ in range(2):
        damage_header(path)
        RunStore.at(path, host=host).close()
    assert len([file for file in path.parent.glob("runs.db.broken-*") if not file.name.endswith(("-wal", "-shm"))]) == 2


def test_a_store_of_a_newer_lakesmith_is_left_alone(path, host, store):
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreBrokenError, match=r"newer Lakesmith \(version 9999"):
        RunStore.at(path, host=host)
    assert not list(path.parent.glob("*broken*"))


def test_a_store_that_cannot_be_opened_is_explained(path, host):
    path.mkdir(parents=True)
    with pytest.raises(StorageUnavailableError, match="run store cannot be opened"):
        RunStore.at(path, host=host)


def test_the_newest_look_at_a_table_of_others_is_that_of_the_target(history, store):
    store.record(started("r2", NOON, "prod"))
    store.record(looked("r2", NOON + timedelta(hours=2), "unknown", None, None))
    at = NOON - timedelta(hours=3)
    assert history.newest_tables("local") == [TableRecord("r1", "legacy.customers", NOON, "late", 7, at, "", "was due")]
    store.record(looked("r1", NOON + timedelta(hours=1), "fresh", 0, NOON))
    assert [(t.seen_at, t.rows, t.loaded_at) for t in history.newest_tables("local")] == [
        (NOON + timedelta(hours=1), 0, NOON)
    ]
    assert [(t.rows, t.loaded_at) for t in history.newest_tables("prod")] == [(None, None)]


def test_times_of_any_zone_sort_as_they_happened():
    from datetime import timezone

    later = NOON.astimezone(timezone(timedelta(hours=-9))) + timedelta(microseconds=1)
    assert stamp(NOON) < stamp(later) == "2026-10-01T12:00:00.000001Z"
