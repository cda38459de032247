"""`lakesmith status`: what came in, what broke, since when, is the data safe: on one screen of 80 columns."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))

from judged_yard import load_row, months_of, run_row, write

import lakesmith
from lakesmith.api.judging import judge
from lakesmith.cli.main import cli

PROJECT = """
version: 1
name: yard
sources:
  shop: {type: files, streams: {orders: {files: "o*.csv"}, items: {files: "i*.csv"}, people: {files: "p*.csv"}}}
monitor: {tables: {"*": {max_age: 26h}}}
"""
STREAMS = ("shop.orders", "shop.items", "shop.people")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    return tmp_path


@pytest.fixture
def after_a_bad_night(root):
    """Two months of good nights; in the last one, the day before now, a table stayed empty and another failed."""
    project = lakesmith.open(root)
    now = datetime.now(UTC)
    with project.record() as store:
        totals = months_of(
            store, STREAMS, lambda _stream, ago: 1000 + ago * 7919 % 41, until=now - timedelta(days=2), hour=now.hour
        )
        began = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
        error = {
            "run_id": "bad",
            "step": "load:shop.people",
            "seen_at": began.isoformat(),
            "kind": "X",
            "remedy": "retry",
        }
        write(
            store,
            [run_row("bad", began, "failed")],
            [
                load_row("bad", "shop.orders", began, 1010, totals["shop.orders"]),
                load_row("bad", "shop.items", began, 0, totals["shop.items"]),
                load_row("bad", "shop.people", began, 0, state="failed"),
            ],
            [error | {"what": "", "at_place": "", "fix": ""}],
        )
        judge(project._shop, store)
    return root


def status(root, *more):
    done = CliRunner().invoke(cli, ["status", "--project", str(root), *more], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_four_questions_are_answered_on_one_screen(after_a_bad_night):
    screen = status(after_a_bad_night).splitlines()[:20]
    text = "\n".join(screen)
    assert screen[1] == "No row is lost or doubled: the rows of 3 tables add up."
    lines = {line.split()[0]: line for line in screen if line.startswith("shop.")}
    assert list(lines)[:2] == ["shop.items", "shop.people"]
    assert lines["shop.people"].split()[2:] == ["bad", "BB?"]
    assert "the load of " in text
    assert "(since " in text
    assert "checks of 3 tables: no test has looked at it" in status(after_a_bad_night)
    assert all(len(line) <= 80 for line in lines.values())


def test_scripts_get_every_table_with_its_reasons(after_a_bad_night):
    found = json.loads(status(after_a_bad_night, "--json"))
    tables = {row["table"]: row for row in found["standings"]}
    assert set(tables) == set(STREAMS)
    assert (tables["shop.people"]["health"], tables["shop.people"]["load"]) == ("bad", "bad")
    assert tables["shop.people"]["since_utc"] is not None
    assert found["counts"]["bad"] >= 1
    assert {"headline", "safety", "blind", "unseen", "runs", "loads", "tests"} <= set(found)


def test_before_the_first_run_nothing_is_green(root):
    found = json.loads(status(root, "--json"))
    assert found["state"] == "unknown"
    assert {row["health"] for row in found["standings"]} == {"unknown"}
    assert found["safety"] == "No load is on record, so nothing is known of rows."


def test_nothing_is_written_by_looking(after_a_bad_night):
    before = status(after_a_bad_night, "--json")
    with lakesmith.open(after_a_bad_night).record() as store, store.engine.connect() as connection:
        count = connection.exec_driver_sql("select count(*) from judgement").scalar()
    status(after_a_bad_night)
    with lakesmith.open(after_a_bad_night).record() as store, store.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from judgement").scalar() == count
    assert json.loads(before)["counts"] == json.loads(status(after_a_bad_night, "--json"))["counts"]
