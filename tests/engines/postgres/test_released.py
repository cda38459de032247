"""What a run holds in the database, and that it lets go of it, however it ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

import lakesmith
from lakesmith.engines.postgres import PostgresEngine

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

PROJECT = """
version: 1
name: acme
sources: {shop: {type: files, streams: {orders: {files: "*.csv"}}}}
targets: {prod: {engine: postgres, url: "${env:WAREHOUSE}"}}
default_target: prod
"""
LOCKS = "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"


@pytest.fixture
def shop(tmp_path, url):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    (tmp_path / ".env").write_text(f"WAREHOUSE={url}\n")
    (tmp_path / "a.csv").write_text("id\n1\n")
    return tmp_path


def test_a_run_lets_go_of_the_engine(shop, admin):
    workshop = lakesmith.open(shop)._shop

    def fail():
        with workshop.engine_in_use():
            workshop.engine.attach([])
            assert admin(LOCKS) == [(2,)]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        fail()
    assert admin(LOCKS) == [(0,)]


@pytest.mark.long
def test_a_run_whose_tests_fail_leaves_no_lock_and_says_the_server(shop, admin):
    (shop / "dbt_project.yml").write_text("name: acme\nversion: 1.0.0\nprofile: lakesmith\n")
    (shop / "models" / "marts").mkdir(parents=True)
    (shop / "models" / "marts" / "mart_a.sql").write_text("select 1 / (id - 1) as x from bronze_shop.orders")
    project = lakesmith.open(shop)
    result = project.run()
    assert result.state == "failed"
    assert admin(LOCKS) == [(0,)]
    left = [path for path in shop.rglob("*") if path.is_file() and path.name != ".env"]
    assert [path for path in left if b"pass-word" in path.read_bytes()] == []
    told = {finding.subject: finding.text for finding in project.doctor()}
    assert "dbt-postgres" in told["packages"]
    assert "PostgreSQL 18" in told["warehouse"]


def test_a_file_that_a_killed_swap_left_goes_and_one_that_is_being_written_stays(
    engine: PostgresEngine, context, build
):
    from lakesmith.model.plans import Dataset

    folder = context.warehouse / "marts" / "mart_sales"
    folder.mkdir(parents=True)
    old, new = folder / ".v1.parquet.7-7.tmp", folder / ".v2.parquet.8-8.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    build("marts.mart_sales", "select 1 as x")
    engine.swap([Dataset("mart_sales", "marts", (), 0)])
    assert (old.exists(), new.exists()) == (False, True)


def test_the_engine_says_its_server_without_a_secret(engine):
    assert engine.tell().startswith("PostgreSQL 18")
    assert "pass-word" not in engine.tell()
