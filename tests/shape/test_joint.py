"""The joint types of a load: in every order the same columns, and no value lost."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.model.shapes import Pin
from lakesmith.model.types import DOUBLE, LONG, STRING, Field, List, Map, Schema, Struct
from lakesmith.shape import Policy, Shaper
from lakesmith.shape.joint import JointTypes, has_new_fractions, join

numbers = st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9) | st.floats(-9, 9, width=16)
chunks = st.lists(st.lists(numbers, min_size=1, max_size=3), min_size=1, max_size=5)


def struct(**parts):
    return Struct(tuple(Field(name, kind, name) for name, kind in parts.items()))


def batches_of(values):
    """Return each list of numbers as a batch of whole numbers and one of fractions, those that there are."""
    batches = []
    for chunk in values:
        for kind, arrow in ((int, pa.int64()), (float, pa.float64())):
            of_kind = [value for value in chunk if isinstance(value, kind)]
            batches += [pa.record_batch({"x": pa.array(of_kind, arrow)})] if of_kind else []
    return batches


def joint_of(batches):
    joint = JointTypes()
    for batch in batches:
        joint.observe(batch)
    return joint.types


@settings(max_examples=100)
@given(chunks, st.randoms(use_true_random=False))
def test_numbers_are_one_column_in_any_order_but_for_those_it_cannot_hold(values, random):
    batches = batches_of(values)
    random.shuffle(batches)
    shaper = Shaper(None, Policy(), joint_types=joint_of(batches))
    for batch in batches:
        rows = shaper.shape(batch, str).rows.to_pylist()
        found = [[cell for cell in row.values() if cell is not None] for row in rows]
        assert found == [[value] for value in batch.column("x").to_pylist()]
        assert all(abs(row["x__long"]) > 2**53 for row in rows if row.get("x__long") is not None)
    assert not shaper.is_surprised
    kinds = {type(value) for chunk in values for value in chunk} - {type(None)}
    columns = {f.name: str(f.type) for f in shaper.finish().after}
    assert columns.get("x") == ("double" if float in kinds else "long" if kinds else None)


@settings(max_examples=100)
@given(chunks)
def test_a_load_is_surprised_where_fractions_follow_whole_numbers_and_only_there(values):
    batches = batches_of(values)
    shaper = Shaper(None, Policy())
    for batch in batches:
        shaper.shape(batch, str)
    kinds = [str(batch.schema.field("x").type) for batch in batches]
    assert shaper.is_surprised == (kinds[:1] == ["int64"] and "double" in kinds)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (LONG, DOUBLE, DOUBLE),
        (LONG, STRING, LONG),
        (STRING, LONG, STRING),
        (List(LONG), List(DOUBLE), List(DOUBLE)),
        (Map(STRING, LONG), Map(STRING, DOUBLE), Map(STRING, DOUBLE)),
        (struct(a=LONG), struct(b=LONG, a=DOUBLE), struct(a=DOUBLE, b=LONG)),
        (List(LONG), LONG, List(LONG)),
    ],
)
def test_two_types_of_one_column(one, other, both):
    assert join(one, other) == both
    assert join(both, one) == both
    assert has_new_fractions(one, both) == ("double" in str(both))


def test_an_empty_value_before_its_type_is_a_surprise_and_its_joint_type_none():
    batches = [pa.record_batch({"x": pa.array([{"p": []}])}), pa.record_batch({"x": [{"p": ["u"]}]})]
    shaper = Shaper(None, Policy())
    shaper.shape(batches[0], str)
    assert not shaper.is_surprised
    shaper.shape(batches[1], str)
    assert shaper.is_surprised
    again = Shaper(None, Policy(), joint_types=joint_of(batches))
    assert [again.shape(batch, str).rows.to_pylist() for batch in batches] == [
        [{"x": {"p": []}}],
        [{"x": {"p": ["u"]}}],
    ]
    assert not again.is_surprised


def test_a_table_that_is_there_and_a_pinned_column_are_never_a_surprise():
    schema = Schema((Field("x", LONG, "x"),))
    for shaper in (Shaper(schema, Policy()), Shaper(None, Policy(columns={}, pin=Pin(schema), on_drift="freeze"))):
        shaper.shape(pa.record_batch({"x": [1]}), str)
        assert not shaper.is_surprised
    known = Shaper(schema, Policy(), joint_types={"x": DOUBLE})
    assert known.shape(pa.record_batch({"x": [0.5]}), str).rows.to_pylist() == [{"x": None, "x__double": 0.5}]
    assert not known.is_surprised


def test_what_was_not_there_when_the_source_was_looked_at_has_its_column():
    seen_then = pa.record_batch({"f": pa.array([{"p": {"q": 1}}])})
    now = pa.record_batch({"f": pa.array([{"p": {"q": 1, "postCode": "x"}, "r": [2]}])})
    shaper = Shaper(None, Policy(), {}, joint_of([seen_then]))
    rows = shaper.shape(now, str).rows
    assert rows.to_pylist() == [{"f": {"p": {"q": 1, "post_code": "x"}, "r": [2]}}]


@pytest.mark.parametrize("order", [("post_code", "postCode"), ("postCode", "post_code")])
@pytest.mark.parametrize("known", [None, ("post_code",), ("x",), ("post_code_2", "post_code")])
@pytest.mark.parametrize("typed", ["post_code", "postCode"])
def test_a_part_without_a_type_does_not_take_the_name_of_one_with_a_type(order, known, typed):
    kind = pa.struct([(name, pa.string() if name == typed else pa.null()) for name in order])
    batch = pa.record_batch({"f": pa.array([{"post_code": None, "postCode": None, typed: "v"}], kind)})
    fields = tuple(Field(name, STRING, id=number) for number, name in enumerate(known or (), 2))
    before = None if known is None else Schema((Field("f", Struct(fields), "f", id=1),))
    rows = Shaper(before, Policy(), {}).shape(batch, str).rows.to_pylist()
    assert {name: value for name, value in rows[0]["f"].items() if value is not None} == {"post_code": "v"}
