"""A sample that is copied into PostgreSQL: the part is never taken for the whole, nor the whole for the part."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.model.plans import EngineContext
from lakesmith.model.streams import StreamId
from lakesmith.model.types import INT, Field
from lakesmith.testing.bronze import LOADED_AT, BronzeTable, stamped, with_system

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))


SCHEMA = with_system(Field("id", INT, id=1))


@pytest.fixture(scope="module")
def url(shared_postgres):
    return shared_postgres.database()


def test_the_copy_follows_the_window_whichever_way_it_moves(url, tmp_path):
    context = EngineContext("dev", PostgresOptions(url=url), tmp_path, tmp_path / "build", tmp_path / "warehouse")
    engine, table = PostgresEngine(context), BronzeTable(tmp_path, StreamId("app", "orders"))
    files = []
    for week in range(5):
        rows = [row | {"_ls_loaded_at": LOADED_AT + timedelta(weeks=week)} for row in stamped([{"id": week}], week + 1)]
        files.append(table.write(f"w{week}", SCHEMA, rows))

    def attached(snapshot, count, since):
        window = None if since is None else LOADED_AT + timedelta(weeks=since)
        engine.attach([replace(table.at(snapshot, SCHEMA, *files[:count]), since=window)])
        with psycopg.connect(url) as connection:
            return [one for (one,) in connection.execute("select id from bronze_app.orders order by 1")]

    assert attached(1, 3, 1) == [1, 2]
    assert attached(1, 3, 1) == [1, 2]
    assert attached(2, 4, 2) == [2, 3]
    assert attached(2, 4, None) == [0, 1, 2, 3]
    assert attached(3, 5, None) == [0, 1, 2, 3, 4]
    assert attached(3, 5, 3) == [3, 4]
    assert attached(3, 5, 0) == [0, 1, 2, 3, 4]
