"""The writer before the store: it loses nothing, doubles nothing, holds nobody up, and keeps the lease of a run."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL, NOON, checked, loaded, started

from lakesmith.model import events
from lakesmith.monitor import queueing, tables
from lakesmith.monitor.queueing import Writer
from lakesmith.monitor.reading import History
from lakesmith.monitor.recorders import RunLog
from lakesmith.monitor.repair import mend
from lakesmith.monitor.store import RunStore

ENDED = events.RunFinished("r1", NOON + timedelta(minutes=1), "succeeded", "done")


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def writer(store, host, complaints):
    made = Writer(store, host=host, complain=complaints.append)
    yield made
    made.close(1.0)


def content(store):
    with store.engine.connect() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name != "recorded"}
                for row in connection.execute(select(table)).mappings()
            ]
            for table in tables.metadata.sorted_tables
        }


def wait_for(sure, limit_s=20.0):
    until = time.monotonic() + limit_s
    while not sure():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


def test_what_goes_through_the_queue_is_what_would_be_written_at_once(writer, store, host, tmp_path, complaints):
    plain = RunStore.at(tmp_path / "plain.db", host=host)
    for event in ALL:
        writer.record(event)
        plain.record(event)
    assert writer.close()
    assert content(store) == content(plain)
    assert complaints == []
    plain.close()


def test_the_first_event_is_there_at_once_and_the_others_come_by_themselves(writer, store):
    writer.record(started())
    assert [run.state for run in History(store, now=NOON).runs()] == ["running"]
    writer.record(ENDED)
    wait_for(lambda: History(store, now=NOON).runs()[0].state == "succeeded")


def test_a_locked_store_is_waited_for_by_nobody_and_gets_everything_once(path, writer, store, complaints, monkeypatch):
    monkeypatch.setattr(queueing, "BEGIN_LIMIT_S", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        writer.record(started())
        for _ in range(50):
            writer.record(loaded())
        writer.record(ENDED)
        assert not writer.flush(0.05)
        assert History(store, now=NOON).runs() == []
        other.execute("rollback")
    assert writer.flush(30.0)
    assert (len(History(store, now=NOON).loads()), complaints) == (50, [])


class ForgetfulStore(RunStore):
    """A store whose server takes a transaction and does not say so, a few times."""

    silent = 3

    def write_once(self, numbered):
        super().write_once(numbered)
        if self.silent:
            self.silent -= 1
            raise OperationalError("commit", None, ConnectionResetError())


def test_what_was_taken_without_an_answer_is_not_written_twice(store, host, complaints):
    writer = Writer(ForgetfulStore(store.engine), host=host, complain=complaints.append)
    for event in (started(), loaded(), loaded(rows=9), checked("fail"), ENDED):
        writer.record(event)
    assert writer.close(30.0)
    assert [load.rows_written for load in History(store, now=NOON).loads()] == [9, 7]
    assert History(store, now=NOON).runs()[0].state == "succeeded"
    assert complaints == []


def test_an_event_that_no_store_takes_costs_no_other(writer, store, complaints):
    writer.record(started())
    writer.record(loaded())
    writer.record(loaded("nobody knows this run"))
    writer.record(checked("pass"))
    writer.record(ENDED)
    assert not writer.close()
    assert (writer.missed, len(History(store, now=NOON).loads())) == (1, 1)
    assert History(store, now=NOON).runs()[0].state == "succeeded"
    assert len(complaints) == 1
    assert "1 events are in its log alone (IntegrityError)" in complaints[0]


def test_what_the_queue_has_no_room_for_comes_back_from_the_log(path, store, host, complaints, monkeypatch, tmp_path):
    monkeypatch.setattr(queueing, "MOST", 5)
    monkeypatch.setattr(queueing, "BEGIN_LIMIT_S", 0.01)
    writer, log = Writer(store, host=host, complain=complaints.append), RunLog(tmp_path / "logs", host=host)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        for event in (started(), *(loaded(rows=rows) for rows in range(1, 21)), ENDED):
            log.record(event)
            writer.record(event)
        assert not writer.close(0.05)
        other.execute("rollback")
    assert len(complaints) == 1
    assert "22 events are in its log alone" in complaints[0]
    wait_for(lambda: not any(thread.name == "lakesmith-record" for thread in threading.enumerate()))
    [mended] = mend(store, tmp_path / "logs", tmp_path / "runs.seal")
    assert mended.is_whole
    assert [load.rows_written for load in History(store, now=NOON).loads()] == list(range(20, 0, -1))


def test_a_lease_is_renewed_without_any_event_and_after_a_sleep(writer, store, clock, monkeypatch):
    monkeypatch.setattr(queueing, "LOOK_S", 0.02)
    writer.record(started(at=clock.now()))
    for nap in ({"seconds": 21}, {"seconds": 25}, {"hours": 9}):
        clock.wait(**nap)
        wait_for(lambda: History(store, now=clock.now()).runs()[0].state == "running" and lease(store) > clock.now())
    assert lease(store) == clock.now() + queueing.LEASE
    writer.record(events.RunFinished("r1", clock.now(), "succeeded", ""))
    assert writer.flush()
    before = lease(store)
    clock.wait(minutes=5)
    writer.record(checked("pass"))
    assert writer.flush()
    assert lease(store) == before


def lease(store):
    from datetime import datetime

    with store.engine.connect() as connection:
        return datetime.fromisoformat(connection.execute(select(tables.run.c.lease_until)).scalar_one())


def test_a_run_without_a_process_is_lost_within_two_minutes_and_nobody_writes_that(store, host, clock, complaints):
    writer = Writer(store, host=host, complain=complaints.append)
    began = clock.now()
    writer.record(events.RunStarted(**{**plain(started(at=began)), "lease_until": began + queueing.LEASE}))
    writer.close()  # and without an end of the run nobody renews any more
    clock.wait(seconds=119)
    [run] = History(store, now=clock.now()).runs()
    assert (run.state, run.message) == ("lost", "its process ended without a word")
    with store.engine.connect() as connection:
        assert connection.execute(select(tables.run.c.state)).scalar_one() == "running"


def plain(event):
    return {name: getattr(event, name) for name in event.__dataclass_fields__}
