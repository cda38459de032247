"""Child models of nested lists on PostgreSQL, where bronze has JSON and arrays: the cases and the expectations are those of DuckDB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import psycopg
import pytest
import yaml

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.model.plans import EngineContext

sys.path.insert(0, str(Path(__file__).parents[2] / "dbt"))
import standin
import test_package_children as children

pytestmark = pytest.mark.long
TABLES = {
    "orders": "_id text, shop integer, items jsonb, items__json text, _ls_seq bigint, _ls_op text",
    "tickets": "_id text, tag text, tag__json text, tags text[], _ls_seq bigint, _ls_op text",
    "numbers": "_id integer, sizes bigint[], sizes__string text",
    "places": "_id integer, place jsonb",
}


@pytest.fixture(scope="module")
def read(tmp_path_factory, server):
    """Reads what one dbt run made of all cases."""
    folder, url = tmp_path_factory.mktemp("children"), server.database()
    engine = PostgresEngine(EngineContext("t", PostgresOptions(url=url), folder, folder / "b", folder / "w"))
    engine.attach([])
    engine._lock.release()
    (folder / "models").mkdir()
    for name, text in children.MODELS.items():
        (folder / f"models/{name}.sql").write_text(text)
    (folder / "models/schema.yml").write_text(children.SCHEMA)
    (folder / "dbt_project.yml").write_text(
        "{name: children, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    profile = {"lakesmith": {"target": "t", "outputs": {"t": engine.profile()}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    standin.add_package(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        _fill(connection)
        command = [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", "build"]
        environment = {**os.environ, **engine.environment()}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        connection.execute("set search_path = ls_t_build__main, public")
        yield lambda statement: connection.execute(statement).fetchall()


def _fill(connection) -> None:
    """Make the tables that DuckDB's cases have, with lists and structs as PostgreSQL keeps them."""
    connection.execute("create schema bronze_app")
    with duckdb.connect() as cases:
        cases.execute(children.BRONZE)
        for table, columns in TABLES.items():
            connection.execute(f"create table bronze_app.{table} ({columns})")
            nested = {place for place, column in enumerate(columns.split(", ")) if column.endswith(" jsonb")}
            shown = [
                f"cast(to_json({column.split()[0]}) as varchar)" if place in nested else column.split()[0]
                for place, column in enumerate(columns.split(", "))
            ]
            rows = cases.execute(f"select {', '.join(shown)} from bronze_app.{table}").fetchall()
            places = ", ".join(["%s"] * len(shown))
            connection.cursor().executemany(f"insert into bronze_app.{table} values ({places})", rows)


@pytest.mark.parametrize("model", children.EXPECTED)
def test_every_element_is_a_row(read, model):
    order = "1" if model == "places" else "1, position"
    assert read(f"select * from {model} order by {order}") == children.EXPECTED[model]


def test_lists_in_lists_are_json_again(read):
    [(key, position, text)] = read("select * from grandchildren")
    assert (key, position, json.loads(text)) == ("a", 1, ["p", "q"])
