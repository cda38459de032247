"""Looking at data: one statement that reads, and faults in words."""

from __future__ import annotations

import pytest

from lakesmith.errors import ConfigError, SelectionError, UsageError
from lakesmith.model.plans import Dataset


@pytest.fixture
def published(engine, build):
    build(
        "CREATE SCHEMA marts",
        "CREATE SCHEMA silver",
        "CREATE TABLE marts.mart_sales AS SELECT i::BIGINT AS id, 'row ' || i AS name FROM range(200000) t(i)",
        "CREATE TABLE silver.stg_orders AS SELECT 1 AS id",
    )
    engine.swap([Dataset("mart_sales", "marts", (), 0)])
    return engine


def test_rows_come_as_arrow_batches(published):
    reader = published.query("SELECT id FROM marts.mart_sales ORDER BY id")
    batches = list(reader)
    assert len(batches) > 1
    assert [value for batch in batches for value in batch.column(0).to_pylist()] == list(range(200_000))


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "sql",
    [
        "FROM marts.mart_sales LIMIT 1",
        "WITH x AS (SELECT 1) FROM x;",
        "DESCRIBE marts.mart_sales",
        "EXPLAIN SELECT 1",
        "SUMMARIZE marts.mart_sales",
        "SHOW ALL TABLES",
    ],
)
def test_statements_that_read_are_welcome(published, sql):
    assert published.query(sql).read_all().num_rows > 0


def test_whole_numbers_of_more_than_64_bits_stay_exact(published):
    sql = "SELECT sum(9007199254740993 + id - id)::VARCHAR AS said, sum(9007199254740993 + id - id) AS n FROM marts.mart_sales"
    (row,) = published.query(sql).read_all().to_pylist()
    assert str(row["n"]) == row["said"]


def test_the_build_file_shows_silver_and_the_warehouse_does_not(published):
    assert published.query("FROM silver.stg_orders", where="build").read_all().to_pylist() == [{"id": 1}]
    with pytest.raises(SelectionError, match=r"no table or view silver\.stg_orders"):
        published.query("FROM silver.stg_orders")


@pytest.mark.long
@pytest.mark.parametrize(
    ("sql", "kind", "said"),
    [
        (
            "FROM marts.mart_sale",
            SelectionError,
            r"(?s)no table or view mart_sale\.\n.*did you mean marts\.mart_sales\?",
        ),
        ("SELECT nam FROM marts.mart_sales", UsageError, r"(?s)column \"nam\" not found.*LINE 1.*did you mean"),
        ("SELEC 1", UsageError, r"(?s)syntax error at or near.*LINE 1: SELEC 1"),
        ("SELECT txt(1)", UsageError, r"Function with name txt does not exist"),
        ("SELECT 1; SELECT 2", UsageError, "2 statements were given"),
        ("", UsageError, "0 statements were given"),
        ("CREATE TABLE x AS SELECT 1", UsageError, "CREATE is not a statement that only reads"),
        ("COPY marts.mart_sales TO 'x.csv'", UsageError, "COPY is not a statement that only reads"),
        ("ATTACH 'x.duckdb'", UsageError, "ATTACH is not a statement that only reads"),
        ("SET threads = 1", UsageError, "SET is not a statement that only reads"),
        ("INSTALL httpfs", UsageError, "LOAD is not a statement that only reads"),
    ],
)
def test_a_fault_in_a_statement_is_told_in_words(published, sql, kind, said):
    with pytest.raises(kind, match=said):
        published.query(sql)


def test_a_fault_while_it_runs_shows_no_value(published):
    with pytest.raises(UsageError, match=r"stopped while it ran: ") as caught:
        published.query("SELECT name::INT FROM marts.mart_sales").read_all()
    assert "row 0" not in str(caught.value)


def test_before_the_first_run_it_says_what_to_do(engine):
    with pytest.raises(ConfigError, match=r"(?s)Nothing has been published yet.*`lakesmith run`"):
        engine.query("SELECT 1")
    with pytest.raises(ConfigError, match=r"(?s)Nothing has been built yet.*`lakesmith run`"):
        engine.query("SELECT 1", where="build")
    with pytest.raises(ConfigError, match="Nothing has been built yet"):
        engine.swap([])


def test_a_moved_project_still_answers(published, root):
    moved = root.with_name("moved")
    root.rename(moved)
    engine = type(published)(
        type(published._context)("local", None, moved, moved / ".lakesmith" / "build", moved / "warehouse")
    )
    assert engine.query("SELECT count(*) AS n FROM marts.mart_sales").read_all().to_pylist() == [{"n": 200_000}]
