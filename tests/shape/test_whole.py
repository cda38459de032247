"""Whole columns at once beside the same texts one by one: the same values, or none at all."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, STRING, TIMESTAMP, TIMESTAMPTZ
from lakesmith.shape.text import parse, trim
from lakesmith.shape.whole import count_longs, count_words, read_whole

COLUMNS = {
    LONG: ["0", "-1", "42", "-9223372036854775808", "9223372036854775807", None],
    DOUBLE: ["0", "1.50", "-0.25", "12345.678", "1000000", None],
    DATE: ["0001-01-01", "2024-02-29", None],
    TIMESTAMP: ["2024-02-29 12:30:00", "2024-02-29T12:30:00.120", None],
    TIMESTAMPTZ: ["2024-02-29 12:30:00Z", "2024-02-29T12:30:00.5Z", None],
    BOOLEAN: ["true", "false", None],
}
ODD = {
    LONG: ["007", "-0", "00", "-01", "+5", "0x1F", "0XFFFFFFFFFF", " 5", "5 ", "", "1.0", "9223372036854775808"],
    DOUBLE: [
        "007.5",
        "-00.5",
        ".5",
        "-.5",
        "1.",
        "-1.",
        "00",
        "-0",
        "1e5",
        "inf",
        "nan",
        "+1",
        "-",
        "0.1234567890123456",
    ],
    DATE: ["0000-01-01", "2023-02-29", "2024-1-01", "2024-02-29 ", "24-02-29", ""],
    TIMESTAMP: [
        *("2024-02-29", "2024-02-29 12", "2024-02-29 12:30", "2024-02-29 12:30:00Z", "2024-02-29 12:30+01:00"),
        *("0000-01-01 00:00:00", "2024-02-29 24:00:00", "2024-02-29 12:30:00.1234567", "2024-02-29t12:30:00", "::"),
    ],
    TIMESTAMPTZ: [
        *("2024-02-29 12:30Z", "2024-02-29 12:30:00+01:00", "2024-02-29 12:30:00", "2024-02-29Z", "Z::", "ZZ"),
        *("0000-12-31 23:00:00Z", "0001-01-01 00:00:00+01:00", "2024-02-29 12+01:00"),
    ],
    BOOLEAN: ["True", "FALSE", "tRUE", "1", "0", "t", "", " true"],
}
characters = st.text(alphabet="0123456789.-+eEx :TZ", max_size=12)


def lists_of(kind):
    usual = st.sampled_from(COLUMNS[kind])
    digits = st.integers(-(2**63), 2**63 - 1).map(str) | st.decimals(-(10**6), 10**6, places=3).map(str)
    odd = st.sampled_from(ODD[kind]) | (characters | digits if kind in (LONG, DOUBLE) else characters)
    return st.tuples(st.just(kind), st.lists(usual, max_size=6), st.lists(usual | odd, max_size=4))


@settings(max_examples=200)
@given(st.sampled_from(list(COLUMNS)).flatmap(lists_of))
def test_what_is_read_whole_is_what_is_read_one_by_one(case):
    kind, before, texts = case
    sliced = pa.array([*before, *texts], pa.string()).slice(len(before))
    values = read_whole(sliced, kind)
    if values is not None:
        assert values.type == parse(pa.array(["x"]), kind).type
        assert values.to_pylist() == parse(trim(sliced), kind).to_pylist()
        assert values.null_count == sliced.null_count


@pytest.mark.parametrize("kind", COLUMNS, ids=str)
def test_a_usual_column_is_read_whole_and_one_odd_text_forbids_it(kind):
    usual = pa.array(COLUMNS[kind] * 3, pa.string())
    assert read_whole(usual, kind).to_pylist() == parse(usual, kind).to_pylist()
    for odd in ODD[kind]:
        texts = pa.array([*COLUMNS[kind], odd], pa.string())
        values = read_whole(texts, kind)
        assert values is None or values.to_pylist() == parse(trim(texts), kind).to_pylist(), odd


def test_nothing_to_read_and_text_between_the_values_is_not_read():
    assert read_whole(pa.array([None, None], pa.string()), LONG) is None
    assert read_whole(pa.array(["a"]), STRING) is None
    hidden = pa.StringArray.from_buffers(
        2, pa.py_buffer(bytes([0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0])), pa.py_buffer(b"7:42"), pa.py_buffer(b"\x02"), 1
    )
    assert hidden.to_pylist() == [None, "42"]
    assert read_whole(hidden, LONG) is None
    assert count_words(hidden) is None
    assert count_words(pa.array([None], pa.string())) == 0


@given(st.lists(st.sampled_from([text for text in (*COLUMNS[DOUBLE], "-0", "-0.0", "7") if text]), max_size=8))
def test_longs_among_doubles_are_counted(texts):
    column = pa.array(texts, pa.string())
    assert count_longs(column) == len(column) - parse(column, LONG).null_count


values = st.sampled_from([text for texts in (*COLUMNS.values(), *ODD.values()) for text in texts])
words = st.sampled_from(["amber", "a1", "", " ", "12 pcs", "truely", "2024-02-29 noon", None])


@settings(max_examples=200)
@given(st.lists(words | values, max_size=6))
def test_words_are_counted_only_where_no_text_is_a_value(texts):
    column = trim(pa.array(texts, pa.string()))
    fits = any(parse(column, kind).null_count < len(column) for kind in COLUMNS)
    counted = count_words(pa.array(texts, pa.string()))
    assert counted is None or (not fits and counted == len(column) - column.null_count)


@pytest.mark.parametrize(
    "texts", [["amber", "truely", None], ["a1", "b2", None], ["north of 5", "east", "Z::"], [None]]
)
def test_words_are_counted_at_once(texts):
    assert count_words(pa.array(texts, pa.string())) == sum(text is not None for text in texts)
