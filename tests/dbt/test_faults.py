import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.dbt.faults import MASKED, Fault, clean_message, explain

HEAD = "Runtime Error in model m (models/m.sql)\n  "
ABOUT_ROWS = [
    "Conversion Error: Could not convert string '{}' to INT32 when casting from source column b",
    'Conversion Error: invalid timestamp field format: "{}", expected format is (YYYY-MM-DD)',
    'Constraint Error: Duplicate key "email: {}" violates primary key constraint.',
    'invalid input syntax for type integer: "{}"',
    "duplicate key value violates unique constraint\n  DETAIL:  Key (email)=({}) already exists.",
    "Numeric value '{}' is not recognized",
    "Invalid Input Error: Failed to cast value: Could not parse '{}' as JSON",
]

WORDS = ["Binder Error", "does not exist", "Compilation Error: ", "syntax error", "') '", '"', "IO Error: (", "(m.sql)"]
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20), st.sampled_from(WORDS)
)


@pytest.mark.parametrize("template", ABOUT_ROWS)
@given(value=VALUES)
def test_values_of_rows_never_get_into_a_message(template, value):
    marked = f"jane.doe{value}@example.com"

    message = clean_message(HEAD + template.format(marked))

    assert "jane.doe" not in message
    assert "example.com" not in message
    assert MASKED in message


@pytest.mark.parametrize(
    ("said", "cleaned"),
    [
        ("Type INT64 with value 48123 can't be cast because the value is out of range for INT8", "48123"),
        ("Out of Range Error: Overflow in multiplication of INT32 (2147483 * 1000)!", "2147483"),
        ("Conversion Error: date field value out of range: 2026-02-30", "2026-02-30"),
    ],
)
def test_bare_numbers_are_values_and_types_are_not(said, cleaned):
    message = clean_message(HEAD + said)

    assert cleaned not in message
    assert "INT8" in message or "INT32" in message or "date field" in message


@pytest.mark.parametrize(
    "said",
    [
        'Binder Error: Referenced column "nope" not found in FROM clause!\nCandidate bindings: "b"',
        "Catalog Error: Table with name orders does not exist!",
        'Parser Error: syntax error at or near "frm"',
        'column "nope" does not exist',
    ],
)  # fmt: skip
def test_names_stay_in_messages_about_statements(said):
    assert clean_message(HEAD + said.replace("\n", "\n  ")) == said


def test_colours_are_taken_out():
    assert clean_message("\x1b[31mCompilation Error\x1b[0m\n  boo") == "boo"


@pytest.mark.parametrize(
    ("fault", "where", "fix"),
    [
        (Fault("Compilation Error in model e (models/e.sql)\n  Expected an expression\n    line 2\n      from"), "models/e.sql:2", "correct"),
        (Fault("Parsing Error\n  Error reading p: z.yml - Runtime Error\n    Syntax error near line 3"), "z.yml:3", "correct"),
        (Fault("Compilation Error\n  Model 'm' (models/e.sql) depends on a node named 'x' which was not found"), "models/e.sql", r"ref\(\)"),
        (Fault("Runtime Error\n  The profile 'p' does not have a target named 'nope'."), "", "target's name"),
        (Fault("Parsing Error\n  Env var required but not provided: 'DB'"), "", "set the variable"),
        (Fault('IO Error: Could not set lock on file "x.duckdb": Conflicting lock is held'), "", "close the program"),
        (Fault('dbt found 1 package(s) specified in packages.yml, but only 0 package(s) installed. Run "dbt deps"'), "", "dbt deps"),
        (
            Fault(HEAD + "Binder Error: no column\n  LINE 7: select", "m", "models/m.sql", "target/compiled/p/models/m.sql"),
            "models/m.sql (target/compiled/p/models/m.sql:7)",
            "column's name.*the SQL that ran is in target/compiled",
        ),
    ],
)  # fmt: skip
def test_errors_say_where_and_what_to_do(fault, where, fix):
    error = explain(fault)

    assert error.where == where
    with pytest.raises(type(error), match=rf"(?s)fix: .*{fix}"):
        raise error
