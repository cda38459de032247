"""`replace`: each load is a generation of its own, built aside and swapped in whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run_shelf import EACH_SPLIT, STREAM, contents, interrupted, load
from run_wall import Wall

from lakesmith.errors import EmptiedError, FencedError, TooManyRejectsError
from lakesmith.host import Host
from lakesmith.lake.contents.chronicle import versions_of
from lakesmith.model.loads import Counts


class KilledError(Exception):
    """Stands for the end of the process."""


def bricks(*rows):
    return [{"id": one, "color": color} for row in rows for one, color in row]


def killing(at):
    def on_read(split):
        if split == at:
            raise KilledError("killed")

    return on_read


RED = [(1, "red"), (2, "red")]
BLUE = [(2, "blue"), (3, "blue")]
GREEN = [(4, "green")]


@pytest.fixture
def table(lake):
    return lake.table(STREAM)


def test_a_load_replaces_the_table_and_readers_see_all_of_it_or_none(lake, table):
    wall = Wall([RED])
    first = load(wall, table, mode="replace")
    assert (first.counts, contents(lake)) == (Counts(2, 2), bricks(RED))
    seen = []
    wall.rebuild(BLUE, GREEN)
    wall.on_read = lambda _split: seen.append(contents(lake))
    second = load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    assert contents(lake) == bricks(BLUE, GREEN)
    assert seen
    assert all(rows == bricks(RED) for rows in seen)
    assert second.counts == Counts(3, 3)
    assert second.counts.holds
    assert [commit.kind for commit in second.commits] == ["load", "load", "swap"]
    head = table.head()
    assert head.checkpoint.generation == first.commits[-1].checkpoint.generation + 1
    assert (head.building, head.checkpoint.open_splits) == (None, ())


def test_the_first_load_too_is_seen_only_whole(lake, table):
    wall = Wall([RED, BLUE], on_read=killing(1))
    with pytest.raises(KilledError, match="killed"):
        load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    assert contents(lake) == []
    wall.on_read = lambda _split: None
    wall.reads.clear()
    assert load(wall, table, mode="replace", group_bytes=EACH_SPLIT).resumed
    assert contents(lake) == bricks(RED, BLUE)
    assert wall.reads[-1] == 1
    assert 0 not in wall.reads


@pytest.mark.parametrize("group_bytes", [EACH_SPLIT, 1 << 30])
def test_a_generation_that_somebody_else_took_over_is_left_to_them(lake, table, group_bytes):
    load(Wall([RED]), table, mode="replace")
    newer = Wall([BLUE, GREEN], version=3)
    slow = interrupted(lake, lambda: load(newer, table, mode="replace"))
    with pytest.raises(FencedError, match=r"Another program changed shelf\.books while this load ran"):
        load(Wall([GREEN, RED], version=2), slow, mode="replace", group_bytes=group_bytes)
    assert contents(lake) == bricks(BLUE, GREEN)


def test_a_generation_begun_anew_by_somebody_else_is_not_swapped_in_their_place(lake, table):
    load(Wall([RED]), table, mode="replace")

    def begin_anew():
        with pytest.raises(KilledError, match="killed"):
            load(Wall([BLUE, GREEN], version=3, on_read=killing(1)), table, mode="replace", group_bytes=EACH_SPLIT)

    slow = interrupted(lake, begin_anew)
    with pytest.raises(FencedError, match="while this load ran"):
        load(Wall([GREEN, RED], version=2), slow, mode="replace")
    assert contents(lake) == bricks(RED)
    load(Wall([BLUE, GREEN], version=3), table, mode="replace", group_bytes=EACH_SPLIT)
    assert contents(lake) == bricks(BLUE, GREEN)


def test_nothing_new_loads_nothing(table):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    before = table.head()
    assert load(wall, table, mode="replace").state == "nothing_new"
    assert table.head() == before


def test_a_build_that_was_cut_off_is_resumed_where_it_stopped(lake, table):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    wall.rebuild(BLUE, GREEN, RED)
    wall.on_read = killing(2)
    with pytest.raises(KilledError, match="killed"):
        load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    assert contents(lake) == bricks(RED)
    assert table.head().building.open_splits == ("row-2",)
    wall.on_read, wall.reads = (lambda _split: None), []
    resumed = load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    assert set(wall.reads) == {2}
    assert resumed.resumed
    assert contents(lake) == bricks(BLUE, GREEN, RED)


def test_a_build_of_a_source_that_changed_meanwhile_begins_anew(lake, table):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    wall.rebuild(BLUE, GREEN)
    wall.on_read = killing(1)
    with pytest.raises(KilledError, match="killed"):
        load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    wall.rebuild(GREEN, RED)
    wall.on_read = lambda _split: None
    load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    assert contents(lake) == bricks(GREEN, RED)


def test_a_build_that_lacked_only_its_swap_is_swapped_without_reading(lake, table):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    wall.rebuild(BLUE, GREEN)
    head = table.head()
    swapless = type(
        "Swapless",
        (),
        {
            "swap": lambda *_: (_ for _ in ()).throw(KilledError("killed")),
            "__getattr__": lambda _, name: getattr(table, name),
        },
    )()
    with pytest.raises(KilledError, match="killed"):
        load(wall, swapless, mode="replace", group_bytes=EACH_SPLIT)
    assert table.head().snapshot_id == head.snapshot_id
    wall.reads.clear()
    load(wall, table, mode="replace")
    assert (wall.reads, contents(lake)) == ([], bricks(BLUE, GREEN))


def test_what_another_configuration_built_is_not_taken(lake, table):
    from lakesmith.model.streams import StreamSpec
    from lakesmith.run.load import LoadJob, load_stream

    wall = Wall([RED, BLUE], on_read=killing(1))
    spec = StreamSpec(STREAM, mode="replace")
    with pytest.raises(KilledError, match="killed"):
        load_stream(LoadJob(spec, wall, table, Host(), "old", group_bytes=EACH_SPLIT))
    wall.on_read, wall.reads = (lambda _split: None), []
    load_stream(LoadJob(spec, wall, table, Host(), "new", group_bytes=EACH_SPLIT))
    assert set(wall.reads) == {0, 1}
    assert contents(lake) == bricks(RED, BLUE)


@pytest.mark.parametrize("group_bytes", [EACH_SPLIT, 1 << 30])
def test_too_many_rejects_stop_a_generation_before_its_swap(lake, table, group_bytes):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    wall.rebuild(BLUE, [(5, None)], [(6, None), *GREEN])
    with pytest.raises(TooManyRejectsError, match="The table stays as it was"):
        load(wall, table, mode="replace", group_bytes=group_bytes, max_rejects=1.0)
    assert contents(lake) == bricks(RED)
    assert list(table.quarantined()) == []


def test_rejects_of_a_generation_are_in_quarantine_once_it_is_swapped_in(table):
    wall = Wall([RED, [(5, None)]])
    result = load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    assert result.counts == Counts(3, 2, 1)
    assert [row.where for row in table.quarantined()] == ["row-1:5"]


def test_a_source_that_sends_nothing_empties_no_table(lake, table):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    wall.rebuild([])
    with pytest.raises(EmptiedError, match="sent no record"):
        load(wall, table, mode="replace")
    assert contents(lake) == bricks(RED)


def test_every_generation_stays_in_the_history(table):
    wall = Wall([RED])
    load(wall, table, mode="replace")
    wall.rebuild(BLUE, GREEN)
    load(wall, table, mode="replace", group_bytes=EACH_SPLIT)
    versions = versions_of(table)
    assert [(v.kind, v.state, v.rows, v.counts) for v in versions] == [
        ("swap", "in force", 3, Counts(3, 3)),
        ("swap", "replaced", 2, Counts(2, 2)),
    ]
    assert versions[0].generation == versions[1].generation + 1
