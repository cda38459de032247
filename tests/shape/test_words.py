"""The source's own words for values that a column's type cannot hold: kept as they are, under every policy."""

from datetime import date

import pyarrow as pa
import pytest
from drift_table import POLICIES

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import JSON_KEY, WORDS_KEY
from lakesmith.model.types import DATE, LONG, STRING, Decimal, Field, List, Schema, Struct
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


MIN_KEY = '{"$minKey": 1}'


def sent(values, *, kind=None, also=None):
    """Return values of `x` with JSON of others beside it; `also` are columns behind that."""
    marked = pa.field("x__json", pa.string(), metadata={JSON_KEY: b"x"})
    arrays = {"id": pa.array(range(len(values)))}
    arrays |= {"x": pa.array([None if value == MIN_KEY else value for value in values], kind)} if kind else {}
    fields = [*(pa.field(name, array.type) for name, array in arrays.items()), marked]
    words = pa.array([value if value == MIN_KEY else None for value in values], pa.string())
    more = {name: pa.array(column) for name, column in (also or {}).items()}
    fields += [pa.field(name, array.type) for name, array in more.items()]
    return pa.RecordBatch.from_arrays([*arrays.values(), words, *more.values()], schema=pa.schema(fields))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("kind", "ours", "value"), [(pa.int64(), LONG, 7), (pa.string(), STRING, "seven")])
@pytest.mark.parametrize("is_new", [True, False], ids=["new table", "known table"])
def test_json_of_values_goes_to_the_sibling_of_json_whatever_the_column_is(policy, kind, ours, value, is_new):
    known = None if is_new else Schema((Field("id", LONG, "id", id=1), Field("x", ours, "x", id=2)))
    shaper = Shaper(known, Policy(policy))
    batch = sent([value, MIN_KEY], kind=kind, also={"y": [1, 2]} if is_new else None)
    if policy == "freeze":
        with pytest.raises(DriftRefusedError, match=rf"(?s)policy is freeze: x was {ours}, and is string"):
            shaper.shape(batch, str)
        return
    shaped = shaper.shape(batch, str)
    rows = [{name: row[name] for name in row if name not in ("id", "y")} for row in shaped.rows.to_pylist()]
    told = {(drift.kind, drift.column, drift.outcome) for drift in shaped.reshape.drift}
    assert shaper.counts == {("value_incompatible", "x"): 1}
    if policy == "evolve":
        assert rows == [{"x": value, "x__json": None}, {"x": None, "x__json": MIN_KEY}]
        assert told == {("value_incompatible", "x", "sibling")}
        (sibling,) = (field for field in shaped.reshape.after if field.name == "x__json")
        assert (sibling.type, sibling.source_name, sibling.doc) == (STRING, "", f"Values of x that are not {ours}.")
        again = Shaper(shaped.reshape.after, Policy(policy)).shape(batch, str)
        assert (again.rows.to_pylist(), again.reshape.drift) == (shaped.rows.to_pylist(), ())
    elif policy == "quarantine":
        assert rows == [{"x": value}]
        (reject,) = shaped.rejects
        assert (reject.where, reject.column) == ("1", "x")
        assert '"x": {"$minKey": 1}' in reject.raw
        assert told == {("value_incompatible", "x", "quarantined")}
    else:
        assert rows == [{"x": value}, {"x": None}]
        assert told == {("value_incompatible", "x", "nulled")}


def test_json_and_objects_of_a_column_of_text_share_its_sibling():
    known = Schema((Field("id", LONG, "id", id=1), Field("x", STRING, "x", id=2)))
    shaper = Shaper(known, Policy())
    objects = pa.record_batch({"id": [1], "x": [{"a": 1}]})
    assert shaper.shape(objects, str).rows.to_pylist() == [{"id": 1, "x": None, "x__json": '{"a": 1}'}]
    both = sent([{"a": 1}, MIN_KEY], kind=pa.struct([("a", pa.int64())]))
    shaped = shaper.shape(both, str)
    assert [row["x__json"] for row in shaped.rows.to_pylist()] == ['{"a": 1}', MIN_KEY]
    assert [(drift.kind, drift.column) for drift in shaped.reshape.drift] == [("value_incompatible", "x")]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("known", [None, Schema((Field("id", LONG, "id", id=1),))], ids=["new table", "known table"])
@pytest.mark.parametrize("kind", [None, pa.null()], ids=["no column", "a column of nulls"])
def test_json_of_a_column_that_never_had_a_type(policy, known, kind):
    shaper = Shaper(known, Policy(policy))
    batch = sent([None, MIN_KEY], kind=kind)
    if known is not None and policy == "freeze":
        with pytest.raises(DriftRefusedError, match="x was not there, and is string"):
            shaper.shape(batch, str)
        return
    shaped = shaper.shape(batch, str)
    rows = shaped.rows.to_pylist()
    if known is None or policy == "evolve":
        assert rows == [{"id": 0, "x__json": None}, {"id": 1, "x__json": MIN_KEY}]
        told = [("column_added", "x__json", "added")] if known is not None else []
    else:
        assert rows == ([{"id": 0}] if policy == "quarantine" else [{"id": 0}, {"id": 1}])
        assert len(shaped.rejects) == (policy == "quarantine")
        told = [("column_added", "x", "quarantined" if policy == "quarantine" else "dropped")]
    assert [(drift.kind, drift.column, drift.outcome) for drift in shaped.reshape.drift] == told
    assert not shaper.is_surprised
    if policy == "evolve":
        later = shaper.shape(sent([5], kind=pa.int64()), str).rows.to_pylist()
        assert later == [{"id": 0, "x__json": None, "x": 5}]


def test_json_does_not_say_that_its_column_is_missing():
    known = Schema((Field("id", LONG, "id", id=1), Field("x", LONG, "x", id=2)))
    shaped = Shaper(known, Policy()).shape(sent([MIN_KEY]), str)
    assert shaped.rows.to_pylist() == [{"id": 0, "x": None, "x__json": MIN_KEY}]
    assert [(drift.kind, drift.column) for drift in shaped.reshape.drift] == [("value_incompatible", "x")]


def test_json_of_a_masked_column_is_masked():
    hashing = Shaper(None, Policy(columns={"x": ColumnPolicy(mask="hash", salt="s")}))
    (row,) = hashing.shape(sent([MIN_KEY]), str).rows.to_pylist()
    assert len(row["x__json"]) == 64
    dropping = Shaper(None, Policy(columns={"x": ColumnPolicy(mask="drop")}))
    assert dropping.shape(sent([MIN_KEY]), str).rows.to_pylist() == [{"id": 0}]


def parts(rows, *, is_list=False):
    """Return objects `x` with the part `v` and JSON of others of its values."""
    kind = pa.struct([pa.field("v", pa.int64()), pa.field("v__json", pa.string(), metadata={JSON_KEY: b"v"})])
    return pa.record_batch({"x": pa.array(rows, pa.list_(kind) if is_list else kind)})


@pytest.mark.parametrize("is_list", [False, True])
def test_json_of_parts_of_objects_goes_to_the_sibling_of_the_part(is_list):
    rows = [{"v": 1, "v__json": None}, {"v": None, "v__json": MIN_KEY}]
    inside = Struct((Field("v", LONG, "v"),))
    known = Schema((Field("x", List(inside) if is_list else inside, "x", id=1),))
    batch = parts([rows] if is_list else rows, is_list=is_list)
    made = [{"x": rows}] if is_list else [{"x": row} for row in rows]
    for before in (None, known):
        shaped = Shaper(before, Policy()).shape(batch, str)
        assert shaped.rows.to_pylist() == made
        assert [(d.kind, d.column, d.outcome) for d in shaped.reshape.drift] == [
            ("value_incompatible", "x.v", "sibling")
        ]
    waiting = Shaper(known, Policy("quarantine")).shape(batch, str)
    assert (waiting.rows.num_rows, len(waiting.rejects)) == ((0, 1) if is_list else (1, 1))


def test_json_of_parts_that_never_had_a_type():
    kind = pa.struct([pa.field("v__json", pa.string(), metadata={JSON_KEY: b"v"})])
    shaped = Shaper(None, Policy()).shape(pa.record_batch({"x": pa.array([{"v__json": MIN_KEY}], kind)}), str)
    assert shaped.rows.to_pylist() == [{"x": {"v__json": MIN_KEY}}]
