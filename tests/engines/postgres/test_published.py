"""Tested tables in schemas that people read, grant rights on, and hold open."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal as Number
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.errors import ConfigError, RetriableError, SelectionError, TransformError, UsageError
from lakesmith.model.plans import Dataset, EngineContext

SALES = Dataset("mart_sales", "marts", (), 0, ("daily",), "It's 100 % of sales", "2026-01-02T03:04:05Z")


def swap(engine, build, day: int = 1):
    build("marts.mart_sales", f"select n as id, {day} as day from generate_series(1, {day * 3}) as n")
    return engine.swap([SALES])


def test_values_survive_exactly(engine, build):
    build(
        "main.odd",
        """select 123456789012345678901234567890.12345678::numeric(38, 8) as amount, 45::numeric as total, 2.0/3 as third,
        timestamptz '2026-03-29 03:30:00.123456+02' as at, timestamp '1583-01-01 00:00:00.000001' as naive,
        date '0001-01-01' as day, 'größe' as "Text ""x"" y", time '10:11:12' as clock, '{"a": 1}'::jsonb as doc,
        array[1, null] as list, array['x', null] as texts, '\\xff00'::bytea as raw, 0.1::float8 as real, 'ab'::char(4) as padded,
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as id, null::int as nothing, 7::smallint as small""",
    )
    (odd,) = engine.swap([Dataset("odd", "main", (), 0)])
    row = {
        "amount": Number("123456789012345678901234567890.12345678"),
        "total": Number(45),
        "third": Number("0.66666666666666666667").quantize(Number("1e-18")),
        "at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
        "naive": datetime(1583, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 - a timestamp without zone is what is tested
        "day": date(1, 1, 1),
        'Text "x" y': "größe",
        "clock": "10:11:12",
        "doc": '{"a": 1}',
        "list": [1, None],
        "texts": ["x", None],
        "raw": b"\xff\x00",
        "real": 0.1,
        "padded": "ab",
        "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "nothing": None,
        "small": 7,
    }
    assert pq.read_table(odd.files[0]).to_pylist() == [row]
    assert engine.query("select * from main.odd").read_all().to_pylist() == [row]
    assert str(pq.read_schema(odd.files[0]).field("total").type) == "decimal128(38, 9)"


@pytest.mark.long
@pytest.mark.parametrize(
    "value", ["'NaN'::numeric", "'infinity'::date", "'-infinity'::timestamptz", "array[array[1]]", "1e30 / 3"]
)
def test_what_a_file_cannot_hold_stops_the_swap(engine, build, admin, value):
    swap(engine, build)
    build("marts.mart_bad", f"select {value} as x")
    with pytest.raises(TransformError, match=r"A value of marts\.mart_bad cannot be written to Parquet"):
        engine.swap([SALES, Dataset("mart_bad", "marts", (), 0)])
    assert admin("select count(*) from marts.mart_sales") == [(3,)]


def test_rights_and_comments_go_with_the_schema(engine, build, admin):
    swap(engine, build)
    admin("drop role if exists reader_of_marts")
    admin("create role reader_of_marts")
    admin("grant usage on schema marts to reader_of_marts")
    admin("alter default privileges in schema marts grant select on tables to reader_of_marts")
    admin("grant select on marts.mart_sales to public")
    build("marts.mart_new", "select 1 as x")
    engine.swap([Dataset("mart_new", "marts", (), 0)])
    swap(engine, build, 2)
    for name in ("mart_sales", "mart_new"):
        assert admin(f"select has_table_privilege('reader_of_marts', 'marts.{name}', 'select')") == [(True,)]
    assert admin("select has_table_privilege('reader_of_marts', 'marts.mart_new', 'insert')") == [(False,)]
    assert admin("select obj_description('marts.mart_sales'::regclass)") == [("It's 100 % of sales",)]


@pytest.mark.long
def test_a_person_who_reads_for_long_keeps_nobody_waiting(engine, build, url, admin):
    swap(engine, build)
    with psycopg.connect(url) as reader:
        assert reader.execute("select count(*) from marts.mart_sales").fetchall() == [(3,)]
        for day in (2, 3, 4):
            swap(engine, build, day)
        assert admin("select count(*) from marts.mart_sales") == [(12,)]
    schemas = "select count(*) from pg_namespace where nspname like 'marts%'"
    assert admin(schemas) > [(1,)]
    swap(engine, build, 5)
    assert admin(schemas) == [(1,)]
    assert admin("select count(*) from pg_tables where schemaname = 'ls_prod_published'") == [(2,)]


def test_a_view_that_somebody_built_on_a_mart_is_not_destroyed(engine, build, admin):
    swap(engine, build)
    admin("create view public.mine as select id from marts.mart_sales")
    for day in (2, 3):
        swap(engine, build, day)
    assert admin("select count(*) from public.mine") == [(3,)]
    assert admin("select count(*) from marts.mart_sales") == [(9,)]


def test_a_schema_of_somebody_else_is_not_taken_away(engine, build, admin):
    admin("create schema marts")
    admin("create table marts.theirs as select 1 as x")
    with pytest.raises(ConfigError, match=r"The schema marts belongs to somebody else"):
        swap(engine, build)
    assert admin("select x from marts.theirs") == [(1,)]


def test_another_target_does_not_take_over_a_schema(engine, context, build, admin):
    swap(engine, build)
    dev = PostgresEngine(EngineContext("dev", context.options, context.root, context.build, context.root / "dev"))
    admin("create schema ls_dev_build__marts")
    admin("create table ls_dev_build__marts.mart_sales as select 1 as x")
    with pytest.raises(ConfigError, match=r"belongs to the target 'prod'"):
        dev.swap([SALES])
    dev._lock.release()
    assert admin("select count(*) from marts.mart_sales") == [(3,)]


def test_an_empty_schema_that_was_made_for_us_is_used(engine, build, admin):
    admin("create schema marts")
    swap(engine, build)
    assert admin("select count(*) from marts.mart_sales") == [(3,)]


def test_files_that_are_missing_here_are_written_again(engine, context, build, tmp_path):
    (sales,) = swap(engine, build)
    Path(sales.files[0]).unlink()
    assert engine.published() == (sales,)
    assert pq.read_table(sales.files[0]).num_rows == 3
    elsewhere = PostgresEngine(EngineContext("prod", context.options, tmp_path, tmp_path / "b", tmp_path / "w"))
    (there,) = elsewhere.published()
    assert pq.read_table(there.files[0]).num_rows == 3


def test_indexes_of_the_model_come_along(engine, build, admin):
    build("marts.mart_sales", "select 1 as id")
    admin("create unique index on ls_prod_build__marts.mart_sales (id)")
    engine.swap([SALES])
    assert len(admin("select indexname from pg_indexes where schemaname = 'ls_prod_published'")) == 1


def test_a_session_that_was_lost_while_dbt_built_swaps_nothing(engine, build, admin):
    swap(engine, build)
    engine.attach([])
    held = engine._lock.take().info.backend_pid
    admin(f"select pg_terminate_backend({held})")
    with pytest.raises(RetriableError, match="session that keeps other runs out was lost"):
        swap(engine, build, 2)
    assert admin("select count(*) from marts.mart_sales") == [(3,)]
    swap(engine, build, 2)


def test_a_model_that_was_built_where_readers_look_is_named(engine, admin):
    admin("create schema elsewhere")
    admin("create table elsewhere.mart as select 1 as x")
    with pytest.raises(
        TransformError, match=r"(?s)elsewhere\.mart was not built where this target builds.*lakesmith\.schema_name"
    ):
        engine.swap([Dataset("mart", "elsewhere", (), 0)])


@pytest.mark.long
@pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        ("select nam from marts.mart_sales", UsageError, r'(?s)column "nam" does not exist.*LINE 1: select nam.*\^'),
        ("selec 1", UsageError, "syntax error at or near"),
        ("", UsageError, "not a statement that only reads"),
        ("set jit = on", UsageError, "SET is not a statement that only reads"),
        ("copy marts.mart_sales to stdout", UsageError, "COPY is not a statement that only reads"),
        (
            "with x as (delete from marts.mart_sales returning 1) select * from x",
            UsageError,
            "must be at the top level",
        ),
        ("select 1 as a into marts.x", UsageError, "statement"),
        ("explain analyze delete from marts.mart_sales", UsageError, "statement"),
        ("select * from silver.stg_orders", SelectionError, r"no table or view silver\.stg_orders"),
        ("select ('secret' || id)::int from marts.mart_sales", UsageError, "stopped while it ran"),
    ],
)
def test_a_fault_in_a_statement_is_told_in_words(engine, build, admin, statement, kind, said):
    swap(engine, build)
    with pytest.raises(kind, match=said) as caught:
        engine.query(statement).read_all()
    assert "secret" not in str(caught.value).replace(statement, "")
    assert admin("select count(*) from marts.mart_sales") == [(3,)]


@pytest.mark.long
@pytest.mark.parametrize(
    "statement",
    [
        "values (1)",
        "table marts.mart_sales;",
        "-- note\nwith x as (select 1 as y) select * from x",
        "(select 1)",
        "explain select 1",
        "show timezone",
    ],
)
def test_statements_that_read_are_welcome(engine, build, statement):
    swap(engine, build)
    assert engine.query(statement).read_all().num_rows > 0


def test_the_build_bears_the_names_of_the_project(engine, build, admin):
    swap(engine, build)
    build("silver.stg_orders", "select 7 as id")
    build("marts.mart_sales", "select 8 as id")
    both = "select * from silver.stg_orders union all select id from marts.mart_sales"
    assert engine.query(both, where="build").read_all().to_pylist() == [{"id": 7}, {"id": 8}]
    assert engine.query("select count(*) as n from marts.mart_sales").read_all().to_pylist() == [{"n": 3}]
    assert admin("select count(*) from pg_namespace where nspname = 'silver'") == [(0,)]


@pytest.mark.long
def test_duplicate_names_and_many_batches(engine, build):
    swap(engine, build)
    reader = engine.query("select n as x, n::text as x, repeat('y', 100) from generate_series(1, 400000) as n")
    assert reader.schema.names == ["x", "x", "repeat"]
    assert sum(batch.num_rows for batch in reader) == 400_000


@pytest.mark.long
def test_asking_imports_nothing_heavy(engine, context, build):
    swap(engine, build)
    code = f"""
import sys
from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.model.plans import EngineContext
from pathlib import Path
root = Path({str(context.root)!r})
engine = PostgresEngine(EngineContext("prod", PostgresOptions(url={context.options.url!r}), root, root / "b", root / "warehouse"))
assert engine.published() and engine.read_manifest() and engine.has_build() and engine.profile()
print(sorted({{"duckdb", "pyarrow", "polars", "pyiceberg", "dbt", "adbc_driver_manager"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OLD = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.long
@pytest.mark.skipif(not OLD.is_dir(), reason="no PostgreSQL 15 here")
def test_an_older_server_is_refused_with_its_version(tmp_path, monkeypatch):
    import lake_servers

    monkeypatch.setattr(lake_servers, "_programs", lambda: OLD)  # which server the tests start
    with lake_servers.serve_postgres() as old:
        options = PostgresOptions(url=old.url())
        engine = PostgresEngine(EngineContext("prod", options, tmp_path, tmp_path / "b", tmp_path / "w"))
        with pytest.raises(ConfigError, match="This PostgreSQL is version 15; the engine needs 16 or newer"):
            engine.read_manifest()
