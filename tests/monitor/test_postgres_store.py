"""The run store on a PostgreSQL server: the same tables, the same rows and the same answers as in a file."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL, NOON, checked, loaded, started

from lakesmith.errors import ProjectFileError, StorageUnavailableError, StoreBrokenError
from lakesmith.model import events
from lakesmith.monitor import tables
from lakesmith.monitor.reading import History
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.tables.base import fitted


@pytest.fixture
def address(shared_postgres):
    return shared_postgres.database()


@pytest.fixture
def server_store(address):
    opened = RunStore.on(address)
    yield opened
    opened.close()


def content(store):
    with store.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, (dict(row) for row in connection.execute(select(table)).mappings())))
            for table in tables.metadata.sorted_tables
        }


def test_both_databases_hold_the_same(server_store, store):
    for event in ALL:
        server_store.record(event)
        store.record(event)
    held = content(server_store)
    assert held == content(store)
    assert sum(map(len, held.values())) >= 10
    assert History(server_store, now=NOON).runs() == History(store, now=NOON).runs()
    assert History(server_store, now=NOON).loads() == History(store, now=NOON).loads()
    assert History(server_store, now=NOON).newest_checks() == History(store, now=NOON).newest_checks()
    assert History(server_store, now=NOON).runs_like("r") == History(store, now=NOON).runs_like("r") != []


def test_the_tables_are_those_of_the_code(server_store, address):
    found = inspect(server_store.engine)
    assert set(found.get_table_names()) == {*tables.metadata.tables, "alembic_version"}
    for name, table in tables.metadata.tables.items():
        assert {c["name"]: c["nullable"] for c in found.get_columns(name)} == {
            c.name: c.nullable for c in table.columns
        }
        assert {i["name"] for i in found.get_indexes(name) if not i.get("duplicates_constraint")} == {
            i.name for i in table.indexes
        }
    again = RunStore.on(address)
    again.record(started())
    assert [run.run_id for run in History(again, now=NOON).runs()] == ["r1"]
    again.close()


HOSTILE = ["a" * 5_000, "täble😀" * 400, "nul\0inside", "half \ud800 surrogate", "'; drop table run; --", ""]


@pytest.mark.few(8)
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", ["file", "server"])
def test_no_name_is_refused_and_two_stay_two(request, kind, name):
    store = request.getfixturevalue("store" if kind == "file" else "server_store")
    store.record(started())
    for number in (1, 2):
        step = f"load:{name}{number}"
        store.record(events.StepStarted("r1", step, "load", NOON + timedelta(seconds=number)))
        store.record(events.StepFinished("r1", step, "load", NOON, "failed", 1.0, name))
        store.record(events.ErrorSeen("r1", step, NOON, "X", "skip", name, name, name))
        store.record(checked("fail", check_id=step))
    steps = History(store, now=NOON).steps("r1")
    assert len({step.step for step in steps}) == 2
    assert {step.state for step in steps} == {"failed"}
    assert len(History(store, now=NOON).errors("r1")) == 2
    assert len(History(store, now=NOON).newest_checks()) == 2
    with store.engine.connect() as connection:  # asked for by its full name, it is found
        step = tables.run_step.c.step
        assert connection.execute(select(step).where(step == f"load:{name}2")).scalars().all() == [steps[1].step]


def test_a_name_is_cut_at_the_width_of_its_column():
    assert fitted("a" * 256, 256) == "a" * 256
    assert len(fitted("a" * 257, 256)) == 256
    assert fitted("a" * 257, 256) != fitted("a" * 258, 256)


def test_a_schema_of_its_own(address):
    store = RunStore.on(f"{address}?schema=lakesmith")
    store.record(started())
    store.record(loaded())
    with store.engine.connect() as connection:
        where = connection.execute(
            text("select distinct table_schema from information_schema.tables where table_name in ('run', 'seal')")
        ).scalars()
        assert list(where) == ["lakesmith"]
    assert "pass-word" not in store.place
    assert store.place.endswith("schema lakesmith")
    store.close()
    other = RunStore.on(address)
    assert History(other, now=NOON).runs() == []
    other.close()


def test_many_who_open_an_empty_server_at_once_make_the_tables_once(address):
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: RunStore.on(f"{address}?schema=shared"), range(6)))
    opened[0].record(started())
    assert [len(History(store, now=NOON).runs()) for store in opened] == [1] * 6
    for store in opened:
        store.close()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("mysql://u:hunter22@h/d", "not one of PostgreSQL"),
        ("postgresql://u:hunter22@h", "not one of PostgreSQL"),
        ("not an address", "not one of PostgreSQL"),
        ("postgresql://u:hunter22@h/d?schema=a;drop", "plain name"),
    ],
)
def test_an_address_that_is_none_is_explained_without_its_password(wrong, told):
    with pytest.raises(ProjectFileError, match=told) as caught:
        RunStore.on(wrong, where="lakesmith.yml:4")
    assert "hunter22" not in str(caught.value)
    assert "lakesmith.yml:4" in str(caught.value)


def test_a_server_that_refuses_is_explained_without_the_password(address):
    wrong = address.replace("pass-word", "wr0ng-word")
    with pytest.raises(StorageUnavailableError, match="run store cannot be opened") as caught:
        RunStore.on(wrong)
    assert "wr0ng-word" not in str(caught.value)


def test_a_newer_server_is_left_alone(server_store, address):
    with server_store.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StoreBrokenError, match="newer Lakesmith"):
        RunStore.on(address)
