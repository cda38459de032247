"""The collector deletes what nobody needs, in its own time, and tells before it does."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from lake_loading import ROWS, STREAM, make_rows, open_batch, open_lake, read_back, without_system
from upkeep_tools import EAGER, files_below, grow_older, load, needed_files, sweep, sweep_twice

from lakesmith.lake.stores.store import FolderStore
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.collect import collect


def leave_litter(table, number=90):
    """Stage a batch that never lands, and let a load pass it by; return the files nobody needs."""
    root = table.services.layout.root
    before = files_below(root)
    open_batch(table, number)
    litter = files_below(root) - before
    load(table, number + 1)
    return litter


def test_a_dry_run_says_what_would_go_and_changes_nothing(lake, table):
    load(table, 0)
    litter = leave_litter(table)
    grow_older(lake.root, 10)
    before = files_below(lake.root)
    [found, own] = sweep(lake, delete=False)
    assert {str(Path(one.stored.path).relative_to(lake.root)) for one in found.litter} == litter
    assert {(one.kind, one.why) for one in found.litter} == {
        ("data file", "no snapshot that is kept names it"),
        ("quarantine", "its batch never landed"),
    }
    assert found.count("waits") == (2, sum(Path(lake.root, name).stat().st_size for name in litter))
    assert (own.litter, own.problem) == ((), None)
    assert files_below(lake.root) == before


def test_two_passes_a_day_apart_delete_it_and_nothing_else(lake, table):
    load(table, 0)
    litter = leave_litter(table)
    grow_older(lake.root, 10)
    before = files_below(lake.root)
    [first, _] = sweep(lake)
    assert first.count("deleted") == (0, 0)
    assert litter <= files_below(lake.root)
    grow_older(lake.root, 1.01)
    [second, _] = sweep(lake)
    assert second.count("deleted")[0] == 2
    assert {name for name in files_below(lake.root) if "/collector/" not in name} == before - litter
    assert without_system(read_back(lake)) == [*make_rows(0), *make_rows(91)]


def test_a_dry_run_in_between_is_no_pass(lake, table):
    load(table, 0)
    litter = leave_litter(table)
    grow_older(lake.root, 10)
    sweep(lake, delete=False)
    grow_older(lake.root, 1.01)
    sweep(lake)
    assert litter <= files_below(lake.root)


def test_two_passes_within_a_day_are_not_enough(lake, table):
    load(table, 0)
    litter = leave_litter(table)
    grow_older(lake.root, 10)
    for _ in range(4):
        sweep(lake)
        grow_older(lake.root, 0.2)
    assert litter <= files_below(lake.root)


def test_a_pass_that_was_killed_while_it_wrote_its_marks_holds_nobody_up(lake, table):
    load(table, 0)
    litter = leave_litter(table)
    grow_older(lake.root, 10)
    sweep(lake)
    grow_older(lake.root, 1.01)
    [marks] = Path(lake.root).glob("_lakesmith/collector/app*/*.json.gz")
    torn = marks.with_name(".000001790000000-00112233aabbccdd.json.gz.4711.tmp")
    torn.write_bytes(marks.read_bytes()[:20])
    sweep(lake)
    assert not litter & files_below(lake.root)
    assert torn.exists()  # it is young, and may be somebody's who still writes
    grow_older(lake.root, 10)
    sweep(lake)
    assert not torn.exists()


def test_an_object_put_there_meanwhile_starts_the_count_again(lake, table):
    load(table, 0)
    litter = leave_litter(table)
    grow_older(lake.root, 10)
    sweep(lake)
    grow_older(lake.root, 1.01)
    touched = [Path(lake.root, name) for name in litter]
    for path in touched:
        path.write_bytes(path.read_bytes())
    load(table, 7)
    sweep(lake)
    grow_older(lake.root, 4)
    sweep(lake)
    assert litter <= files_below(lake.root)
    grow_older(lake.root, 1.01)
    sweep(lake)
    assert not litter & files_below(lake.root)


def test_litter_of_a_compaction_that_died_goes(lake, table):
    load(table, *range(4))
    left = Path(lake.root, "app/orders/data/upkeep-0123456789abcdef-000-00000.parquet")
    left.write_bytes(b"PAR1")
    grow_older(lake.root, 3.1, part=left.name)
    half = Path(lake.root, "_lakesmith/quarantine/app.orders/.x.jsonl.77.tmp")
    half.write_bytes(b"x")
    note = Path(lake.root, "_lakesmith/quarantine/app.orders/00000003-0123456789abcdef.replayed.json")
    note.write_bytes(b"{}")
    later = note.with_name("00000006-0123456789abcdef.replayed.json")
    later.write_bytes(b"{}")
    load(table, 4)
    grow_older(lake.root, 10)
    [found, _] = sweep_twice(lake)
    assert found.count("deleted")[0] == 3
    assert (note.exists(), later.exists()) == (False, True)
    assert not left.exists()
    assert not half.exists()


@pytest.mark.long
def test_what_compaction_left_goes_once_its_snapshots_are_expired(lake, table):
    load(table, *range(4))
    tend(table, EAGER)
    small = [name for name in files_below(lake.root) if name.endswith(".parquet") and "upkeep" not in name]
    load(table, *range(4, 68))
    rows = read_back(lake)
    quarantined = list(table.quarantined())
    grow_older(lake.root, 10)
    [found, _] = sweep_twice(lake)
    assert found.problem is None
    assert not set(small) & files_below(lake.root)
    assert read_back(lake) == rows
    assert list(table.quarantined()) == quarantined
    assert len(quarantined) == 68 * 2
    assert {str(Path(path).relative_to(lake.root)) for path in needed_files(lake)} <= files_below(lake.root)
    assert table.head().rows == 68 * ROWS


def test_a_table_that_the_catalog_does_not_know_is_not_looked_at(lake, table):
    load(table, 0)
    stranger = Path(lake.root, "app/never/data/00000001-0000000000-0123456789abcdef-00000.parquet")
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"x")
    grow_older(lake.root, 30)
    sweep_twice(lake)
    assert stranger.exists()


def test_leases_that_are_over_go_and_others_stay(lake, table):
    from lakesmith.lake.upkeep import leases

    load(table, 0)
    head = table.head().snapshot_id
    for _ in range(3):
        leases.hold(table.services, "dev", {STREAM: head})
    grow_older(lake.root, 4)
    leases.hold(table.services, "prod", {STREAM: head})
    sweep_twice(lake)
    left = [name for name in files_below(lake.root) if name.startswith("_lakesmith/leases/")]
    assert len(left) == 2
    assert leases.leased(table.services, STREAM) == {head}


def test_old_marks_go_by_themselves(lake, table):
    load(table, 0)
    for _ in range(8):
        sweep(lake)
        grow_older(lake.root, 1.01)
    marks = [name for name in files_below(lake.root) if "/collector/app" in name]
    assert len(marks) <= 4


class Restoring(FolderStore):
    """A store in whose lake somebody restores the catalog while the collector writes its marks."""

    def __init__(self, root: str, metadata: str) -> None:
        super().__init__(root)
        self.root, self.metadata = root, metadata

    def write(self, path: str, content: bytes) -> None:
        super().write(path, content)
        if "/collector/" in path:
            with sqlite3.connect(Path(self.root, "catalog.db")) as connection:
                connection.execute("UPDATE iceberg_tables SET metadata_location = ?", (self.metadata,))


@pytest.mark.long
def test_a_catalog_restored_while_it_runs_is_looked_at_again(lake, table):
    load(table, *range(4))
    rows, old = read_back(lake), table.head().metadata_path
    tend(table, EAGER)
    load(table, *range(4, 68))
    grow_older(lake.root, 10)
    sweep(lake)
    grow_older(lake.root, 1.01)
    # `old` is no longer a version that a restored catalog is promised to be readable by, but it is still there.
    services = replace(table.services, store=Restoring(lake.root, old))
    collect(services, [STREAM], delete=True)
    assert read_back(open_lake(Path(lake.root))) == rows
