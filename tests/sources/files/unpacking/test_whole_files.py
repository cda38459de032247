"""Files that are read whole: one entry for all of a file, and a changed one is a rewritten one; threads and copies that go away."""

import gzip
import io
import json
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packers import zipped

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask

OPENED = Path("/proc/self/fd")


def parquet(*keys: int) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"k": list(keys)}), file)
    return file.getvalue()


def test_a_file_that_cannot_grow_is_read_once_and_a_changed_one_is_rewritten(delivery) -> None:
    delivery.put("a.parquet", parquet(1, 2))
    stream = delivery.stream("*.parquet")
    first = delivery.load(stream)
    assert first.rows == [(1,), (2,)]
    entry = json.loads(first.position)["a.parquet"]
    assert (entry["c"], entry["s"], entry["r"]) == (len(parquet(1, 2)), len(parquet(1, 2)), 2)
    assert delivery.load(stream, first.position).positions == []
    delivery.put("a.parquet", parquet(1, 2))  # touched
    assert delivery.load(stream, first.position).rows == []
    delivery.put("a.parquet", parquet(1, 2, 3))
    with pytest.raises(SourceDataError, match=r"rewritten.*\n  where: a\.parquet \(stream drops\.rows"):
        delivery.load(stream, first.position)
    ignored = delivery.load(delivery.stream("*.parquet", on_rewrite="ignore"), first.position)
    assert (ignored.rows, delivery.load(stream, ignored.position).positions) == ([], [])
    again = delivery.load(delivery.stream("*.parquet", on_rewrite="reload"), first.position)
    assert again.rows == [(1,), (2,), (3,)]
    assert delivery.load(stream, again.position).positions == []


@pytest.mark.parametrize("content", [b" \n", b"\xef\xbb\xbf", b"\r\n\t"])
def test_a_file_of_blanks_is_a_file_without_records(delivery, content: bytes) -> None:
    for name in ("a.json", "b.xml", "c.parquet"):
        delivery.put(name, content)
        loaded = delivery.load(delivery.stream(name))
        assert (loaded.rows, loaded.rejects) == ([], [])
        assert delivery.load(delivery.stream(name), loaded.position).positions == []


@pytest.mark.parametrize("size", [30, -20, -1])
def test_a_file_cut_off_is_refused_and_waits_while_it_may_still_be_written(delivery, size: int) -> None:
    delivery.put("a.csv.gz", gzip.compress(bytes(range(97, 123)) * 400)[:size])
    with pytest.raises(SourceDataError, match="broken"):
        delivery.load(delivery.stream("*.gz"))
    stream = delivery.stream("*.gz", settle_s=1000)
    source = delivery.source(stream)
    (split,) = source.splits(stream, Ask())
    (chunk,) = source.read(stream, split, Ask())
    assert "may still be written" in chunk.notices[0]
    assert chunk.rows.num_rows == 0
    assert json.loads(chunk.after) == {}


def test_a_file_that_changes_while_it_is_read_is_refused(delivery) -> None:
    delivery.put("a.parquet", parquet(*range(10)))
    stream = delivery.stream("*.parquet")
    source = delivery.source(stream)
    (split,) = source.splits(stream, Ask())
    delivery.put("b.zip", zipped({"a.csv": b"k\n" + b"1\n" * 2_000_000}))
    zips = delivery.stream("*.zip")
    (zip_split,) = source.splits(zips, Ask())
    chunks = source.read(zips, zip_split, Ask())
    next(chunks)
    delivery.put("b.zip", zipped({"a.csv": b"k\n1\n"}))
    with pytest.raises(SourceDataError, match=r"changed while it was being read|broken"):
        list(chunks)
    assert sum(chunk.rows.num_rows for chunk in source.read(stream, split, Ask())) == 10


def copies(folder):
    """Return the files of a folder that this process has open, those without a name too."""
    names = [str(one.readlink()) for one in list(OPENED.iterdir()) if one.is_symlink()]
    return [name for name in names if str(folder) in name]


@pytest.mark.skipif(not OPENED.is_dir(), reason="only Linux says which files a process has open")
def test_who_stops_reading_leaves_no_thread_and_no_copy(delivery, tmp_path_factory, monkeypatch) -> None:
    aside = tmp_path_factory.mktemp("aside")
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    lines = b"k,v\n" + b"12345,67890\n" * 3_000_000
    delivery.put("a.csv.gz", gzip.compress(lines, 1))
    delivery.put("b.zip", zipped({"b.parquet": parquet(*range(5_000_000))}, 0))
    for name in ("a.csv.gz", "b.zip"):
        stream = delivery.stream(name)
        source = delivery.source(stream)
        (split,) = source.splits(stream, Ask())
        chunks = source.read(stream, split, Ask())
        next(chunks)
        assert bool(copies(aside)) == (name == "b.zip")
        chunks.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lakesmith-unpack")]
    assert copies(aside) == []
