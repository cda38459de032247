"""The source's own words for values that a column's type cannot hold: kept as they are, under every policy."""

from datetime import date

import pyarrow as pa
import pytest
from drift_table import POLICIES

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import WORDS_KEY
from lakesmith.model.types import DATE, LONG, STRING, Decimal, Field, List, Schema
from lakesmith.shape import Policy, Shaper
from lakesmith.shape.joint import JointTypes
from lakesmith.shape.policy import ColumnPolicy

DAY = date(2020, 1, 1)
KNOWN = Schema((Field("id", LONG, "id", id=1), Field("x", DATE, "x", id=2)))
COLUMNS = {"id": pa.array([1, 2, 3]), "x": pa.array([DAY, None, None], pa.date32())}


def batch(columns=COLUMNS, **words):
    """Return columns with words at the end."""
    plain = pa.record_batch(columns)
    told = [pa.field(name, pa.string(), metadata={WORDS_KEY: b"1"}) for name in words]
    arrays = [*plain.columns, *(pa.array(said, pa.string()) for said in words.values())]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([*plain.schema, *told]))


RARE = batch(x=[None, "infinity", None])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("known", [None, KNOWN], ids=["new table", "known table"])
def test_words_go_where_misfits_go(known, policy):
    shaper = Shaper(known, Policy(policy))
    if policy == "freeze":
        with pytest.raises(DriftRefusedError, match=r"(?s)policy is freeze: x was date, and is string"):
            shaper.shape(RARE, str)
        return
    shaped = shaper.shape(RARE, str)
    rows = shaped.rows.to_pylist()
    if policy == "evolve":
        assert rows == [
            {"id": 1, "x": DAY, "x__string": None},
            {"id": 2, "x": None, "x__string": "infinity"},
            {"id": 3, "x": None, "x__string": None},
        ]
        event = Drift("value_incompatible", "x", "date", "string", "evolve", "sibling")
        assert shaped.reshape.drift == (event,)
    elif policy == "quarantine":
        assert [row["id"] for row in rows] == [1, 3]
        assert [(r.where, r.raw, r.column) for r in shaped.rejects] == [("1", '{"id": 2, "x": "infinity"}', "x")]
    else:
        assert [row["x"] for row in rows] == [DAY, None, None]
        assert shaper.counts == {("value_incompatible", "x"): 1}
    assert not shaper.is_surprised


def test_batches_with_and_without_words_are_one_plan_and_keep_their_order():
    shaper = Shaper(None, Policy())
    first = shaper.shape(batch(), str)
    plan = shaper._plan
    second = shaper.shape(RARE, str)
    third = shaper.shape(batch(), str)
    assert shaper._plan is plan
    assert "x__string" not in first.rows.schema.names
    assert second.rows["x__string"].to_pylist() == [None, "infinity", None]
    assert third.rows["x__string"].to_pylist() == [None, None, None]
    assert shaper.finish().after.names == ("id", "x", "x__string")


@pytest.mark.parametrize("said", ["2020-01-05", " 7 ", "{1,2}"])
def test_words_are_never_read_as_a_value_even_where_a_type_is_pinned(said):
    policy = Policy(columns={"x": ColumnPolicy(type=DATE)})
    rows = Shaper(None, policy).shape(batch(x=[None, said, None]), str).rows
    assert rows["x"].to_pylist() == [DAY, None, None]
    assert rows["x__string"].to_pylist() == [None, said, None]


def test_a_column_of_text_takes_words_itself():
    known = Schema((Field("id", LONG, "id"), Field("x", STRING, "x")))
    rows = Shaper(known, Policy()).shape(RARE, str).rows
    assert rows.to_pydict() == {"id": [1, 2, 3], "x": ["2020-01-01", "infinity", None]}


def test_words_share_the_sibling_with_values_that_do_not_fit():
    known = Schema((Field("id", LONG, "id"), Field("x", LONG, "x")))
    rows = Shaper(known, Policy()).shape(RARE, str).rows
    assert rows.to_pydict() == {"id": [1, 2, 3], "x": [None] * 3, "x__string": ["2020-01-01", "infinity", None]}


def test_words_of_a_masked_column_are_masked():
    hashing = Policy(columns={"x": ColumnPolicy(mask="hash", salt="s")})
    rows = Shaper(None, hashing).shape(RARE, str).rows
    assert rows.schema.names == ["id", "x"]
    assert [len(text or "") for text in rows["x"].to_pylist()] == [64, 64, 0]
    dropped = Shaper(None, Policy(columns={"x": ColumnPolicy(mask="drop")})).shape(RARE, str).rows
    assert dropped.schema.names == ["id"]


def test_a_masked_column_is_masked_in_quarantine_too():
    policy = Policy("quarantine", columns={"x": ColumnPolicy(mask="hash")})
    known = Schema((Field("id", LONG, "id"), Field("x", STRING, "x")))
    shaped = Shaper(known, policy).shape(
        batch({**COLUMNS, "new": pa.array([None, 5, None])}, x=[None, "infinity", None]), str
    )
    assert len(shaped.rejects) == 1
    assert "infinity" not in shaped.rejects[0].raw


@pytest.mark.parametrize(("policy", "waiting"), [("quarantine", ["1", "2"]), ("ignore", [])])
def test_words_of_a_column_that_is_kept_out_count_as_its_values(policy, waiting):
    known = Schema((Field("id", LONG, "id"),))
    shaper = Shaper(known, Policy(policy))
    shaped = shaper.shape(batch({"id": [1, 2, 3], "x": pa.array([None, DAY, None])}, x=[None, None, "infinity"]), str)
    assert [reject.where for reject in shaped.rejects] == waiting
    assert shaper.counts == {("column_added", "x"): 2}


def test_words_of_lists_and_decimals():
    columns = {
        "id": pa.array([1, 2]),
        "l": pa.array([[1], None], pa.list_(pa.int64())),
        "n": pa.array([None, None], pa.decimal128(9, 2)),
    }
    shaped = Shaper(None, Policy()).shape(batch(columns, l=[None, "{{1},{2}}"], n=["NaN", None]), str)
    assert shaped.reshape.after.find("l").type == List(LONG)
    assert shaped.reshape.after.find("n").type == Decimal(9, 2)
    assert shaped.rows["l__string"].to_pylist() == [None, "{{1},{2}}"]
    assert shaped.rows["n__string"].to_pylist() == ["NaN", None]


def test_words_say_nothing_of_types():
    joint = JointTypes()
    joint.observe(RARE)
    assert {name: str(kind) for name, kind in joint.types.items()} == {"id": "long", "x": "date"}


def test_a_row_that_waits_shows_words_only_where_they_are():
    known = Schema((Field("id", LONG, "id"), Field("x", DATE, "x")))
    columns = {**COLUMNS, "new": pa.array([5, 6, None])}
    shaped = Shaper(known, Policy("quarantine")).shape(batch(columns, x=[None, "infinity", None], new=[None] * 3), str)
    assert [reject.raw for reject in shaped.rejects] == [
        '{"id": 1, "x": "2020-01-01", "new": 5}',
        '{"id": 2, "x": "infinity", "new": 6}',
    ]
