from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.engines.postgres import spelling as sql
from lakesmith.model.plans import EngineContext

sys.path.insert(0, str(Path(__file__).parents[2] / "servers"))


@pytest.fixture(scope="session")
def server(shared_postgres):
    return shared_postgres


@pytest.fixture
def url(server) -> str:
    return server.database()


@pytest.fixture
def context(tmp_path: Path, url: str) -> EngineContext:
    root = tmp_path / "acme's lake"
    root.mkdir()
    return EngineContext("prod", PostgresOptions(url=url), root, root / ".lakesmith" / "build", root / "warehouse")


@pytest.fixture
def engine(context: EngineContext):
    engine = PostgresEngine(context)
    yield engine
    engine._lock.release()


@pytest.fixture
def admin(url: str):
    """Run a statement as another client; return its rows."""
    with psycopg.connect(url, autocommit=True) as connection:

        def run(statement: str) -> list[tuple]:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def build(admin):
    """Make a table where the engine builds, as dbt would."""

    def make(relation: str, query: str, kind: str = "table") -> None:
        schema, _, name = relation.partition(".")
        aside = sql.build_schema("prod", schema)
        admin(f"create schema if not exists {sql.name(aside)}")
        admin(f"drop {kind} if exists {sql.relation(aside, name)}")
        admin(f"create {kind} {sql.relation(aside, name)} as {query}")

    return make
