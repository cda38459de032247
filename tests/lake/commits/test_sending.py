"""A commit is sent as often as others move the table, and three times on one and the same version of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lake_building import assert_holds, lost, over
from lake_loading import STREAM, SetClock, next_number, open_batch, open_lake, resume
from pyiceberg.table.update import SetPropertiesUpdate
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from test_head import add_snapshot

from lakesmith.errors import StorageUnavailableError
from lakesmith.host import Host
from lakesmith.lake.commits.sending import PATIENCE


@pytest.fixture
def now(clock):
    clock.time = datetime.now(UTC)
    return clock


def moved(real, args):
    """Let upkeep land between the look and the sending."""
    add_snapshot(real.load_table((STREAM.source, STREAM.name)), "replace")
    return real.commit_table(*args)


def renamed(real, args):
    """Let somebody change a property between the look and the sending."""
    real.commit_table(real.load_table((STREAM.source, STREAM.name)), (), (SetPropertiesUpdate(updates={"a": "b"}),))
    return real.commit_table(*args)


def swallowed(_real, _args):
    """Answer that all is well, and do nothing."""


def by_clock_of(loader):
    loader.services.host.clock.time = datetime.now(UTC)
    return loader


def test_a_load_is_built_anew_each_time_that_upkeep_was_faster(lake, table, now):
    assert now
    resume(table, 1)
    loader = by_clock_of(over(lake, moved, lost, moved, lost, moved, lost, moved))
    open_batch(loader, 1).commit()
    assert loader.services.catalog().sent == 8
    assert_holds(lake, 0, 1)


@pytest.mark.long
def test_it_is_given_up_some_time(lake, table, now):
    assert now
    resume(table, 1)
    loader = by_clock_of(over(lake, *[renamed] * PATIENCE))
    opened = open_batch(loader, 1)
    with pytest.raises(StorageUnavailableError, match=rf"refused a commit of app\.orders {PATIENCE} times"):
        opened.commit()
    assert loader.services.catalog().sent == PATIENCE
    resume(table, 2)
    assert_holds(lake, 0, 1)


def test_an_answer_is_not_believed_either(lake, table):
    resume(table, 1)
    loader = over(lake, swallowed, swallowed)
    open_batch(loader, 1).commit()
    assert loader.services.catalog().sent == 3
    assert_holds(lake, 0, 1)
    loader = over(lake, swallowed, swallowed, swallowed)
    with pytest.raises(StorageUnavailableError, match=r"refused a commit of app\.orders 3 times"):
        open_batch(loader, 2).commit()
    assert next_number(table) == 2


def test_a_catalog_that_refuses_for_good_is_not_left_locked(lake, table):
    resume(table, 1)
    opened = open_batch(table, 1)

    def broken(_connection):
        raise OperationalError("COMMIT", {}, Exception("connection reset"))

    engine = lake.open_catalog().engine
    event.listen(engine, "commit", broken)
    with pytest.raises(StorageUnavailableError, match="refused a commit"):
        opened.commit()
    event.remove(engine, "commit", broken)
    other = open_lake(Path(lake.root), Host(clock=SetClock()))
    resume(other.table(STREAM), 2)
    assert_holds(lake, 0, 1)
