"""`grants`: the printed SQL is run on a real server, and then everybody tries what they may not."""

import os
import re
import sys
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import errors

import lakesmith
from lakesmith.api.granting import Roles, Section, grants
from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.errors import UsageError
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.plans import Dataset, EngineContext
from lakesmith.model.streams import StreamId
from lakesmith.model.types import LONG, Field, Schema

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "servers"), str(TESTS / "tools")]

from lake_servers import serve_postgres
from warm_lakesmith import run_lakesmith

PROJECT = """
version: 1
name: acme
sources:
  shop: {{type: files, streams: {{orders: {{files: "*.csv"}}}}}}
  billing: {{type: postgres, url: "${{env:BILLING}}", streams: {{payments: , "plans": {{table: sales.Plans}}}}}}
targets:
  prod: {{engine: postgres, url: "${{env:WAREHOUSE}}"{catalog}}}
  flat: {{engine: duckdb, lake: flat}}
"""


@pytest.fixture(scope="module")
def server():
    with serve_postgres() as running:
        yield running


@pytest.fixture
def shop(server, tmp_path):
    """A project whose warehouse, source and catalog are databases of a real server; the warehouse's login is `builder`."""
    (tmp_path / "lakesmith.yml").write_text(PROJECT.format(catalog=', catalog: "${env:CATALOG}"'))
    warehouse, billing, catalog = server.database(), server.database(), server.database()
    run(
        warehouse,
        "do $$ begin create role builder login password 'b'; exception when duplicate_object then null; end $$",
    )
    run(
        billing,
        'create table payments (id int); create schema sales; create table sales."Plans" (id int); create table salaries (id int)',
    )
    builder = warehouse.replace("lake:pass-word@", "builder:b@")
    (tmp_path / ".env").write_text(f"WAREHOUSE={builder}\nBILLING={billing}\nCATALOG={catalog}\n")
    return tmp_path, {"warehouse": warehouse, "billing": billing, "catalog": catalog, "builder": builder}


def run(url, *statements, role=None):
    with psycopg.connect(url, autocommit=True) as connection:
        if role:
            connection.execute(f"set role {role}")
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def refused(url, role, *statements):
    for statement in statements:
        with pytest.raises(errors.InsufficientPrivilege, match=r"permission denied|must be owner"):
            run(url, statement, role=role)


def apply(root, urls, times=1):
    """Run every section where its remark says."""
    for section in grants(lakesmith.open(root, target="prod")._shop) * times:
        text = " ".join(section.remarks)
        url = urls[
            "billing" if "source billing" in text else "catalog" if "catalog of the lake" in text else "warehouse"
        ]
        run(url, str(section))


def test_each_role_can_do_its_work_and_nothing_else(shop):
    root, urls = shop
    apply(root, urls, times=2)
    house = urls["warehouse"]
    loader, transformer, reader = (f"acme_prod_{role}" for role in ("loader", "transformer", "reader"))
    run(house, "create table bronze_shop.orders (id int)", "insert into bronze_shop.orders values (1)", role=loader)
    refused(house, loader, "create table marts.m (id int)", "create schema other", "create table public.x (id int)")
    refused(house, transformer, "insert into bronze_shop.orders values (2)", "drop table bronze_shop.orders")
    run(
        house,
        "select * from bronze_shop.orders",
        "create schema build",
        "create table build.b (id int)",
        "create table marts.m as select 1 as id",
        role=transformer,
    )
    assert run(house, "select * from marts.m", role=reader) == [(1,)]
    refused(
        house, reader, "insert into marts.m values (2)", "delete from marts.m", "drop table marts.m", "create table marts.x (id int)",
        "create schema mine", "select * from bronze_shop.orders", "select * from build.b", "create table public.x (id int)",
    )  # fmt: skip
    run(urls["billing"], "select * from payments", 'select * from sales."Plans"', role=loader)
    refused(urls["billing"], loader, "select * from salaries", "insert into payments values (1)", "drop table payments")
    refused(urls["billing"], reader, "select * from payments")
    refused(urls["billing"], transformer, "select * from payments")
    run(urls["catalog"], "create table iceberg_tables (id int)", "insert into iceberg_tables values (1)", role=loader)
    run(urls["catalog"], "select * from iceberg_tables", role=transformer)
    refused(urls["catalog"], transformer, "insert into iceberg_tables values (2)", "create table x (id int)")


@pytest.mark.long
def test_the_engine_works_under_its_login_and_readers_read_what_it_swaps(shop):
    root, urls = shop
    apply(root, urls)
    engine = PostgresEngine(
        EngineContext("prod", PostgresOptions(url=urls["builder"]), root, root / "build", root / "warehouse")
    )
    pq.write_table(pa.table({"id": pa.array([1, 2], pa.int64())}), root / "a.parquet")
    file = pa.table(
        {"id": pa.array([1, 2], pa.int64())},
        schema=pa.schema([pa.field("id", pa.int64(), metadata={"PARQUET:field_id": "1"})]),
    )
    pq.write_table(file, root / "a.parquet")
    for number in (1, 2):
        engine.attach(
            [
                BronzeSnapshot(
                    StreamId("shop", "orders"), number, Schema((Field("id", LONG, id=1),)), (str(root / "a.parquet"),)
                )
            ]
        )
        run(urls["builder"], 'create schema if not exists "ls_prod_build__marts"', 'drop table if exists "ls_prod_build__marts".m',
            f'create table "ls_prod_build__marts".m as select id, {number} as n from bronze_shop.orders')  # fmt: skip
        engine.swap([Dataset("m", "marts", (), 0)])
        assert run(urls["warehouse"], "select id, n from marts.m order by 1", role="acme_prod_reader") == [
            (1, number),
            (2, number),
        ]
        refused(urls["warehouse"], "acme_prod_reader", "delete from marts.m", "select * from bronze_shop.orders")


@pytest.mark.long
def test_no_secret_is_printed_and_a_target_without_roles_says_so(shop):
    root, _ = shop
    done = run_lakesmith(["grants", "--target", "prod"], root, os.environ)
    assert done.returncode == 0, done.stderr
    assert "pass-word" not in done.stdout
    assert "builder:b" not in done.stdout
    with pytest.raises(UsageError, match=r"(?s)'flat' builds on duckdb, which has no roles.*--for snowflake"):
        grants(lakesmith.open(root, target="flat")._shop)
    assert 'database "acme"' in str(grants(lakesmith.open(root, target="flat")._shop, "postgres")[1])


def test_snowflake_has_the_same_roles_in_its_own_words(shop):
    text = run_lakesmith(
        ["grants", "--for", "snowflake", "--target", "prod", "--database", "analytics"], shop[0], os.environ
    ).stdout
    statements = [line for line in text.splitlines() if line and not line.startswith("--")]
    assert all(one.endswith(";") for one in statements)
    known = r"(use role|create (role|database|warehouse|schema) if not exists|grant .+ (to role)) [A-Z_.a-z]+"
    assert [one for one in statements if not re.match(known, one)] == []
    to_reader = [one for one in statements if one.endswith("to role ACME_PROD_READER;")]
    assert to_reader
    assert not [
        one for one in to_reader if "BRONZE" in one or re.search(r"create|insert|update|delete|all privileges", one)
    ]
    assert "grant select on future views in schema ANALYTICS.MARTS to role ACME_PROD_READER;" in to_reader
    to_loader = [one for one in statements if one.endswith("to role ACME_PROD_LOADER;")]
    assert [one for one in to_loader if "MARTS" in one] == []


def test_long_names_make_three_roles_and_a_line_break_ends_no_comment():
    names = Roles.of("p" * 40, "t" * 40)
    found = [names.loader, names.transformer, names.reader]
    assert len({name.encode()[:63] for name in found}) == 3
    assert all(len(name) <= 63 for name in found)
    assert str(Section(("The database a\n; drop table b; --",), ())) == "-- The database a ; drop table b; --\n"
