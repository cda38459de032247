"""Seals: what was recorded cannot change or vanish without being noticed, and comes back from the logs as it was."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Float, Integer, delete, select, update

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import NOON, started
from sealed_runs import at_day, record_runs

from lakesmith.host import Host
from lakesmith.model.events import RunFinished, StepStarted
from lakesmith.monitor import tables
from lakesmith.monitor.recorders import RunLog
from lakesmith.monitor.repair import ALTERED, CUT, MISSING, examine, mend
from lakesmith.monitor.sealing import SEALED, UNSEALED, add_up, doubt, remember_telling, seal
from lakesmith.monitor.store import RunStore

HERE = Path(__file__).parent
FEW_TABLES = 3
VOLATILE = {*UNSEALED, "cost_id"}


def content(store):
    """All rows of all tables, but for what is no fact of a run: numbers that the database gives, and leases."""
    with store.engine.connect() as connection:
        return {
            table.name: sorted(
                repr({name: value for name, value in row.items() if name not in VOLATILE})
                for row in connection.execute(select(table)).mappings()
            )
            for table in tables.metadata.sorted_tables
        }


@pytest.fixture
def folder(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent


@pytest.fixture
def sealed(store, folder):
    record_runs(store, folder, 3)
    return store


def flaws_of(store, folder):
    return [(flaw.run_id, flaw.kind) for flaw in examine(store, folder / "logs", folder / "runs.seal")]


def test_what_is_whole_is_found_whole(sealed, folder):
    assert flaws_of(sealed, folder) == []
    assert doubt(sealed, folder / "runs.seal") is None
    assert mend(sealed, folder / "logs", folder / "runs.seal") == []


CHANGES = [
    (table, column)
    for table in SEALED
    for column in table.columns
    if column.name not in UNSEALED and column.name != "run_id"
]


def other(column, value):
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, Integer | Float):
        return (value or 0) + 1
    return f"{value or ''}!"


def test_a_change_of_any_value_shows_in_the_sum(sealed):
    with sealed.engine.connect() as connection:
        before = add_up(connection, "run-2")
        for table, column in CHANGES:
            nested = connection.begin_nested()
            row = connection.execute(select(table).where(table.c.run_id == "run-2")).mappings().first()
            same = [table.c[key.name] == row[key.name] for key in table.primary_key]
            connection.execute(update(table).where(*same).values({column.name: other(column, row[column.name])}))
            assert add_up(connection, "run-2") != before, f"{table.name}.{column.name}"
            nested.rollback()
        assert add_up(connection, "run-2") == before
    assert len(CHANGES) > 80


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(table, id=table.name, marks=pytest.mark.long if number > FEW_TABLES else ())
        for number, table in enumerate(SEALED)
        if table.name != "run"
    ],
)
def test_a_row_that_was_deleted_or_altered_is_named_and_comes_back(sealed, folder, table):
    before = content(sealed)
    column = next(column for gone, column in CHANGES if gone is table and not column.primary_key)
    for change in (
        delete(table).where(table.c.run_id == "run-2"),
        update(table).where(table.c.run_id == "run-2").values({column.name: "1"}),
    ):
        with sealed.engine.begin() as connection:
            connection.execute(change)
        assert flaws_of(sealed, folder) == [("run-2", ALTERED)]
        [mended] = mend(sealed, folder / "logs", folder / "runs.seal")
        assert (mended.run_id, mended.is_whole) == ("run-2", True)
        assert content(sealed) == before
        assert flaws_of(sealed, folder) == []


def test_a_run_that_is_gone_comes_back(sealed, folder):
    before = content(sealed)
    with sealed.engine.begin() as connection:
        for table in (tables.cost, *reversed(SEALED)):
            connection.execute(delete(table).where(table.c.run_id == "run-1"))
    assert flaws_of(sealed, folder) == [("run-1", MISSING)]
    assert [mended.is_whole for mended in mend(sealed, folder / "logs", folder / "runs.seal")] == [True]
    assert content(sealed) == before


@pytest.mark.few(1)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_seal_that_was_altered_or_deleted_is_named_and_comes_back(sealed, folder, number):
    before = content(sealed)
    same = tables.seal.c.sequence == number
    for change in (
        update(tables.seal).where(same).values(chain="0" * 64),
        update(tables.seal).where(same).values(digest="0" * 64),
        delete(tables.seal).where(same),
    ):
        with sealed.engine.begin() as connection:
            connection.execute(change)
        assert f"run-{number}" in [run_id for run_id, _ in flaws_of(sealed, folder)]
        assert all(mended.is_whole for mended in mend(sealed, folder / "logs", folder / "runs.seal"))
        assert content(sealed) == before
        assert flaws_of(sealed, folder) == []


def test_what_no_log_can_prove_is_said_and_left_as_it_is(sealed, folder):
    with sealed.engine.begin() as connection:
        connection.execute(
            update(tables.check_result).where(tables.check_result.c.run_id == "run-1").values(failures=9)
        )
        connection.execute(
            update(tables.check_result).where(tables.check_result.c.run_id == "run-2").values(failures=9)
        )
    (folder / "logs" / "run-1.jsonl").unlink()
    log = folder / "logs" / "run-2.jsonl"
    log.write_text("\n".join(line for line in log.read_text().splitlines() if "TableSeen" not in line))
    before = content(sealed)
    first, second = mend(sealed, folder / "logs", folder / "runs.seal")
    assert (first.run_id, first.is_whole) == ("run-1", False)
    assert "there is no log of it" in first.text
    assert (second.run_id, second.is_whole) == ("run-2", False)
    assert "brings back 9 of 10 rows" in second.text
    assert content(sealed) == before


def test_an_older_copy_is_noticed_told_once_and_caught_up_with(path, sealed, folder, host, tmp_path):
    sealed.close()
    copy = tmp_path / "older.db"
    shutil.copy(path, copy)
    again = RunStore.at(path, host=host)
    record_runs(again, folder, 2, first=4)
    before = content(again)
    again.close()
    shutil.copy(copy, path)
    back = RunStore.at(path, host=host)
    found = doubt(back, folder / "runs.seal")
    assert (found.has, found.had, found.is_told) == (3, 5, False)
    assert "the newest 2 runs is gone" in str(found)
    remember_telling(back, folder / "runs.seal", found)
    assert doubt(back, folder / "runs.seal").is_told
    record_runs(back, folder, 1, first=6)  # life goes on before somebody mends it
    assert doubt(back, folder / "runs.seal") is None
    assert flaws_of(back, folder) == [("run-4", MISSING), ("run-5", MISSING)]
    assert [mended.is_whole for mended in mend(back, folder / "logs", folder / "runs.seal")] == [True, True]
    assert flaws_of(back, folder) == []
    held = content(back)
    for name, rows in before.items():
        assert set(rows) <= set(held[name]), name
    back.close()


def test_another_store_in_the_place_of_the_sealed_one_is_noticed(path, sealed, folder, host):
    sealed.close()
    path.unlink()
    new = RunStore.at(path, host=host)
    other = folder / "other"
    other.mkdir()
    record_runs(new, other, 3, first=7)
    assert "not the one that was sealed" in str(doubt(new, folder / "runs.seal"))
    new.close()


def test_a_run_that_was_killed_comes_back_as_far_as_its_log_goes(store, folder):
    log = RunLog(folder / "logs", host=Host())
    for event in (started("killed"), StepStarted("killed", "load:a.b", "load", NOON)):
        log.record(event)
    path = folder / "logs" / "killed.jsonl"
    path.write_bytes(path.read_bytes() + b'{"event": "StepFin')  # the line it was writing
    assert flaws_of(store, folder) == [("killed", MISSING)]
    [mended] = mend(store, folder / "logs", folder / "runs.seal")
    assert (mended.is_whole, mended.text) == (False, "run killed is back, as far as its log goes")
    with store.engine.connect() as connection:
        assert connection.execute(select(tables.run_step.c.step)).scalars().all() == ["load:a.b"]
    assert flaws_of(store, folder) == []


def test_a_run_whose_end_did_not_arrive_gets_it(store, folder):
    log = RunLog(folder / "logs", host=Host())
    end = RunFinished("r1", NOON, "succeeded", "well")
    store.record(started())
    for event in (started(), end):
        log.record(event)
    assert flaws_of(store, folder) == [("r1", CUT)]
    assert [mended.is_whole for mended in mend(store, folder / "logs", folder / "runs.seal")] == [True]
    with store.engine.connect() as connection:
        assert connection.execute(select(tables.run.c.state)).scalar_one() == "succeeded"


def test_a_second_seal_of_a_run_is_the_first(sealed, folder):
    assert seal(sealed, "run-2", folder / "runs.seal", at=NOON + timedelta(days=99)).sequence == 2
    assert seal(sealed, "nobody", folder / "runs.seal", at=NOON) is None


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A store whose process was killed: its newest runs are in the write-ahead log alone."""
    folder = tmp_path_factory.mktemp("killed")
    child = subprocess.run([sys.executable, str(HERE / "sealed_runs.py"), str(folder), "5"], check=False)
    assert child.returncode == -signal.SIGKILL
    assert (folder / "runs.db-wal").stat().st_size > 50_000
    return folder


def damaged(killed, place, harm, share):
    shutil.copytree(killed, place)
    log = place / "runs.db-wal"
    whole = log.read_bytes()
    at = int(len(whole) * share)
    log.write_bytes(whole[:at] + (bytes(len(whole) - at) if harm == "zeroed" else b""))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a store with all those runs holds."""
    folder = tmp_path_factory.mktemp("whole")
    store = RunStore.at(folder / "runs.db", host=Host())
    record_runs(store, folder, 5)
    yield content(store)
    store.close()


def prove(killed, whole, place, host, harm, share):
    """Damage a copy, open it, and compare what is there, what is told and what comes back with what was recorded."""
    damaged(killed, place, harm, share)
    store = RunStore.at(place / "runs.db", host=host)
    lost = content(store) != whole
    with store.engine.connect() as connection:
        kept = set(connection.execute(select(tables.seal.c.run_id)).scalars())
    assert (doubt(store, place / "runs.seal") is not None) == (len(kept) < 5)
    missing = {f"run-{number}" for number in range(1, 6)} - kept
    assert {run_id for run_id, _ in flaws_of(store, place)} == missing
    for mended in mend(store, place / "logs", place / "runs.seal"):
        assert mended.is_whole, mended.text
    assert content(store) == whole, f"{harm} at {share}"
    assert doubt(store, place / "runs.seal") is None
    store.close()
    shutil.rmtree(place)
    return lost


@pytest.mark.parametrize("harm", ["cut", pytest.param("zeroed", marks=pytest.mark.long)])
def test_a_log_of_the_database_that_lost_its_tail_is_noticed_and_mended(killed, whole, tmp_path, host, harm):
    lost = [prove(killed, whole, tmp_path / f"{share}", host, harm, share) for share in (0.0, 0.31, 0.74, 0.97)]
    assert all(lost)


@pytest.mark.long
@pytest.mark.parametrize("harm", ["cut", "zeroed"])
def test_a_log_of_the_database_that_lost_its_tail_anywhere(killed, whole, tmp_path, host, harm):
    lost = [prove(killed, whole, tmp_path / f"{number}", host, harm, number / 60) for number in range(61)]
    assert sum(lost) > 40


def test_events_are_told_apart_by_their_run():
    assert at_day(started(), 2).run_id == "run-2"
