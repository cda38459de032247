"""The health of a table is one: what `status` says, what pages show and what metrics tell cannot differ."""

import re
import shutil
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[1]))

from api_yard import Yard

import lakesmith
from lakesmith.api.storing import store_in_use
from lakesmith.api.viewing import Viewing
from lakesmith.monitor import tables
from lakesmith.monitor.judging.health import letters
from lakesmith.monitor.writing import stamp

PARTS = ("verdict", "load", "freshness", "checks")
SAMPLE = re.compile(r'lakesmith_table_health\{table="([^"]*)",state="([a-z]+)"\} 1\b')


def compare(project):
    """Ask all three, hold them against each other, and return the verdicts."""
    standings = project.standings()
    told = {one.subject: tuple(getattr(one.health, part) for part in PARTS) for one in standings.tables}
    with Viewing(project) as viewing:
        page = viewing.tables()
        shown = {line.name: tuple(getattr(line.health, part) for part in PARTS) for line in page.tables}
        details = {name: viewing.table(name).health for name in told}
        today = viewing.today().verdicts
        served = viewing.metrics()
    measured = dict(SAMPLE.findall(project.metrics()))
    assert shown == told
    assert measured == dict(SAMPLE.findall(served)) == {name: parts[0] for name, parts in told.items()}
    assert {name: letters(one.health) for name, one in zip(told, standings.tables, strict=True)} == {
        name: letters(health) for name, health in details.items()
    }
    assert Counter(standings.counts) == Counter(today) == Counter(page.verdicts)
    return {name: parts[0] for name, parts in told.items()}


@pytest.fixture
def yard(tmp_path):
    yard = Yard(tmp_path / "yard")
    yard.put("visits/2026-11-01.csv", "id", "1", "2")
    yard.put("notes/a.csv", "id,name", "1,a")
    yard.put("stock/a.csv", "id,left", "1,5")
    yard.run()
    return yard


def judged(project, subject, rule, verdict, *, column="", ago=timedelta(0), target="local"):
    """Write down a judgement as `judge` would have."""
    with store_in_use(project._shop) as store, store.engine.begin() as connection:
        row = {
            "target": target,
            "subject": subject,
            "column_name": column,
            "rule": rule,
            "bucket": "b",
            "verdict": verdict,
            "reason": f"{rule} of {subject} is {verdict}",
            "judged_at": stamp(project._shop.host.clock.now() - ago),
            "trained_on": 9,
        }
        connection.execute(insert(tables.judgement), [row])


def test_they_agree_after_good_and_failing_runs(yard):
    compare(yard.open())
    yard.put("stock/a.csv", "id,left")
    assert not yard.open().run().ok
    assert compare(yard.open())["yard.stock"] in ("bad", "warn")


def test_they_agree_about_columns_groups_other_targets_and_what_is_gone(yard):
    project = yard.open()
    assert compare(project)["yard.notes"] not in ("bad", "warn")
    judged(project, "yard.notes", "nulls", "bad", column="name", ago=timedelta(hours=2))
    judged(project, "yard.notes", "nulls", "good", column="id", ago=timedelta(hours=1))
    judged(project, "yard.notes", "a_rule_of_tomorrow", "bad")
    judged(project, "yard.visits", "nulls", "bad", column="id", ago=timedelta(days=61))
    judged(project, "yard.stock", "nulls", "bad", column="id", ago=timedelta(days=40))
    judged(project, "yard.visits", "distinct", "bad", target="dev")
    judged(project, "yard.*", "volume", "bad")
    judged(project, "yard.gone", "volume", "bad")
    found = compare(project)
    assert set(found) == {"yard.notes", "yard.visits", "yard.stock"}
    assert found["yard.notes"] == "bad"
    assert found["yard.stock"] == "bad"
    assert found["yard.visits"] not in ("bad", "warn")
    judged(project, "yard.notes", "nulls", "good", column="name")
    assert compare(project)["yard.notes"] != "bad"


@pytest.mark.long
def test_they_agree_about_marts(project, tmp_path):
    root = tmp_path / "acme"
    shutil.copytree(project[0]._shop.paths.root, root)
    found = compare(lakesmith.open(root))
    assert set(found) == {"shop.customers", "shop.orders", "marts.mart_sales", "marts.mart_countries"}
