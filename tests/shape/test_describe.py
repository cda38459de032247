"""What `check` says about columns of text: which types and spellings, what is worth a word, and what to write."""

import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import lakesmith
from lakesmith.model.streams import TEXT_KEY
from lakesmith.shape import TextProfile
from lakesmith.shape.describe import Column, Remark, placeholder_summary, spelling_pins, summary
from lakesmith.shape.placeholders import PLACEHOLDERS, PlaceholderCounts

DAYS = ["3/4/2024", "12/31/2024"]


def batch(texts):
    field = pa.field("a", pa.string(), metadata={TEXT_KEY: b"1"})
    return pa.RecordBatch.from_arrays([pa.array(texts, pa.string())], schema=pa.schema([field]))


def profile_of(*lists):
    profile = TextProfile()
    for texts in lists:
        profile.observe(batch(texts))
    return profile


def columns_of(*texts, **given):
    return [Column(report, **given) for report in profile_of(*texts).report()]


def test_what_is_worth_a_word():
    (column,) = columns_of(["31.12.2024", *["1.2.2024"] * 200, "soon"], placeholders=Counter({"-": 1}))
    assert summary([column]) == "date written 31.12.2024: a"
    assert spelling_pins([column]) == 'columns: {a: {type: date, format: "31.12.2024"}}'
    assert column.remark() == Remark(
        "a: 201 of 202 values are date written 31.12.2024; the other (1 × `-`) would land in a__string",
        "to keep all of it as text: columns: {a: {type: string}}",
    )
    (ambiguous,) = columns_of(DAYS[:1])
    assert ambiguous.remark() == Remark(
        "a: ambiguous, stays text: no value decides between 31/12/2024 and 12/31/2024",
        'say which: columns: {a: {type: date, format: "31/12/2024"}} or {type: date, format: "12/31/2024"}',
        asks=True,
    )
    (one_word,) = columns_of(["yes"])
    assert "only one of the two words came of yes/no" in one_word.remark().text
    assert not one_word.remark().asks


@pytest.mark.parametrize(
    ("fate", "told"),
    [
        ("sibling", "would land in a__string"),
        ("quarantine", "would wait in quarantine"),
        ("stop", "would stop the load"),
    ],
)
def test_what_would_become_of_misfits_is_as_the_policy_says(fate, told):
    (column,) = columns_of([*"1" * 200, "x", "y"], fate=fate)
    assert f"200 of 202 values are long; the other 2 {told}" in column.remark().text


def test_a_text_that_is_mostly_something_else_is_worth_a_word_and_another_is_not():
    (mostly,) = columns_of([*"123456789123456789", "n/a", "b"], placeholders=Counter({"n/a": 1}))
    assert mostly.remark() == Remark(
        "a: stays text, but 18 of 20 values are long (1 × `n/a`)",
        "to make it long: columns: {a: {type: long}}; the others then land in a__string",
    )
    assert columns_of([*"12", *"abcdefghij"])[0].remark() is None
    assert columns_of([*"123", "a"])[0].remark() is None, "four values prove nothing"
    assert placeholder_summary([mostly]) == "", "it was said"
    (words,) = columns_of([*"abcdefghij"], placeholders=Counter({"-": 2, "unknown": 1}))
    assert placeholder_summary([words]) == "a 2 × `-`, 1 × `unknown`"


def test_a_column_in_several_spellings_is_no_case_for_a_pin():
    plain, dotted, slashed = ["2024-12-30"] * 20, ["31.12.2024"] * 10, ["12/31/2024"] * 6
    (column,) = columns_of([*plain, *dotted, *slashed, "soon"])
    assert column.remark() == Remark(
        "a: stays text: 20 of 37 values are date, 30 with those written 31.12.2024, 26 with those written 12/31/2024",
        "read the others in silver (`lakesmith.parse_date` and its like), or have the source write one spelling",
    )
    (with_words,) = columns_of([*plain, *["n/a"] * 17], placeholders=Counter({"n/a": 17}))
    assert with_words.remark().fix.startswith("to make it date: columns: {a: {type: date}}"), (
        "all values but words for null"
    )


def test_a_column_without_values_has_no_type_and_nothing_to_say():
    (column,) = columns_of([None])
    assert column.report.type is None
    assert column.remark() is None


def test_programs_get_all_of_it():
    (column,) = columns_of(["31.12.2024", "soon"], placeholders=Counter({"-": 1}))
    assert column.facts() == {
        "name": "a",
        "type": "string",
        "format": None,
        "values": 2,
        "fits": {"date 31.12.2024": 1},
        "placeholders": {"-": 1},
        "ambiguous": [],
    }


def test_placeholders_are_counted_over_batches_in_any_case():
    counts = PlaceholderCounts()
    for texts in (["N/A", " n/a ", "None so far", None, ""], ["-", "n/a"]):
        counts.observe(batch(texts))
    assert counts.of("a") == {"n/a": 3, "-": 1}
    assert counts.of("b") == {}


def test_placeholders_are_those_of_the_macro():
    macro = (Path(lakesmith.__file__).parent / "dbt/package/macros/cleaning.sql").read_text("utf-8")
    body = macro.split("set spellings = [")[1].split("]")[0]
    assert tuple(re.findall(r"'([^']*)'", body)) == PLACEHOLDERS
