"""`rebuild` of a stream that only grows: cut off, overtaken by a load, or with part of the table kept."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run_shelf import EACH_SPLIT, STREAM, Box, Shelf, contents, load

from lakesmith.errors import UsageError
from lakesmith.host import Host
from lakesmith.model.streams import StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.routes import Rebuild


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class Cut:
    """Ends a load at its nth split; None: never."""

    at: int | None = None

    def __call__(self, split, _box):
        if split == self.at:
            raise KilledError("killed")


@pytest.fixture
def table(lake):
    return lake.table(STREAM)


@pytest.fixture
def shelf(table):
    shelf = Shelf([[Box({"id": [1]})], [Box({"id": [2]})]], Cut())
    load(shelf, table)
    return shelf


def rebuild(shelf, table, since=None):
    job = LoadJob(StreamSpec(STREAM), shelf, table, Host(), group_bytes=EACH_SPLIT, rebuild=Rebuild(since))
    return load_stream(job)


def ids(lake):
    return [row["id"] for row in contents(lake)]


def cut_off(shelf, table):
    shelf.on_read.at = 1
    with pytest.raises(KilledError, match="killed"):
        rebuild(shelf, table)
    shelf.on_read.at = None
    shelf.reads.clear()


def test_a_rebuild_reads_everything_and_replaces_the_table(lake, table, shelf):
    shelf.boxes[0] = [Box({"id": [10]})]
    result = rebuild(shelf, table)
    assert ids(lake) == [10, 2]
    assert (result.commits[-1].kind, result.counts.written) == ("swap", 2)


def test_one_that_was_cut_off_goes_on_where_it_stopped(lake, table, shelf):
    cut_off(shelf, table)
    assert ids(lake) == [1, 2]
    assert rebuild(shelf, table).resumed
    assert (set(shelf.reads), ids(lake)) == ({1}, [1, 2])


def test_one_that_a_load_overtook_begins_anew(lake, table, shelf):
    cut_off(shelf, table)
    shelf.boxes.append([Box({"id": [3]})])
    load(shelf, table)
    assert ids(lake) == [1, 2, 3]
    shelf.reads.clear()
    assert not rebuild(shelf, table).resumed
    assert (set(shelf.reads), ids(lake)) == ({0, 1, 2}, [1, 2, 3])


def test_one_that_a_rollback_overtook_begins_anew(lake, table, shelf):
    shelf.boxes.append([Box({"id": [3]})])
    load(shelf, table)
    before = table.history()[1].snapshot_id
    cut_off(shelf, table)
    table.rollback(before)
    assert ids(lake) == [1, 2]
    assert not rebuild(shelf, table).resumed
    assert ids(lake) == [1, 2, 3]


def test_loads_go_on_beside_a_rebuild_that_was_cut_off(lake, table, shelf):
    cut_off(shelf, table)
    shelf.boxes.append([Box({"id": [3]})])
    assert load(shelf, table).counts.written == 1
    assert ids(lake) == [1, 2, 3]
    assert load(shelf, table).state == "nothing_new"


def test_since_a_day_needs_a_source_that_knows_days(table, shelf):
    from datetime import date

    with pytest.raises(UsageError, match="its source cannot tell from which day a record is"):
        rebuild(shelf, table, date(2026, 10, 1))
