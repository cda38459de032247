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
