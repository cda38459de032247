"""Glue and REST stand behind the same seam: loads, fences, lost replies, moves."""

import pytest
from lake_loading import ROWS, STREAM, WIDER, make_rows, open_batch, read_back, resume, without_system
from lake_servers import free_port
from pyiceberg.catalog.sql import SqlCatalog
from rest_catalog import RestServer, serve_rest

from lakesmith.errors import FencedError, LakeMovedError, StorageUnavailableError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.lake.moving.move import move
from lakesmith.lake.stores.durable import NAME
from lakesmith.model.places import LakeAddress


@pytest.fixture
def rest(tmp_path):
    """A REST server of its own."""
    backend = {"uri": f"sqlite:///{tmp_path}/rest.db", "py-io-impl": NAME, "warehouse": str(tmp_path)}
    with serve_rest(RestServer(SqlCatalog("lakesmith", **backend))) as server:
        yield server


@pytest.fixture(params=["glue", "rest"])
def remote(request, tmp_path, clock, monkeypatch):
    """A lake whose catalog is behind HTTP."""
    if request.param == "rest":
        server = request.getfixturevalue("rest")
        return Lake(LakeAddress(str(tmp_path / "lake"), f"rest+http://127.0.0.1:{server.port}"), Host(clock=clock))
    objects, storage = request.getfixturevalue("objects"), request.getfixturevalue("storage")
    for name, value in objects.environ().items():
        monkeypatch.setenv(name, value)  # boto3 finds the server by them
    bucket = objects.bucket()
    lake = Lake(LakeAddress(f"s3://{bucket}", "glue://us-east-1", storage), Host(clock=clock))
    for stream in lake.streams():  # there is one Glue for all tests
        lake.open_catalog().drop_table((stream.source, stream.name))
    return lake


def test_loads_land_and_resume(remote):
    table = remote.table(STREAM)
    assert (table.head(), remote.streams()) == (None, [])
    resume(table, 2)
    open_batch(table, 2, WIDER).commit()
    assert without_system(read_back(remote))[2 * ROWS :] == make_rows(2, WIDER)
    assert (len(table.history()), remote.streams(), len(list(table.quarantined()))) == (3, [STREAM], 6)
    slow, fast = open_batch(table, 3, WIDER), open_batch(table, 3, WIDER)
    fast.commit()
    with pytest.raises(FencedError, match="ordinal 4 has been committed"):
        slow.commit()
    assert len(read_back(remote)) == 4 * ROWS


@pytest.mark.long
def test_a_lake_moves_out_of_a_remote_catalog(remote, tmp_path, clock):
    resume(remote.table(STREAM), 2)
    rows = read_back(remote)
    there = Lake(tmp_path / "there", Host(clock=clock))
    move(remote, there)
    assert read_back(there) == rows
    with pytest.raises(LakeMovedError, match="was moved to"):
        remote.table(STREAM).head()


def test_a_lake_moves_into_a_rest_catalog(rest, tmp_path, clock):
    old = Lake(tmp_path / "old", Host(clock=clock))
    resume(old.table(STREAM), 2)
    new = Lake(LakeAddress(str(tmp_path / "new"), f"rest+http://127.0.0.1:{rest.port}"), Host(clock=clock))
    rows = read_back(old)
    move(old, new)
    move(old, new)
    assert read_back(new) == rows
    resume(new.table(STREAM), 3)
    assert len(read_back(new)) == 3 * ROWS


@pytest.mark.parametrize("lie", [409, *(pytest.param(lie, marks=pytest.mark.long) for lie in (500, 503)), 0])
def test_a_commit_that_landed_and_was_denied_is_believed_to_the_table(rest, tmp_path, clock, lie):
    lake = Lake(LakeAddress(str(tmp_path / "lake"), f"rest+http://127.0.0.1:{rest.port}"), Host(clock=clock))
    resume(lake.table(STREAM), 1)
    rest.lies[:] = [lie]
    landed = open_batch(lake.table(STREAM), 1).commit()
    assert landed.checkpoint.ordinal == 2
    resume(lake.table(STREAM), 3)
    assert without_system(read_back(lake)) == [row for number in range(3) for row in make_rows(number)]


def test_a_server_that_is_not_there_is_called_that(tmp_path, clock):
    address = LakeAddress(str(tmp_path / "lake"), f"rest+http://me:s3cret@127.0.0.1:{free_port()}/api")
    with pytest.raises(StorageUnavailableError, match="catalog cannot be used") as caught:
        Lake(address, Host(clock=clock)).table(STREAM).head()
    assert "s3cret" not in str(caught.value)
    assert caught.value.where.startswith("rest+http://127.0.0.1:")
