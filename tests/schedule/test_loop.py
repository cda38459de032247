from datetime import timedelta

import pytest
from sqlalchemy import insert

from lakesmith.monitor import tables
from lakesmith.monitor.ticking import Tick
from lakesmith.monitor.writing import stamp
from lakesmith.project.settings import Schedule
from lakesmith.schedule.duties import EVERYTHING, Duty

ALL = Duty(EVERYTHING, Schedule(cron="0 * * * *"))
ORDERS = Duty("orders", Schedule(every="20m"), "source:app.orders+")


def test_a_run_starts_at_its_time_and_its_end_is_on_record(stage):
    stage.open(ALL).to("06:59")
    assert stage.starts == []
    stage.to("07:00")
    assert stage.starts == [(EVERYTHING, "07:00", "schedule")]
    assert stage.record() == [(EVERYTHING, "07:00", "started")]
    stage.end("warned")
    assert stage.record() == [(EVERYTHING, "07:00", "warned")]
    stage.to("07:30")
    assert len(stage.starts) == 1


def test_one_run_goes_on_at_a_time_and_what_was_due_meanwhile_follows_in_order(stage):
    stage.open(ALL, ORDERS).to("06:20")
    stage.to("07:05")
    assert stage.starts == [("orders", "06:20", "schedule")]
    stage.end()
    assert stage.starts[1:] == [(EVERYTHING, "07:00", "schedule")]  # 06:40 of orders has become its 07:00
    stage.end()
    assert stage.starts[2:] == [("orders", "07:00", "schedule")]
    stage.end()
    assert sorted(stage.record()) == [
        (EVERYTHING, "07:00", "succeeded"),
        ("orders", "06:20", "succeeded"),
        ("orders", "06:40", "merged"),
        ("orders", "07:00", "succeeded"),
    ]


def test_a_run_of_somebody_else_is_waited_for(stage):
    stage.open(ALL).to("07:00")
    stage.end("busy", run_id=None)
    stage.later(seconds=4)
    assert len(stage.starts) == 1
    stage.later(seconds=1)
    assert stage.starts == [(EVERYTHING, "07:00", "schedule")] * 2
    assert stage.record() == [(EVERYTHING, "07:00", "started")]


def test_what_may_pass_is_tried_again_and_what_may_not_is_left(stage):
    stage.open(Duty("orders", Schedule(cron="0 * * * *", retries=2, retry_after="5m"))).to("07:00")
    stage.end("failed", message="no answer", may_pass=True)
    assert stage.record() == [("orders", "07:00", "waiting")]
    stage.later(minutes=5)
    stage.end("failed", message="no answer", may_pass=True)
    stage.later(minutes=9)
    assert len(stage.starts) == 2
    stage.later(minutes=1)
    stage.end("failed", message="no answer", may_pass=True)
    stage.later(minutes=30)
    assert len(stage.starts) == 3
    assert stage.record() == [("orders", "07:00", "failed")]
    stage.to("08:00")
    stage.end("failed", message="wrong password")
    stage.to("08:59")
    assert len(stage.starts) == 4


@pytest.mark.parametrize(
    ("policy", "expected"), [("last", ["09:00"]), ("all", ["07:00", "08:00", "09:00"]), ("none", [])]
)
def test_downtime_is_caught_up_with_by_the_policy(stage, policy, expected):
    duty = Duty("orders", Schedule(cron="0 * * * *", catch_up=policy))
    stage.open(duty).scheduler.ticks.keep([Tick("orders", stage.clock.now(), "succeeded", stage.clock.now())])
    stage.clock.at = stage.clock.at.replace(hour=9, minute=30)
    stage.open(duty)
    for _ in expected:
        stage.scheduler.turn()
        stage.end()
    stage.scheduler.turn()
    assert stage.starts == [("orders", clock, "catch_up") for clock in expected]
    assert not stage.scheduler.waiting


def begin_run(stage, run_id, nominal_at, state, lease):
    """Write down that a run was begun, as its own process does."""
    row = {
        "run_id": run_id,
        "started_at": stamp(nominal_at),
        "lease_until": stamp(lease),
        "state": state,
        "message": "",
        "project": "acme",
        "target": "local",
        "command": "run",
        "selection": "",
        "trigger": "schedule",
        "version": "1",
        "config_hash": "",
        "host": "here",
        "pid": 1,
        "pipeline": EVERYTHING,
        "nominal_at": stamp(nominal_at),
    }
    with stage.store.engine.begin() as connection:
        connection.execute(insert(tables.run), [row])


def test_a_scheduler_that_died_is_followed_by_one_that_waits_for_the_run_that_lives(stage):
    stage.open(ALL).to("07:00")
    begin_run(stage, "r7", stage.clock.now(), "running", stage.clock.now() + timedelta(minutes=3))
    stage.later(minutes=1)
    stage.open(ALL)
    stage.later(seconds=10)
    assert len(stage.starts) == 1
    with stage.store.engine.begin() as connection:
        connection.execute(tables.run.update().values(state="succeeded"))
    stage.later(seconds=10)
    assert stage.record() == [(EVERYTHING, "07:00", "succeeded")]
    stage.to("08:00")
    assert stage.starts[1:] == [(EVERYTHING, "08:00", "schedule")]


def test_a_run_that_died_with_its_scheduler_is_run_again(stage):
    stage.open(ALL).to("07:00")
    begin_run(stage, "r7", stage.clock.now(), "running", stage.clock.now() + timedelta(minutes=1))
    stage.later(seconds=30)
    stage.open(ALL)
    stage.later(seconds=10)
    assert len(stage.starts) == 1
    stage.later(minutes=1)
    assert stage.starts[1:] == [(EVERYTHING, "07:00", "catch_up")]


def test_a_retry_that_was_promised_is_kept_by_the_next_scheduler(stage):
    stage.open(ALL).to("07:00")
    stage.end("failed", message="no answer", may_pass=True)
    stage.later(minutes=1)
    stage.open(ALL)
    stage.later(seconds=5)
    assert stage.starts[1:] == [(EVERYTHING, "07:00", "catch_up")]


def test_a_record_that_cannot_be_written_stops_no_run(stage):
    stage.open(ALL)
    with stage.store.engine.begin() as connection:
        tables.tick.drop(connection)
    stage.to("07:00")
    assert stage.starts == [(EVERYTHING, "07:00", "schedule")]
    stage.end()
    stage.to("08:00")
    assert stage.starts[1:] == [(EVERYTHING, "08:00", "schedule")]
    assert any("could not be written" in text for text in stage.told)


def test_other_duties_are_taken_over_and_the_old_one_is_not_run_any_more(stage):
    stage.open(ALL).to("06:30")
    stage.scheduler.replace((ORDERS,))
    stage.to("07:00")
    assert stage.starts == [("orders", "07:00", "schedule")]
