"""The load loop over a real lake: groups, safe points, types of text, drift in mid-load, and the row law."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_shelf import EACH_SPLIT, Box, Shelf, contents, interrupted, load

from lakesmith.errors import DriftRefusedError, FencedError, RowLawError, SourceDataError, TooManyRejectsError
from lakesmith.host import Host
from lakesmith.host.stop import StopRequestedError
from lakesmith.lake import Lake
from lakesmith.model.loads import Counts

ONE, TWO, THREE = (Box({"id": [number * 10, number * 10 + 1]}) for number in (1, 2, 3))
IDS = [{"id": number} for number in (10, 11, 20, 21, 30, 31)]


def test_every_split_can_be_a_commit_of_its_own(lake, table):
    done = load(Shelf([[ONE], [TWO], [THREE]]), table, group_bytes=EACH_SPLIT)
    assert contents(lake) == IDS
    assert [commit.counts.written for commit in done.commits] == [2, 2, 2]
    assert [json.loads(commit.checkpoint.position) for commit in done.commits] == [1, 2, 3]
    assert [commit.checkpoint.ordinal for commit in done.commits] == [1, 2, 3]
    assert done.counts == Counts(6, 6, 0, 0)
    assert done.splits == 3
    assert done.size_bytes == 300
    assert not done.resumed


def test_a_load_that_is_overtaken_between_its_groups_is_fenced_and_doubles_nothing(lake, table):
    boxes = [[ONE], [TWO], [THREE]]
    slow = interrupted(lake, lambda: load(Shelf(boxes), table, group_bytes=EACH_SPLIT))
    with pytest.raises(
        FencedError, match=r"Another program changed shelf\.books while this load ran, after its load 1"
    ):
        load(Shelf(boxes), slow, group_bytes=EACH_SPLIT)
    assert contents(lake) == IDS
    assert load(Shelf(boxes), table).state == "nothing_new"


def test_a_load_whose_first_group_is_rolled_back_meanwhile_does_not_go_on(lake, table):
    load(Shelf([[ONE]]), table)
    first = table.head().snapshot_id
    slow = interrupted(lake, lambda: table.rollback(first))
    with pytest.raises(FencedError, match=r"after its load 2"):
        load(Shelf([[ONE], [TWO], [THREE]]), slow, group_bytes=EACH_SPLIT)
    assert contents(lake) == IDS[:2]
    load(Shelf([[ONE], [TWO], [THREE]]), table)
    assert contents(lake) == IDS


def test_small_splits_share_a_commit(lake, table):
    done = load(Shelf([[ONE], [TWO], [THREE]]), table)
    assert contents(lake) == IDS
    assert [json.loads(commit.checkpoint.position) for commit in done.commits] == [3]


def test_a_later_load_reads_only_what_is_new(lake, table):
    load(Shelf([[ONE]]), table)
    shelf = Shelf([[ONE], [TWO], [THREE]])
    done = load(shelf, table)
    assert set(shelf.reads) == {1, 2}
    assert contents(lake) == IDS
    assert done.resumed
    assert load(Shelf([[ONE], [TWO], [THREE]]), table).state == "nothing_new"


def test_splits_without_rows_move_the_position_and_nothing_else(lake, table):
    load(Shelf([[ONE]]), table)
    load(Shelf([[ONE], [Box({"id": [1]})], []]), table, group_bytes=EACH_SPLIT)
    assert json.loads(table.head().checkpoint.position) == 2
    assert contents(lake) == [*IDS[:2], {"id": 1}]


def test_a_wish_to_stop_keeps_whole_groups_and_shows_nothing_of_the_open_one(lake, table):
    host = Host()

    def stop_in_the_second(split, box):
        if (split, box) == (1, 1):
            host.stop.request()

    boxes = [[ONE], [TWO, THREE]]
    with pytest.raises(StopRequestedError, match=r"^$"):
        load(Shelf(boxes, stop_in_the_second), table, group_bytes=EACH_SPLIT, host=host)
    assert contents(lake) == IDS[:2]
    load(Shelf(boxes), table)
    assert contents(lake) == IDS


def test_a_source_that_fails_in_the_middle_shows_nothing_of_the_open_group(lake, table):
    def fail(split, _box):
        if split == 1:
            raise SourceDataError("The page is torn.", where="books:2", fix="mend it")

    with pytest.raises(SourceDataError, match="torn"):
        load(Shelf([[ONE], [TWO]], fail), table)
    assert table.head() is None
    assert contents(lake) == []


def test_text_gets_its_type_from_all_that_this_load_brings(lake, table):
    text = [Box({"pages": [str(n) for n in range(90)]}, as_text=True), Box({"pages": ["unknown"] * 20}, as_text=True)]
    load(Shelf([[text[0]], [text[1]]]), table)
    assert [row["pages"] for row in contents(lake)] == [*map(str, range(90)), *["unknown"] * 20]


def test_a_column_that_comes_late_is_profiled_to_the_end_of_the_load(lake, table):
    early = Box({"id": ["1"], "price": [None]}, as_text=True)
    late = [Box({"id": ["2"], "price": ["1.5"]}, as_text=True), Box({"id": ["3"], "price": ["a lot"]}, as_text=True)]
    load(Shelf([[early], [late[0]], [late[1]]]), table, group_bytes=EACH_SPLIT)
    assert contents(lake) == [{"id": 1, "price": None}, {"id": 2, "price": "1.5"}, {"id": 3, "price": "a lot"}]


def test_a_few_values_of_another_type_go_to_the_sibling(lake, table):
    box = Box({"pages": [*map(str, range(200)), "many"]}, as_text=True)
    done = load(Shelf([[box]]), table)
    assert contents(lake)[-2:] == [{"pages": 199, "pages__string": None}, {"pages": None, "pages__string": "many"}]
    assert [(change.kind, change.outcome) for change in done.drift] == [("value_incompatible", "sibling")]


def test_a_column_that_appears_in_the_middle_of_a_group_is_added_and_older_rows_are_null(lake, table):
    more = Box({"id": [4], "title": ["Emma"]})
    load(Shelf([[ONE]]), table)
    done = load(Shelf([[ONE], [TWO, more, THREE]]), table)
    titles = {4: "Emma"}
    assert contents(lake) == [{"id": n, "title": titles.get(n)} for n in (10, 11, 20, 21, 4, 30, 31)]
    assert len(done.commits) == 1
    assert "title" in {change.column for change in done.drift}


def test_a_type_that_widens_between_groups_is_promoted(lake, table):
    load(Shelf([[ONE], [Box({"id": [4], "price": [1]})], [Box({"id": [5], "price": [2.5]})]]), table, group_bytes=1)
    rows = contents(lake)
    assert [row["id"] for row in rows] == [10, 11, 4, 5]
    assert {str(value) for row in rows for name, value in row.items() if name != "id" and value} == {"1", "2.5"}


def test_freeze_stops_before_the_commit_and_earlier_groups_stay(lake, table):
    load(Shelf([[ONE]]), table)
    with pytest.raises(DriftRefusedError, match="title"):
        load(Shelf([[ONE], [TWO, Box({"id": [4], "title": ["Emma"]})]]), table, on_drift="freeze")
    assert contents(lake) == IDS[:2]


@pytest.mark.parametrize(("limit", "fails"), [(None, False), (3, False), (2, True), (0.6, False), (0.5, True)])
def test_too_many_rejects_stop_the_load(lake, table, limit, fails):
    shelf = Shelf([[Box({"id": [1, 2]}, rejects=3)]])
    if fails:
        with pytest.raises(TooManyRejectsError, match=r"3 of 5 records.*torn page.*Nothing was loaded"):
            load(shelf, table, max_rejects=limit)
        assert table.head() is None
        assert not list(table.quarantined())
    else:
        assert load(shelf, table, max_rejects=limit).counts == Counts(5, 2, 3, 0)
        assert len(list(table.quarantined())) == 3
        assert len(contents(lake)) == 2


def test_rejects_are_counted_over_all_groups_of_a_load(lake, table):
    shelf = Shelf([[Box({"id": [1]}, rejects=2)], [Box({"id": [2]}, rejects=2)]])
    with pytest.raises(TooManyRejectsError, match=r"4 of 6 records.*committed before stays"):
        load(shelf, table, group_bytes=EACH_SPLIT, max_rejects=3)
    assert contents(lake) == [{"id": 1}]
    assert len(list(table.quarantined())) == 2


@pytest.mark.parametrize("told", [1, 3, 0])
def test_a_source_that_miscounts_is_stopped_and_nothing_shows(lake, table, told):
    with pytest.raises(RowLawError, match=r"read"):
        load(Shelf([[Box({"id": [1, 2]}, counted=told)]]), table)
    assert table.head() is None
    assert contents(lake) == []


def test_a_source_that_miscounts_later_keeps_the_groups_before(lake, table):
    with pytest.raises(RowLawError, match=r"read"):
        load(Shelf([[ONE], [Box({"id": [1, 2]}, rejects=1, counted=2)]]), table, group_bytes=EACH_SPLIT)
    assert contents(lake) == IDS[:2]
    assert not list(table.quarantined())


def test_what_nobody_counted_is_unproven(table):
    done = load(Shelf([[ONE, Box({"id": [1]}, counted=None)]]), table)
    assert done.counts == Counts(3, 3, 0, 0, proven=False)


def test_progress_is_told_in_rows_and_bytes(table):
    from run_shelf import STREAM

    from lakesmith.model.streams import StreamSpec
    from lakesmith.run.load import LoadJob, load_stream

    told = []
    job = LoadJob(StreamSpec(STREAM), Shelf([[ONE, Box({"id": [1]}, rejects=1)], [TWO]]), table, Host())
    load_stream(job, progress=lambda rows, size: told.append((rows, size)))
    assert told == [(2, 0), (4, 0), (4, 100), (6, 100), (6, 200)]


BOXES = st.lists(
    st.lists(
        st.builds(
            Box,
            st.fixed_dictionaries({"id": st.lists(st.integers(0, 99), min_size=1, max_size=3)}),
            rejects=st.integers(0, 2),
        ),
        max_size=3,
    ),
    max_size=4,
)


@pytest.mark.long
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boxes=BOXES, cut=st.integers(0, 4), group_bytes=st.sampled_from([EACH_SPLIT, 1_500, 10**9]))
def test_however_it_is_divided_every_record_arrives_once_in_order(tmp_path_factory, boxes, cut, group_bytes):
    lake = Lake(tmp_path_factory.mktemp("divided"), Host())
    from run_shelf import STREAM

    table = lake.table(STREAM)
    for until in (cut, len(boxes)):
        load(Shelf(boxes[:until]), table, group_bytes=group_bytes)
    flat = [box for split in boxes for box in split]
    assert [row["id"] for row in contents(lake)] == [number for box in flat for number in box.columns["id"]]
    assert len(list(table.quarantined())) == sum(box.rejects for box in flat)
