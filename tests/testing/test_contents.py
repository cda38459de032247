"""Contents are equal where the records are, and differ where anything of a record does."""

import random
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.testing import canonical_hash, canonical_rows

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
VALUES = st.one_of(
    st.integers(),
    st.floats(),
    st.text(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.binary(),
    st.decimals(allow_nan=False, allow_infinity=False),
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES), max_size=5)


def column(values, kind):
    return pa.table({"v": pa.array(values, kind)})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (column([1, None], pa.int32()), column([None, 1], pa.int64())),
        (column([0.5], pa.float32()), column([0.5], pa.float64())),
        (column([float("nan")], pa.float64()), column([-float("nan")], pa.float64())),
        (column([Decimal("1.50")], pa.decimal128(5, 2)), column([Decimal("1.5")], pa.decimal128(38, 1))),
        (column([Decimal(1200)], pa.decimal128(4, 0)), [{"v": Decimal("1.2E+3")}]),
        (column([Decimal("-0.0")], pa.decimal128(4, 1)), [{"v": Decimal(0)}]),
        (
            column(["a"], pa.large_string()),
            column(["a"], pa.string()).cast(pa.schema([("v", pa.dictionary(pa.int8(), pa.string()))])),
        ),
        (column([NOON], pa.timestamp("us", "Europe/Berlin")), column([NOON], pa.timestamp("ms", "UTC"))),
        ([{"v": NOON}], [{"v": NOON.astimezone(timezone(timedelta(hours=5)))}]),
        (column([{"x": 1, "y": None}], pa.struct([("x", pa.int8()), ("y", pa.string())])), [{"v": {"x": 1}}]),
        (
            column([[("k", 1), ("j", 2)]], pa.map_(pa.string(), pa.int32())),
            column([[("j", 2), ("k", 1)]], pa.map_(pa.string(), pa.int64())),
        ),
        (column([time(12)], pa.time64("us")), [{"v": "12:00:00"}]),
        ([{"v": 1, "_ls_seq": 1}], [{"_ls_op": "r", "v": 1, "w": None}]),
    ],
)
def test_equal_records(one, other):
    assert canonical_rows(one) == canonical_rows(other)
    assert canonical_hash(one) == canonical_hash(other)


DIFFERENT = [
    1,
    2,
    1.0,
    -1.0,
    True,
    "1",
    "true",
    Decimal(1),
    b"1",
    date(2026, 10, 1),
    "2026-10-01",
    NOON,
    NOON.replace(tzinfo=None),
    [1],
    [],
    [[1]],
]
DIFFERENT += [{"x": 1}, [("x", 1)], 0.0, -0.0, "", "a\u0308", "ä", float("inf"), "inf"]


def test_different_values_never_meet():
    assert len({canonical_hash([{"v": value}]) for value in DIFFERENT}) == len(DIFFERENT)


def test_a_row_too_many_and_a_row_too_few_are_seen():
    rows = [{"v": 1}, {"v": 1}, {"v": 2}]
    assert len({canonical_hash(some) for some in ([], rows, rows[1:], [*rows, {"v": 2}], [{}], [{}, {}])}) == 6
    assert canonical_hash([]) == canonical_hash(pa.table({"v": []}))


@given(ROWS, st.randoms(use_true_random=False))
def test_order_says_nothing(rows, chance: random.Random):
    mixed = [dict(chance.sample(list(row.items()), len(row))) for row in chance.sample(rows, len(rows))]
    assert canonical_hash(mixed) == canonical_hash(rows)


@given(ROWS, ROWS)
def test_the_hash_speaks_for_the_rows(one, other):
    assert (canonical_hash(one) == canonical_hash(other)) == (canonical_rows(one) == canonical_rows(other))
