"""What dbt is told, and that dbt can work with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from lakesmith.engines.duckdb import DuckDBEngine, DuckDBOptions
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.plans import Dataset, EngineContext
from lakesmith.model.protocols import Engine
from lakesmith.model.streams import StreamId
from lakesmith.model.types import LONG, Field, Schema


def test_the_profile_names_a_relative_path_that_the_environment_can_change(engine):
    assert engine.profile() == {
        "type": "duckdb",
        "path": "{{ env_var('LAKESMITH_BUILD', '.lakesmith/build/local.duckdb') }}",
        "threads": 2,
        "config_options": {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
        "settings": {"TimeZone": "UTC", "threads": 2, "memory_limit": "500MB"},
    }


def test_the_engine_fits_its_seam(engine):
    seam: Engine = engine
    assert seam.Options is DuckDBOptions


@pytest.mark.parametrize("options", [{"threads": 0}, {"memory_limit": "lots"}, {"memory_limit": "4"}, {"thread": 1}])
def test_options_that_cannot_be_meant_are_refused(options):
    with pytest.raises(ValidationError, match="validation error"):
        DuckDBOptions(**options)


@pytest.mark.parametrize("options", [{}, {"threads": 1, "memory_limit": "60%"}, {"memory_limit": "1.5 GiB"}])
def test_options_reach_duckdb(root, build, options):
    context = EngineContext("local", DuckDBOptions(**options), root, root / ".lakesmith" / "build", root / "warehouse")
    build("SELECT 1")
    sql = "SELECT current_setting('threads')::INT AS n, current_setting('autoload_known_extensions') AS auto"
    (row,) = DuckDBEngine(context).query(sql, where="build").read_all().to_pylist()
    assert row == {"n": options.get("threads", row["n"]), "auto": False}


def write_project(root: Path, engine: DuckDBEngine) -> None:
    (root / "models").mkdir()
    (root / "models" / "mart_ids.sql").write_text(
        "{{ config(materialized='table', schema='marts') }} SELECT id, now() AS at FROM bronze_app.orders"
    )
    (root / "dbt_project.yml").write_text("name: acme\nversion: '1.0'\nprofile: acme\nmodel-paths: [models]\n")
    profile = {"acme": {"target": "local", "outputs": {"local": engine.profile()}}}
    (root / "profiles.yml").write_text(json.dumps(profile))


@pytest.mark.long
@pytest.mark.slow
def test_dbt_builds_on_attached_bronze_and_the_swap_publishes_it(engine, root):
    schema = Schema((Field("id", LONG, id=1),))
    arrow = pa.schema([pa.field("ident", pa.int64(), metadata={"PARQUET:field_id": "1"})])
    pq.write_table(pa.table({"ident": [1, 2, 3]}, schema=arrow), root / "a.parquet")
    engine.attach([BronzeSnapshot(StreamId.parse("app.orders"), 1, schema, (str(root / "a.parquet"),))])
    write_project(root, engine)
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        "--profiles-dir",
        ".",
        "--no-send-anonymous-usage-stats",
    ]
    environment = {**os.environ, "DO_NOT_TRACK": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    engine.swap([Dataset("mart_ids", "main_marts", (), 0)])
    assert engine.query("SELECT id FROM main_marts.mart_ids ORDER BY id").read_all().to_pydict() == {"id": [1, 2, 3]}
