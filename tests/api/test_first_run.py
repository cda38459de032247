"""The first run of a project over a database: what it brings in, and how often it opens its record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent))

from api_yard import Yard
from sqlalchemy import event
from sqlalchemy.pool import Pool

PROJECT = """
version: 1
name: shop
sources:
  shop: {type: postgres, url: "${env:SHOP_URL}", streams: {orders: {mode: replace}}}
"""
NEEDLESS = (
    "adbc_driver_manager.dbapi",
    "alembic",
    "lakesmith.api.alerts",
    "lakesmith.api.viewing",
    "mako",
    "polars",
)
"""What a run over a database has no use for, and would take a second of a processor to import."""
PROGRAM = """
import json, sys
import lakesmith
result = lakesmith.open(".").run()
known = set(json.loads(sys.argv[1]))
print(json.dumps([result.state, sum(load.counts.written for load in result.outcome.loads), str(result.page), sorted(known & sys.modules.keys())]))
"""


def test_a_run_over_a_database_imports_no_more_than_it_needs(tmp_path, shared_postgres):
    url = shared_postgres.database()
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(
            "create table orders as select i as id, md5(i::text)::uuid as reference from generate_series(1, 100) i"
        )
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    (tmp_path / ".env").write_text(f"SHOP_URL={url}\n")
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(NEEDLESS)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    state, written, page, needless = json.loads(told.stdout)
    assert (state, written, needless) == ("succeeded", 100, [])
    assert page.endswith("index.html")


def test_a_run_opens_its_record_once_and_the_page_has_its_end(tmp_path):
    yard = Yard(tmp_path / "yard")
    yard.put("notes/a.csv", "id", "1", "2")
    opened = []

    def note(connection, _record):
        [(_, _, file)] = connection.execute("pragma database_list").fetchall()
        opened.append(Path(file).name)

    event.listen(Pool, "first_connect", note)
    try:
        result = yard.run()
    finally:
        event.remove(Pool, "first_connect", note)
    assert opened.count("runs.db") == 1
    assert "2 rows loaded" in result.page.read_text()
