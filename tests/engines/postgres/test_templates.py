"""The marts of the templates are the same tables on DuckDB and on PostgreSQL, day by day, by their canonical hash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

import lakesmith
from lakesmith.testing.hashing import differing, file_hashes, published_hashes

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
TARGETS = """
targets:
  local: {engine: duckdb}
  warehouse: {engine: postgres, url: "${env:LAKESMITH_TEST_WAREHOUSE}", bronze: local}
"""
DAYS = (1, 2, 3)


@pytest.fixture
def database(server, request, monkeypatch):
    name = f"of_{request.node.callspec.params['template'].replace('-', '_')}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            f"create database {name} template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'"
        )
    monkeypatch.setenv("LAKESMITH_TEST_WAREHOUSE", server.url(name))
    return server.url(name)


def call(folder: Path, *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("template", "scale", "marts"), [("b2b-sales", "0.1", 5), ("agency", "0.15", 3)])
def test_both_engines_make_the_same_marts(tmp_path, database, template, scale, marts):
    call(tmp_path, "lakesmith", "init", "acme", "--template", template)
    folder = tmp_path / "acme"
    project = folder / "lakesmith.yml"
    project.write_text(project.read_text() + TARGETS)
    for day in DAYS:
        call(folder, "lakesmith.simulate", ".", "--template", template, "--days", str(day), "--scale", scale)
        hashes = []
        for target in ("local", "warehouse"):
            call(folder, "lakesmith", "run", "--target", target)
            engine = lakesmith.open(folder, target=target)._shop.engine
            hashes += [published_hashes(engine), file_hashes(engine)]
        assert [differing(hashes[0], other) for other in hashes[1:]] == [[], [], []]
        assert len(hashes[0]) == marts
    with psycopg.connect(database) as connection:
        copied = connection.execute("select count(*) from pg_tables where schemaname like 'bronze%'").fetchone()
        assert copied == connection.execute("select count(*) from lakesmith.bronze").fetchone()
        assert "pass-word" not in (folder / ".lakesmith" / "profiles.yml").read_text()
