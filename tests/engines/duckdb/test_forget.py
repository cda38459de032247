"""Tables that dbt is to make anew are taken out of the build file, and nothing else is."""

import duckdb
import pytest

from lakesmith.engines.duckdb import DuckDBEngine
from lakesmith.model.plans import EngineContext


@pytest.fixture
def engine(tmp_path):
    return DuckDBEngine(EngineContext("local", None, tmp_path, tmp_path / "build", tmp_path / "warehouse"))


def relations(engine):
    with duckdb.connect(str(engine.build_file), read_only=True) as build:
        rows = build.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
    return {name for (name,) in rows}


def test_tables_are_taken_out_and_views_and_strangers_stay(engine):
    engine.build_file.parent.mkdir()
    with duckdb.connect(str(engine.build_file)) as build:
        build.execute(
            'create schema silver; create table silver.a as select 1 as x; create table silver."B b" as select 2 as x'
        )
        build.execute("create view silver.seen as select 3 as x; create table silver.stays as select 4 as x")
    engine.forget(["silver.a", "silver.B b", "silver.seen", "silver.never_built"])
    assert relations(engine) == {"silver.seen", "silver.stays"}


def test_nothing_is_made_where_nothing_was_built(engine):
    engine.forget(["silver.a"])
    assert not engine.build_file.exists()
