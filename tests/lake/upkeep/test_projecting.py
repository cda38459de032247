"""Rows of an old file under a newer schema: the same values, by field id, whatever is nested in what."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.lake.types import schema_to_arrow
from lakesmith.lake.upkeep.projecting import project
from lakesmith.model.types import DOUBLE, INT, LONG, STRING, Decimal, Field, List, Map, Scalar, Struct

OLD = (
    Field("a", INT, id=1),
    Field("s", Struct((Field("x", INT, id=3), Field("gone", STRING, id=4), Field("y", STRING, id=5))), id=2),
    Field("l", List(Struct((Field("n", Scalar("float"), id=8),)), 7), id=6),
    Field("m", Map(STRING, Struct((Field("d", Decimal(5, 2), id=13),)), 10, 11), id=9),
    Field("ll", List(List(INT, 16), 15), id=14),
)
NEW = (
    Field("s", Struct((Field("why", STRING, id=5), Field("x", LONG, id=3), Field("z", List(INT, 21), id=20))), id=2),
    Field("b", LONG, id=1),
    Field("l", List(Struct((Field("m", STRING, id=22), Field("n", DOUBLE, id=8))), 7), id=6),
    Field("m", Map(STRING, Struct((Field("d", Decimal(9, 2), id=13), Field("e", INT, id=23))), 10, 11), id=9),
    Field("ll", List(List(LONG, 16), 15), id=14),
    Field("added", Struct((Field("q", INT, id=25),)), id=24),
)
INTS = st.none() | st.integers(-(2**31), 2**31 - 1)
TEXTS = st.none() | st.text(max_size=3)
ROWS = st.fixed_dictionaries(
    {
        "a": INTS,
        "s": st.none() | st.fixed_dictionaries({"x": INTS, "gone": TEXTS, "y": TEXTS}),
        "l": st.none()
        | st.lists(
            st.none() | st.fixed_dictionaries({"n": st.none() | st.floats(width=32, allow_nan=False)}), max_size=3
        ),
        "m": st.none()
        | st.dictionaries(
            st.text(max_size=2),
            st.none() | st.fixed_dictionaries({"d": st.none() | st.decimals(-999, 999, places=2)}),
            max_size=3,
        ),
        "ll": st.none() | st.lists(st.none() | st.lists(INTS, max_size=2), max_size=3),
    }
)


def renewed(row):
    """Return an old row as the new schema has it, by hand."""
    s, items, entries = row["s"], row["l"], row["m"]
    return {
        "s": None if s is None else {"why": s["y"], "x": s["x"], "z": None},
        "b": row["a"],
        "l": None if items is None else [None if one is None else {"m": None, "n": one["n"]} for one in items],
        "m": None
        if entries is None
        else [(key, None if one is None else {"d": one["d"], "e": None}) for key, one in entries.items()],
        "ll": row["ll"],
        "added": None,
    }


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, max_size=8), st.integers(0, 4), st.integers(0, 8))
def test_values_move_with_their_ids_also_in_slices(rows, start, length):
    prepared = [{**row, "m": None if row["m"] is None else list(row["m"].items())} for row in rows]
    batch = pa.RecordBatch.from_pylist(prepared, schema=schema_to_arrow(OLD)).slice(start, length)
    wanted = schema_to_arrow(NEW)
    made = project(batch, wanted)
    made.validate(full=True)
    assert made.schema.equals(wanted, check_metadata=True)
    assert made.to_pylist() == [renewed(row) for row in rows[start : start + length]]


def test_a_file_without_field_ids_is_refused():
    batch = pa.RecordBatch.from_pydict({"a": [1]})
    with pytest.raises(ValueError, match="column 'a' bears no field id"):
        project(batch, schema_to_arrow(NEW))


def test_a_value_that_does_not_fit_is_refused():
    batch = pa.RecordBatch.from_pydict({"a": [2**40]}, schema=schema_to_arrow([Field("a", LONG, id=1)]))
    with pytest.raises(pa.ArrowInvalid, match="not in range"):
        project(batch, schema_to_arrow([Field("a", INT, id=1)]))


def test_a_nested_column_is_not_read_as_a_plain_one():
    batch = pa.RecordBatch.from_pydict({"a": [[1]]}, schema=schema_to_arrow([Field("a", List(INT, 2), id=1)]))
    with pytest.raises(ValueError, match="cannot be read as int32"):
        project(batch, schema_to_arrow([Field("a", INT, id=1)]))
