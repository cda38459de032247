"""What check, plan and the page say when they do not know: never that all is well, and never a secret."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

import lakesmith
from lakesmith.api.health import verdict
from lakesmith.api.marts import _cells, _dicts
from lakesmith.monitor.reading import CheckRecord, RunRecord

AT = datetime(2026, 10, 1, tzinfo=UTC)
PASSED = [CheckRecord("r", "test.shop.unique.1", "marts.m", "id", "pass", "error", 0, "")]
PROJECT = """
version: 1
name: shop
sources:
  gone: {type: files, root: nowhere, streams: {orders: {files: "*.csv"}}}
  here: {type: files, streams: {items: {files: "items*.csv"}, typo: {files: "itmes*.csv"}, veiled: {files: "${env:SHOP_FOLDER}/*.csv"}}}
"""


def run(state, selection=""):
    return RunRecord("r", AT, AT, state, "load:shop.orders: no file", "local", "run", selection)


@pytest.fixture
def shop(tmp_path):
    (tmp_path / ".env").write_text("SHOP_FOLDER=canary-in-a-coal-mine\n")
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    (tmp_path / "items.csv").write_text("id\n1\n")
    return lakesmith.open(tmp_path)


@pytest.mark.parametrize("state", ["failed", "lost", "stopped"])
def test_a_good_run_of_a_selection_does_not_hide_that_the_run_of_everything_went_wrong(state):
    mood, headline = verdict([run("succeeded", "source:shop.items+"), run(state)], PASSED, 0)
    assert mood == "bad"
    assert "The last run of everything" in headline
    assert "source:shop.items+" in headline


def test_a_selection_alone_says_nothing_about_the_rest():
    assert verdict([run("succeeded", "mart_a")], PASSED, 0) == (
        "unknown",
        "Only mart_a has run; nothing is known about the rest.",
    )


def test_a_stream_that_never_had_a_row_is_not_loaded():
    mood, headline = verdict([run("succeeded")], PASSED, 0, unloaded=["shop.items"])
    assert (mood, "shop.items" in headline) == ("unknown", True)


def test_a_lake_that_cannot_be_read_is_unknown():
    assert verdict([run("succeeded")], PASSED, 0, unloaded=None)[0] == "unknown"


def test_a_good_run_of_everything_is_good_and_so_is_a_selection_after_it():
    assert verdict([run("succeeded")], PASSED, 0)[0] == "good"
    assert verdict([run("succeeded", "mart_a"), run("nothing_new")], PASSED, 0)[0] == "good"


def test_check_shows_no_secret(shop):
    said = " ".join(f"{found.subject} {found.text} {found.fix}" for found in shop.check())
    assert "••••" in said
    assert "canary" not in said


def test_plan_names_what_cannot_be_looked_at(shop):
    reasons = {step.name: step.reason for step in shop.plan()}
    assert reasons["load:gone.orders"].startswith("cannot be looked at: The root")
    assert reasons["load:here.items"].startswith("first load")
    assert "canary" not in str(reasons)


def test_a_day_that_python_does_not_know_is_shown_and_gets_no_chart():
    far = pa.chunked_array([pa.array([0, 2**31 - 1, None], pa.int32()).cast(pa.date32())])
    assert _cells(far)[0] == "1970-01-01"
    assert _cells(far)[2] == ""
    assert len(_cells(far)) == 3
    assert _dicts(pa.table({"x": far})) == []
    assert _cells(pa.chunked_array([pa.array([Decimal("1.50")])])) == ["1.50"]
