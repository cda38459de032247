"""Which spelling a whole column is in: decided by all of its values, and by none where they leave it open."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.streams import TEXT_KEY
from lakesmith.shape import Policy, Shaper, TextProfile

DAYS = ["3/4/2024", "12/31/2024"]


def batch(texts):
    field = pa.field("a", pa.string(), metadata={TEXT_KEY: b"1"})
    return pa.RecordBatch.from_arrays([pa.array(texts, pa.string())], schema=pa.schema([field]))


def profile_of(*lists):
    profile = TextProfile()
    for texts in lists:
        profile.observe(batch(texts))
    return profile


def found(*lists):
    """Return type and spelling as text."""
    (report,) = profile_of(*lists).report()
    return f"{report.type} {report.spelling or ''}".strip()


@pytest.mark.few(12)
@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["31.12.2024", "1.2.2024"], "date 31.12.2024"),
        (["12/31/2024", "1/2/2024"], "date 12/31/2024"),
        (["31/12/2024", "1/2/2024"], "date 31/12/2024"),
        (["31-Dec-2024", "1-feb-2024"], "date 31-Dec-2024"),
        (["Dec 31, 2024", "February 1, 2024"], "date Dec 31, 2024"),
        (["2024/12/31"], "date 2024/12/31"),
        (["31.12.2024 9:05", "1.2.2024 10:00:30"], "timestamp 31.12.2024 23:59"),
        (["12/31/2024 9:05 PM", "1/2/2024 10:00:30 am"], "timestamp 12/31/2024 11:59 PM"),
        (["31.12.2024T09:05Z", "1.2.2024 10:00:30 +0100"], "timestamptz 31.12.2024 23:59 +01:00"),
        (["2024-12-31 9:05 PM"], "timestamp 2024-12-31 11:59 PM"),
        (["1,234.5", "12"], "double 1,234.56"),
        (["1.234,5", "12"], "double 1.234,56"),
        (["1 234,5", "12"], "double 1.234,56"),
        (["1\u00a0234", "12"], "long 1,234.56"),
        (["1'234.5", "12"], "double 1,234.56"),
        (["1,234,567", "1,234"], "long 1,234.56"),
        (["1.234.567", "1.234"], "long 1.234,56"),
        (["1,234.50", "0.99"], "decimal(18, 2) 1,234.56"),
        (["1.234,50", "0,99"], "decimal(18, 2) 1.234,56"),
        (["(12.50)", "3.00"], "decimal(18, 2) 1,234.56"),
        (["12-", "3"], "long 1,234.56"),
        (["$1,234.50", "$ 5", "-$7"], "decimal(18, 2) $1,234.56"),
        (["1.234,50 €", "5 €"], "decimal(18, 2) 1.234,56 €"),
        (["EUR 12", "EUR 7"], "decimal(18, 2) 1,234.56 EUR"),
        (["€1.2345", "€1"], "decimal(18, 4) 1,234.56 €"),
        (["1" * 17 + ",50 €"], "decimal(38, 2) 1.234,56 €"),
        (["yes", "NO"], "boolean yes/no"),
        (["t", "f"], "boolean t/f"),
        (["ja", "nein"], "boolean ja/nein"),
    ],
)
def test_what_a_column_shows_by_itself(texts, form):
    assert found(texts) == form
    assert found(*[[text] for text in texts]) == form
    assert found([*texts * 100, "n/a"]) == form
    assert found([*texts * 49, "n/a", "n/a"]) == "string"


@pytest.mark.parametrize(
    "texts",
    [
        ["3/4/2024", "1/2/2024"],
        ["01.02.2024"],
        ["31/12/2024", "12/31/2024", *["1/2/2024"] * 200],
        ["1,234", "950"],
        ["1.234 €", "950 €"],
        ["1,234", "1.234"],
        ["(1)", "(2)"],
        ["yes"],
        ["on", "on"],
        ["EUR 5", "USD 5"],
        ["€5", "5"],
        ["5%", "7%"],
        ["31.12.24"],
        ["007", "1,234.5"],
        ["yes", "off"],
        ["1 2", "3 4"],
        ["AB 12"],
        ["12.5.2024", "2024/5/12"],
    ],
)
def test_what_stays_text(texts):
    assert found(texts) == "string"


@pytest.mark.parametrize(
    "texts", [["1.5", "2.25"], ["1", "2"], ["true", "false"], ["1", "0"], ["20241231"], ["1.234", "2.500"]]
)
def test_the_plain_spelling_wins(texts):
    assert " " not in found(texts)


def test_a_few_thousands_among_plain_numbers_are_left_out():
    assert found([*["12"] * 199, "1,234"]) == "long"


values = st.sampled_from(
    [
        *("1", "2.5", "12.50", "1.234", "007", "x", "a1", "", "true", "2024-01-31", "2024-01-31 10:00"),
        *(
            "1,234",
            "1,234.50",
            "12,5",
            "1.234.567",
            "(5)",
            "5-",
            "$5",
            "5 $",
            "1.234 €",
            "1,5 €",
            "yes",
            "no",
            "NO",
            "on",
        ),
        *("3/4/2024", "31/3/2024", "3/31/2024", "1.2.2024 5:00", "31.1.2024 5:00 PM", "Dec 1, 2024"),
    ]
)


@pytest.mark.long
@given(st.lists(values, max_size=3), st.lists(values, min_size=1, max_size=12), st.integers(1, 12))
def test_it_does_not_matter_how_rows_come_in_batches(usual, texts, at):
    texts = [*usual * 40, *texts]
    assert profile_of(texts).forms() == profile_of(texts[:at], texts[at:]).forms()
    assert profile_of(texts).forms() == profile_of(sorted(texts)).forms()


@given(st.lists(values, min_size=1, max_size=3), st.lists(values, max_size=2))
def test_as_many_values_fit_as_the_profile_says(usual, odd):
    profile = profile_of([*usual * 60, *odd])
    (report,) = profile.report()
    if report.type is None:
        return
    shaped = Shaper(None, Policy(), profile.forms()).shape(batch([*usual * 60, *odd]), str)
    fitted = len(shaped.rows) - shaped.rows.column("a").null_count
    assert fitted == (report.fits[str(report.type)] if str(report.type) != "string" else len(shaped.rows))
