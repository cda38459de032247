"""Models over tables that others load: scaffolded from the real schema, built when these are fresh, kept when they are not."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from existing_acme import MORNING, Acme

POSTGRES = """
version: 1
name: acme
sources:
  legacy:
    type: existing
    schema: raw_airbyte
    loaded_by: airbyte
    max_age: 24h
    streams:
      customers: {key: id, newest_by: updated}
      orders: {table: "The Orders"}
default_target: prod
targets: {prod: {engine: postgres, url: "${env:LAKESMITH_TEST_WAREHOUSE}"}}
"""
TABLES = (
    "create schema raw_airbyte",
    'create table raw_airbyte.customers (id int, "Full {{Name}}" text, updated int, _airbyte_raw_id text, _airbyte_extracted_at timestamptz, _airbyte_meta jsonb, _ab_cdc_deleted_at text)',
    'create table raw_airbyte."The Orders" (id int, amount numeric(10, 2), _airbyte_extracted_at timestamp)',
)
CUSTOMERS = (
    "insert into raw_airbyte.customers values (1, 'Ada', 1, 'a', '{0}', '{{}}', null), (1, 'Ada L.', 2, 'b', '{0}', '{{}}', null),"
    " (2, 'Bob', 1, 'c', '{0}', '{{}}', null), (2, 'Bob', 2, 'd', '{0}', '{{}}', '{0}'), (3, 'Cy', 1, 'e', '{0}', '{{}}', null)"
)
MART = """select c.full_name, cast(sum(o.amount) as numeric(10, 2)) as amount, count(o.id) as orders
from {{ ref('stg_legacy__customers') }} as c left join {{ ref('stg_legacy__orders') }} as o on o.id = c.id group by 1"""


def mart(company: Acme, name: str = "mart_sales") -> list[tuple]:
    table = company.open().query(f"select * from marts.{name} order by 1").read_all()
    return [tuple(str(value) for value in row.values()) for row in table.to_pylist()]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(300)
def test_marts_are_built_from_what_is_fresh_and_keep_their_last_good_version_while_it_is_not(acme, tool):
    tool(*TABLES, CUSTOMERS.format(MORNING.isoformat()))
    tool(
        f"""insert into raw_airbyte."The Orders" values (1, 9.50, '{MORNING:%Y-%m-%d %H:%M}'), (3, 1, '2026-03-02 08:00')"""
    )
    company = acme(POSTGRES)
    changes = {change.path: change.content for change in company.open().scaffold()}
    assert sorted(changes) == [
        "models/silver/legacy/stg_legacy__customers.sql",
        "models/silver/legacy/stg_legacy__customers.yml",
        "models/silver/legacy/stg_legacy__orders.sql",
        "models/silver/legacy/stg_legacy__orders.yml",
        "models/sources.yml",
    ]
    company.model("marts/mart_sales", MART)
    company.model("marts/mart_orders", "select count(*) as orders from {{ ref('stg_legacy__orders') }}")
    first = company.open().run()
    assert (first.state, first.ok) == ("succeeded", True), first.outcome.errors
    assert mart(company) == [("Ada L.", "9.50", "1"), ("Cy", "1.00", "1")]
    assert company.open().run().state == "nothing_new"

    company.clock.time += timedelta(hours=23)
    tool(f"""insert into raw_airbyte."The Orders" values (3, 2, '{company.clock.time:%Y-%m-%d %H:%M}')""")
    company.clock.time += timedelta(hours=2)
    half = company.open().run()
    assert (half.state, half.ok) == ("warned", False)
    assert half.outcome.missed.startswith("legacy.customers was loaded last 2026-03-03 06:00")
    assert (mart(company), mart(company, "mart_orders")) == ([("Ada L.", "9.50", "1"), ("Cy", "1.00", "1")], [("3",)])
    again = company.open().run()
    assert (again.state, list(again.outcome.steps)) == ("warned", ["watch:legacy"])

    tool(f"update raw_airbyte.customers set _airbyte_extracted_at = '{company.clock.time.isoformat()}' where id = 3")
    assert company.open().run().ok
    assert mart(company) == [("Ada L.", "9.50", "1"), ("Cy", "3.00", "2")]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "dbt.cli.main",
            "source",
            "freshness",
            "--profiles-dir",
            ".lakesmith",
            "--no-use-colors",
        ],
        cwd=company.root,
        capture_output=True,
        text=True,
        check=False,
        env={**__import__("os").environ, **company.open()._shop.engine.environment()},
    )
    assert "ERROR STALE" in done.stdout, (
        done.stdout + done.stderr
    )  # by the real clock these rows are old or yet to come


DUCKDB = """
version: 1
name: acme
sources: {legacy: {type: existing, schema: raw_dlt, folder: drops, loaded_by: dlt, max_age: 24h}}
"""


def drop(root: Path, table: str, file: str, **columns) -> None:
    (root / "drops" / table).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), root / "drops" / table / f"{file}.parquet")


def loads(root: Path, number: int, at, status: int = 0) -> None:
    drop(
        root,
        "_dlt_loads",
        str(number),
        load_id=[str(number)],
        status=[status],
        inserted_at=pa.array([at], pa.timestamp("us", "UTC")),
    )


@pytest.fixture
def drops(tmp_path):
    company = Acme(tmp_path / "acme", DUCKDB)
    drop(company.root, "events", "1", id=[1, 2], EventName=["a", "b"], _dlt_load_id=["1", "1"], _dlt_id=["x", "y"])
    drop(company.root, "events__tags", "1", value=["t"], _dlt_parent_id=["x"], _dlt_list_idx=[0], _dlt_id=["z"])
    loads(company.root, 1, MORNING)
    return company


def test_files_are_looked_at_as_tables_are(drops):
    result = drops.open().run()
    assert {str(s): (g.verdict.state, g.seen.rows, g.seen.loaded_at) for s, g in result.outcome.glances.items()} == {
        "legacy.events": ("fresh", 2, MORNING),
        "legacy.events_tags": ("fresh", 1, MORNING),
    }
    drops.clock.time += timedelta(hours=25)
    loads(drops.root, 2, drops.clock.time, status=1)  # a load that did not end
    assert "legacy.events was loaded last 2026-03-03 06:00" in drops.open().run().outcome.missed
    loads(drops.root, 2, drops.clock.time)
    assert drops.open().run().ok
    (drops.root / "drops/events/2.parquet").write_bytes(b"PAR1 half of a file")
    assert drops.open().run().outcome.missed.startswith("legacy.events ")


def test_staging_leaves_out_bookkeeping_but_not_what_joins_and_takes_complete_loads_only(drops):
    changes = {change.path: change.content for change in drops.open().scaffold()}
    events = changes["models/silver/legacy/stg_legacy__events.sql"]
    assert '"EventName" as "event_name"' in events
    assert '_dlt_load_id" as' not in events
    assert '"_dlt_id" as "_dlt_id"' in events  # its tags are joined by it
    assert (
        """where "_dlt_load_id" in (select "load_id" from {{ source('legacy', '_dlt_loads') }} where "status" = 0)"""
        in events
    )
    [source] = yaml.safe_load(changes["models/sources.yml"])["sources"]
    assert (source["schema"], source["loader"]) == ("raw_dlt", "dlt")
    assert [(table["name"], table.get("identifier")) for table in source["tables"]] == [
        ("events", None),
        ("events_tags", "events__tags"),
        ("_dlt_loads", None),
    ]
    assert source["tables"][0]["config"] == {
        "loaded_at_query": 'select max("inserted_at") from "raw_dlt"."_dlt_loads" where "status" = 0',
        "freshness": {"error_after": {"count": 1, "period": "day"}},
    }


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(300)
def test_on_duckdb_models_read_the_files_of_complete_loads(drops):
    drops.open().scaffold()
    drops.model("marts/mart_events", "select id, event_name from {{ ref('stg_legacy__events') }}")
    drops.model("marts/mart_tags", "select value, _dlt_parent_id from {{ ref('stg_legacy__events_tags') }}")
    result = drops.open().run()
    assert result.ok, result.outcome.errors
    drop(drops.root, "events", "2", id=[3], EventName=["c"], _dlt_load_id=["2"], _dlt_id=["q"])
    loads(drops.root, 2, MORNING, status=1)
    assert drops.open().run().state == "succeeded"
    assert mart(drops, "mart_events") == [("1", "a"), ("2", "b")]
    loads(drops.root, 2, MORNING + timedelta(seconds=1))
    assert drops.open().run().state == "succeeded"
    assert mart(drops, "mart_events") == [("1", "a"), ("2", "b"), ("3", "c")]
    assert mart(drops, "mart_tags") == [("t", "x")]
    assert drops.open().run().state == "nothing_new"
    (drops.root / "drops/events__tags/1.parquet").unlink()
    lost = drops.open().run()
    assert lost.outcome.missed == "legacy.events_tags is not there, and models read it: no table in raw_dlt"
    assert mart(drops, "mart_tags") == [("t", "x")]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_selection_looks_only_at_what_its_models_read(drops):
    drops.describe(
        DUCKDB.replace("sources: {", 'sources: {yard: {type: files, root: yard, streams: {notes: {files: "*.csv"}}}, ')
    )
    (drops.root / "yard").mkdir()
    (drops.root / "yard/a.csv").write_text("id\n1\n")
    drops.clock.time += timedelta(days=2)  # all that dlt loaded is late now
    assert drops.open().run().state == "warned"
    drops.open().scaffold()
    drops.model("marts/mart_notes", "select id from {{ ref('stg_yard__notes') }}")
    drops.model("marts/mart_tags", "select value from {{ ref('stg_legacy__events_tags') }}")
    notes = drops.open().run(select=["source:yard+"])
    assert (notes.ok, dict(notes.outcome.glances)) == (True, {})
    tags = drops.open().run(select=["+mart_tags"])
    assert (tags.ok, [str(stream) for stream in tags.outcome.glances]) == (False, ["legacy.events_tags"])
    everything = drops.open().run()
    assert everything.state == "warned"
    assert mart(drops, "mart_notes") == [("1",)]
