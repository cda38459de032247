"""Whatever the grammar writes can be read back to the clean value."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.simulate import dirt

DAYS = st.integers(7_300, 36_500)  # 1989 to 2069
CASES: dict[str, tuple[dirt.Grammar, str, st.SearchStrategy[int], Callable[[int], Any]]] = {
    "date": (dirt.DATE, "date", DAYS, lambda n: date(1970, 1, 1) + timedelta(days=n)),
    "timestamp": (
        dirt.TIMESTAMP,
        "time",
        st.integers(7_300 * 1440, 36_500 * 1440),
        lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=n),
    ),
    "money": (dirt.MONEY, "money", st.integers(1, 10**9), lambda n: Decimal(n).scaleb(-2)),
    "revenue": (dirt.REVENUE, "revenue", st.integers(1, 10**6).map(lambda n: n * 100_000), int),
    "employees": (dirt.EMPLOYEES, "count", st.integers(1, 10**6), int),
    "quantity": (dirt.QUANTITY, "count", st.integers(1, 10**4), int),
    "key": (dirt.key("C"), "key", st.integers(1, 10**10), lambda n: f"C{n:07d}"),
}
EXAMPLES = {
    "date": (20_516, {"2026-03-04", "04.03.2026", "03/04/2026", "Mar 4, 2026", "20260304"}),
    "timestamp": (
        20_516 * 1440 + 611,
        {"2026-03-04T10:11:00Z", "2026-03-04 10:11:00", "04.03.2026 10:11", "03/04/2026 10:11 AM", "1772619060"},
    ),
    "money": (123_450, {"1234.50", "1,234.50", "€1,234.50", "1.234,50 €", "EUR 1234.50", "1 234,50"}),
    "revenue": (12_500_000, {"12500000", "12,500,000", "€12.5M", "12.5 million", "12500K", "EUR 12.5m"}),
    "employees": (1_250, {"1250", "1,250", "~1250", "1250 employees"}),
    "quantity": (3, {"3", "3 pcs"}),
    "key": (123, {"C0000123", "c0000123", " C0000123 ", "C-0000123"}),
}


@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
def test_every_form_reads_back_to_the_clean_value(case: str, data: st.DataObject, reader: SimpleNamespace) -> None:
    grammar, parser, values, clean = CASES[case]
    value = data.draw(values)
    for form in grammar.forms:
        assert getattr(reader, parser)(form.write(value)) == clean(value), form.name


@pytest.mark.parametrize("case", EXAMPLES)
def test_forms_are_exactly_those_of_the_contract(case: str) -> None:
    value, texts = EXAMPLES[case]
    assert {form.write(value) for form in CASES[case][0].forms} == texts


@pytest.mark.parametrize("case", ["date", "timestamp", "money", "revenue"])
def test_about_seven_of_ten_values_are_clean(case: str) -> None:
    forms = CASES[case][0].forms
    assert 0.65 < 1 - sum(form.share for form in forms) / 256 < 0.75


@given(values=st.lists(st.one_of(st.none(), st.text("abc", min_size=1)), min_size=1), seed=st.integers(0, 99))
def test_null_becomes_a_null_spelling_and_nothing_else_does(values: list[str | None], seed: int) -> None:
    counts: Counter[str] = Counter()
    texts = dirt.PLAIN.write(values, Random(seed), counts)
    assert [None if text in dirt.NULLS else text for text in texts] == values
    assert counts.total() == values.count(None)


@pytest.mark.parametrize(
    ("minute", "text"), [(0, "12:00 AM"), (59, "12:59 AM"), (60, "01:00 AM"), (720, "12:00 PM"), (1439, "11:59 PM")]
)
def test_the_twelve_hour_clock(minute: int, text: str) -> None:
    form = next(form for form in dirt.TIMESTAMP.forms if form.name == "12 hours")
    assert form.write(minute) == f"01/01/1970 {text}"


def test_the_key_that_was_lost_is_an_empty_field() -> None:
    assert {form.write(0) for form in dirt.key("U").forms} == {""}
