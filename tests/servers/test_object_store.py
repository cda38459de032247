"""A bucket and a folder are the same to the lake, and what a bucket complains of names no secret."""

from datetime import UTC, datetime, timedelta

import pytest
from lake_servers import FlakyProxy, free_port

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.stores import open_store
from lakesmith.lake.stores.objects import ObjectStore
from lakesmith.lake.stores.store import FolderStore
from lakesmith.model.places import LakeAddress, Storage


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    """A store and the root that it is for."""
    if request.param == "folder":
        return open_store(LakeAddress(str(tmp_path / "lake"))), str(tmp_path / "lake")
    objects, storage = request.getfixturevalue("objects"), request.getfixturevalue("storage")
    root = f"s3://{objects.bucket()}/a/lake"
    return open_store(LakeAddress(root, None, storage)), root


def test_what_is_written_is_read_listed_and_gone_again(place):
    store, root = place
    assert isinstance(store, (FolderStore, ObjectStore))
    assert (list(store.list(root)), store.size(f"{root}/x")) == ([], None)
    before = store.now() - timedelta(seconds=1)  # S3 tells whole seconds
    content = b"one\ntwo\n\nthree"
    store.write(f"{root}/t~41/data/a.jsonl", content)
    with store.create(f"{root}/t~41/data/b.parquet") as out:
        assert [out.write(b"x" * 10), out.write(memoryview(b"yy"))] == [10, 2]
        assert out.tell() == 12
    assert out.closed
    assert store.read(f"{root}/t~41/data/a.jsonl") == content
    with store.open(f"{root}/t~41/data/a.jsonl") as file:
        assert list(file) == content.splitlines(keepends=True)
        assert file.seek(4) == 4
        assert file.read(3) == b"two"
    found = {stored.path: stored for stored in store.list(f"{root}/t~41")}
    assert {path: stored.size_bytes for path, stored in found.items()} == {
        f"{root}/t~41/data/a.jsonl": len(content),
        f"{root}/t~41/data/b.parquet": 12,
    }
    for stored in found.values():
        assert before <= stored.modified_at <= store.now()
        assert stored.modified_at.tzinfo == UTC
    store.delete(f"{root}/t~41/data/a.jsonl")
    store.delete(f"{root}/t~41/data/a.jsonl")
    assert store.size(f"{root}/t~41/data/a.jsonl") is None
    assert store.size(f"{root}/t~41/data/b.parquet") == 12


def test_a_name_says_nothing_about_how_bytes_are_stored(place):
    store, root = place
    for name in ("a.json.gz", "b.bz2"):
        store.write(f"{root}/{name}", b"plain")
        with store.create(f"{root}/2{name}") as out:
            out.write(b"plain")
        assert (store.read(f"{root}/{name}"), store.size(f"{root}/{name}")) == (b"plain", 5)
        assert store.open(f"{root}/2{name}").read() == b"plain"


def test_objects_are_written_once(place):
    store, root = place
    store.create(f"{root}/a").close()
    with pytest.raises(StorageUnavailableError, match=r"there already|File exists"):
        store.create(f"{root}/a")
    with store.create(f"{root}/a", overwrite=True) as out:
        out.write(b"new")
    assert store.read(f"{root}/a") == b"new"


def test_a_large_object_is_sent_in_parts_and_not_there_before_it_is_whole(objects, storage):
    root = f"s3://{objects.bucket()}"
    store = ObjectStore(root, storage)
    out = store.create(f"{root}/large")
    part = bytes(range(256)) * (1 << 14)
    for _ in range(5):
        out.write(part)
    assert store.size(f"{root}/large") is None
    out.close()
    assert store.read(f"{root}/large") == part * 5
    store.create(f"{root}/given up").abandon()


def test_what_is_missing_is_said_without_secrets(place):
    store, root = place
    with pytest.raises(StorageUnavailableError, match=r"no such object|No such file") as caught:
        store.read(f"{root}/none")
    assert caught.value.where == f"{root}/none"
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(StorageUnavailableError, match=r"no such object|No such file"):
        store.open(f"{root}/none")


def test_a_bucket_that_is_not_there_is_named_when_something_is_written(objects, storage):
    store = ObjectStore("s3://nowhere-at-all", storage)
    with pytest.raises(StorageUnavailableError, match="there is no such bucket"):
        store.write("s3://nowhere-at-all/x", b"1")
    assert objects.process.poll() is None


@pytest.mark.long
def test_a_store_that_cannot_be_reached_is_an_error_soon():
    store = ObjectStore(
        "s3://b", Storage(f"http://127.0.0.1:{free_port()}", "us-east-1", None, False, "key-id", "s3cr3t")
    )
    began = datetime.now(UTC)
    with pytest.raises(StorageUnavailableError, match="NETWORK_CONNECTION") as caught:
        store.read("s3://b/x")
    assert (datetime.now(UTC) - began).total_seconds() < 20
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in repr(store._storage)


def test_wrong_keys_are_called_that(objects):
    def refuses(_number, method, _path):
        return method == "PUT"

    with FlakyProxy(objects.port, fails=refuses, status=403).running() as proxy:
        store = ObjectStore("s3://b", Storage(proxy.endpoint, "us-east-1", None, False, "key-id", "s3cr3t"))
        with pytest.raises(StorageUnavailableError, match="access was denied"):
            store.write("s3://b/x", b"1")


def test_a_store_that_stumbles_is_asked_again(objects, storage):
    bucket = objects.bucket()
    with FlakyProxy(objects.port, fails=lambda number, _method, _path: number in (1, 3, 4)).running() as proxy:
        store = ObjectStore(f"s3://{bucket}", Storage(proxy.endpoint, "us-east-1", None, False, "k", "s"))
        store.write(f"s3://{bucket}/x", b"content")
        assert store.read(f"s3://{bucket}/x") == b"content"
        assert proxy.refused == 3
    assert ObjectStore(f"s3://{bucket}", storage).read(f"s3://{bucket}/x") == b"content"
