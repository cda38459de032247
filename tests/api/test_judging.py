"""What is thought of tables from a whole record, in both databases that a record can be in."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).parent))

from judged_yard import NIGHT, Clock, load_row, months_of, run_row, write

import lakesmith
from lakesmith.api.judging import judge
from lakesmith.api.standing import standings
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.store import RunStore

PROJECT = """
version: 1
name: yard
schedule: {cron: "0 6 * * *"}
sources:
  shop: {type: files, streams: {orders: {files: "o*.csv"}, items: {files: "i*.csv"}, people: {files: "p*.csv"}, places: {files: "q*.csv"}}}
  crm: {type: files, streams: {leads: {files: "l*.csv"}}}
"""
SHOP = ("shop.orders", "shop.items", "shop.people", "shop.places")
ALL = (*SHOP, "crm.leads")


def usual(_stream, ago):
    return 1000 + ago * 7919 % 41


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shop(tmp_path, clock):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    opened = lakesmith.open(tmp_path)._shop
    return replace(opened, host=Host(clock=clock), _made={})


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.long)])
def store(request, tmp_path, shop):
    if request.param == "file":
        opened = RunStore.at(tmp_path / "runs.db", host=shop.host)
    else:
        opened = RunStore.on(request.getfixturevalue("shared_postgres").database())
    yield opened
    opened.close()


def thought(found, rule):
    return {one.subject: (one.verdict, one.reason) for one in found if one.rule == rule and not one.column}


@pytest.mark.parametrize("store", ["file", pytest.param("server", marks=pytest.mark.long)], indirect=True)
def test_a_quiet_record_is_good_in_all_that_can_be_seen(shop, store):
    months_of(store, ALL, usual)
    found = judge(shop, store)
    for rule in ("load", "row_law", "continuity", "volume", "schedule", "age"):
        assert {verdict for verdict, _ in thought(found, rule).values()} == {"good"}, rule
        assert set(thought(found, rule)) == set(ALL)
    assert {verdict for verdict, _ in thought(found, "checks").values()} == {"unknown"}
    with store.engine.connect() as connection:
        kept = connection.execute(select(func.count()).select_from(tables.judgement)).scalar()
    assert kept == len(found)


def test_the_same_thoughts_are_written_once(shop, store, clock):
    months_of(store, ALL, usual)
    judge(shop, store)
    clock.time += timedelta(minutes=1)
    judge(shop, store)
    count = select(func.count()).select_from(tables.judgement)
    with store.engine.connect() as connection:
        first = connection.execute(count).scalar()
    clock.time += timedelta(hours=21)
    judge(shop, store)
    with store.engine.connect() as connection:
        again = connection.execute(count).scalar()
    rules = ("load", "row_law", "continuity", "schedule", "age", "checks")
    assert (first, again) == (7 * len(ALL), (7 + len(rules)) * len(ALL))


def test_an_empty_night_is_seen_where_a_run_looked_and_found_nothing(shop, store):
    months_of(store, ALL, lambda stream, ago: None if stream == "crm.leads" and ago == 0 else usual(stream, ago))
    found = thought(judge(shop, store), "volume")
    assert found["crm.leads"][0] == "bad"
    assert found["crm.leads"][1].startswith("0 rows on Wed 18 Nov, 1,0")
    assert {found[stream][0] for stream in SHOP} == {"good"}


def test_tables_that_drop_together_are_said_once(shop, store):
    months_of(store, ALL, lambda stream, ago: 300 if stream in SHOP and ago == 0 else usual(stream, ago))
    found = thought(judge(shop, store), "volume")
    assert found["shop.*"][0] == "bad"
    assert found["shop.*"][1].startswith("4 of 4 tables dropped together")
    assert all(found[stream][1].endswith("see shop.*") for stream in SHOP)
    assert found["crm.leads"][0] == "good"


def test_a_young_table_is_blind_and_says_until_when(shop, store):
    months_of(store, ALL, usual, days=5)
    verdict, reason = thought(judge(shop, store), "volume")["shop.orders"]
    assert (verdict, reason) == ("learning", "learning, blind until 28 Nov: 5 of 14 days seen")


def test_a_rebuild_and_a_known_event_neither_alarm_nor_teach(shop, store):
    totals = months_of(store, ALL, usual)
    later = NIGHT + timedelta(hours=2)
    write(
        store,
        [run_row("rebuild", later, command="rebuild", selection="source:shop.orders")],
        [
            load_row(
                "rebuild",
                "shop.orders",
                later,
                60_000,
                reason="rebuild",
                kind="swap",
                rows_before=totals["shop.orders"],
                rows_after=60_000,
            )
        ],
    )
    shop.host.clock.time = later + timedelta(hours=1)
    found = judge(shop, store)
    assert thought(found, "volume")["shop.orders"][0] == "good"
    assert thought(found, "continuity")["shop.orders"][0] == "good"


def test_a_known_event_is_named_and_not_judged(shop, store, tmp_path):
    text = f"{PROJECT}monitor:\n  calendar:\n    - {{name: fair, first_day: 2026-11-18, select: 'crm.*'}}\n"
    (tmp_path / "lakesmith.yml").write_text(text)
    shop = replace(lakesmith.open(tmp_path)._shop, host=shop.host, _made={})
    months_of(store, ALL, lambda _stream, ago: 5000 if ago == 0 else usual("", ago))
    found = thought(judge(shop, store), "volume")
    assert found["crm.leads"] == ("unknown", "5,000 rows on Wed 18 Nov, not judged: fair")
    assert found["shop.orders"][0] == "warn"


def test_one_broken_stream_does_not_make_the_others_late(shop, store, clock):
    months_of(store, ALL, usual)
    for day in range(1, 4):
        began = NIGHT.replace(minute=0) + timedelta(days=day)
        run_id = f"failed-{day}"
        error = {
            "run_id": run_id,
            "step": "load:crm.leads",
            "seen_at": began.isoformat(),
            "kind": "X",
            "remedy": "retry",
        }
        error |= {"what": "", "at_place": "", "fix": ""}
        write(
            store,
            [run_row(run_id, began, "failed")],
            [load_row(run_id, "crm.leads", began, 0, state="failed")],
            [error],
        )
    clock.time += timedelta(days=3)
    found = judge(shop, store)
    ages, loads = thought(found, "age"), thought(found, "load")
    assert (ages["crm.leads"][0], loads["crm.leads"][0]) == ("bad", "bad")
    assert {ages[stream][0] for stream in SHOP} == {"good"}
    assert {loads[stream][0] for stream in SHOP} == {"good"}


def test_a_failure_that_is_tried_again_is_a_warning(shop, store):
    months_of(store, ALL, usual, until=NIGHT - timedelta(days=1))
    began = NIGHT.replace(minute=0)
    write(
        store,
        [run_row("failed", began, "failed", pipeline="all")],
        [load_row("failed", "crm.leads", began, 0, state="failed")],
    )
    assert thought(judge(shop, store), "load")["crm.leads"][0] == "bad"
    tick = {
        "target": "local",
        "pipeline": "all",
        "nominal_at": "2026",
        "state": "waiting",
        "decided_at": "2026",
        "reason": "",
    }
    with store.engine.begin() as connection:
        connection.execute(tables.tick.insert(), [tick])
    verdict, reason = thought(judge(shop, store), "load")["crm.leads"]
    assert (verdict, "is tried again" in reason) == ("warn", True)


def test_nobody_ran_for_two_days(shop, store, clock):
    months_of(store, ALL, usual)
    clock.time += timedelta(days=2)
    found = judge(shop, store)
    assert thought(found, "schedule")["shop.*"][1].startswith("4 of 4 tables are behind their schedule")
    assert {thought(found, rule)["crm.leads"][0] for rule in ("schedule", "age")} == {"bad"}


def test_rows_that_nobody_loaded_are_noticed(shop, store):
    totals = months_of(store, ALL, usual)
    at = NIGHT + timedelta(minutes=5)
    write(store, [run_row("next", at)], [load_row("next", "crm.leads", at, 10, totals["crm.leads"] - 3)])
    shop.host.clock.time = at + timedelta(hours=1)
    verdict, reason = thought(judge(shop, store), "continuity")["crm.leads"]
    assert (verdict, "3 fewer rows" in reason) == ("bad", True)


def test_other_targets_are_another_matter(shop, store):
    months_of(store, ALL, usual)
    write(
        store,
        [run_row("prod-1", NIGHT, "failed", target="prod")],
        [load_row("prod-1", "crm.leads", NIGHT, 0, state="failed")],
    )
    assert thought(judge(shop, store), "load")["crm.leads"][0] == "good"


def test_standings_put_the_worst_first_and_say_since_when(shop, store, clock):
    months_of(store, ALL, lambda stream, ago: 0 if stream == "crm.leads" and ago == 0 else usual(stream, ago))
    judge(shop, store)
    clock.time += timedelta(hours=2)
    found = standings(shop, store)
    first = found.tables[0]
    assert (first.subject, first.health.verdict, first.rows, first.since) == ("crm.leads", "bad", 0, NIGHT)
    assert found.tables[1].rows == usual("", 0)
    assert found.counts == {"bad": 1, "unknown": 4}
    assert found.safety == "No row is lost or doubled: the rows of 5 tables add up."


def test_judging_never_raises(shop, store):
    store.close()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("drop table judgement")
    with pytest.warns(RuntimeWarning, match="tables could not be judged"):
        assert judge(shop, store) == []
