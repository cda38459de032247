"""`replace` with a key and `history: true`: every copy stays, and keys that vanished are said to be gone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run_shelf import EACH_SPLIT, STREAM, load
from run_wall import Wall

from lakesmith.errors import EmptiedError
from lakesmith.model.loads import Counts

ASKED = {"mode": "replace", "key": ("id",), "history": True}


@pytest.fixture
def table(lake):
    return lake.table(STREAM)


def rows_of(lake):
    """Every row as (id, color, op), in order of arrival."""
    rows = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().to_pylist()
    return [(row["id"], row["color"], row["_ls_op"]) for row in sorted(rows, key=lambda row: row["_ls_seq"])]


def current(rows):
    """What the rows say is there now: the newest image of each key, without deleted ones."""
    newest = {one: (color, op) for one, color, op in rows}
    return {one: color for one, (color, op) in newest.items() if op != "d"}


def test_copies_are_appended_and_vanished_keys_are_deleted(lake, table):
    wall = Wall([[(1, "red"), (2, "red"), (3, "red")]])
    assert load(wall, table, **ASKED).counts == Counts(3, 3)
    wall.rebuild([(1, "red")], [(4, "blue")])
    second = load(wall, table, group_bytes=EACH_SPLIT, **ASKED)
    assert second.counts == Counts(2, 2, derived=2)
    assert second.counts.holds
    assert rows_of(lake)[3:5] == [(1, "red", "r"), (4, "blue", "r")]
    assert sorted(rows_of(lake)[5:]) == [(2, None, "d"), (3, None, "d")]
    assert current(rows_of(lake)) == {1: "red", 4: "blue"}
    assert len(second.commits) == 1, "nobody sees a copy in parts"


def test_a_key_that_vanished_before_is_not_deleted_again_and_may_come_back(lake, table):
    wall = Wall([[(1, "red"), (2, "red")]])
    load(wall, table, **ASKED)
    wall.rebuild([(1, "red")])
    load(wall, table, **ASKED)
    wall.rebuild([(1, "blue")])
    assert load(wall, table, **ASKED).counts.derived == 0
    wall.rebuild([(1, "blue"), (2, "green")])
    load(wall, table, **ASKED)
    assert current(rows_of(lake)) == {1: "blue", 2: "green"}


def test_readers_see_the_copy_before_until_the_new_one_is_whole(lake, table):
    wall = Wall([[(1, "red"), (2, "red")]])
    load(wall, table, **ASKED)
    seen = []
    wall.rebuild([(3, "blue")], [(4, "blue")])
    wall.on_read = lambda _split: seen.append(current(rows_of(lake)))
    load(wall, table, group_bytes=EACH_SPLIT, **ASKED)
    assert seen
    assert all(rows == {1: "red", 2: "red"} for rows in seen)
    assert current(rows_of(lake)) == {3: "blue", 4: "blue"}


def test_a_source_that_sends_nothing_deletes_no_key(lake, table):
    wall = Wall([[(1, "red")]])
    load(wall, table, **ASKED)
    wall.rebuild([])
    with pytest.raises(EmptiedError, match="sent no record"):
        load(wall, table, **ASKED)
    assert current(rows_of(lake)) == {1: "red"}


def test_the_generation_stays_as_nothing_is_gone_from_the_table(table):
    wall = Wall([[(1, "red")]])
    first = load(wall, table, **ASKED)
    wall.rebuild([(2, "red")])
    second = load(wall, table, **ASKED)
    assert second.commits[-1].checkpoint.generation == first.commits[-1].checkpoint.generation
