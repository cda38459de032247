"""In the load that makes a table, typed columns get the types they would have had all of their values come at once."""

from dataclasses import dataclass

import pyarrow as pa
import pytest
from run_shelf import EACH_SPLIT, STREAM, Shelf, contents, load

from lakesmith.errors import DriftRefusedError
from lakesmith.model.streams import Chunk


@dataclass(frozen=True)
class Records:
    """One chunk of records, with the narrowest types that hold them, as a reader of JSON sends it."""

    rows: tuple[dict, ...]

    def chunk(self, name: str, number: int) -> Chunk:
        made = pa.RecordBatch.from_struct_array(pa.array(self.rows))
        return Chunk(made, str(number + 1).encode(), (), len(self.rows), origin=name)


def shelf(*splits):
    """Return a source with a list of records for each chunk of each split."""
    return Shelf([[Records(tuple(chunk)) for chunk in split] for split in splits])


def values(*numbers):
    return [[{"x": number}] for number in numbers]


def types_of(lake):
    return {f.name: str(f.type) for f in lake.table(STREAM).head().schema.data}


@pytest.mark.parametrize("numbers", [(1, 2, 2.5), (2.5, 1, 2), (1, 2.5, 2), (None, 1, 2, None, 2.5)])
@pytest.mark.parametrize(
    "rule", ["evolve", *(pytest.param(rule, marks=pytest.mark.long) for rule in ("freeze", "quarantine", "ignore"))]
)
def test_whole_numbers_and_fractions_are_doubles_in_any_order(lake, table, numbers, rule):
    done = load(shelf(*[[chunk] for chunk in values(*numbers)]), table, on_drift=rule)
    assert types_of(lake) == {"x": "double"}
    assert contents(lake) == [{"x": number} for number in numbers]
    assert (done.counts.written, done.counts.quarantined, done.drift) == (len(numbers), 0, ())


def test_whole_numbers_that_no_double_holds_stay_exact_beside_it(lake, table):
    load(shelf(values(1, 2**53 + 1, 0.5)), table)
    assert contents(lake) == [
        {"x": 1.0, "x__long": None},
        {"x": None, "x__long": 2**53 + 1},
        {"x": 0.5, "x__long": None},
    ]


def test_fractions_deep_inside_and_empty_lists_before_their_type(lake, table):
    first = {"a": {"p": [], "q": [{"n": 1}]}, "t": [], "o": {}}
    second = {"a": {"p": ["u"], "q": [{"n": 1.5}]}, "t": [{"k": 1}], "o": 7}
    load(shelf([[first]], [[second]]), table)
    assert contents(lake) == [
        {"a": {"p": [], "q": [{"n": 1.0}]}, "t": [], "o": None, "o__string": "{}"},
        {"a": {"p": ["u"], "q": [{"n": 1.5}]}, "t": [{"k": 1}], "o": 7, "o__string": None},
    ]


def test_a_load_without_surprise_is_read_once(table):
    source = shelf(*[[chunk] for chunk in values(*range(20))])
    load(source, table)
    assert source.reads == [*range(20)]


def test_a_load_with_a_surprise_is_looked_ahead_once_and_begun_anew(table):
    numbers = [*range(19), 2.5, *range(30)]
    source = shelf(*[[chunk] for chunk in values(*numbers)])
    load(source, table)
    assert source.reads == [*range(20), *range(50), *range(50)]


def test_surprises_that_come_far_apart_are_met_one_after_the_other(lake, table):
    late = [[[{"x": 1, "y": 1}]], [[{"x": 1.5, "y": 1}]], *[[[{"x": 1, "y": 1}]]] * 60, [[{"x": 1, "y": 1.5}]]]
    load(shelf(*late), table)
    assert types_of(lake) == {"x": "double", "y": "double"}
    assert len(contents(lake)) == len(late)


def test_what_was_committed_has_its_type_and_fractions_go_beside_it(lake, table):
    load(shelf(*[[chunk] for chunk in values(1, 2, 2.5)]), table, group_bytes=EACH_SPLIT)
    assert contents(lake)[-1] == {"x": None, "x__double": 2.5}
    load(shelf(*[[chunk] for chunk in values(1, 2, 2.5, 3.5)]), table)
    assert contents(lake)[-1] == {"x": None, "x__double": 3.5}


def test_a_pinned_column_is_what_the_project_says(lake, table):
    pinned = shelf(values(1, 2, 2.5))
    load(pinned, table, columns={"x": {"type": "long"}})
    assert types_of(lake) == {"x": "long", "x__double": "double"}
    assert pinned.reads == [0]


def test_a_value_of_another_kind_is_refused_under_freeze_all_the_same(table):
    with pytest.raises(DriftRefusedError, match="x was long, and is string"):
        load(shelf(values(1, 2, "n/a")), table, on_drift="freeze")
    assert table.head() is None
