"""What each history of a server has: what was done, and the story of it."""

import random

import pytest

from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.servers.playing import LINE, REFUSED, History, Scene, drawn, drawn_table

ROWS = {"insert": (3, None), "never": (0, None)}
SHAPE = {"rename": (1, None)}


class Street(History):
    """A history of nothing but what is told of it."""

    scene = None
    reshaped = 2


def scene():
    made = Scene(None, "street", random.Random(0))
    made.steps.update({"insert": 4, "rename": 2, REFUSED: 7})
    return made


def test_what_was_refused_was_not_done():
    assert scene().done == 6


def test_a_line_of_a_story_has_an_end():
    told = scene()
    told.tell("x" * 2 * LINE)
    told.tell("short")
    assert told.story == ["x" * LINE + "…", "short"]


def test_all_that_was_counted(tmp_path):
    history = Street(3, tmp_path, 10, None)
    history.scene = scene()
    history.figures["loads"] += 5
    assert history.counted("drift") == {
        "histories": 1,
        "operations": 6,
        "drift": 2,
        "step insert": 4,
        "step rename": 2,
        "step refused": 7,
        "loads": 5,
    }
    assert history.broken is None
    assert BrokenError("lost", "a row").kind == "lost"


def test_things_happen_as_often_as_they_are_likely():
    chance = random.Random(1)
    assert {drawn(chance, ROWS) for _ in range(50)} == {"insert"}
    tables = [drawn_table(chance, ((9, ROWS), (1, SHAPE))) for _ in range(400)]
    assert tables.count(ROWS) / 400 == pytest.approx(0.9, abs=0.06)
