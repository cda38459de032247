"""Stores that earlier versions made, each kept as the statements that make it again: they open, and keep every row."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL, NOON
from store_tables import columns_of

from lakesmith.errors import StorageUnavailableError
from lakesmith.model.events import RunFinished
from lakesmith.monitor import tables
from lakesmith.monitor.making import NEWEST
from lakesmith.monitor.reading import History
from lakesmith.monitor.store import RunStore

OLD = sorted((Path(__file__).parent / "stores").glob("*.sql"))


def rows_of(path):
    """Every row of every table of a file, by the names of its columns."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        return {
            name: [dict(row) for row in connection.execute(f"select * from {name}")]
            for name in names
            if not name.startswith("sqlite_")
        }


def made_again(dump, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text())


def test_there_is_a_store_of_every_version():
    assert [dump.stem for dump in OLD] == [f"{number:04}" for number in range(1, int(NEWEST) + 1)]


@pytest.mark.parametrize("dump", OLD, ids=lambda dump: dump.stem)
def test_an_old_store_opens_with_all_its_rows_and_takes_new_ones(dump, path, host, tmp_path):
    made_again(dump, path)
    before = rows_of(path)
    assert before.pop("alembic_version") == [{"version_num": dump.stem}]
    assert sum(map(len, before.values())) >= 9
    store = RunStore.at(path, host=host)
    after = rows_of(path)
    assert after["alembic_version"] == [{"version_num": NEWEST}]
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]] if rows else after[table]
        assert kept == rows, table
    fresh = create_engine(f"sqlite:///{tmp_path}/fresh.db")
    tables.metadata.create_all(fresh)
    assert columns_of(store.engine) == columns_of(fresh)
    fresh.dispose()
    history = History(store, now=NOON)
    assert [(run.run_id, run.state) for run in history.runs()] == [("r1", "warned")]
    assert [(load.stream, load.ordinal, load.rows_written) for load in history.loads()] == [("app.orders", 5, 7)]
    for event in ALL:
        store.record(event)
    store.record(RunFinished("r1", NOON + timedelta(days=1), "failed", "again"))
    assert len(history.loads()) == 2
    store.close()


def test_a_migration_that_is_cut_off_leaves_the_store_as_it_was_and_goes_through_later(path, host, monkeypatch):
    made_again(OLD[0], path)
    before = rows_of(path)

    def cut_off(_config, _head):
        _config.attributes["connection"].execute(text("alter table run add column half text"))
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.command.upgrade", cut_off)
        with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
            RunStore.at(path, host=host)
    assert rows_of(path) == before
    RunStore.at(path, host=host).close()
    assert rows_of(path)["alembic_version"] == [{"version_num": NEWEST}]


def test_a_store_that_somebody_else_is_changing_is_waited_for(path, host, monkeypatch):
    monkeypatch.setattr("lakesmith.monitor.databases.BUSY_TIMEOUT_S", 0.2)
    made_again(OLD[0], path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StorageUnavailableError, match="locked"):
            RunStore.at(path, host=host)
        other.execute("rollback")
    RunStore.at(path, host=host).close()
