"""Incidents of a project: opened once, fed, ended, opened again; on both databases, with the clock in our hands."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor" / "incidents"))

from incident_things import NOON, Record, judged
from sqlalchemy import select

from lakesmith.api import incidents
from lakesmith.errors import SelectionError, UsageError
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.incidents import reading
from lakesmith.monitor.store import RunStore
from lakesmith.project import load_project
from lakesmith.run.workshop import Workshop

PROJECT = """
version: 1
name: acme
schedule: {cron: "0 6 * * *"}
sources:
  shop: {type: files, root: data, streams: {orders: {files: "o/*.csv"}, items: {files: "i/*.csv"}}}
  crm: {type: files, root: data, streams: {leads: {files: "l/*.csv"}}}
monitor:
  tables:
    "shop.*": {owner: commerce}
    crm.leads: {owner: sales, severity: warn}
"""
START = NOON + timedelta(hours=1)


class SetClock:
    """A clock that shows what it is told."""

    def __init__(self):
        self.time = START

    def now(self):
        return self.time

    def steady_s(self):
        return self.time.timestamp()


class Desk:
    """A project, its record, and looks at it."""

    def __init__(self, root, store, target):
        (root / "lakesmith.yml").write_text(PROJECT)
        self.clock = SetClock()
        host = Host(clock=self.clock)
        config = load_project(root, host=host)
        self.shop = Workshop(config, replace(config.target(), name=target), host)
        self.store, self.target, self.record = store, target, Record(store, target)

    def run(self, *args, **named):
        """Record a run an hour after the last one, and look at it with some judgements."""
        thought = named.pop("thought", ())
        run_id = self.record.run(*args, **named)
        self.clock.time = NOON + timedelta(hours=self.record.count, seconds=5)
        return self.look(*thought, run_id=run_id)

    def look(self, *thought, run_id=None, later=timedelta(0)):
        self.clock.time += later
        return incidents.settle(self.shop, self.store, list(thought), run_id=run_id)

    def open(self):
        return reading.incidents(self.store, self.target)

    def all(self):
        return reading.incidents(self.store, self.target, all_of_them=True)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request, tmp_path_factory):
    """One record for all tests, each of which has a target of its own in it."""
    if request.param == "sqlite":
        store = RunStore.at(tmp_path_factory.mktemp("record") / "runs.db", host=Host())
    else:
        store = RunStore.on(request.getfixturevalue("shared_postgres").database())
    yield store
    store.close()


@pytest.fixture
def desk(request, tmp_path, store):
    return Desk(tmp_path, store, request.node.name[:100])


def down(stream="shop.orders", error_class="network"):
    return (f"load:{stream}", error_class)


@pytest.mark.few(1)
def test_a_cause_is_opened_once_fed_and_ends_with_how_long_it_was(desk):
    desk.run(well=["shop.orders", "shop.items"])
    [opened] = desk.run("failed", errors=[down(), down("shop.items")])
    assert (opened.subject, opened.state, opened.owner, opened.severity) == ("shop.*", "open", "commerce", "error")
    [fed] = desk.run("failed", errors=[down()], well=["shop.items"])
    assert (fed.incident_id, fed.occurrences, fed.state) == (opened.incident_id, 2, "open")
    assert {one.subject: one.until is None for one in fed.parts} == {"shop.orders": True, "shop.items": False}
    [ended] = desk.run(well=["shop.orders"])
    assert (ended.state, ended.resolved_by, ended.resolution) == ("resolved", "lakesmith", "fixed_at_source")
    assert "open for 2 h" in ended.note
    assert len(desk.all()) == 1


def test_a_failure_within_a_day_opens_it_again_and_a_later_one_says_seen_before(desk):
    desk.run("failed", errors=[down()])
    [ended] = desk.run(well=["shop.orders"])
    [again] = desk.run("failed", errors=[down()])
    assert (again.incident_id, again.state, again.occurrences) == (ended.incident_id, "open", 2)
    desk.run(well=["shop.orders"])
    desk.record.count += 30
    [new] = desk.run("failed", errors=[down()])
    assert new.incident_id != ended.incident_id
    assert new.facts["seen_before"]["times"] == 1
    assert new.facts["seen_before"]["resolution"] == "fixed_at_source"


def test_a_second_look_at_the_same_changes_nothing(desk):
    [opened] = desk.run("failed", errors=[down()], thought=[judged("shop.orders")])
    for _ in range(5):
        desk.look(judged("shop.orders"), later=timedelta(minutes=1))
    [same] = desk.open()
    assert (same.incident_id, same.occurrences) == (opened.incident_id, 1)
    kinds = [one.kind for one in reading.story(desk.store, opened.incident_id)]
    assert kinds == ["opened"]


def test_what_changed_is_found_between_the_last_good_run_and_the_first_bad_one(desk):
    desk.run(well=["shop.orders"])
    desk.run(well=["shop.orders"], config_hash="c1")
    changed = {"config_hash": "c2", "code_version": "b" * 40, "versions": json.dumps({"polars": "2.2"}), "host": "eva"}
    [opened] = desk.run("failed", errors=[down(error_class="code_bug")], **changed)
    assert opened.last_good_run_id.endswith("run-002")
    assert {one["kind"] for one in opened.facts["changes"]} == {"code", "config", "libraries", "host"}
    assert opened.data_safe == "nothing_written"
    assert not opened.is_downstream_known
    assert {"text": "run it again", "command": "lakesmith run --select source:shop.orders"} in opened.facts["todo"]
    [ended] = desk.run(well=["shop.orders"], config_hash="c3", code_version="b" * 40)
    assert ended.resolution == "config"


def test_nothing_changed_is_said_and_is_not_the_same_as_not_known(desk):
    [unknown] = desk.run("failed", errors=[down()])
    assert unknown.facts["changes"] is None
    desk.run(well=["shop.orders"])
    [crm] = [one for one in desk.run("failed", errors=[down("crm.leads")], well=["shop.orders"]) if one.is_open]
    assert crm.facts["changes"] == []


def test_the_severity_of_a_table_is_the_worst_an_incident_of_it_can_be(desk):
    [opened] = desk.run("failed", errors=[down("crm.leads")])
    assert (opened.severity, opened.owner) == ("warn", "sales")


def test_a_run_without_an_end_is_lost_and_the_next_that_ends_mends_it(desk):
    desk.record.run("running")
    assert desk.look() == []
    [lost] = desk.look(later=timedelta(minutes=2))
    assert (lost.rule, lost.subject, lost.data_safe) == ("lost_run", "run of everything", "unknown")
    [ended] = desk.run(well=["shop.orders"])
    assert (ended.incident_id, ended.state) == (lost.incident_id, "resolved")


def test_a_run_that_nobody_looked_at_is_caught_up_with(desk):
    desk.record.run("failed", errors=[down()])
    [opened] = desk.look(later=timedelta(hours=1))
    assert opened.first_run_id.endswith("run-001")


def test_tests_are_incidents_by_their_id_until_they_pass(desk):
    first, second = "test.acme.unique_x.1", "test.acme.not_null_x.2"
    opened = desk.run("failed", failed=[first, second])
    assert {one.rule for one in opened} == {"check"}
    assert [one.subject for one in desk.open()] == ["marts.mart_x", "marts.mart_x"]
    desk.run("failed", failed=[first], passed=[second])
    [left] = desk.open()
    assert [one.subject for one in left.parts] == [first]
    assert {"text": "look at the rows", "command": "lakesmith dbt show --select unique_x"} in left.facts["todo"]


def test_columns_have_to_be_good_each(desk):
    a, b = (judged("shop.orders", "nulls", column=name, bucket="1") for name in "ab")
    desk.look(a, b)
    desk.look(replace(a, verdict="good"), b)
    assert len(desk.open()) == 1
    desk.look(replace(a, verdict="good"), replace(b, verdict="good"))
    assert desk.open() == []


def test_learning_and_unknown_end_nothing(desk):
    desk.look(judged("shop.orders", "age"))
    desk.look(judged("shop.orders", "age", "unknown"))
    desk.look()
    assert len(desk.open()) == 1


def test_people_acknowledge_and_end_with_a_reason_and_a_note(desk):
    [opened] = desk.run("failed", errors=[down()])
    seen = incidents.acknowledge(desk.shop, desk.store, opened.incident_id[:6], note="I am on it")
    assert (seen.state, seen.note) == ("acknowledged", "I am on it")
    with pytest.raises(UsageError, match="not a reason"):
        incidents.resolve(desk.shop, desk.store, opened.incident_id, reason="whatever", note="x")
    with pytest.raises(UsageError, match="ended with a note"):
        incidents.resolve(desk.shop, desk.store, opened.incident_id, reason="config", note=" ")
    done = incidents.resolve(desk.shop, desk.store, opened.incident_id, reason="code_fix", note="a typo")
    assert (done.state, done.resolution, done.note) == ("resolved", "code_fix", "a typo")
    with pytest.raises(UsageError, match="is over"):
        incidents.acknowledge(desk.shop, desk.store, opened.incident_id)
    with pytest.raises(SelectionError, match="No incident begins"):
        incidents.resolve(desk.shop, desk.store, "zzz", reason="config", note="x")
    action = tables.user_action
    with desk.store.engine.connect() as connection:
        mine = select(action.c.verb).where(action.c.target == opened.incident_id)
        verbs = [row.verb for row in connection.execute(mine)]
    assert verbs == ["incident.acknowledge", "incident.resolve"]


def test_what_a_person_called_fine_stays_so_and_is_told_to_those_who_judge(desk):
    bad = judged("shop.orders", "volume", bucket="2026-10-01")
    [opened] = desk.look(bad)
    incidents.resolve(desk.shop, desk.store, opened.incident_id, reason="false_positive", note="a holiday")
    desk.look(bad, later=timedelta(minutes=1))
    assert desk.open() == []
    assert reading.called_fine(desk.store, desk.target) == {("shop.orders", "volume", "2026-10-01")}
    desk.look(replace(bad, bucket="2026-10-02"), later=timedelta(hours=20))
    assert len(desk.open()) == 1


def test_a_source_that_left_the_project_leaves_no_incident_behind(desk):
    desk.run("failed", errors=[("load:old.table", "network")])
    assert len(desk.open()) == 0 or desk.look(later=timedelta(minutes=1))
    assert desk.open() == []


def test_secrets_and_mail_addresses_are_in_no_incident(desk):
    desk.shop.host.secrets.add('pa"ss-word')
    run_id = desk.record.run("failed")
    at = NOON + timedelta(hours=1)
    desk.record.error(
        run_id, "load:shop.orders", "auth_expired", at, 'Login with pa"ss-word of ada@example.com failed.'
    )
    desk.clock.time = at + timedelta(seconds=1)
    desk.look(run_id=run_id)
    with desk.store.engine.connect() as connection:
        kept = [
            tuple(row)
            for name in ("incident", "incident_event")
            for row in connection.execute(select(getattr(tables, name)))
        ]
    text = json.dumps(kept, default=str)
    assert "ss-word" not in text
    assert "ada@example.com" not in reading.incidents(desk.store, desk.target)[0].title


def test_times_are_aware(desk):
    [opened] = desk.run("failed", errors=[down()])
    assert opened.opened_at.tzinfo is UTC or opened.opened_at.utcoffset() == timedelta(0)
    assert isinstance(opened.opened_at, datetime)
