"""Renames that the source proves: followed by field id within the load, refused, or waiting, as the policy says."""

import pyarrow as pa
import pytest
from drift_table import CHANGES, POLICIES, STOP
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Drift, Pin
from lakesmith.model.streams import RENAMED_KEY
from lakesmith.model.types import INT, LONG, STRING, Field, Schema
from lakesmith.shape import Policy, Shaper
from lakesmith.shape.names import fold
from lakesmith.shape.policy import ColumnPolicy
from lakesmith.shape.renaming import follow_renames

KNOWN = Schema(
    (
        Field("id", LONG, "id", id=1),
        Field("mail", STRING, "mail", id=2),
        Field("mail__long", LONG, id=3),
        Field("age", INT, "age", id=4),
    )
)


def batch(**columns):
    """Return columns given as (values, type, what they were called before)."""
    fields = [
        pa.field(n, kind, metadata={RENAMED_KEY: old.encode()} if old else None)
        for n, (_, kind, old) in columns.items()
    ]
    return pa.RecordBatch.from_arrays([pa.array(v, t) for v, t, _ in columns.values()], schema=pa.schema(fields))


ROWS = batch(id=([1], pa.int64(), ""), email=(["a@x"], pa.string(), "mail"), age=([7], pa.int32(), ""))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_cell_of_the_table(policy):
    shaper, outcome = Shaper(KNOWN, Policy(policy)), CHANGES["proves"].outcome(policy)
    if outcome == STOP:
        with pytest.raises(DriftRefusedError, match="renamed mail to email, and its policy is freeze"):
            shaper.shape(ROWS, str)
        return
    shaper.shape(ROWS, str)
    kind = CHANGES["proves"].kind if policy == "evolve" else "rename_candidate"
    assert [d.outcome for d in shaper.finish().drift if d.kind == kind] == ([outcome] if outcome else [])


def ids(schema):
    return {f.name: f.id for f in schema}


def test_evolve_follows_with_siblings_and_tells_once():
    shaper = Shaper(KNOWN, Policy())
    shaped = shaper.shape(ROWS, str)
    again = shaper.shape(ROWS, str)
    assert ids(shaped.reshape.after) == {"id": 1, "email": 2, "email__long": 3, "age": 4}
    assert shaped.reshape.after.find("email").source_name == "email"
    assert again.rows.to_pylist() == [{"id": 1, "email": "a@x", "email__long": None, "age": 7}]
    assert shaper.finish().drift == (Drift("renamed", "email", "mail", "email", "evolve", "renamed"),)
    assert shaper.finish().before == KNOWN
    assert shaper.finish().changes_schema


def test_the_next_load_says_nothing():
    after = Shaper(KNOWN, Policy()).shape(ROWS, str).reshape.after
    shaper = Shaper(after, Policy())
    shaper.shape(ROWS, str)  # a position that was not moved proves it again
    assert shaper.finish().drift == ()
    assert not shaper.finish().changes_schema


def test_freeze_refuses():
    with pytest.raises(
        DriftRefusedError, match=r"(?s)renamed mail to email, and its policy is freeze.*Nothing was loaded"
    ):
        Shaper(KNOWN, Policy("freeze")).shape(ROWS, str)


def test_a_pin_with_the_new_name_agrees():
    pin = Pin(
        Schema((Field("id", LONG, "id"), Field("email", STRING, "email"), Field("age", INT, "age"))), "schemas/s.yml"
    )
    shaper = Shaper(KNOWN, Policy("freeze", pin=pin))
    shaper.shape(ROWS, str)
    assert ids(shaper.finish().after) == {"id": 1, "email": 2, "email__long": 3, "age": 4}
    assert [event.kind for event in shaper.finish().drift] == ["renamed"]


def test_quarantine_waits_with_a_candidate():
    shaper = Shaper(KNOWN, Policy("quarantine"))
    shaped = shaper.shape(ROWS, str)
    assert (shaped.rows.num_rows, len(shaped.rejects)) == (0, 1)
    assert Drift("rename_candidate", "email", "mail", "email", "quarantine", "quarantined") in shaper.finish().drift
    assert not shaper.finish().changes_schema


def test_ignore_leaves_the_values_out_and_counts_them():
    shaper = Shaper(KNOWN, Policy("ignore"))
    rows = shaper.shape(ROWS, str).rows.to_pylist()
    assert rows == [{"id": 1, "mail": None, "mail__long": None, "age": 7}]
    assert shaper.counts == {("column_added", "email"): 1}


def test_a_rename_and_a_wider_type_at_once():
    shaper = Shaper(KNOWN, Policy())
    shaper.shape(
        batch(id=([1], pa.int64(), ""), mail=(["m"], pa.string(), ""), years=([2**40], pa.int64(), "age")), str
    )
    reshape = shaper.finish()
    assert [(d.kind, d.column) for d in reshape.drift] == [("renamed", "years"), ("type_widened", "years")]
    assert (reshape.after.find("years").type, reshape.after.find("years").id) == (LONG, 4)


def test_a_rename_and_another_type_at_once():
    shaper = Shaper(KNOWN, Policy())
    shaped = shaper.shape(
        batch(id=([1], pa.int64(), ""), mail=(["m"], pa.string(), ""), years=(["7 y"], pa.string(), "age")), str
    )
    assert shaped.rows["years"].to_pylist() == [None]
    assert shaped.rows["years__string"].to_pylist() == ["7 y"]


def test_two_columns_that_swap_their_names():
    known = Schema((Field("a", LONG, "a", id=1), Field("b", STRING, "b", id=2)))
    rows = batch(a=(["text"], pa.string(), "b"), b=([1], pa.int64(), "a"))
    shaper = Shaper(known, Policy())
    shaper.shape(rows, str)
    shaped = shaper.shape(rows, str)
    assert ids(shaped.reshape.after) == {"a": 2, "b": 1}
    assert shaped.rows.to_pylist() == [{"a": "text", "b": 1}] or shaped.rows.to_pydict() == {"b": [1], "a": ["text"]}
    assert {(d.kind, d.before, d.after) for d in shaped.reshape.drift} == {("renamed", "a", "b"), ("renamed", "b", "a")}


def test_a_new_column_takes_the_old_name():
    known = Schema((Field("a", LONG, "a", id=1),))
    shaper = Shaper(known, Policy())
    for _ in range(2):  # the second batch must not move the new column
        shaped = shaper.shape(batch(b=([1], pa.int64(), "a"), a=([2], pa.int64(), "")), str)
        assert shaped.rows.to_pylist() == [{"b": 1, "a": 2}]
    assert ids(shaped.reshape.after) == {"b": 1, "a": 0}


def test_a_dropped_column_whose_name_is_taken_steps_aside():
    known = Schema((Field("a", LONG, "a", id=1), Field("b", STRING, "b", id=2), Field("b__json", STRING, id=3)))
    shaped = Shaper(known, Policy()).shape(batch(b=([1], pa.int64(), "a")), str)
    assert ids(shaped.reshape.after) == {"b": 1, "b__added": 2, "b__added__json": 3}
    assert shaped.rows["b"].to_pylist() == [1]
    assert shaped.reshape.after.find("b").type == LONG


def test_two_columns_that_step_aside_under_one_name_stay_apart():
    known = (Field("a", LONG, "a", id=1), Field("a__added", LONG, id=2), Field("b", LONG, "b", id=3))
    shaper = Shaper(Schema(known), Policy())
    for _ in range(2):
        shaped = shaper.shape(batch(b=([1], pa.int64(), "a")), str)
        assert ids(shaped.reshape.after) == {"b": 1, "b__added": 2, "b__added_2": 3}
        assert shaped.rows.to_pylist() == [{"b": 1, "b__added": None, "b__added_2": None}]


def test_names_that_fold_alike_stay_apart():
    known = Schema((Field("a", LONG, "a", id=1), Field("x", LONG, "x", id=2)))
    shaped = Shaper(known, Policy()).shape(batch(a=([1], pa.int64(), ""), A=([2], pa.int64(), "x")), str)
    assert shaped.rows.to_pylist() == [{"a": 1, "a_2": 2}]
    assert ids(shaped.reshape.after) == {"a": 1, "a_2": 2}


def test_a_change_of_spelling_alone_is_no_rename():
    after, names = follow_renames(Schema((Field("mail", STRING, "MAIL", id=1),)), {"mail": "mail"})
    assert (names, after.find("mail").source_name, after.find("mail").id) == ({"mail": "mail"}, "mail", 1)


@pytest.mark.parametrize("mask", ["hash", "drop"])
def test_a_masked_column_does_not_come_in_clear_under_its_new_name(mask):
    masked = {"mail": ColumnPolicy(mask=mask, salt="s")}
    with pytest.raises(DriftRefusedError, match=r"renamed mail, which is masked, to email"):
        Shaper(KNOWN, Policy(columns=masked)).shape(ROWS, str)
    looked_at = Policy(columns={**masked, "email": ColumnPolicy(mask="hash", salt="s")})
    rows = Shaper(KNOWN, looked_at).shape(ROWS, str).rows
    assert len(rows["email"].to_pylist()[0]) == 64


def test_a_renamed_key_is_refused_until_the_project_names_it():
    with pytest.raises(DriftRefusedError, match="came without id, which is in its key"):
        Shaper(KNOWN, Policy(key=("id",))).shape(batch(number=([1], pa.int64(), "id")), str)
    shaped = Shaper(KNOWN, Policy(key=("number",))).shape(batch(number=([1], pa.int64(), "id")), str)
    assert shaped.reshape.after.find("number").id == 1


def test_a_table_that_is_not_there_yet_has_nothing_to_rename():
    shaped = Shaper(None, Policy()).shape(ROWS, str)
    assert shaped.reshape.after.names == ("id", "email", "age")
    assert shaped.reshape.drift == ()


NAMES = ["a", "A", "b", "c c", "order", "é"]
SUFFIXES = ("string", "added", "added_2", "added__string")


@given(st.lists(st.sampled_from(NAMES), unique=True, min_size=1), st.data())
def test_every_id_keeps_its_column_and_every_name_is_there_once(sources, data):
    columns = fold(sources)
    known = []
    for source, column in zip(sources, columns, strict=True):
        beside = data.draw(st.lists(st.sampled_from(SUFFIXES), unique=True))
        known.append(Field(column, LONG, source, id=len(known) + 1))
        known += [Field(f"{column}__{one}", STRING, id=len(known) + n) for n, one in enumerate(beside, start=1)]
    moved = data.draw(st.lists(st.sampled_from(columns), unique=True))
    wanted = data.draw(st.permutations(NAMES))[: len(moved)]
    after, names = follow_renames(Schema(tuple(known)), dict(zip(moved, wanted, strict=True)))
    by_id = {f.id: f for f in after}
    assert {f.id: f.type for f in after} == {f.id: f.type for f in known}
    assert len(set(after.names)) == len(known)
    for field in known:
        if field.name in moved:
            assert (by_id[field.id].source_name, by_id[field.id].name) == (
                wanted[moved.index(field.name)],
                names[field.name],
            )
        elif "__" in field.name and field.name.partition("__")[0] in moved:
            base, _, suffix = field.name.partition("__")
            assert by_id[field.id].name == f"{names[base]}__{suffix}"
    own = [f.source_name for f in after if f.source_name]
    assert len(set(own)) == len(own)
