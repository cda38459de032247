"""The report of the torture: parts that were played at different times stand in it together."""

import json

from lakesmith.testing.torture.campaigns import Found
from lakesmith.testing.torture.report import Report


def test_what_is_known_of_other_parts_stays(tmp_path):
    kills = Report({"points": Found({"points": ["a", "b"], "first": 7, "second": 3})}, seconds={"points": 60.2})
    kills.write(tmp_path)
    broken = Found({"histories": 5, "commits": 9, "steps": {"load": 4}, "seeds": [0, 5]}, ["seed 3: lost"])
    broken.kinds["lost"] += 1
    Report({"histories": broken}, {"disk full": "", "zombie": "doubled"}, {"histories": 30.0}).write(tmp_path)
    figures = json.loads((tmp_path / "torture.json").read_text())
    assert figures["kills"] == {"first": 7, "second": 3, "random": 0}
    assert (figures["crash_points"], figures["histories"], figures["seconds"]) == (["a", "b"], 5, 90)
    assert (figures["lost"], figures["doubled"], figures["other"]) == (1, 0, 2)
    assert figures["faults"] == {"disk full": True, "zombie": False}
    assert "zombie: BROKEN" in (tmp_path / "torture.md").read_text()


def test_a_part_that_is_played_again_replaces_what_was_known(tmp_path):
    for lost in (1, 0):
        found = Found({"histories": 5, "commits": 9, "steps": {}, "seeds": [0, 5]})
        found.kinds["lost"] += lost
        Report({"histories": found}).write(tmp_path)
    assert json.loads((tmp_path / "torture.json").read_text())["lost"] == 0


def test_the_page_has_the_operations_of_each_kind_of_server(tmp_path):
    towns = {
        "operations": 26_500,
        "ddl": 580,
        "loads": 520,
        "killed": 128,
        "rolled back over a build": 19,
        "step insert": 7,
    }
    markets = {
        "operations": 21_400,
        "drift": 1_200,
        "loads": 160,
        "killed": 40,
        "rows compared": 90_000,
        "step push": 9,
        "readers killed": 17,
        "kill a cursor": 5,
        "crash": 4,
    }
    caught = {"window > instead of >=": True}, {"ties never news": False}
    found = {
        "postgres": Found({"postgres": towns, "mutants": caught[0], "seeds": [0, 54]}),
        "mongodb": Found({"mongodb": markets, "mutants": caught[1], "seeds": [0, 27]}),
    }
    Report(found).write(tmp_path)
    page, figures = ((tmp_path / f"torture.{kind}").read_text() for kind in ("md", "json"))
    for line in (
        "| operations on PostgreSQL servers, of these DDL | 26,500, 580 |",
        "| operations on MongoDB servers, of these steps of drift | 21,400, 1,200 |",
        "| loads of these, of these killed; rows compared | 160, 40; 90,000 |",
        "| processes that read for these killed, cursors ended, servers killed, started anew | 17, 5, 4, 0 |",
        "| push | 9 |",
        "| mutants caught | 1 of 2 |",
        "| ties never news | **NO** |",
    ):
        assert line in page.splitlines()
    assert json.loads(figures)["seeds"] == {"postgres": [0, 54], "mongodb": [0, 27]}
