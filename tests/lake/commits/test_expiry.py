"""What is expired is what nobody needs: by number, by day, and never what a reader, a branch or a checkpoint stands on."""

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lake_building import assert_holds, build
from lake_history import History
from lake_loading import STREAM, make_rejects, next_number, resume
from pyiceberg.table.statistics import PartitionStatisticsFile, StatisticsFile
from pyiceberg.table.update import SetPartitionStatisticsUpdate, SetStatisticsUpdate

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.commits.expiry import KEEP, KEEP_PROPERTY, keep_of
from lakesmith.lake.metadata import BUILD
from lakesmith.lake.upkeep.leases import hold, leased

DAY_MS = 86_400_000


STEPS = st.one_of(
    st.just(("load",)),
    st.just(("load",)),
    st.just(("load", BUILD)),
    st.just(("upkeep",)),
    st.just(("swap",)),
    st.just(("lease",)),
    st.tuples(st.just("rollback"), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.integers(1, 60)),
)


@pytest.mark.long
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(keep=st.integers(2, 5), steps=st.lists(STEPS, min_size=5, max_size=25))
@example(keep=4, steps=[("load",), ("lease",), ("load",), ("load",), ("load",), ("rollback", 0), ("rollback", 2)])
@example(keep=3, steps=[("load",), ("load",), ("load",), ("upkeep",), ("rollback", 0), ("load",)])
def test_whatever_was_committed_what_is_needed_stays_and_quarantine_is_that_of_the_rows(keep, steps):
    with tempfile.TemporaryDirectory() as folder:
        history = History(folder, keep)
        for step, *values in steps:
            getattr(history, step)(*values)


def test_the_newest_are_kept_and_the_last_of_each_day_for_a_week(tmp_path):
    history = History(str(tmp_path), keep=5)
    for _ in range(12):
        for _ in range(3):
            history.load()
        history.wait(24)
    days = Counter(snapshot.timestamp_ms // DAY_MS for snapshot in history.metadata.snapshots().values())
    assert list(days.values()) == [1, 1, 1, 1, 1, 1, 2, 3]
    assert {3 * day for day in range(5, 13)} <= history.metadata.snapshots().keys()


def test_of_each_day_the_last_that_nobody_took_back_stays_also_of_a_generation_that_was_replaced(tmp_path):
    history = History(str(tmp_path), keep=2)
    days = [
        [history.load, history.load],  # 1, 2
        [lambda: history.load(BUILD), history.swap],  # 3, 4
        [history.load, history.load, lambda: history.rollback(-2), history.load],  # 5, 6, 7: back to 5, 8
        [history.load, history.load, lambda: history.rollback(-2)],  # 9, 10, 11: back to 9
        [history.load, history.load, history.load],  # 12, 13, 14
    ]
    for day in days:
        for act in day:
            act()
        history.wait(24)
    assert list(history.metadata.snapshots()) == [2, 4, 8, 11, 13, 14]


def test_a_real_table_keeps_what_it_is_told_and_all_its_quarantine(lake, table, clock):
    clock.time = datetime.now(UTC) - timedelta(days=1)
    resume(table, 1)
    keep(lake, 3)
    clock.time = datetime.now(UTC)
    resume(table, 5)
    metadata = lake.open_catalog().load_table((STREAM.source, STREAM.name)).metadata
    assert len(metadata.snapshots) == 4
    assert [entry.snapshot_id for entry in metadata.snapshot_log] == [s.snapshot_id for s in metadata.snapshots]
    assert [commit.checkpoint.ordinal for commit in table.history()] == [5, 4, 3, 1]
    assert wheres(table) == [reject.where for at in range(4, -1, -1) for reject in make_rejects(at)]
    assert_holds(lake, *range(5))
    table.rollback(table.history()[-1].snapshot_id)  # the last of yesterday, which the others no longer descend from
    assert_holds(lake, 0)
    assert (next_number(table), wheres(table)) == (1, [reject.where for reject in make_rejects(0)])
    build(table, 60)
    table.swap(table.head())
    resume(table, 62)
    assert_holds(lake, 60, 61)


def keep(lake, number):
    with lake.open_catalog().load_table((STREAM.source, STREAM.name)).transaction() as transaction:
        transaction.set_properties({KEEP_PROPERTY: str(number)})


def wheres(table):
    return [row.where for row in table.quarantined()]


def test_a_snapshot_that_a_view_reads_stays(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    keep(lake, 2)
    attached = table.head().snapshot_id
    hold(table.services, "a build file", {STREAM: attached})
    resume(table, 5)
    assert [commit.checkpoint.ordinal for commit in table.history()] == [5, 4, 1]
    assert table.descends_from(attached)


def test_a_lease_that_cannot_be_read_stops_expiry_and_no_load(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    keep(lake, 2)
    hold(table.services, "a build file", {STREAM: table.head().snapshot_id})
    (lease,) = Path(lake.root).rglob("leases/*/*.json")
    lease.write_text("{")
    resume(table, 4)
    assert len(table.history()) == 4
    assert_holds(lake, 0, 1, 2, 3)


def test_a_folder_of_leases_that_cannot_be_looked_into_is_not_an_empty_one(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    keep(lake, 2)
    folder = Path(lake.root, "_lakesmith/leases")
    folder.symlink_to(folder)
    with pytest.raises(StorageUnavailableError, match="Too many levels of symbolic links"):
        leased(table.services, STREAM)
    resume(table, 4)
    assert len(table.history()) == 4
    assert_holds(lake, 0, 1, 2, 3)


def test_a_new_table_keeps_fifty(table):
    resume(table, 1)
    assert keep_of(table.services.pointers.read(STREAM)) == KEEP == 50


def test_statistics_of_expired_snapshots_go_with_them(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    keep(lake, 2)
    first = table.head().snapshot_id
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    both = {"snapshot-id": first, "statistics-path": "p", "file-size-in-bytes": 1}
    whole = StatisticsFile(**both, **{"file-footer-size-in-bytes": 1, "blob-metadata": []})
    updates = (
        SetStatisticsUpdate(statistics=whole),
        SetPartitionStatisticsUpdate(partition_statistics=PartitionStatisticsFile(**both)),
    )
    iceberg.catalog.commit_table(iceberg, (), updates)
    resume(table, 3)
    raw = table.services.pointers.read(STREAM).raw
    assert (raw["statistics"], raw["partition-statistics"]) == ([], [])
