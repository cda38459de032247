"""Every Arrow type becomes one that every engine reads, and no value changes on the way."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal as Number

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.types import DOUBLE, LONG, STRING, TIMESTAMP, Field, Schema
from lakesmith.shape import Policy, Shaper, arrow_schema, type_of

U = uuid.UUID("12345678-1234-5678-1234-567812345678")
DAY = datetime(2024, 5, 1, 12, 30, 1, 250)  # noqa: DTZ001 - zone-less on purpose
CASES = [
    (pa.array([1, None], pa.int8()), "int", [1, None]),
    (pa.array([1], pa.uint16()), "int", [1]),
    (pa.array([2**32 - 1], pa.uint32()), "long", [2**32 - 1]),
    (pa.array([2**63 - 1], pa.uint64()), "long", [2**63 - 1]),
    (pa.array([2**64 - 1, 1], pa.uint64()), "decimal(20, 0)", [Number(2**64 - 1), Number(1)]),
    (pa.array([1.5], pa.float16()), "float", [1.5]),
    (pa.array([Number("1.5")], pa.decimal256(40, 2)), "string", ["1.50"]),
    (pa.array([Number("1.5")], pa.decimal256(20, 2)), "decimal(20, 2)", [Number("1.50")]),
    (pa.array([Number("0E-10")], pa.decimal256(60, 10)), "string", ["0.0000000000"]),
    (pa.array([DAY], pa.timestamp("us", "Europe/Berlin")), "timestamptz", [DAY.replace(tzinfo=UTC)]),
    (pa.array([DAY.replace(microsecond=0)], pa.timestamp("s")), "timestamp", [DAY.replace(microsecond=0)]),
    (pa.array([DAY], pa.timestamp("ns")), "timestamp", [DAY]),
    (pa.array([DAY.date()], pa.date64()), "date", [date(2024, 5, 1)]),
    (pa.array([time(1, 2, 3)], pa.time32("s")), "string", ["01:02:03"]),
    (pa.array([timedelta(days=1, microseconds=5)], pa.duration("us")), "string", ["PT86400.000005S"]),
    (pa.array([U.bytes, None], pa.uuid()), "string", [str(U), None]),
    (pa.array(["a", "b", "a"]).dictionary_encode(), "string", ["a", "b", "a"]),
    (pa.array(["a", None], pa.large_string()), "string", ["a", None]),
    (pa.array(["a"], pa.string_view()), "string", ["a"]),
    (pa.array([b"a"], pa.binary(1)), "binary", [b"a"]),
    (pa.array([b"a"], pa.large_binary()), "binary", [b"a"]),
    (pa.array([[1], None, []], pa.large_list(pa.int16())), "list<int>", [[1], None, []]),
    (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), "list<long>", [[1, 2], None]),
    (pa.array([[(7, 1)], None], pa.map_(pa.int32(), pa.int64())), "map<string, long>", [[("7", 1)], None]),
    (pa.array([{"aB": [{"cD": 1}]}, None]), "struct<a_b: list<struct<c_d: long>>>", [{"a_b": [{"c_d": 1}]}, None]),
    (pa.array([{"a": 1, "n": None}], pa.struct([("a", pa.int32()), ("n", pa.null())])), "struct<a: int>", [{"a": 1}]),
]  # fmt: skip


def shape(column, known=None):
    return Shaper(known, Policy()).shape(pa.record_batch({"x": column}), str)


@pytest.mark.parametrize(("column", "kind", "values"), CASES, ids=[f"{i}-{c[0].type}" for i, c in enumerate(CASES)])
def test_types_are_normalised(column, kind, values):
    for padded in (column, pa.concat_arrays([column, column]).slice(len(column))):
        shaped = shape(padded)
        assert str(shaped.reshape.after.find("x").type) == kind
        assert shaped.rows.schema == arrow_schema(shaped.reshape.after)
        assert shaped.rows.column("x").to_pylist() == values
        shaped.rows.validate(full=True)


@pytest.mark.parametrize("kind", [pa.null(), pa.list_(pa.null()), pa.struct([]), pa.map_(pa.string(), pa.null())])
def test_a_type_that_says_nothing_makes_no_column(kind):
    assert type_of(kind) is None
    assert shape(pa.nulls(2, kind)).rows.num_columns == 0


def test_nanoseconds_that_are_no_whole_microsecond_are_kept_as_text():
    shaped = shape(pa.array([1_000, 1_001, -1_001, None], pa.timestamp("ns")))
    assert shaped.rows.to_pydict() == {
        "x": [datetime(1970, 1, 1, 0, 0, 0, 1), None, None, None],  # noqa: DTZ001 - zone-less on purpose
        "x__string": [None, "1970-01-01 00:00:00.000001001", "1969-12-31 23:59:59.999998999", None],
    }


def test_the_sources_type_is_noted_where_it_is_lost():
    assert shape(pa.array([time(1)])).reshape.after.find("x").doc == "The source's type is time64[us]."
    assert shape(pa.array(["a"])).reshape.after.find("x").doc == ""


def test_unsigned_longs_beyond_a_known_long_go_beside_it():
    shaped = shape(pa.array([1, 2**64 - 1], pa.uint64()), Schema((Field("x", LONG, "x"),)))
    assert shaped.rows.to_pydict() == {"x": [1, None], "x__decimal": [None, Number(2**64 - 1)]}


def test_a_zone_is_neither_invented_nor_dropped():
    shaped = shape(pa.array([DAY], pa.timestamp("us", "UTC")), Schema((Field("x", TIMESTAMP, "x"),)))
    assert shaped.rows.to_pydict() == {"x": [None], "x__string": ["2024-05-01 12:30:01.000250Z"]}


@given(st.lists(st.none() | st.floats(allow_nan=False)), st.sampled_from([LONG, STRING]))
def test_every_double_is_found_again_in_exactly_one_column(values, kind):
    shaped = shape(pa.array(values, pa.float64()), Schema((Field("x", kind, "x"),)))
    for value, row in zip(values, shaped.rows.to_pylist(), strict=True):
        found = [float(cell) for cell in row.values() if cell is not None]
        assert found == ([] if value is None else [value])


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
def test_every_long_is_found_again_beside_a_double(values):
    shaped = shape(pa.array(values, pa.int64()), Schema((Field("x", DOUBLE, "x"),)))
    for value, row in zip(values, shaped.rows.to_pylist(), strict=True):
        assert [int(cell) for cell in row.values() if cell is not None] == ([] if value is None else [value])


@given(st.lists(st.none() | st.lists(st.none() | st.integers(0, 9) | st.just(2**40))), st.integers(0, 3))
def test_lists_with_a_misfit_are_kept_whole_as_text(values, start):
    known = Schema((Field("x", type_of(pa.list_(pa.int32())), "x"),))
    column = pa.array(values, pa.list_(pa.int64())).slice(start)
    shaped = Shaper(known, Policy("ignore")).shape(pa.record_batch({"x": column}), str)
    kept = [v if v is None else [n if n is None or n < 10 else None for n in v] for v in column.to_pylist()]
    assert shaped.rows.column("x").to_pylist() == kept
