"""A project that models its own runs, on DuckDB and on PostgreSQL, from the record to the marts."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from contextlib import closing

import psycopg
import pytest
from e2e_home import Home

import lakesmith

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
TABLES = ["runs", "steps", "loads", "checks", "drift", "errors", "costs", "judgements", "incidents"]
PROJECT = """version: 1
name: pipe
sources:
  shop: {{type: files, root: data, streams: {{orders: {{files: "*.csv"}}}}}}
  telemetry: {{type: lakesmith, streams: [{tables}]}}
publish: {{tables: {{select: marts, format: parquet, path: "final/{{name}}/"}}}}
{target}
"""
POSTGRES = 'default_target: here\ntargets:\n  here: {engine: postgres, url: "${env:WAREHOUSE_URL}"}\n'
TAGGED = "select query, application_name from pg_stat_activity where pid = pg_backend_pid()\n"


@pytest.fixture(params=["duckdb", "postgres"])
def project(request, tmp_path):
    made = Home(tmp_path).lakesmith("init", "pipe")
    assert made.code == 0, made.err
    home, target, address = Home(tmp_path / "pipe"), "", None
    if request.param == "postgres":
        address, target = request.getfixturevalue("shared_postgres").database(), POSTGRES
        (home.root / ".env").write_text(f"WAREHOUSE_URL={address}\n")
        (home.root / "models" / "marts").mkdir(parents=True, exist_ok=True)
        (home.root / "models" / "marts" / "mart_statement.sql").write_text(TAGGED)
    tables = ", ".join(f"lakesmith_{name}" for name in TABLES)
    (home.root / "lakesmith.yml").write_text(PROJECT.format(tables=tables, target=target))
    (home.root / "data").mkdir()
    return home, address


def deliver(home, day, rows):
    (home.root / "data" / f"{day}.csv").write_text("id,price\n" + "".join(f"{day}{at},{at}\n" for at in range(rows)))


def test_the_marts_say_what_the_record_says_and_rest_when_there_is_nothing_new(project):
    home, address = project
    deliver(home, 1, 30)
    home.run()
    done = home.lakesmith("scaffold", "telemetry")
    assert done.code == 0, done.err
    deliver(home, 2, 12)
    for _ in range(5):
        if "Nothing new" in home.lakesmith("run").out:
            break
    else:
        pytest.fail("five runs after the last delivery there is still something new")
    runs, loads = recorded(home)
    daily = lakesmith.open(home.root).table("marts.mart_pipeline_daily").to_arrow().to_pylist()
    days = defaultdict(lambda: [0, 0])
    seen = read_runs(home)
    for run_id, (day, read) in runs.items():
        if run_id in seen:
            days[day][0] += 1
            days[day][1] += read
    assert {str(row["finished_on"]): [row["runs"], row["rows_read"]] for row in daily} == dict(days)
    health = lakesmith.open(home.root).table("marts.mart_table_health").to_arrow().to_pylist()
    by_name = {row["table_name"]: row for row in health}
    assert by_name["shop.orders"]["rows_written_7d"] == loads["shop.orders"] == 42
    assert by_name["shop.orders"]["table_rows"] == 42
    assert {f"telemetry.lakesmith_{name}" for name in TABLES} <= set(by_name)
    assert not [name for name in by_name if name.endswith(".*")]
    assert {row["verdict"] for row in health} <= {"unknown", "warn", "bad"}, "nothing promises freshness here: not good"
    again = json.loads(home.lakesmith("scaffold", "telemetry", "--json").out)
    assert {row["what"] for row in again["files"]} == {"unchanged"}
    if address:
        with psycopg.connect(address) as connection:
            [(statement, application)] = connection.execute("select * from marts.mart_statement").fetchall()
        said = json.loads(statement.partition("/* ")[2].partition(" */")[0])
        assert application == "lakesmith dbt"
        assert said.pop("run") in runs
        assert said == {"app": "lakesmith", "step": "build", "target": "here", "model": "model.pipe.mart_statement"}


def recorded(home):
    """Return each run's day and rows read, and the rows written by stream, from the run store itself."""
    with closing(sqlite3.connect(home.root / ".lakesmith" / "runs.db")) as connection:
        runs = connection.execute(
            "select run_id, substr(finished_at, 1, 10), (select coalesce(sum(rows_read), 0) from table_load l"
            " where l.run_id = run.run_id) from run"
        ).fetchall()
        loads = connection.execute("select stream, sum(rows_written) from table_load group by stream").fetchall()
    return {run_id: (day, read) for run_id, day, read in runs}, dict(loads)


def read_runs(home):
    """Return the runs that came into the lake, each once."""
    shop = lakesmith.open(home.root)._shop
    table = shop.lake.open_catalog().load_table(("telemetry", "lakesmith_runs")).scan().to_arrow()
    ids = table["run_id"].to_pylist()
    assert len(ids) == len(set(ids))
    return set(ids)
