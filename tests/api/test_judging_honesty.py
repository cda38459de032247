"""The watch under attack: it says good only of what it looked at, one thing once, and lets go of what left the project."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from judged_yard import NIGHT, Clock, load_row, months_of, run_row, write
from sqlalchemy import insert

import lakesmith
from lakesmith.api.incidents import settle
from lakesmith.api.judging import judge, keep
from lakesmith.api.standing import standings
from lakesmith.api.thoughts import Thoughts
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.alerts import vouching
from lakesmith.monitor.incidents import reading
from lakesmith.monitor.judging.values import Judgement
from lakesmith.monitor.store import RunStore

SCHEDULE = 'schedule: {cron: "0 6 * * *"}\n'
ORDERS, CRM = 'orders: {files: "o*.csv"}, ', '  crm: {type: files, streams: {leads: {files: "l*.csv"}}}\n'
PROJECT = f"""version: 1
name: yard
{SCHEDULE}sources:
  shop: {{type: files, streams: {{{ORDERS}items: {{files: "i*.csv"}}, people: {{files: "p*.csv"}}, places: {{files: "q*.csv"}}}}}}
{CRM}"""
SHOP = ("shop.orders", "shop.items", "shop.people", "shop.places")
ALL = (*SHOP, "crm.leads")
MORNING = NIGHT.replace(minute=0)
DAY = timedelta(days=1)


def usual(_stream, ago):
    return 1000 + ago * 7919 % 41


class Yard:
    """A project, its record, and looks at it with the clock in our hands."""

    def __init__(self, root, store):
        self.root, self.store, self.clock = root, store, Clock()
        self.say(PROJECT)

    def say(self, text):
        (self.root / "lakesmith.yml").write_text(text)
        opened = lakesmith.open(self.root)._shop
        self.shop = replace(opened, host=Host(clock=self.clock), _made={})

    def look(self, run_id=None, later=timedelta(0)):
        self.clock.time += later
        found = judge(self.shop, self.store, run_id=run_id)
        settle(self.shop, self.store, found, run_id=run_id)
        return found

    def thought(self, rule, subject):
        found = [
            one for one in judge(self.shop, self.store) if (one.rule, one.subject, one.column) == (rule, subject, "")
        ]
        return found[0].verdict if found else None

    def open(self):
        return {(one.rule, one.subject) for one in reading.incidents(self.store, "local")}

    def ended(self):
        found = reading.incidents(self.store, "local", all_of_them=True)
        return {(one.rule, one.subject): one.resolution for one in found if not one.is_open}

    def fail(self, run_id, at, step):
        """Write a run that fails in a step, and loads nothing there."""
        error = {"run_id": run_id, "step": step, "seen_at": at.isoformat(), "kind": "X", "remedy": "retry"}
        error |= {"what": "Something.", "at_place": "", "fix": ""}
        kind, _, stream = step.partition(":")
        loads = [load_row(run_id, stream, at, 0, state="failed")] if kind == "load" else []
        write(self.store, [run_row(run_id, at, "failed")], loads, [error])


@pytest.fixture
def yard(tmp_path):
    store = RunStore.at(tmp_path / "runs.db", host=Host())
    yield Yard(tmp_path, store)
    store.close()


@pytest.mark.parametrize("kind", ["file", pytest.param("server", marks=pytest.mark.long)])
def test_a_stream_that_stops_is_seen_while_another_one_fails_every_day(kind, tmp_path, request):
    server = kind == "server" and request.getfixturevalue("shared_postgres").database()
    store = RunStore.on(server) if server else RunStore.at(tmp_path / "runs.db", host=Host())
    yard = Yard(tmp_path, store)
    months_of(store, ALL, usual)
    yard.fail("run-x", MORNING + DAY, "load:crm.leads")
    items = [load_row("run-x", stream, MORNING + DAY, 1000, rows_before=None, rows_after=None) for stream in SHOP[1:]]
    write(store, loads=items)
    yard.clock.time += DAY
    assert [yard.thought("volume", stream) for stream in ("shop.orders", "shop.items")] == ["bad", "good"]
    store.close()


@pytest.mark.parametrize("kind", ["file", pytest.param("server", marks=pytest.mark.long)])
def test_frequent_runs_of_others_do_not_make_a_daily_table_unknown(kind, tmp_path, request):
    server = kind == "server" and request.getfixturevalue("shared_postgres").database()
    store = RunStore.on(server) if server else RunStore.at(tmp_path / "runs.db", host=Host())
    yard = Yard(tmp_path, store)
    months_of(store, ALL, usual)
    often = [(f"run-often-{n:03}", NIGHT + timedelta(minutes=2 * n)) for n in range(420)]
    write(store, [run_row(run, at, "nothing_new", minutes=1, selection="source:crm") for run, at in often])
    yard.clock.time = NIGHT + timedelta(minutes=841)
    assert {rule: yard.thought(rule, "shop.orders") for rule in ("load", "schedule", "age")} == dict.fromkeys(
        ("load", "schedule", "age"), "good"
    )
    yard.clock.time += DAY
    assert yard.thought("schedule", "shop.orders") == "warn"
    store.close()


def test_tests_are_known_however_many_runs_found_nothing_new(yard):
    months_of(yard.store, ALL, usual)
    write(
        yard.store, [run_row(f"run-{n:03}z", NIGHT + timedelta(minutes=n), "nothing_new", minutes=1) for n in range(80)]
    )
    thoughts = Thoughts(yard.shop, yard.store)
    assert "run-060-1118" in thoughts._building
    assert not any(run_id.endswith("z") for run_id in thoughts._building)


def test_a_table_that_is_emptied_soon_after_it_was_full_is_empty(yard):
    yard.say(PROJECT.replace('"l*.csv"', '"l*.csv", mode: replace'))
    months_of(yard.store, SHOP, usual)
    loads = [
        load_row(f"run-{60 - ago:03}-{MORNING - ago * DAY:%m%d}", "crm.leads", MORNING - ago * DAY, 1000, kind="swap")
        for ago in range(60, -1, -1)
    ]
    write(yard.store, loads=loads)
    again = MORNING + timedelta(minutes=25)
    emptied = load_row("run-z", "crm.leads", again, 0, before=1000, kind="swap", rows_after=0)
    write(yard.store, [run_row("run-z", again)], [emptied])
    yard.clock.time = NIGHT + timedelta(minutes=10)
    assert yard.thought("volume", "crm.leads") == "bad"


def test_a_table_that_is_loaded_every_week_is_judged(yard):
    yard.say(PROJECT.replace('"0 6 * * *"', '"0 6 * * 1"'))
    monday = datetime(2026, 11, 16, 6, tzinfo=UTC)
    for ago in range(19, -1, -1):
        at, run_id = monday - timedelta(weeks=ago), f"run-{19 - ago:02}"
        reason, rows = "first" if ago == 19 else "news", 1000 if ago else 90
        write(yard.store, [run_row(run_id, at)], [load_row(run_id, "crm.leads", at, rows, reason=reason)])
    yard.clock.time = monday + timedelta(hours=1)
    assert yard.thought("volume", "crm.leads") == "bad"


@pytest.mark.parametrize("selection", ["source:sh*", "source:shop.*", "source:shop", "source:shop.orders source:crm"])
def test_a_run_of_a_pattern_is_about_what_it_names(yard, selection):
    covers = Thoughts(yard.shop, yard.store).promises.covers
    assert covers(selection, "", "shop.orders")
    assert covers(selection, "", "crm.leads") == ("crm" in selection)


def test_what_is_not_promised_any_more_is_not_late(yard):
    months_of(yard.store, ALL, usual)
    yard.look(later=2 * DAY)
    assert yard.open() == {("late", "*")}
    yard.say(PROJECT.replace(SCHEDULE, ""))
    yard.look(later=timedelta(minutes=1))
    assert (yard.open(), yard.ended()) == (set(), {("late", "*"): "config"})
    assert {one.health.verdict for one in standings(yard.shop, yard.store).tables} == {"unknown"}


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("shop.orders", PROJECT.replace(ORDERS, "")),
        ("crm.leads", PROJECT.replace(CRM, "")),
        ("crm.leads", PROJECT.replace("crm:", "customers:")),
        ("crm.leads", f"{PROJECT}monitor: {{tables: {{crm.leads: {{volume: false}}}}}}\n"),
    ],
)
def test_the_incident_of_a_table_that_is_not_there_or_not_watched_ends_as_config(yard, subject, said):
    months_of(yard.store, ALL, lambda stream, ago: 0 if stream == subject and ago == 0 else usual(stream, ago))
    yard.look()
    assert yard.open() == {("volume", subject)}
    yard.say(said)
    yard.look(later=timedelta(minutes=1))
    assert (yard.open() - {("load", "customers.*")}, yard.ended()) == (set(), {("volume", subject): "config"})
    [incident] = reading.incidents(yard.store, "local", all_of_them=True)
    assert incident.note.startswith("the project does not ask for what it is about any more")


def test_the_failure_of_a_stream_that_was_taken_out_ends(yard):
    months_of(yard.store, ALL, usual)
    yard.fail("run-x", NIGHT, "load:shop.orders")
    yard.look("run-x", later=timedelta(minutes=5))
    assert yard.open() == {("fault", "shop.orders")}
    yard.look(later=timedelta(minutes=1))
    assert yard.open() == {("fault", "shop.orders")}
    yard.say(PROJECT.replace(ORDERS, ""))
    yard.look(later=timedelta(minutes=1))
    assert yard.ended() == {("fault", "shop.orders"): "config"}


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_run_that_was_killed_or_stopped_is_one_incident_whatever_it_left_undone(yard, state):
    months_of(yard.store, ALL, usual, until=NIGHT - DAY)
    write(yard.store, [run_row("run-x", MORNING, state, minutes=2)])
    yard.look()
    yard.look(later=timedelta(hours=1))
    assert yard.open() == {("lost_run", "run of everything") if state == "running" else ("load", "*")}
    write(yard.store, [run_row("run-y", yard.clock.time)], [])
    at = yard.clock.time + timedelta(minutes=5)
    loads = [load_row("run-y", stream, at, 1000, rows_before=None, rows_after=None) for stream in ALL]
    write(yard.store, loads=loads)
    yard.look(later=timedelta(minutes=20))
    assert (yard.open(), set(yard.ended().values())) == (set(), {"fixed_at_source"})


def test_a_lost_run_of_a_selection_is_mended_by_a_run_of_all(yard):
    months_of(yard.store, ALL, usual)
    write(yard.store, [run_row("run-x", NIGHT, "running", minutes=1, selection="source:crm")])
    yard.look(later=timedelta(minutes=5))
    assert yard.open() == {("lost_run", "run of source:crm")}
    write(yard.store, [run_row("run-y", NIGHT + timedelta(minutes=10), "nothing_new", minutes=1)])
    yard.look(later=timedelta(minutes=10))
    assert yard.open() == set()


def test_a_scheduler_that_died_is_one_incident_over_all_sources_until_it_is_back(yard):
    months_of(yard.store, ALL, usual)
    for _ in range(3):
        yard.look(later=timedelta(hours=20))
    assert yard.open() == {("late", "*")}
    write(yard.store, [run_row("run-back", yard.clock.time, "running", minutes=30)])
    yard.look(later=timedelta(minutes=1))
    assert yard.open() == {("late", "*")}
    assert len(reading.incidents(yard.store, "local", all_of_them=True)) == 1


def test_one_broken_table_is_no_reason_for_what_all_others_of_its_source_have(yard):
    months_of(yard.store, ALL, lambda stream, ago: 100 if stream in SHOP[1:] and ago == 0 else usual(stream, ago))
    yard.fail("run-x", NIGHT, "load:shop.orders")
    yard.look("run-x", later=timedelta(minutes=5))
    assert yard.open() == {("fault", "shop.orders"), ("volume", "shop.*")}


def test_who_cannot_judge_does_not_say_that_somebody_watches(yard):
    months_of(yard.store, ALL, usual)
    with yard.store.engine.begin() as connection:
        connection.exec_driver_sql("alter table judgement rename to judgement_kept")
    with pytest.warns(RuntimeWarning, match="could not be judged"):
        yard.look()
    assert vouching.why_not(yard.store, "local", yard.clock.time) == "nobody has judged the tables lately"
    with yard.store.engine.begin() as connection:
        connection.exec_driver_sql("alter table judgement_kept rename to judgement")
    yard.look()
    assert not vouching.why_not(yard.store, "local", yard.clock.time)


def test_what_was_wrong_in_a_column_is_known_until_something_is_loaded_again(yard):
    months_of(yard.store, ALL, usual)
    wrong = Judgement("crm.leads", "nulls", "warn", "12% of the values are missing, 1% usually", NIGHT, column="mail")
    keep(yard.store, "local", [wrong], {})
    yard.clock.time += 20 * DAY
    [found] = [one for one in standings(yard.shop, yard.store).tables if one.subject == "crm.leads"]
    assert found.health.load == "warn"


def test_a_channel_that_was_taken_out_leaves_no_incident(yard):
    from lakesmith.api.incidents import desk_of
    from lakesmith.monitor.alerts import failing

    months_of(yard.store, ALL, usual)
    with yard.store.engine.begin() as connection:
        failing.failed(desk_of(yard.shop, connection), "team", "answered 404", given_up=False)
    assert yard.open() == {("delivery", "alerts.team")}
    yard.look()
    assert yard.ended() == {("delivery", "alerts.team"): "config"}


def test_a_column_that_is_not_loaded_any_more_keeps_no_incident_open(yard):
    def column(name, verdict):
        return Judgement("crm.leads", "nulls", verdict, "n% missing", NIGHT, column=name, bucket=f"{name}{verdict}")

    settle(yard.shop, yard.store, [column("mail", "warn"), column("name", "warn")])
    settle(yard.shop, yard.store, [column("mail", "good"), column("name", "warn")])
    settle(yard.shop, yard.store, [column("mail", "good")])
    assert yard.open() == set()


def test_a_run_that_rests_has_nothing_to_tell(yard):
    from lakesmith.api.judging import _may_rest

    months_of(yard.store, ALL, usual)
    yard.look()
    write(yard.store, [run_row("run-z", NIGHT, "nothing_new", minutes=1)])
    assert _may_rest(yard.shop, yard.store, "run-z")
    row = {"delivery_id": "d", "group_key": "g", "route": "r", "channel": "team", "kind": "opened", "state": "waiting"}
    row |= {"attempts": 1, "queued_at": NIGHT.isoformat(), "fault": "", "suppressed_by": "", "body": "{}"}
    with yard.store.engine.begin() as connection:
        connection.execute(insert(tables.delivery), [row])
    assert not _may_rest(yard.shop, yard.store, "run-z")
