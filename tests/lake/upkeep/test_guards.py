"""Each guard of the collector protects something, and without it that is lost: every case runs with the guard and without."""

import os
import sqlite3
from pathlib import Path

import pytest
from lake_loading import STREAM, make_rows, open_batch, open_lake, read_back, without_system
from upkeep_tools import EAGER, files_below, grow_older, load, sweep, sweep_twice

from lakesmith.errors import LakesmithError
from lakesmith.host import Host
from lakesmith.lake.upkeep import guards, leases, reach, tend
from lakesmith.lake.upkeep.reach import key


@pytest.fixture
def lake(tmp_path):
    return open_lake(tmp_path / "lake", Host())  # other libraries write here as well, by the machine's clock


def no(*_asked):
    return False


def yes(*_asked):
    return True


def iceberg(lake):
    return lake.open_catalog().load_table((STREAM.source, STREAM.name))


def reachable(lake, table):
    """Everything a snapshot names stays, however old."""
    load(table, 0, 1)
    rows = read_back(lake)
    grow_older(lake.root, 30)
    sweep_twice(lake)
    return readable(lake, rows)


def addressed_otherwise(lake, _table):
    """What is named by another road to the same folder stays."""
    link = Path(lake.root).with_name("link")
    Path(lake.root).mkdir()
    link.symlink_to(lake.root)
    through = open_lake(link)
    load(through.table(STREAM), 0, 1)
    grow_older(lake.root, 30)
    sweep_twice(lake)
    return len(list(Path(lake.root).rglob("*.parquet"))) == 2


def young(lake, table):
    """A file of less than three days may still be wanted by whoever wrote it."""
    load(table, 0)
    late = Path(lake.root, "app/orders/data/upkeep-0123456789abcdef-000-00000.parquet")
    late.write_bytes(b"PAR1")
    load(table, 1)
    grow_older(lake.root, 1.5)
    sweep_twice(lake)
    return late.exists()


def in_flight(lake, table):
    """A stage that has been open for a month, and over a compaction, is committed after all."""
    load(table, *range(4))
    opened = open_batch(table, 4)
    tend(table, EAGER)
    grow_older(lake.root, 30)
    sweep_twice(lake)
    try:
        opened.commit()
    except LakesmithError:
        return False
    rows = [row for number in range(5) for row in make_rows(number)]
    return without_system(read_back(lake)) == rows and len(list(table.quarantined())) == 10


def pending(lake, table):
    """A compaction that was prepared, slept for a month, and is sent on the head it was built on, lands whole."""
    load(table, *range(4))
    rows = read_back(lake)
    sender = table.services.catalog()
    send, slept = sender.commit_table, []

    def sleep_and_send(*args):
        if not slept:
            slept.append(True)
            grow_older(lake.root, 30)
            sweep_twice(lake)
        return send(*args)

    sender.commit_table = sleep_and_send
    try:
        tend(table, EAGER)
        return bool(slept) and readable(lake, rows)
    except (LakesmithError, OSError):
        return False


def not_ours(lake, table):
    """What somebody else put there is not ours."""
    load(table, 0)
    notes = [Path(lake.root, "app/orders/data/notes.txt"), Path(lake.root, "app/orders/metadata/stats.puffin")]
    for path in notes:
        path.write_text("x")
    load(table, 1)
    grow_older(lake.root, 30)
    sweep_twice(lake)
    return all(path.exists() for path in notes)


def newest_metadata(lake, table):
    """Metadata that the log no longer names stays, as a catalog may be restored to it."""
    load(table, 0)
    with iceberg(lake).transaction() as change:
        change.set_properties({"write.metadata.previous-versions-max": "1"})
    load(table, *range(1, 6))
    grow_older(lake.root, 30)
    sweep_twice(lake)
    return len(list(Path(lake.root).rglob("*.metadata.json"))) == 7


def two_passes(lake, table):
    """One pass alone deletes nothing."""
    load(table, 0)
    open_batch(table, 8)
    load(table, 1)
    grow_older(lake.root, 30)
    sweep(lake)
    return len(list(Path(lake.root).rglob("*.parquet"))) == 3


def restored_catalog(lake, table):
    """A catalog of a few commits ago finds its metadata and all that it names."""
    load(table, *range(4))
    rows, old = read_back(lake), table.head().metadata_path
    tend(table, EAGER)
    expire_all_but_head(lake)
    grow_older(lake.root, 30)
    sweep_twice(lake)
    with sqlite3.connect(Path(lake.root, "catalog.db")) as connection:
        connection.execute("UPDATE iceberg_tables SET metadata_location = ?", (old,))
    return readable(lake, rows)


def leased(lake, table):
    """Views name a snapshot that another tool expired long ago."""
    load(table, *range(3))
    files = table.snapshot().files
    leases.hold(table.services, "dev", {STREAM: table.head().snapshot_id})
    load(table, 3)
    tend(table, EAGER)
    expire_all_but_head(lake)
    for number in range(12):
        with iceberg(lake).transaction() as change:
            change.set_properties({"n": str(number)})
    grow_older(lake.root, 5)
    sweep_twice(lake)
    return all(Path(path).exists() for path in files)


def unreadable(lake, table):
    """A manifest that cannot be read protects all of its table."""
    load(table, 0, 1)
    before = files_below(lake.root)
    for manifest in Path(lake.root).rglob("*-m0.avro"):
        manifest.write_bytes(b"torn")
    grow_older(lake.root, 30)
    [found, _] = sweep_twice(lake)
    return before <= files_below(lake.root) and found.problem is not None


def claimed(lake, table):
    """Records in quarantine stay visible, also those of loads whose snapshots are expired."""
    load(table, *range(52))
    grow_older(lake.root, 30)
    [found, _] = sweep(lake, delete=False)
    return not [one for one in found.litter if one.kind == guards.QUARANTINE] and len(list(table.quarantined())) == 104


def expire_all_but_head(lake):
    table = iceberg(lake)
    head = table.current_snapshot().snapshot_id
    others = [snapshot.snapshot_id for snapshot in table.metadata.snapshots if snapshot.snapshot_id != head]
    bearer = others[-1]  # the checkpoint in force
    table.maintenance.expire_snapshots().by_ids([one for one in others if one != bearer]).commit()
    # what the last load named is named by compaction's parent as well, so that one has to go by force
    forget_files_of(lake, bearer)


def forget_files_of(lake, snapshot_id):
    """Make a snapshot name nothing, as if its manifests had been merged away."""
    import json

    table = iceberg(lake)
    path = Path(table.metadata_location.removeprefix("file://"))
    raw = json.loads(path.read_text())
    head = next(one for one in raw["snapshots"] if one["snapshot-id"] == raw["current-snapshot-id"])
    for one in raw["snapshots"]:
        if one["snapshot-id"] == snapshot_id:
            one["manifest-list"] = head["manifest-list"]
    path.write_text(json.dumps(raw))


def readable(lake, rows):
    try:
        return read_back(open_lake(Path(lake.root))) == rows
    except OSError:
        return False


CASES = {
    "is_reachable": (reachable, reach.Reach, "holds", no),
    "key": (addressed_otherwise, reach, "key", os.path.abspath),
    "is_young": (young, guards, "is_young", no),
    "is_in_flight": (in_flight, guards, "is_in_flight", no),
    "is_pending": (pending, guards, "is_pending", no),
    "is_ours": (not_ours, guards, "is_ours", yes),
    "is_newest_metadata": (newest_metadata, guards, "is_newest_metadata", no),
    "is_marked_twice": (two_passes, guards, "is_marked_twice", yes),
    "RESTORABLE": (restored_catalog, reach, "RESTORABLE", 0),
    "_viewed": (leased, reach, "_viewed", lambda *_asked: set()),
    "_readable": (unreadable, reach, "_readable", lambda *_asked: []),
    "_claims": (in_flight, reach, "_claims", lambda *_asked: []),
    "ClaimStore": (claimed, reach.ClaimStore, "carried", lambda *_asked: []),
}


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "name", [*list(CASES)[::2], *(pytest.param(name, marks=pytest.mark.long) for name in list(CASES)[1::2])]
)
def test_the_guard_protects(lake, table, name):
    case, *_ = CASES[name]
    assert case(lake, table)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in CASES if name != "_claims"])
def test_without_the_guard_it_is_lost(lake, table, name, monkeypatch):
    case, home, attribute, instead = CASES[name]
    monkeypatch.setattr(home, attribute, instead)
    assert not case(lake, table)


def test_the_key_is_the_same_by_every_road():
    roads = (
        "/mnt/lake/a/data/x.parquet",
        "file:///mnt/lake/a/data/x.parquet",
        "s3://b/lake/a//data/x.parquet",
        "s3a://b/l/data/x.parquet",
    )
    assert {key(road) for road in roads} == {"data/x.parquet"}
