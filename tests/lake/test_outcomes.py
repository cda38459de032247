"""Whatever happens to a commit, its rows are in the table once or not at all, and the loader knows which."""

import errno
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from lake_building import FaultyCatalog, lost, lost_reply, refused_after_landing
from lake_loading import (
    COLUMNS,
    ROWS,
    STREAM,
    SetClock,
    make_rows,
    next_number,
    open_batch,
    open_lake,
    read_back,
    resume,
    without_system,
)
from sqlalchemy.exc import OperationalError

from lakesmith.errors import (
    CatalogLockedError,
    ClockBehindError,
    CommitUnknownError,
    FencedError,
    RowLawError,
    StorageFullError,
    StorageUnavailableError,
)
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.loads import Batch, Counts


def disk_full(_real, _args):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def faulty(lake):
    def make(*faults):
        catalog = FaultyCatalog(lake.open_catalog(), *faults)
        return catalog, Lake(Path(lake.root), Host(clock=SetClock()), catalog=lambda: catalog).table(STREAM)

    return make


def assert_loaded(lake, *numbers):
    assert without_system(read_back(lake)) == [row for number in numbers for row in make_rows(number)]


@pytest.mark.parametrize("fault", [lost_reply, refused_after_landing])
@pytest.mark.parametrize("already", [0, 1])
def test_a_commit_that_landed_without_a_reply_is_found(lake, table, faulty, fault, already):
    resume(table, already)
    catalog, loader = faulty(fault)
    commit = open_batch(loader, already).commit()
    assert catalog.sent == 1
    assert table.history()[0] == commit
    assert_loaded(lake, *range(already + 1))


@pytest.mark.parametrize("already", [0, 1])
def test_a_commit_that_did_not_land_is_sent_again(lake, table, faulty, already):
    resume(table, already)
    catalog, loader = faulty(lost, lost)
    open_batch(loader, already).commit()
    assert catalog.sent == 3
    assert_loaded(lake, *range(already + 1))


def test_after_three_refusals_the_load_stops_and_a_rerun_resumes(lake, table, faulty):
    catalog, loader = faulty(lost, lost, lost)
    with pytest.raises(StorageUnavailableError, match=r"refused a commit of app.orders 3 times"):
        open_batch(loader, 0).commit()
    assert catalog.sent == 3
    assert table.head() is None
    resume(table, 1)
    assert_loaded(lake, 0)


def test_a_third_reply_lost_after_landing_is_found(lake, faulty):
    _, loader = faulty(lost, lost, lost_reply)
    open_batch(loader, 0).commit()
    assert_loaded(lake, 0)


def test_a_full_disk_is_named_and_nothing_lands(table, faulty):
    _, loader = faulty(disk_full)
    with pytest.raises(StorageFullError, match="The disk is full; nothing of this batch became visible"):
        open_batch(loader, 0).commit()
    assert table.head() is None


def test_no_answer_and_no_catalog_is_unknown_and_the_next_run_finds_out(lake, faulty):
    hidden = Path(lake.root) / "hidden.db"

    def land_and_vanish(real, args):
        real.commit_table(*args)
        real.engine.dispose()
        (Path(lake.root) / "catalog.db").rename(hidden)
        raise OperationalError("UPDATE", {}, Exception("gone"))

    _, loader = faulty(land_and_vanish)
    with pytest.raises(CommitUnknownError, match="got no answer, and the catalog cannot be read"):
        open_batch(loader, 0).commit()
    hidden.rename(Path(lake.root) / "catalog.db")
    assert next_number(loader) == 1
    assert_loaded(lake, 0)


def test_a_locked_catalog_is_named_and_nothing_lands(lake, table):
    resume(table, 1)
    patient = Lake(Path(lake.root), Host(clock=SetClock()), busy_timeout_s=0.1).table(STREAM)
    opened = open_batch(patient, 1)
    patient.services.catalog()
    with sqlite3.connect(Path(lake.root) / "catalog.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogLockedError, match="stayed locked by another program"):
            opened.commit()
        other.execute("ROLLBACK")
    assert next_number(table) == 1
    opened.commit()
    assert_loaded(lake, 0, 1)


def test_committing_a_group_twice_commits_it_once(lake, table):
    opened = open_batch(table, 0)
    assert opened.commit() == opened.commit()
    assert_loaded(lake, 0)


@pytest.mark.parametrize("already", [0, 1])
def test_a_zombie_is_fenced(lake, table, already):
    resume(table, already)
    zombie = open_batch(open_lake(Path(lake.root)).table(STREAM), already)
    resume(table, already + 1)
    with pytest.raises(FencedError, match=r"Another program changed app\.orders while this load ran"):
        zombie.commit()
    assert_loaded(lake, *range(already + 1))


def test_a_loader_that_overtakes_between_look_and_send_fences(lake, table, faulty):
    resume(table, 1)

    def overtaken(real, args):
        resume(table, 2)
        return real.commit_table(*args)

    _, loader = faulty(overtaken)
    with pytest.raises(FencedError, match="ordinal 2 has been committed"):
        open_batch(loader, 1).commit()
    assert_loaded(lake, 0, 1)


def test_a_zombie_on_a_base_that_was_rolled_back_to_is_fenced(lake, table, faulty, clock):
    resume(table, 1)
    base = table.head().snapshot_id

    def overtaken_and_rolled_back(real, args):
        resume(table, 2)
        real.load_table((STREAM.source, STREAM.name)).manage_snapshots().rollback_to_snapshot(base).commit()
        return real.commit_table(*args)

    _, loader = faulty(overtaken_and_rolled_back)
    with pytest.raises(FencedError, match="ordinal 2 has been committed"):
        open_batch(loader, 1).commit()
    assert table.head().snapshot_id == base
    clock.time = datetime.now(UTC)  # the rollback was stamped with the machine's own
    assert table.open_group(table.head()).ordinal == 3
    assert_loaded(lake, 0)


def test_two_loaders_that_create_the_same_table(lake, table):
    late = open_batch(open_lake(Path(lake.root)).table(STREAM), 0)
    resume(table, 1)
    with pytest.raises(FencedError, match="the table is another one by now"):
        late.commit()
    assert_loaded(lake, 0)


def test_a_table_that_is_gone_fences(lake, table):
    resume(table, 1)
    opened = open_batch(table, 1)
    lake.open_catalog().drop_table((STREAM.source, STREAM.name))
    with pytest.raises(FencedError, match="the table is gone"):
        opened.commit()


def test_a_clock_that_jumps_back_leaves_sorted_logs(lake, table, clock):
    resume(table, 1)
    opened = open_batch(table, 1)
    clock.time -= timedelta(hours=1)
    opened.commit()
    metadata = lake.open_catalog().load_table((STREAM.source, STREAM.name)).metadata
    stamps = [entry.timestamp_ms for entry in metadata.snapshot_log]
    assert stamps == sorted(set(stamps)) == [snapshot.timestamp_ms for snapshot in metadata.snapshots]
    assert [entry.timestamp_ms for entry in metadata.metadata_log] == stamps[:-1]
    assert metadata.last_updated_ms == stamps[-1]


def test_a_clock_far_behind_the_table_stops_the_load(table, clock):
    resume(table, 1)
    clock.time -= timedelta(minutes=6)
    with pytest.raises(ClockBehindError, match="clock says 2026-10-01 11:54"):
        open_batch(table, 1)


def test_a_clock_a_little_behind_does_not_move_loaded_at_back(lake, table, clock):
    resume(table, 1)
    clock.time -= timedelta(minutes=4)
    resume(table, 2)
    loaded = [row["_ls_loaded_at"] for row in read_back(lake)[::ROWS]]
    assert all(before < after for before, after in pairwise(loaded))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (Counts(read=8, written=5, quarantined=2), "8 read, but 5 written"),
        (Counts(read=8, written=6, quarantined=2), "6 written .* but 5 staged"),
        (Counts(read=8, written=5, quarantined=3), "3 quarantined, but 2 put aside"),
    ],
)
def test_rows_that_do_not_add_up_are_not_committed(table, counts, words):
    opened = open_batch(table, 0)
    with pytest.raises(RowLawError, match=words):
        table.commit(opened.group, Batch(opened.batch.staged, opened.batch.checkpoint, opened.batch.reshape, counts))
    assert table.head() is None


def test_a_staged_file_that_changed_is_not_committed(table):
    opened = open_batch(table, 0)
    (file,) = opened.batch.staged[0].files
    with open(file.path, "ab") as out:  # noqa: PTH123
        out.write(b"PAR1")
    with pytest.raises(RowLawError, match="A staged file is not what its receipt says: 5 rows"):
        opened.commit()
    assert table.head() is None


def test_the_schema_of_the_tests_has_every_kind():
    assert {type(field.type).__name__ for field in COLUMNS} == {"Scalar", "Decimal", "List", "Struct"}
