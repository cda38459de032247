"""Files that unpack to far more than they are: refused early, whatever they claim."""

import gzip
import struct
import tracemalloc
import zipfile

import pytest
from packers import PACKERS, zipped

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.limits import GB, MEMBERS
from lakesmith.sources.files.unpacking.budget import Budget
from lakesmith.sources.files.unpacking.members import Packed, Terms, open_packed

LINE = b"1,2\n"


def unpack(path, kind: str, most: int = 100 * GB) -> int:
    """Return how many bytes come out of a file."""
    with path.open("rb") as file, path.open("rb") as forward:
        packed = Packed(path.name, path.stat().st_size, file, forward)
        return sum(
            len(piece)
            for member in open_packed(packed, kind, Terms(lambda _name: False, most))
            for piece in member.content
        )


def test_more_than_the_stream_allows_is_refused(delivery) -> None:
    delivery.put("a.csv.gz", gzip.compress(LINE * 2_000_000))
    with pytest.raises(SourceDataError, match=r"more than 0\.005 GB.*\n  where: a\.csv\.gz\n.*max_unpacked_gb"):
        delivery.load(delivery.stream("a.csv.gz", max_unpacked_gb=0.005))


def test_a_bomb_is_refused_by_its_ratio_and_in_little_memory(tmp_path) -> None:
    bomb = tmp_path / "bomb.zst"
    bomb.write_bytes(PACKERS["zst"](bytes(45 * 1024 * 1024)) * 30)
    tracemalloc.start()
    with pytest.raises(SourceDataError, match=r"more than 1,000 times its size"):
        unpack(bomb, "zst")
    assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    tracemalloc.stop()


def test_up_to_a_gigabyte_the_ratio_does_not_matter() -> None:
    Budget("a", 1, 100 * GB).check(GB)
    with pytest.raises(SourceDataError, match="1,000 times"):
        Budget("a", 1, 100 * GB).check(GB + 1)
    Budget("a", 2 * GB // 1000, 100 * GB).check(GB + 1)


def with_sizes(content: bytes, size: int) -> bytes:
    """Return an archive whose members all claim another size."""
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content = content[: at + 24] + struct.pack("<I", size) + content[at + 28 :]
    return content


def test_an_archive_that_claims_too_much_is_refused_before_it_is_unpacked(delivery) -> None:
    delivery.put("drop.zip", with_sizes(zipped({"a.csv": LINE, "b.csv": LINE}), 2**31))
    with pytest.raises(SourceDataError, match="1,000 times"):
        delivery.load(delivery.stream("drop.zip"))


@pytest.mark.parametrize("size", [0, 3, 10_000_000])
def test_a_member_that_lies_about_its_size_is_refused(delivery, size: int) -> None:
    delivery.put("drop.zip", with_sizes(zipped({"a.csv": LINE * 1_000_000}), size))
    with pytest.raises(SourceDataError, match=r"not as long as the archive says.*\n  where: drop\.zip/a\.csv, byte"):
        delivery.load(delivery.stream("drop.zip"))


@pytest.mark.parametrize(
    "method",
    [
        zipfile.ZIP_DEFLATED,
        *(pytest.param(method, marks=pytest.mark.long) for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
    ],
)
def test_members_unpack_in_little_memory(tmp_path, method: int) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.csv": bytes(64 * 1024 * 1024)}, method))
    tracemalloc.start()
    assert unpack(path, "zip") == 64 * 1024 * 1024
    assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    tracemalloc.stop()


def test_members_that_share_their_bytes_are_refused(delivery) -> None:
    content = zipped({"a.csv": LINE, "b.csv": LINE})
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    delivery.put("drop.zip", content[: second + 42] + bytes(4) + content[second + 46 :])
    with pytest.raises(SourceDataError, match="lie in each other"):
        delivery.load(delivery.stream("drop.zip"))


def test_too_many_members_are_refused(delivery) -> None:
    delivery.put("drop.zip", zipped({f"{number}.csv": b"" for number in range(MEMBERS + 1)}, zipfile.ZIP_STORED))
    with pytest.raises(SourceDataError, match="more than 10,000 members"):
        delivery.load(delivery.stream("drop.zip"))


def test_a_table_of_contents_that_would_fill_memory_is_refused_unread(tmp_path) -> None:
    table = b"PK\x01\x02" + bytes(42)
    path = tmp_path / "a.zip"
    directory = table * 400_000
    path.write_bytes(
        b"PK\x03\x04"
        + bytes(26)
        + directory
        + b"PK\x05\x06"
        + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), 30, 0)
    )
    tracemalloc.start()
    with pytest.raises(SourceDataError, match="table of contents of more than 8 MB"):
        unpack(path, "zip")
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    tracemalloc.stop()
