"""A moved lake holds what the old one held, under the same ids, and nobody loads into the old one."""

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from lake_loading import STREAM, WIDER, open_batch, read_back, resume
from lake_servers import free_port
from server_talk import tell, work

from lakesmith.engines.duckdb.attach import select
from lakesmith.engines.duckdb.objects import register
from lakesmith.errors import CatalogBrokenError, LakeMovedError, UsageError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.lake.moving.move import CRASH_POINTS, move
from lakesmith.model.places import LakeAddress
from lakesmith.model.streams import StreamId

OTHER = StreamId("app", "Other lines")


@pytest.fixture
def old(tmp_path, clock):
    """A lake in a folder with two tables, a change of schema, a large checkpoint and records in quarantine."""
    lake = Lake(tmp_path / "old", Host(clock=clock))
    resume(lake.table(STREAM), 2)
    open_batch(lake.table(STREAM), 2, WIDER).commit()
    resume(lake.table(OTHER), 1, files=200)
    return lake


@pytest.fixture
def bucket(objects, postgres, storage, clock):
    return Lake(LakeAddress(f"s3://{objects.bucket()}/new", postgres.database(), storage), Host(clock=clock))


def everything(lake):
    """Return what a lake says of its tables, without what a place decides."""
    found = {}
    for stream in (STREAM, OTHER):
        table = lake.table(stream)
        head = table.head()
        metadata = lake.services.pointers.read(stream)
        raw = metadata.raw
        found[stream] = {
            "rows": read_back(lake, stream),
            "checkpoint": head.checkpoint,
            "schema": head.schema,
            "uuid": head.table_uuid,
            "ids": (raw["schemas"], raw["last-column-id"], raw["last-updated-ms"] > 0),
            "history": table.history(),
            "quarantine": list(table.quarantined()),
            "files": [path.removeprefix(lake.root) for path in table.snapshot().files],
            "through DuckDB": through_duckdb(lake, stream),
        }
    return found


def through_duckdb(lake, stream):
    with duckdb.connect(config={"autoload_known_extensions": "false"}) as connection:
        register(connection, lake.address)
        query = f"SELECT count(*), md5(string_agg(t::VARCHAR, chr(10) ORDER BY _ls_seq)) FROM ({select(lake.table(stream).snapshot())}) t"
        return connection.execute(query).fetchone()


def refused(lake):
    for look in (lake.table(STREAM).head, lake.table(OTHER).snapshot, lake.table(StreamId("app", "fresh")).head):
        with pytest.raises(LakeMovedError, match="was moved to"):
            look()


@pytest.mark.long
def test_from_a_folder_to_a_bucket_and_on_from_there(old, bucket, tmp_path, clock):
    before = everything(old)
    bytes_before = {path: path.read_bytes() for path in Path(old.root).rglob("*.parquet")}
    begun = open_batch(old.table(STREAM), 3, WIDER)
    moved = move(old, bucket)
    assert (moved.tables, moved.rows) == (2, 20)
    assert everything(bucket) == before
    with pytest.raises(LakeMovedError, match="was moved to s3://"):
        begun.commit()
    refused(old)
    assert len(read_back(old)) == 15  # other readers go on
    assert {path: path.read_bytes() for path in bytes_before} == bytes_before
    again = move(old, bucket)
    assert (again.copied, again.tables) == (0, 2)
    open_batch(bucket.table(STREAM), 3, WIDER).commit()
    after = everything(bucket)
    assert after[STREAM]["rows"][:15] == before[STREAM]["rows"]
    assert len(after[STREAM]["rows"]) == 20
    back = Lake(tmp_path / "back", Host(clock=clock))
    move(bucket, back)
    assert everything(back) == after
    refused(bucket)


@pytest.mark.parametrize("point", [CRASH_POINTS[1], *(pytest.param(p, marks=pytest.mark.long) for p in CRASH_POINTS)])
def test_a_killed_move_is_repeated(old, tmp_path, clock, point):
    before = everything(old)
    new = Lake(tmp_path / "new", Host(clock=clock))
    told = {"do": "move", "from": tell(old), "to": tell(new)}
    for nth in (1, 2) if point == CRASH_POINTS[3] else (1,):
        code, _, said = work(told, LAKESMITH_CRASH=f"{point}:{nth}")
        assert code == -signal.SIGKILL, said
    move(old, new)
    assert everything(new) == before
    refused(old)


@pytest.mark.long
@pytest.mark.parametrize("point", [f"{CRASH_POINTS[2]}:2", f"{CRASH_POINTS[3]}:1"])
def test_a_killed_settling_of_a_copy_is_repeated(old, tmp_path, clock, point):
    before = everything(old)
    shutil.copytree(old.root, tmp_path / "copy")
    copy = Lake(tmp_path / "copy", Host(clock=clock))
    code, _, said = work({"do": "move", "from": tell(copy), "to": tell(copy)}, LAKESMITH_CRASH=point)
    assert code == -signal.SIGKILL, said
    move(copy, copy)
    assert everything(copy) == before
    assert everything(old) == before


@pytest.mark.long
def test_half_a_file_of_a_killed_move_is_written_again(old, tmp_path, clock):
    before = everything(old)
    new = Lake(tmp_path / "new", Host(clock=clock))
    for stored in list(old.services.store.list(f"{old.root}/app")):
        half = Path(stored.path.replace(old.root, new.root))
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(Path(stored.path).read_bytes()[: stored.size_bytes // 2])
    move(old, new)
    assert everything(new) == before


@pytest.mark.long
def test_a_copied_lake_becomes_one_of_its_own(old, tmp_path, clock):
    before = everything(old)
    shutil.copytree(old.root, tmp_path / "copy")
    shutil.move(old.root, tmp_path / "gone")
    copy = Lake(tmp_path / "copy", Host(clock=clock))
    with pytest.raises(CatalogBrokenError, match="lake move --here"):
        copy.table(STREAM).head()
    assert move(copy, copy).copied == 0
    assert everything(copy) == before
    open_batch(copy.table(STREAM), 3, WIDER).commit()
    assert len(read_back(copy)) == 20
    with pytest.raises(UsageError, match="nothing to settle"):
        move(copy, copy)
    third = Lake(tmp_path / "third", Host(clock=clock))
    move(copy, third)
    assert len(read_back(third)) == 20


def test_what_cannot_be_meant_is_refused(old, tmp_path, clock, bucket):
    with pytest.raises(UsageError, match="no table in this lake"):
        move(Lake(tmp_path / "empty", Host(clock=clock)), old)
    with pytest.raises(UsageError, match="into itself"):
        move(old, Lake(tmp_path / "old" / "inner", Host(clock=clock)))
    resume(bucket.table(STREAM), 1)
    with pytest.raises(CatalogBrokenError, match=r"another table app\.orders already"):
        move(old, bucket)


def test_a_file_that_is_lost_stops_the_move_before_anything_is_registered(old, tmp_path, clock):
    Path(old.table(STREAM).snapshot().files[0]).unlink()
    new = Lake(tmp_path / "new", Host(clock=clock))
    with pytest.raises(Exception, match="No such file"):
        move(old, new)
    assert new.streams() == []
    assert old.table(STREAM).head().checkpoint.ordinal == 3  # and the old lake is open
    nowhere = replace(new.address, catalog=f"postgresql://lake:x@127.0.0.1:{free_port()}/c")
    assert json.dumps(nowhere.catalog_place).startswith('"postgresql://127.0.0.1:')
