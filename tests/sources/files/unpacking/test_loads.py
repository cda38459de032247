"""Packed files all the way into the lake: whole, or not at all."""

import gzip

import polars as pl
import pytest
from packers import zipped

import lakesmith
from lakesmith.model.streams import StreamId

STREAM = StreamId("shop", "orders")


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "data").mkdir()
    settings = "{files: ['*.gz', '*.zip'], settle_s: 0, on_broken: stop}"
    (tmp_path / "lakesmith.yml").write_text(
        f"version: 1\nname: acme\nsources: {{shop: {{type: files, root: data, streams: {{orders: {settings}}}}}}}\n"
    )
    return tmp_path


def rows(shop) -> list[tuple]:
    """Return what is in bronze, with where it came from, read by Polars from the files of the snapshot."""
    snapshot = lakesmith.open(shop)._shop.lake.table(STREAM).snapshot()
    files = snapshot.files if snapshot else []
    frames = [pl.read_parquet(file).select("_ls_source", "id") for file in files]
    return sorted(pl.concat(frames).rows()) if frames else []


def test_nothing_of_a_broken_file_is_loaded_and_all_of_the_mended_one(shop) -> None:
    content = b"id,v\n" + b"".join(b"%d,%032d\n" % (number, number) for number in range(60_000))
    packed = gzip.compress(content, 1)
    (shop / "data/a.csv.gz").write_bytes(packed[:-1])  # all of the content is there, and not all of its checksum
    result = lakesmith.open(shop).run()
    assert [(name, error.where) for name, error in result.outcome.errors] == [
        ("load:shop.orders", f"a.csv.gz, byte {len(packed) - 1}")
    ]
    assert rows(shop) == []
    (shop / "data/a.csv.gz").write_bytes(packed)
    assert lakesmith.open(shop).run().ok
    assert rows(shop) == sorted(("a.csv.gz", number) for number in range(60_000))


def test_members_of_an_archive_are_loaded_once_with_what_cannot_be_read(shop) -> None:
    (shop / "data/empty.zip").write_bytes(zipped({}))
    members = {"a.yaml": b"x", "b.csv": b"id,v\n1,2\n3,4,5\n", "z/c.csv": b"id;w\n7;8\n"}
    (shop / "data/drop.zip").write_bytes(zipped(members))
    for _ in range(2):
        assert lakesmith.open(shop).run().ok
        assert rows(shop) == [("drop.zip/b.csv", 1), ("drop.zip/z/c.csv", 7)]
        assert sorted(row.where for row in lakesmith.open(shop).quarantine()) == [
            "drop.zip/a.yaml:1",
            "drop.zip/b.csv:3",
        ]
