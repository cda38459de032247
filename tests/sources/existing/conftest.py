from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "servers")]
from existing_acme import Acme


@pytest.fixture(scope="session")
def server(shared_postgres):
    return shared_postgres


@pytest.fixture
def url(server) -> str:
    return server.database()


@pytest.fixture
def tool(url):
    """Run statements as the other tool."""

    def run(*statements: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    return run


@pytest.fixture
def acme(tmp_path, url, monkeypatch):
    """Make a project whose target is a real PostgreSQL."""
    monkeypatch.setenv("LAKESMITH_TEST_WAREHOUSE", url)
    return lambda text: Acme(tmp_path / "acme", text)
