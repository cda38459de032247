"""Numbers, days, times and words in the spellings people use, against Python's own formatting."""

from datetime import UTC, date, datetime
from decimal import Decimal as Exact

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.spellings import CODES, DAYS, PINNED_DAYS, SIGNS, WORDS, Numbers, Times, Words, parse_spelling
from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, TIMESTAMP, TIMESTAMPTZ, Decimal
from lakesmith.shape.spelled import MAY_BE, parse_spelled
from lakesmith.shape.text import matching

MONEY = Decimal(38, 4)
STRFTIME = {"2024": "%Y", "31": "%d", "12": "%m", "Dec": "%b", "24": "%y"}
groups = {
    ".": [",", " ", "\u00a0", "\u2009", "\u202f", "'", "\u2019", ""],
    ",": [".", " ", "\u00a0", "\u202f", "'", ""],
}
units = st.sampled_from(["", *SIGNS, *CODES])


def read(texts, kind, spelling):
    return parse_spelled(pa.array(texts, pa.string()), kind, spelling).to_pylist()


def strftime_of(day):
    for part in ("2024", "31", "12", "Dec"):
        day = day.replace(part, STRFTIME[part])
    return day.replace("24", "%y") if "%Y" not in day else day


@st.composite
def written_numbers(draw):
    """A number, how it is written and the spelling that says so."""
    mark = draw(st.sampled_from([".", ","]))
    value = draw(st.decimals(-(10**12), 10**12, places=draw(st.integers(0, 4)), allow_nan=False))
    group, unit = draw(st.sampled_from(groups[mark])), draw(units)
    digits = f"{abs(value):,f}".replace(",", "G").replace(".", mark).replace("G", group)
    blank = draw(st.sampled_from(["", " ", "\u00a0"])) if unit else ""
    ahead = draw(st.booleans())
    with_unit = f"{unit}{blank}{digits}" if ahead else f"{digits}{blank}{unit}"
    if value >= 0:
        return value, with_unit, Numbers(mark, unit)
    behind = f"{digits}-{blank}{unit}" if not ahead else f"{with_unit}-"
    return value, draw(st.sampled_from([f"-{with_unit}", f"({with_unit})", behind])), Numbers(mark, unit)


@given(written_numbers())
def test_numbers_are_read_back_exactly_and_pass_the_sieve(case):
    value, text, spelling = case
    assert read([text], MONEY, spelling) == [value]
    assert matching(pa.array([text]), MAY_BE).null_count == 0


@given(written_numbers(), written_numbers())
def test_a_number_is_never_read_with_another_unit(one, other):
    if one[2].unit != other[2].unit:
        assert read([one[1]], MONEY, other[2]) == [None]


@pytest.mark.parametrize(
    "text",
    ["007", "1,23", "1,2345", "12,34.5", "1.234,5", "1,234,", "", "-", "()", "(-5)", "+5", "1 23", "5%", "$5", "1e5 "],
)
def test_what_is_no_number_with_a_point_is_none(text):
    assert read([text], MONEY, Numbers(".")) == [None]


def test_numbers_of_400_digits_are_none():
    assert read(["1" * 400, "1," + "000," * 60 + "000"], DOUBLE, Numbers(".")) == [None, None]


@given(st.dates(date(1000, 1, 1)), st.sampled_from(DAYS))
def test_days_are_read_back(value, day):
    text = value.strftime(strftime_of(day))
    assert read([text], DATE, Times(day)) == [value]
    assert matching(pa.array([text]), MAY_BE).null_count == 0


@given(st.dates(date(1969, 1, 1), date(2068, 12, 31)), st.sampled_from(PINNED_DAYS))
def test_pinned_days_are_read_back(value, day):
    assert read([value.strftime(strftime_of(day))], DATE, Times(day)) == [value]


@given(st.datetimes(datetime(1000, 1, 1)), st.sampled_from(DAYS), st.sampled_from([12, 24]), st.booleans())  # noqa: DTZ001
def test_times_are_read_back(value, day, clock, zone):
    form = strftime_of(day) + (", %I:%M:%S.%f %p" if clock == 12 else "T%H:%M:%S.%f") + ("%z" if zone else "")
    value = value.replace(tzinfo=UTC) if zone else value
    spelling = Times(day, clock, zone)
    assert read([value.strftime(form)], TIMESTAMPTZ if zone else TIMESTAMP, spelling) == [value]


@pytest.mark.parametrize(
    ("text", "hour"),
    [("12:00 AM", 0), ("12:59 pm", 12), ("1:00 p.m.", 13), ("11:00AM", 11), ("0:30 AM", None), ("13:00 PM", None)],
)
def test_the_12_hour_clock(text, hour):
    moment = read([f"12/31/2024 {text}"], TIMESTAMP, Times("12/31/2024", 12))[0]
    assert (moment.hour if moment else None) == hour


def test_days_that_do_not_exist_are_none():
    assert read(["30.2.2024", "29.2.2023", "0.1.2024", "1.13.2024"], DATE, Times("31.12.2024")) == [None] * 4


def test_a_plain_day_stays_one_beside_another_spelling_and_a_plain_number_does_not():
    assert read(["2024-02-03"], DATE, Times("31.12.2024")) == [date(2024, 2, 3)]
    assert read(["12.5"], DOUBLE, Numbers(",")) == [None]
    assert read(["1.500", "1500"], LONG, Numbers(",")) == [1500, 1500]
    assert read(["12.50"], MONEY, Numbers(",", "€")) == [None]
    assert read(["12.50", "1e3"], MONEY, Numbers(".")) == [Exact("12.50"), None]


@pytest.mark.parametrize("pair", WORDS)
def test_words(pair):
    true, false = pair
    texts = [true, false.upper(), true.capitalize(), "TRUE", "maybe", None]
    assert read(texts, BOOLEAN, Words(*pair)) == [True, False, True, True, None, None]


@given(st.sampled_from([*DAYS, *PINNED_DAYS]), st.sampled_from([0, 12, 24]), st.booleans())
def test_times_are_named_by_an_example_and_back(day, clock, zone):
    spelling = Times(day, clock, bool(zone and clock))
    assert parse_spelling(str(spelling)) == spelling


@given(st.sampled_from([".", ","]), st.sampled_from(["", "%", *SIGNS, *CODES]))
def test_numbers_are_named_by_an_example_and_back(mark, unit):
    assert parse_spelling(str(Numbers(mark, unit))) == Numbers(mark, unit, 2)


@pytest.mark.parametrize(
    ("text", "spelling", "kind"),
    [
        ("1.234", Numbers(",", "", 0), "long"),
        ("1,234", Numbers(".", "", 0), "long"),
        ("1 234,5678 €", Numbers(",", "€", 4), "decimal(18, 4)"),
        ("EUR 1'234.56", Numbers(".", "EUR", 2), "decimal(18, 2)"),
        ("1234,56 %", Numbers(",", "%", 2), "decimal(18, 2)"),
        ("31.12.24", Times("31.12.24"), "date"),
        ("12/31/2024, 11:59:58 pm", Times("12/31/2024", 12), "timestamp"),
        ("2024-12-31T23:59Z", Times("2024-12-31", 24, zone=True), "timestamptz"),
        ("Oui/Non", Words("oui", "non"), "boolean"),
    ],
)
def test_formats_people_write(text, spelling, kind):
    assert parse_spelling(text) == spelling
    assert str(spelling.type) == kind
    assert spelling.takes(spelling.type)


@pytest.mark.parametrize(
    "text", ["", "12.5", "%d.%m.%Y", "1,234,56", "1.234.56", "$1234.56 €", "31.12.2023", "yes", "no/no", "a/b/c"]
)
def test_what_is_no_example_is_refused_and_told_what_is(text):
    with pytest.raises(ValueError, match=r"write 1234\.56 as the source does"):
        parse_spelling(text)
