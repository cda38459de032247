"""Types of text come from everything a load is going to read, whether it was read for them or they were assumed and proven."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_shelf import EACH_SPLIT, STREAM, Box, Shelf, contents, load

from lakesmith.errors import DriftRefusedError
from lakesmith.host import Host
from lakesmith.host.stop import StopRequestedError
from lakesmith.lake import Lake
from lakesmith.model.streams import Ask, StreamSpec
from lakesmith.model.types import DOUBLE, LONG, STRING
from lakesmith.run.learning import SAMPLE_BYTES, Reading, learn_types

SHELF = Shelf(
    [
        [Box({"a": ["1"], "b": ["1"]}, as_text=True), Box({"a": ["2"], "b": ["2"]}, as_text=True)],
        [Box({"a": ["3"], "b": ["2.5"], "c": ["late"]}, as_text=True)],
    ]
)
SPEC = StreamSpec(STREAM)
TINY = 1  # a sample of one box


def reading(splits, check=lambda: None):
    return Reading(SHELF, SPEC, splits, Ask(), check)


def texts(*columns):
    """Return a split of one box for each list of columns, `{name: texts}`."""
    return [Box(each, as_text=True) for each in columns]


def types_of(lake):
    return {f.name: str(f.type) for f in lake.table(STREAM).head().schema.data}


def test_the_last_split_decides_as_much_as_the_first():
    splits = SHELF.splits(SPEC, Ask())
    profile, is_whole = learn_types(reading(splits))
    assert profile.types() == {"a": LONG, "b": DOUBLE, "c": STRING}
    assert is_whole
    assert learn_types(reading(splits[:1]))[0].types() == {"a": LONG, "b": LONG}


def test_a_sample_ends_with_the_chunk_that_fills_it_and_says_so():
    profile, is_whole = learn_types(reading(SHELF.splits(SPEC, Ask())), TINY)
    assert profile.types() == {"a": LONG, "b": LONG}
    assert not is_whole


def test_it_stops_between_chunks():
    looked = []

    def check():
        looked.append(1)
        if len(looked) > 1:
            raise StopRequestedError("stopped")

    with pytest.raises(StopRequestedError, match="stopped"):
        learn_types(reading(SHELF.splits(SPEC, Ask()), check))
    assert len(looked) == 2


def test_a_load_that_keeps_to_its_first_types_is_read_once(lake, table):
    shelf = Shelf([texts({"n": ["1"], "w": ["amber"]}, *[{"n": [str(n)], "w": ["river"]} for n in range(2, 40)])])
    done = load(shelf, table, sample_bytes=TINY)
    assert contents(lake)[0] == {"n": 1, "w": "amber"}
    assert [row["n"] for row in contents(lake)] == [*range(1, 40)]
    assert shelf.reads == [0, 0]  # the sample, and the load
    assert done.counts.written == 39


def test_one_late_word_among_numbers_goes_beside_them_and_nothing_begins_anew(lake, table):
    numbers = [{"n": [str(n)]} for n in range(300)]
    shelf = Shelf([texts(*numbers, {"n": ["n/a"]})])
    assert load(shelf, table, sample_bytes=TINY).counts.written == 301
    assert types_of(lake) == {"n": "long", "n__string": "string"}
    assert contents(lake)[-1] == {"n": None, "n__string": "n/a"}
    assert len(shelf.reads) == 3


def test_fractions_that_come_late_make_all_of_the_column_doubles(lake, table):
    shelf = Shelf([texts(*[{"n": ["1"]}] * 30, *[{"n": ["2.5"]}] * 30)])
    load(shelf, table, sample_bytes=TINY)
    assert types_of(lake) == {"n": "double"}
    assert contents(lake) == [{"n": 1.0}] * 30 + [{"n": 2.5}] * 30


@pytest.mark.long
def test_a_few_words_at_the_beginning_do_not_make_a_column_of_numbers_text(lake, table):
    shelf = Shelf([texts({"n": ["none yet"]}, *[{"n": [str(n)]} for n in range(400)])])
    load(shelf, table, sample_bytes=TINY)
    assert types_of(lake) == {"n": "long", "n__string": "string"}


def test_a_column_whose_first_value_comes_late_stands_where_it_stands_in_the_source(lake, table):
    shelf = Shelf([texts(*[{"a": [None], "b": ["x"]}] * 30, {"a": ["7"], "b": ["y"]})])
    load(shelf, table, sample_bytes=TINY)
    assert list(types_of(lake)) == ["a", "b"]
    assert contents(lake)[-1] == {"a": 7, "b": "y"}


def test_no_group_is_committed_on_types_that_are_not_proven(lake, table):
    shelf = Shelf([texts({"n": ["1"]}), texts({"n": ["2"]}), texts({"n": ["2.5"]}), *[texts({"n": ["3.5"]})] * 20])
    load(shelf, table, sample_bytes=TINY, group_bytes=EACH_SPLIT)
    assert types_of(lake) == {"n": "double"}
    assert [row["n"] for row in contents(lake)] == [1.0, 2.0, 2.5, *[3.5] * 20]


def test_a_stream_that_takes_no_misfit_is_not_refused_for_a_type_that_was_only_assumed(lake, table):
    shelf = Shelf([texts(*[{"n": ["1"]}] * 30, *[{"n": ["2.5"]}] * 30)])
    load(shelf, table, sample_bytes=TINY, on_drift="freeze")
    assert types_of(lake) == {"n": "double"}


def test_a_stream_that_takes_no_misfit_is_refused_for_one_that_is_true_of_the_whole(table):
    shelf = Shelf([texts(*[{"n": [str(n)]} for n in range(300)], {"n": ["n/a"]})])
    with pytest.raises(DriftRefusedError, match="n"):
        load(shelf, table, sample_bytes=TINY, on_drift="freeze")
    assert table.head() is None


@pytest.mark.long
def test_a_day_that_decides_late_makes_all_of_the_column_dates(lake, table):
    shelf = Shelf([texts(*[{"d": ["3/4/2024"]}] * 30, {"d": ["12/31/2024"]})])
    load(shelf, table, sample_bytes=TINY)
    assert types_of(lake) == {"d": "date"}
    assert contents(lake)[0] == {"d": date(2024, 3, 4)}


def test_a_day_that_contradicts_late_leaves_the_column_text(lake, table):
    shelf = Shelf([texts({"d": ["12/31/2024"]}, *[{"d": ["3/4/2024"] * 30}] * 20, {"d": ["31/12/2024"]})])
    load(shelf, table, sample_bytes=TINY)
    assert types_of(lake) == {"d": "string"}


@pytest.mark.long
def test_amounts_with_one_place_that_come_late_are_doubles_and_no_money(lake, table):
    shelf = Shelf([texts(*[{"n": ["1,234.50"]}] * 30, {"n": ["1,234.5"]})])
    load(shelf, table, sample_bytes=TINY)
    assert types_of(lake) == {"n": "double"}


VALUES = st.sampled_from(
    [
        *("1", "2", "-3", "2.5", "x", "true", "2024-01-31", "", "  ", None, "007", "9007199254740993"),
        *("1,234", "1.234", "12,50", "1,234.50", "1.234,5", "(7)", "1 234", "5,50 €", "$5.00", "1.234 €"),
        *("3/4/2024", "3/31/2024", "31/3/2024", "31.12.2024 9:05", "Dec 31, 2024", "yes", "No", "off"),
    ]
)


@st.composite
def shelves(draw):
    """Splits of boxes of two columns, mostly of one kind each, with strangers among them; a third comes late."""
    usual = [draw(VALUES), draw(VALUES)]
    splits = []
    for number in range(draw(st.integers(1, 3))):
        boxes = []
        for _ in range(draw(st.integers(1, 4))):
            rows = draw(st.integers(1, 150))
            columns = {name: [value] * rows for name, value in zip("ab", usual, strict=True)}
            for values in columns.values():
                for at, value in draw(st.lists(st.tuples(st.integers(0, rows - 1), VALUES), max_size=2)):
                    values[at] = value
            if number and draw(st.booleans()):
                columns["c"] = [draw(VALUES)] * rows
            boxes.append(Box(columns, as_text=True))
        splits.append(boxes)
    return splits


@pytest.mark.long
@given(shelves(), st.sampled_from([EACH_SPLIT, 1 << 30]), st.sampled_from([1, 2000, 100_000]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_assumed_types_load_what_learned_types_do(tmp_path_factory, splits, group_bytes, size):
    told = []
    for sample_bytes in (TINY, SAMPLE_BYTES):
        lake = Lake(Path(tmp_path_factory.mktemp("lake")), Host())
        shelf = Shelf(splits, size_bytes=size)
        done = load(shelf, lake.table(STREAM), group_bytes=group_bytes, sample_bytes=sample_bytes)
        head = lake.table(STREAM).head()
        columns = [(f.name, str(f.type), f.spelling, f.doc) for f in head.schema.data] if head else None
        told.append((columns, contents(lake), done.counts, done.drift))
    assert told[0] == told[1]
