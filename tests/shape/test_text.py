"""Text as values, against Python's own parsers."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal as Number

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Decimal,
)
from lakesmith.shape.fit import fit_text
from lakesmith.shape.grammar import ANY, GRAMMAR
from lakesmith.shape.text import parse

near_longs = st.integers(-(2**64), 2**64).map(str) | st.integers(2**63 - 3, 2**63 + 3).map(str)
numbers = (
    near_longs | st.from_regex(r"\A[-+]?[0-9]{0,20}\.?[0-9]{0,20}([eE][-+]?[0-9]{1,3})?\Z") | st.floats().map(repr)
)
odd = st.sampled_from(
    ["007", "-0", "+1", "1_000", "0x1", "1.", ".5", "1e5", "1e400", "1e-400", "NaN", "inf", "\uff11", "1\n", "4.9e-324"]
)
days = (
    st.dates().map(str)
    | st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]\Z")
    | st.sampled_from(["1900-02-29", "2000-02-29"])
)
clock = st.from_regex(r"\A[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,7})?)?\Z")
offset = st.from_regex(r"\A(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?\Z")
moments = st.builds("{}{}{}{}".format, days, st.sampled_from([" ", "T", "t"]), clock, offset)


def parsed(texts, kind):
    return parse(pa.array(texts, pa.string()), kind).to_pylist()


def python_long(text, bits=64):
    if not re.fullmatch(r"0|-?[1-9][0-9]*", text, re.ASCII):
        return None
    return int(text) if -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1) else None


def python_double(text):
    """Python's float, where Python's own arithmetic gives the same number back from 15 digits."""
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?", text, re.ASCII):
        return None
    exact, value = Number(text), float(text)
    if exact == 0:
        return value
    if not 2.2250738585072014e-308 <= abs(value) < float("inf"):
        return None
    if re.fullmatch(r"-?[0-9]+", text):
        return value if abs(exact) <= 2**53 else None
    return value if len(exact.normalize().as_tuple().digits) <= 15 else None


@given(numbers | odd)
def test_longs_and_ints(text):
    assert parsed([text], LONG) == [python_long(text)]
    assert parsed([text], INT) == [python_long(text, 32)]


@given(numbers | odd)
def test_doubles(text):
    got = parsed([text], DOUBLE)[0]
    assert repr(got) == repr(python_double(text))
    if got is not None:
        assert float(f"{Number(text):.15e}") == got


@given(st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda value: f"{value:.6g}") | odd)
def test_a_float_gives_its_six_digits_back(text):
    got = parsed([text], FLOAT)[0]
    if got is not None:
        assert Number(f"{got:.6g}") == Number(text)


@pytest.mark.parametrize(
    ("text", "value"), [("16777216", 16777216.0), ("16777217", None), ("1.5", 1.5), ("1e39", None), ("0.0", 0.0)]
)
def test_floats(text, value):
    assert parsed([text], FLOAT) == [value]


@given(numbers | odd, st.sampled_from([(38, 0), (38, 38), (12, 2), (5, 5), (20, 10), (3, 0)]))
def test_decimals_are_exact(text, shape):
    precision, scale = shape
    expected = None
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text, re.ASCII):
        sign, digits, exponent = Number(text).as_tuple()
        whole = int("".join(map(str, digits))) * 10 ** (scale + exponent) if scale + exponent >= 0 else None
        if whole is None:
            whole, rest = divmod(int("".join(map(str, digits))), 10 ** -(scale + exponent))
            whole = None if rest else whole
        if whole is not None and whole < 10**precision:
            expected = Number((sign, tuple(map(int, str(whole))), -scale))
    assert parsed([text], Decimal(precision, scale)) == [expected]


@given(days)
def test_dates(text):
    try:
        expected = date.fromisoformat(text)
    except ValueError:
        expected = None
    assert parsed([text], DATE) == [expected]


def python_moment(text, *, zone):
    if not re.fullmatch(r".{10}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-5][0-9])?)?", text):
        return None
    text = re.sub(r"(\.[0-9]+)", lambda match: match[1].ljust(7, "0"), text)
    if re.search(r"(?<=[ T])24:", text):
        return None
    try:
        value = datetime.fromisoformat(text)
        return (value.astimezone(UTC) if zone else value) if (value.tzinfo is not None) == zone else None
    except (ValueError, OverflowError):
        return None


@given(moments)
def test_timestamps_with_and_without_zone(text):
    assert parsed([text], TIMESTAMP) == [python_moment(text, zone=False)]
    assert parsed([text], TIMESTAMPTZ) == [python_moment(text, zone=True)]


@given(st.sampled_from(["true", "TRUE", "True", "false", "False", "FALSE", "tRue", "1", "0", "yes", "t", ""]))
def test_booleans_are_true_and_false_only(text):
    expected = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}.get(text)
    assert parsed([text], BOOLEAN) == [expected]


@given(numbers | odd | days | moments | st.text(max_size=8))
def test_a_text_is_of_one_kind_and_the_sieve_lets_it_pass(text):
    kinds = [kind for kind, grammar in GRAMMAR.items() if re.fullmatch(grammar, text)]
    assert kinds in ([], [BOOLEAN], [LONG, DOUBLE], [DOUBLE], [DATE], [TIMESTAMP], [TIMESTAMPTZ])
    assert not kinds or re.fullmatch(ANY, text)


def test_blanks_around_a_value_do_not_count_except_in_strings():
    texts = pa.array([" 1\t", "\n2\r", "", "  ", None, "3 pcs", "\u00a04"])
    fitted = fit_text(texts, LONG)
    assert fitted.values.to_pylist() == [1, 2, None, None, None, None, None]
    assert fitted.misfits.to_pylist() == [False, False, False, False, False, True, True]
    assert fit_text(texts, STRING).values.to_pylist() == texts.to_pylist()


def test_a_type_without_a_text_form_takes_no_text():
    assert fit_text(pa.array(["x", ""]), BINARY).misfits.to_pylist() == [True, False]
