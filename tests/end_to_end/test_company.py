"""Three days of the demo company: after each run every mart equals the truth, value by value, by two ways of reading."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from e2e_company import HEAVY, Life
from e2e_files import bronze_requests, bronze_rows, csv_rows, log_rows

import lakesmith
from lakesmith.simulate import MART_COLUMNS, truth

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
STAGES = ("day_1", "day_2", "day_3", "resent")
REPORTS = ("mart_monthly_sales", "mart_lead_conversion")
PARSERS = {date: date.fromisoformat, Decimal: Decimal, int: int, str: str}

# One small mistake per mart, as a person could make it in the model: what stands there, and what would stand there instead.
MUTANTS = (
    ("mart_monthly_sales", "where is_sale", "where true"),
    ("mart_monthly_sales", "date_trunc('month'", "date_trunc('quarter'"),
    ("mart_customer_value", ">= 2000", "> 20000"),
    ("mart_customer_value", "max(ordered_on)", "min(ordered_on)"),
    ("mart_lead_conversion", "where was_qualified", "where was_contacted"),
    ("mart_lead_conversion", "group by 1, 2", "group by 1, 2 having count(*) > 1"),
    ("mart_traffic", "count(distinct visitor_id)", "count(visitor_id)"),
    ("mart_daily_metrics", "where is_converted", "where was_qualified"),
    ("mart_daily_metrics", "coalesce(sales.sales, 0)", "sales.sales"),
)


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    return Life(tmp_path_factory.mktemp("life"))


@pytest.fixture(params=STAGES)
def stage(request, life):
    return getattr(life, request.param)


def expected(life, stage, mart):
    return Counter(truth(life.company, stage.through, cut_short=stage.cut_short)[mart])


@pytest.mark.parametrize("mart", MART_COLUMNS)
def test_the_python_api_reads_the_truth(life, stage, mart):
    table = lakesmith.open(stage.readers.root).table(f"marts.{mart}")
    assert table.to_polars().columns == [*MART_COLUMNS[mart], "_ls_built_at"]
    found = table.to_arrow().select(list(MART_COLUMNS[mart])).to_pylist()
    assert Counter(tuple(row.values()) for row in found) == expected(life, stage, mart)


@pytest.mark.parametrize("mart", MART_COLUMNS)
def test_the_published_parquet_holds_the_truth(life, stage, mart):
    folder = stage.readers.root / "final" / f"table={mart}" / life.date(stage.through)
    frame = pl.read_parquet(folder / "*.parquet", hive_partitioning=False)
    assert Counter(frame.select(MART_COLUMNS[mart]).iter_rows()) == expected(life, stage, mart)


@pytest.mark.parametrize("mart", REPORTS)
def test_the_published_csv_holds_the_truth(life, stage, mart):
    wanted = expected(life, stage, mart)
    kinds = [PARSERS[type(value)] for value in next(iter(wanted))]
    folder = stage.readers.root / "final" / f"report={mart}" / life.date(stage.through)
    with (folder / f"{mart}.csv").open(newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert header == [*MART_COLUMNS[mart], "_ls_built_at"]
    found = Counter(tuple(kind(text) for kind, text in zip(kinds, row, strict=False)) for row in rows)
    assert found == wanted


@pytest.mark.parametrize(("mart", "right", "wrong"), MUTANTS)
def test_a_mistake_in_a_model_is_noticed(life, mart, right, wrong):
    wanted = expected(life, life.resent, mart)
    [model] = life.home.root.glob(f"target/compiled/acme/models/marts/*/{mart}.sql")
    sql = model.read_text()
    assert right in sql
    columns = ", ".join(MART_COLUMNS[mart])
    with duckdb.connect(life.home.root / ".lakesmith/build/local.duckdb", read_only=True) as build:
        build.execute("set timezone = 'UTC'")
        found = [
            Counter(build.sql(f"select {columns} from ({text})").fetchall())
            for text in (sql, sql.replace(right, wrong))
        ]
    assert found[0] == wanted
    assert found[1] != wanted


def test_a_run_with_nothing_new_says_so_and_touches_nothing(life):
    assert life.idle.ran.code == 0
    assert "Nothing new since 20" in life.idle.ran.out
    assert life.idle.metadata[0] == life.idle.metadata[1]
    assert not life.idle.moved


def test_a_run_with_nothing_new_imports_nothing_heavy(life):
    assert "lakesmith.run.survey" in life.idle.imported
    assert not {name for name in life.idle.imported if name.partition(".")[0] in HEAVY}


def test_a_stream_and_what_follows_from_it(life):
    ran, tables, marts = life.selections[0]
    assert ran.loaded().keys() == tables == {"backoffice.leads"}
    assert marts == {"mart_lead_conversion"}


def test_a_mart_and_what_it_comes_from(life):
    ran, tables, marts = life.selections[1]
    assert ran.loaded().keys() == tables == {"backoffice.weblogs"}
    assert marts == {"mart_traffic"}


def test_a_tag_builds_and_loads_nothing(life):
    ran, tables, marts = life.selections[2]
    assert ran.loaded() == {}
    assert not tables
    assert marts == set(REPORTS)


def test_the_next_plain_run_does_the_rest(life):
    ran, tables, marts = life.selections[3]
    assert ran.loaded().keys() == tables == {"backoffice.companies"}
    assert marts == set(MART_COLUMNS)


def test_what_was_committed_before_the_kill_stayed(life):
    assert life.killed == {"backoffice.companies"}
    assert life.day_3.ran.loaded().keys() == {"backoffice.leads", "backoffice.weblogs"}


def test_of_the_file_sent_again_only_the_rest_is_read(life):
    [load] = life.resent.ran.json()["loads"]
    assert load["stream"] == "backoffice.companies"
    assert 0 < load["written"] < life.company.daily_rows / 2


@pytest.mark.parametrize("stream", ["companies", "customers", "products", "orders", "leads"])
def test_bronze_holds_the_files_record_by_record(life, stream):
    paths = sorted(life.data.glob(f"init/{stream}.csv"))
    daily = {"companies": "companycsv.csv", "leads": "leadcsv.csv"}.get(stream)
    paths += sorted(life.data.glob(f"raw/*/{daily}")) if daily else []
    intact, broken = csv_rows(*paths)
    assert bronze_rows(life.home.bronze(f"backoffice.{stream}")) == intact
    waiting = list(lakesmith.open(life.home.root).quarantine(f"backoffice.{stream}"))
    torn = (
        1 if stream == "companies" else 0
    )  # the record in the middle of which a file was cut short; it came whole later
    assert len(waiting) == len(broken) + torn > 0
    assert len({row.where for row in waiting}) == len(waiting)


def test_bronze_holds_the_requests_line_by_line(life):
    requests, broken = log_rows(*sorted(life.data.glob("raw/*/weblogs.log")))
    assert bronze_requests(life.home.bronze("backoffice.weblogs")) == requests
    assert len(list(lakesmith.open(life.home.root).quarantine("weblogs"))) == broken > 0
