"""No value of a row stays in what dbt wrote down."""

import json

import pytest

from lakesmith.dbt.faults import MASKED, clean_message
from lakesmith.dbt.tidying import code_in, tidy_results

HEAD = "Runtime Error in model m (models/m.sql)\n  "
COMPILED = "Compilation Error in model m (models/m.sql)\n  "
NAME = "Jane Doe"


@pytest.mark.parametrize(
    ("said", "cleaned"),
    [
        (f"Invalid Input Error: nobody is called {NAME}", f"Invalid Input Error: {MASKED}"),
        (f"Invalid Input Error: missing ): ({NAME}", f"Invalid Input Error: {MASKED}"),
        (f"Invalid Input Error: Could not parse string, {NAME}", f"Invalid Input Error: {MASKED}"),
        (
            f'Invalid Input Error: Could not parse string "{NAME}" according to format specifier "%Y"\n  {NAME}\n  ^',
            f"Invalid Input Error: Could not parse string {MASKED}",
        ),
        (
            f"Invalid Input Error: Failed to cast value: Could not convert string '{NAME}' to INT32",
            f"Invalid Input Error: Failed to cast value: Could not convert string {MASKED}",
        ),
        (
            f"nobody is called {NAME}\n  CONTEXT:  PL/pgSQL function f(text) line 3 at RAISE",
            f"{MASKED}\nCONTEXT:  PL/pgSQL function f(text) line 3 at RAISE",
        ),
    ],
)
def test_words_that_nobody_quotes_are_masked(said, cleaned):
    assert clean_message(HEAD + said) == cleaned


CODE = "{{ exceptions.raise_compiler_error('set `start`, it has none') }} {{ exceptions.raise_compiler_error('not ' ~ x) }}"


@pytest.mark.parametrize(
    ("said", "cleaned"),
    [
        ("set `start`, it has none", "set `start`, it has none"),
        (f"not {NAME}", MASKED),
        (NAME, MASKED),
        ("'nope' is undefined", "'nope' is undefined"),
        (f"'nope' is undefined\n{NAME}", MASKED),
        (f"unexpected {NAME}", MASKED),
        (f"expected token ':', got '{NAME}'", MASKED),
    ],
)
def test_a_macro_that_has_read_rows_is_quoted_only_where_it_puts_nothing_in(said, cleaned):
    assert clean_message(COMPILED + said.replace("\n", "\n  "), CODE) == cleaned
    assert clean_message(COMPILED + said.replace("\n", "\n  ")) == said  # nothing had been read yet


def test_results_are_tidied_in_place_and_the_rest_stays(tmp_path):
    nodes = {"model.p.m": {"raw_code": CODE, "compiled_code": f"'not {NAME}'"}}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"nodes": nodes, "macros": {"macro.p.x": {"macro_sql": "{% macro x() %}"}}})
    )
    failed = {"unique_id": "model.p.m", "status": "error", "message": f"{COMPILED}not {NAME}", "failures": None}
    other = {"unique_id": "model.p.n", "status": "fail", "message": "Got 2 results, configured to fail if != 0"}
    good = {"unique_id": "model.p.o", "status": "success", "message": "INSERT 0 42"}
    secret = {"unique_id": "model.p.q", "status": "error", "message": "Binder Error: no pass-word"}
    (tmp_path / "run_results.json").write_text(
        json.dumps({"metadata": {"a": 1}, "results": [failed, other, good, secret]})
    )
    tidy_results(tmp_path, lambda text: text.replace("pass-word", "••••"))
    told = json.loads((tmp_path / "run_results.json").read_text())
    cleaned = [failed | {"message": MASKED}, other, good, secret | {"message": "Binder Error: no ••••"}]
    assert told == {"metadata": {"a": 1}, "results": cleaned}
    assert code_in(tmp_path) == f"{CODE}\n{{% macro x() %}}"


def test_results_that_nobody_understands_do_not_stay(tmp_path):
    tidy_results(tmp_path, str)
    assert code_in(tmp_path) == ""
    (tmp_path / "run_results.json").write_text(f'{{"results": "{NAME}')
    tidy_results(tmp_path, str)
    assert list(tmp_path.iterdir()) == []
