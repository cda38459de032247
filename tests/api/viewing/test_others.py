"""Projects at their edges: tables that others load, no run yet. Nothing is green that nobody has seen to be well."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import lakesmith
from lakesmith.api.storing import store_in_use
from lakesmith.api.viewing import Viewing
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp

NOW = datetime.fromisoformat("2026-11-22T04:00:00+00:00")
PROJECT = """
version: 1
name: yard
sources:
  legacy: {type: existing, folder: raw, loaded_by: other, max_age: 26h, streams: {old: {loaded_at: at}, new: {loaded_at: at}}}
  plain: {type: existing, folder: raw, loaded_by: other, streams: {stock: {}}}
  shop: {type: files, root: data, streams: {orders: {files: "*.csv"}}}
"""


class Clock:
    def now(self):
        return NOW

    def steady_s(self):
        return NOW.timestamp()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    return lakesmith.open(tmp_path, host=Host(clock=Clock()))


def seen(project, **loaded_hours_ago):
    """Write down what a run saw of the tables of `legacy` an hour ago."""
    from judged_yard import run_row
    from sqlalchemy import insert

    at = NOW - timedelta(hours=1)
    with store_in_use(project._shop) as store, store.engine.begin() as connection:
        connection.execute(insert(tables.run), [run_row("r1", at)])
        for name, hours in loaded_hours_ago.items():
            told = {"row_count": 7, "loaded_at": stamp(NOW - timedelta(hours=hours))}
            row = {
                "run_id": "r1",
                "stream": f"legacy.{name}",
                "seen_at": stamp(at),
                "state": "fresh",
                "message": "",
                "fault": "",
            }
            connection.execute(insert(tables.table_seen), [row | told])


def test_before_the_first_run_nothing_is_known_and_nothing_is_drawn(project):
    with Viewing(project) as viewing:
        today = viewing.today()
        states = {one.name: one.state for one in viewing.sources().sources}
    assert (today.mood, today.plots) == ("unknown", ())
    assert today.headline.startswith("legacy.new was never looked at, and 2 more")
    assert states == {"legacy": "unknown", "plain": "unknown", "shop": "never_loaded"}


def test_a_late_table_of_others_is_told_wherever_one_looks(project):
    seen(project, old=80, new=2)
    with Viewing(project) as viewing:
        today, source = viewing.today(), viewing.source("legacy")
        table, fresh = viewing.table("legacy.old"), viewing.table("legacy.new")
        assert viewing.table("legacy.nothing") is None
    assert today.mood == "warn"
    assert today.headline.startswith("legacy.old ")
    assert (today.freshness[0].table, today.freshness[0].lag_s) == ("legacy.old", 80 * 3600)
    assert source.source.state == "late"
    assert {one.table: (one.verdict, one.rows) for one in source.others} == {
        "legacy.old": ("warn", 7),
        "legacy.new": ("good", 7),
    }
    assert (table.health.verdict, table.health.freshness) == ("warn", "warn")
    assert table.headline.startswith("Others load legacy.old: it ")
    assert (fresh.health.verdict, fresh.health.freshness) == ("unknown", "good")


def test_a_source_of_others_is_good_only_when_all_its_tables_are_fresh(project):
    seen(project, old=3, new=2)
    with Viewing(project) as viewing:
        found = {one.name: (one.state, one.reason) for one in viewing.sources().sources}
    assert found["legacy"] == ("watched", "others load it; all 2 tables are fresh")
    assert found["plain"][0] == "unknown"
