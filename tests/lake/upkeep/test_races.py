"""Compaction beside everything else that can happen to a table: it lands on it or gives way, and no row minds."""

import sqlite3
from pathlib import Path

import pytest
from lake_building import FaultyCatalog, assert_holds, build, lost, lost_reply
from lake_loading import STREAM, WIDER, SetClock, open_batch, open_lake, read_back
from upkeep_tools import EAGER, grow_older, live_entries, load, sweep_twice

from lakesmith.errors import CatalogLockedError, CommitUnknownError, ForeignCommitError, StorageUnavailableError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.lake.upkeep import tend


@pytest.fixture
def tender(lake):
    """A table whose catalog does as told: each fault is called instead of one commit."""

    def make(*faults):
        catalog = FaultyCatalog(lake.open_catalog(), *faults)
        return catalog, Lake(Path(lake.root), Host(clock=SetClock()), catalog=lambda: catalog).table(STREAM)

    return make


def after(work):
    """Return a fault: `work` is done first, then the commit is sent as it was."""

    def fault(real, args):
        work()
        real.commit_table(*args)

    return fault


def refused_after_landing(real, args):
    from pyiceberg.exceptions import CommitFailedException

    real.commit_table(*args)
    raise CommitFailedException("409 after a transport retry")


@pytest.mark.parametrize("fault", [lost_reply, refused_after_landing])
def test_a_compaction_that_landed_without_a_reply_is_found(lake, table, tender, fault):
    load(table, *range(4))
    catalog, mine = tender(fault)
    done = tend(mine, EAGER)
    assert (catalog.sent, done.snapshot_id) == (1, table.head().snapshot_id)
    assert_holds(lake, *range(4))


def test_one_that_got_lost_is_sent_again(lake, table, tender):
    load(table, *range(4))
    catalog, mine = tender(lost)
    tend(mine, EAGER)
    assert (catalog.sent, table.head().files) == (2, 1)
    assert_holds(lake, *range(4))


@pytest.mark.long
def test_a_catalog_that_refuses_it_for_good_leaves_the_table_as_it_was(lake, table, tender):
    load(table, *range(4))
    before = table.head()
    _, mine = tender(lost, lost, lost)
    with pytest.raises(StorageUnavailableError, match=r"refused a commit of app\.orders 3 times"):
        tend(mine, EAGER)
    assert table.head() == before
    assert_holds(lake, *range(4))


@pytest.mark.long
def test_it_builds_on_any_number_of_loads(lake, table, tender):
    load(table, *range(4))
    racing = [after(lambda number=number: load(table, number)) for number in range(4, 10)]
    catalog, mine = tender(*racing)
    done = tend(mine, EAGER)
    assert catalog.sent == 7
    assert done.files_before == 4
    assert table.head().files == 7
    assert table.head().checkpoint.ordinal == 10
    assert_holds(lake, *range(10))
    load(table, 10)
    assert_holds(lake, *range(11))


@pytest.mark.long
def test_one_that_slept_until_its_files_were_collected_gives_way(lake, table, tender):
    load(table, *range(4))

    def sleep():
        load(table, 4)
        grow_older(lake.root, 10)
        load(table, 5)
        sweep_twice(lake)

    _, mine = tender(after(sleep))
    assert tend(mine, EAGER) is None
    assert_holds(lake, *range(6))
    assert not list(Path(lake.root).rglob("upkeep-*.parquet"))


@pytest.mark.long
def test_one_that_was_built_on_a_load_and_then_slept_lands_whole(lake, table, tender):
    load(table, *range(4))

    def sleep():
        grow_older(lake.root, 30)
        sweep_twice(lake)

    _, mine = tender(after(lambda: load(table, 4)), after(sleep))
    assert tend(mine, EAGER).files_before == 4
    assert_holds(lake, *range(5))


def test_it_builds_on_a_load_that_changed_the_schema(lake, table, tender):
    load(table, *range(4))
    _, mine = tender(after(lambda: load(table, 4, columns=WIDER)))
    before = len(read_back(lake))
    tend(mine, EAGER)
    rows = read_back(lake)
    assert len(rows) == before + 5
    assert [row["extra"] for row in rows[-5:]] == [f"extra {400 + at}" for at in range(5)]
    assert {row["extra"] for row in rows[:-5]} == {None}
    assert table.head().files == 2


def test_of_two_compactions_one_gives_way(lake, table, tender):
    load(table, *range(4))
    _, mine = tender(after(lambda: tend(table, EAGER)))
    assert tend(mine, EAGER) is None
    assert table.head().files == 1
    assert_holds(lake, *range(4))


@pytest.mark.long
def test_two_compactions_of_other_files_both_land(lake, table, tender):
    load(table, *range(4))

    def others():
        load(table, *range(4, 8))
        assert tend(table, EAGER) is not None

    _, mine = tender(after(others))
    assert tend(mine, EAGER) is None  # the other one took these files as well
    assert_holds(lake, *range(8))


def test_it_gives_way_to_a_rollback(lake, table, tender):
    load(table, *range(4))
    back = table.history()[2].snapshot_id
    _, mine = tender(after(lambda: table.rollback(back)))
    assert tend(mine, EAGER) is None
    assert_holds(lake, 0, 1)
    load(table, 2)
    assert_holds(lake, 0, 1, 2)


@pytest.mark.long
def test_it_lands_on_a_rollback_that_kept_its_files(lake, table, tender):
    load(table, *range(4))
    back = table.head().snapshot_id

    def there_and_back():
        load(table, 4)
        table.rollback(back)

    _, mine = tender(after(there_and_back))
    assert tend(mine, EAGER).files_before == 4
    assert table.head().files == 1
    assert table.head().checkpoint.ordinal == 6
    assert_holds(lake, *range(4))


@pytest.mark.long
def test_what_was_compacted_can_be_rolled_back_to_and_from(lake, table):
    load(table, *range(4))
    before = table.head().snapshot_id
    tend(table, EAGER)
    compacted = table.head().snapshot_id
    load(table, 4)
    table.rollback(before)
    assert_holds(lake, *range(4))
    assert len(live_entries(lake)) == 4
    table.rollback(compacted)
    assert_holds(lake, *range(4))
    assert len(live_entries(lake)) == 1
    assert [row.where for row in table.quarantined()][:2] == ["orders.csv:3", "orders.csv:9"]


def test_it_gives_way_to_a_swap(lake, table, tender):
    load(table, *range(4))
    build(table, 7, 8)
    _, mine = tender(after(lambda: table.swap(table.head())))
    assert tend(mine, EAGER) is None
    assert_holds(lake, 7, 8)


def test_a_generation_in_the_making_is_not_touched_and_swaps_after_it(lake, table):
    load(table, *range(4))
    build(table, 7, 8)
    assert tend(table, EAGER).files_before == 4
    assert_holds(lake, *range(4))
    table.swap(table.head())
    assert_holds(lake, 7, 8)


def test_it_does_not_land_on_somebody_elses_rows(lake, table, tender):
    load(table, *range(4))

    def meddle():
        other = lake.open_catalog().load_table((STREAM.source, STREAM.name))
        other.append(other.scan().to_arrow().slice(0, 1))

    _, mine = tender(after(meddle))
    with pytest.raises(ForeignCommitError, match="not written by Lakesmith"):
        tend(mine, EAGER)
    assert len(read_back(lake)) == 21


@pytest.mark.long
def test_it_does_not_wait_for_a_locked_catalog_for_ever(lake, table):
    load(table, *range(4))
    holder = sqlite3.connect(Path(lake.root, "catalog.db"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    mine = Lake(Path(lake.root), Host(clock=SetClock()), busy_timeout_s=0.1).table(STREAM)
    with pytest.raises(CatalogLockedError, match="stayed locked"):
        tend(mine, EAGER)
    holder.execute("ROLLBACK")
    holder.close()
    assert_holds(lake, *range(4))
    assert tend(open_lake(Path(lake.root)).table(STREAM), EAGER).files_after == 1


@pytest.mark.long
def test_an_unknown_outcome_is_called_so_and_found_out_later(lake, table, tender):
    load(table, *range(4))
    pointer = Path(lake.root, "catalog.db")

    def gone(real, args):
        real.commit_table(*args)
        pointer.rename(pointer.with_suffix(".away"))
        raise OSError("no such device")

    _, mine = tender(gone)
    with pytest.raises(CommitUnknownError, match="got no answer"):
        tend(mine, EAGER)
    pointer.with_suffix(".away").rename(pointer)
    fresh = open_lake(Path(lake.root))
    assert fresh.table(STREAM).head().files == 1
    assert_holds(fresh, *range(4))
    open_batch(fresh.table(STREAM), 4).commit()
    assert_holds(fresh, *range(5))
