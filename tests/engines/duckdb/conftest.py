from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from lakesmith.engines.duckdb import DuckDBEngine, DuckDBOptions
from lakesmith.model.plans import EngineContext


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "acme's [1] * lake"
    folder.mkdir()
    return folder


@pytest.fixture
def engine(root: Path) -> DuckDBEngine:
    options = DuckDBOptions(threads=2, memory_limit="500MB")
    return DuckDBEngine(EngineContext("local", options, root, root / ".lakesmith" / "build", root / "warehouse"))


@pytest.fixture
def build(engine: DuckDBEngine):
    """Run statements in the build file, as dbt would."""

    def run(*statements: str) -> None:
        engine.build_file.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(engine.build_file) as connection:
            for statement in statements:
                connection.execute(statement)

    return run
