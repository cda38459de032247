"""Empty lists and objects are values: in any order of arrival each is found again, as itself or as text beside its column."""

import json

import pyarrow as pa
import pytest
from drift_table import EMPTIES
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Pin
from lakesmith.model.types import LONG, Field, List, Schema, Struct
from lakesmith.shape import Policy, Shaper
from lakesmith.shape.policy import ColumnPolicy

single = st.none() | st.integers(-9, 9) | st.sampled_from("uvw")
values = st.recursive(
    single | st.just([]) | st.just({}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pq"), inner, max_size=2),
    max_leaves=5,
)
documents = st.lists(st.dictionaries(st.sampled_from("ab"), values, min_size=1, max_size=2), min_size=1, max_size=7)
rules = st.sampled_from(["evolve", "quarantine", "ignore"])


def batches_of(rows, size):
    """Return rows as batches of at most `size`, cut where Arrow has no type for both; single rows without any are left out."""
    if len(rows) <= size:
        try:
            return [(rows, pa.RecordBatch.from_struct_array(pa.array(rows)))]
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            pass
    if len(rows) < 2:
        return []
    middle = min(size, len(rows) // 2)
    return batches_of(rows[:middle], size) + batches_of(rows[middle:], size)


def shaped(shaper, *columns):
    return [shaper.shape(pa.record_batch(column), str).rows.to_pylist() for column in columns]


def empties(*values):
    return {"x": pa.array(values)}


def told(value, path=()):
    """Return what a value says: every single value, empty list and empty object under its path, where siblings count as their column."""
    if isinstance(value, dict):
        parts = [pair for name, part in value.items() if part is not None for pair in told_part(path, name, part)]
        return parts or [(path, "{}")]
    if isinstance(value, list):
        return [pair for at, item in enumerate(value) for pair in told(item, (*path, at))] or [(path, "[]")]
    return [(path, str(value))]


def told_part(path, name, part):
    column, is_sibling, _ = name.partition("__")
    if is_sibling and isinstance(part, str) and part[:1] in "[{":
        part = json.loads(part)
    return told(part, (*path, column))


@settings(max_examples=100)
@given(documents, st.integers(1, 4), st.booleans())
def test_every_value_and_every_empty_is_found_again_in_any_order_and_chunking(rows, size, in_two_loads):
    batches = batches_of(rows, size)
    shaper, pairs = Shaper(None, Policy()), []
    for sent, batch in batches:
        if in_two_loads and pairs:
            shaper = Shaper(shaper.finish().after, Policy())
        pairs += zip(sent, shaper.shape(batch, str).rows.to_pylist(), strict=True)
    for sent, ours in pairs:
        assert sorted(told(ours), key=str) == sorted(told(sent), key=str)


@settings(max_examples=80)
@given(documents, st.integers(1, 4), rules)
def test_the_next_load_of_the_same_documents_changes_nothing(rows, size, rule):
    batches = [batch for _, batch in batches_of(rows, size)]
    first = Shaper(None, Policy(rule))
    for batch in batches:
        first.shape(batch, str)
    again = Shaper(first.finish().after, Policy(rule))
    for batch in batches:
        again.shape(batch, str)
    assert not again.finish().changes_schema


@settings(max_examples=120)
@given(documents, documents, st.integers(1, 4), rules)
def test_under_every_policy_a_row_waits_or_its_values_are_found_or_counted(before, rows, size, rule):
    first = Shaper(None, Policy())
    for _, batch in batches_of(before, size):
        first.shape(batch, str)
    shaper = Shaper(first.finish().after, Policy(rule))
    for sent, batch in batches_of(rows, size):
        counted = sum(shaper.counts.values())
        result = shaper.shape(batch, str)
        gone = {int(reject.where) for reject in result.rejects}
        left = [row for number, row in enumerate(sent) if number not in gone]
        assert len(left) == result.rows.num_rows
        lost = any(
            sorted(told(ours), key=str) != sorted(told(row), key=str)
            for ours, row in zip(result.rows.to_pylist(), left, strict=True)
        )
        assert not lost or (rule == "ignore" and sum(shaper.counts.values()) > counted)


@pytest.mark.parametrize("case", EMPTIES, ids=lambda case: f"{case.before}-{case.value}")
def test_an_empty_value_where_there_is_a_column_and_where_there_is_none(case):
    known = Schema((Field("id", LONG, "id"), *((Field("x", case.before, "x"),) if case.before else ())))
    rows = shaped(Shaper(known, Policy()), {"id": [1, 2], **empties(case.value, None)})
    assert rows == [[{"id": 1, **case.row}, {"id": 2, **dict.fromkeys(case.row)}]]


def test_the_column_comes_with_its_first_typed_value_and_takes_the_empty_ones_from_then_on():
    shaper = Shaper(None, Policy())
    batches = shaped(shaper, empties([], None), {"x": [[7]]}, empties([]))
    assert batches == [
        [{"x__json": "[]"}, {"x__json": None}],
        [{"x__json": None, "x": [7]}],
        [{"x__json": None, "x": []}],
    ]
    assert shaper.finish().drift == ()


def test_a_column_without_any_value_is_still_no_column():
    shaper = Shaper(None, Policy())
    for kind in (pa.null(), pa.list_(pa.null()), pa.struct([]), pa.struct([("p", pa.list_(pa.null()))])):
        assert shaper.shape(pa.record_batch({"x": pa.nulls(2, kind)}), str).rows.num_columns == 0


def test_parts_wait_beside_the_parts_that_have_a_type():
    shaper = Shaper(None, Policy())
    first, second = shaped(shaper, empties({"p": [], "q": 1}), empties({"p": ["u"], "q": 2}, {"p": [], "q": 3}))
    assert first == [{"x": {"q": 1, "p__json": "[]"}}]
    assert [row["x"] for row in second] == [{"q": 2, "p__json": None, "p": ["u"]}, {"q": 3, "p__json": None, "p": []}]


def test_parts_that_come_one_after_the_other_stay_in_one_object():
    shaper, kind = Shaper(None, Policy()), pa.struct([("p", pa.list_(pa.null())), ("q", pa.struct([]))])
    values = [{"p": [], "q": None}, {"p": None, "q": {}}, {"p": None, "q": None}]
    found = [row["x"] for value in values for row in shaped(shaper, {"x": pa.array([value], kind)})[0]]
    assert found == [{"p__json": "[]"}, {"p__json": None, "q__json": "{}"}, {"p__json": None, "q__json": None}]


KNOWN = Schema((Field("id", LONG, "id"), Field("x", Struct((Field("p", LONG, "p"),)), "x")))
NEW = {"id": [1, 2], "fresh": [[], None], "x": [{"p": 1}, {"p": 2}]}
NEW_PART = {"id": [1, 2], "x": pa.array([{"p": 1, "fresh": {}}, {"p": 2, "fresh": None}])}


def events(reshape):
    return [(drift.kind, drift.column, drift.after, drift.outcome) for drift in reshape.drift]


@pytest.mark.parametrize(("rows", "path", "kind"), [(NEW, "", "list<null>"), (NEW_PART, "x.", "struct<>")])
def test_what_each_policy_makes_of_an_empty_value_in_a_field_the_table_does_not_have(rows, path, kind):
    batch = pa.record_batch(rows)
    evolved = Shaper(KNOWN, Policy())
    evolved.shape(batch, str)
    assert events(evolved.reshape) == [("column_added", f"{path}fresh__json", "string", "added")]
    waiting = Shaper(KNOWN, Policy("quarantine"))
    assert [reject.where for reject in waiting.shape(batch, str).rejects] == ["0"]
    assert events(waiting.reshape) == [("column_added", f"{path}fresh", kind, "quarantined")]
    ignoring = Shaper(KNOWN, Policy("ignore"))
    assert ignoring.shape(batch, str).rows.to_pylist() == [{"id": n, "x": {"p": n}} for n in (1, 2)]
    assert ignoring.counts == {("column_added", f"{path}fresh"): 1}
    assert events(ignoring.reshape) == [("column_added", f"{path}fresh", kind, "dropped")]
    with pytest.raises(DriftRefusedError, match=rf"{path}fresh was not there, and is {kind}"):
        Shaper(KNOWN, Policy("freeze")).shape(batch, str)


def test_a_first_load_takes_empties_under_every_policy_and_the_next_one_knows_their_place():
    for rule in ("evolve", "freeze", "quarantine", "ignore"):
        first = Shaper(None, Policy(rule))
        assert shaped(first, empties([])) == [[{"x__json": "[]"}]]
        again = Shaper(first.finish().after, Policy(rule))
        assert shaped(again, empties({})) == [[{"x__json": "{}"}]]
        assert again.finish().drift == ()


def test_a_pinned_schema_judges_the_first_empty_too():
    pin = Pin(Schema((Field("x", List(LONG), "x"),)), "schemas/a.yml")
    assert shaped(Shaper(None, Policy("freeze", pin=pin)), empties([])) == [[{"x": []}]]
    with pytest.raises(
        DriftRefusedError, match=r"y was not there, and is list<null>.*write y into schemas/a.yml|y was not"
    ):
        Shaper(None, Policy("freeze", pin=pin)).shape(pa.record_batch({"x": [[1]], "y": pa.array([[]])}), str)


def test_a_masked_column_shows_no_empties_in_clear():
    masks = {"x": ColumnPolicy(mask="hash"), "y": ColumnPolicy(mask="drop")}
    (rows,) = shaped(Shaper(None, Policy(columns=masks)), {"x": pa.array([[]]), "y": pa.array([{}])})
    assert list(rows[0]) == ["x"]
    assert len(rows[0]["x"]) == 64


def test_maps_and_dictionaries_of_nothing():
    column = pa.array([[("k", None)], [], None], pa.map_(pa.string(), pa.null()))
    assert shaped(Shaper(None, Policy()), {"x": column}) == [
        [{"x__json": '[["k", null]]'}, {"x__json": "[]"}, {"x__json": None}]
    ]
    coded = pa.DictionaryArray.from_arrays(pa.array([0, None], pa.int8()), pa.nulls(1))
    assert Shaper(None, Policy()).shape(pa.record_batch({"x": coded}), str).rows.num_columns == 0
