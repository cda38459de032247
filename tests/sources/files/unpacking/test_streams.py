"""Files packed by gzip, bzip2, xz and zstd: the same rows as unpacked, or nothing at all."""

import gzip
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packers import PACKERS, ZIP_METHODS, zipped

from lakesmith.errors import SourceDataError

CSV = b"k,v\n" + b"".join(b"%d,%d\n" % (number, number * number % 97) for number in range(60))
ROWS = [(str(number), str(number * number % 97)) for number in range(60)]


def told(loaded) -> tuple:
    return loaded.rows, [(reject.reason, reject.where.rpartition(":")[2], reject.raw) for reject in loaded.rejects]


@pytest.mark.few(4)
@pytest.mark.parametrize("kind", [*PACKERS, *ZIP_METHODS])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200), st.lists(st.sampled_from([b"a,b\n", b"1,2\n", b'"x', b"\r\n", b"\n", b"3", b"\xff", b","]))
)
def test_any_bytes_load_as_they_would_unpacked(delivery, kind: str, noise: bytes, pieces: list[bytes]) -> None:
    content = b"k,v\n" + b"".join(pieces) + noise
    delivery.put("plain.csv", content)
    packed = PACKERS[kind](content) if kind in PACKERS else zipped({"a.csv": content}, ZIP_METHODS[kind])
    name = f"packed.csv.{kind if kind in PACKERS else 'zip'}"
    delivery.put(name, packed)
    assert told(delivery.load(delivery.stream(name))) == told(delivery.load(delivery.stream("plain.csv")))


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", PACKERS)
def test_a_packed_file_cut_off_anywhere_is_refused(delivery, kind: str) -> None:
    packed = PACKERS[kind](CSV)
    for size in range(1, len(packed)):
        delivery.put(f"a.csv.{kind}", packed[:size])
        with pytest.raises(SourceDataError, match=r"broken|not packed with") as caught:
            delivery.load(delivery.stream(f"a.csv.{kind}"))
        assert "byte" in caught.value.where or "not packed with" in caught.value.what


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_damaged_byte_is_noticed_or_does_not_matter(delivery, kind: str) -> None:
    packed = PACKERS[kind](CSV)
    refused = 0
    for place in range(len(packed)):
        delivery.put(f"a.csv.{kind}", packed[:place] + bytes([packed[place] ^ 0x55]) + packed[place + 1 :])
        try:
            assert delivery.load(delivery.stream(f"a.csv.{kind}")).rows == ROWS
        except SourceDataError:
            refused += 1
    assert refused > len(packed) - 16  # a gzip header has a time, and what else says nothing about the content


@pytest.mark.parametrize("kind", PACKERS)
def test_streams_that_follow_each_other_are_read_to_the_last(delivery, kind: str) -> None:
    pack = PACKERS[kind]
    delivery.put(f"a.csv.{kind}", pack(CSV[:20]) + pack(b"") + pack(CSV[20:]))
    assert delivery.load(delivery.stream(f"a.csv.{kind}")).rows == ROWS


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_padding_is_passed_over_and_garbage_is_not(delivery, kind: str) -> None:
    packed = PACKERS[kind](CSV)
    delivery.put(f"a.csv.{kind}", packed + bytes(1024))
    assert delivery.load(delivery.stream(f"a.csv.{kind}")).rows == ROWS
    delivery.put(f"b.csv.{kind}", packed + b"and something else")
    with pytest.raises(SourceDataError, match=r"broken.*\n  where: b"):
        delivery.load(delivery.stream(f"b.csv.{kind}"))


def test_what_programs_pack_is_read(delivery) -> None:
    delivery.put("a.csv", CSV)
    for program, suffix in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")):
        made = subprocess.run([program, "-c", delivery.root / "a.csv"], check=True, capture_output=True).stdout
        delivery.put(f"a.csv.{suffix}", made)
        assert delivery.load(delivery.stream(f"a.csv.{suffix}")).rows == ROWS


def test_packed_content_is_recognised_whatever_its_name(delivery) -> None:
    delivery.put("a.csv", gzip.compress(CSV))
    stream = delivery.stream("a.csv")
    assert delivery.load(stream).rows == ROWS
    notes = [finding.text for finding in delivery.source(stream).check() if finding.level == "note"]
    assert "packed with gzip, which the name of the file does not say" in notes[0]


def test_a_name_that_says_packed_is_held_to_it(delivery) -> None:
    delivery.put("a.csv.gz", CSV)
    with pytest.raises(SourceDataError, match=r"not packed with gzip.*\n  where: a\.csv\.gz\n.*unpack: false"):
        delivery.load(delivery.stream("a.csv.gz"))
    assert delivery.load(delivery.stream("a.csv.gz", unpack=False)).rows == ROWS


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"), (bytes(257) + b"ustar\0" + b"00" + bytes(300), "tar archive")],
)
def test_packings_nobody_can_read_are_named(delivery, content: bytes, words: str) -> None:
    delivery.put("a.csv", content)
    with pytest.raises(SourceDataError, match=words):
        delivery.load(delivery.stream("a.csv"))


def test_empty_and_blank_content_is_fine(delivery) -> None:
    for name, content in (("a.csv.gz", b""), ("b.csv.gz", b"\n\n \n"), ("c.csv.xz", b"k,v\n")):
        delivery.put(name, PACKERS[name.rpartition(".")[2]](content))
        loaded = delivery.load(delivery.stream(name))
        assert (loaded.rows, loaded.rejects, loaded.counted) == ([], [], 0)
        assert delivery.load(delivery.stream(name), loaded.position).positions == []


def test_a_packed_file_is_read_once_and_a_changed_one_is_a_rewritten_one(delivery) -> None:
    delivery.put("a.csv.gz", gzip.compress(CSV))
    first = delivery.load(delivery.stream("*.gz"))
    assert delivery.load(delivery.stream("*.gz"), first.position).positions == []
    delivery.put("a.csv.gz", gzip.compress(CSV + b"60,1\n"))
    with pytest.raises(SourceDataError, match=r"rewritten.*\n  where: a\.csv\.gz"):
        delivery.load(delivery.stream("*.gz"), first.position)
    again = delivery.load(delivery.stream("*.gz", mode="dedupe"), first.position)
    assert again.rows == [*ROWS, ("60", "1")]


@pytest.mark.long
def test_a_large_packed_file_is_the_same_as_unpacked(delivery) -> None:
    lines = b"".join(b"%d,%s\n" % (number, b"v" * (number % 50)) for number in range(400_000))
    delivery.put("a.csv", b"k,v\n" + lines)
    delivery.put("b.csv.gz", gzip.compress(b"k,v\n" + lines, 1))
    plain, packed = delivery.load(delivery.stream("a.csv")), delivery.load(delivery.stream("b.csv.gz"))
    assert len(plain.rows) == 400_000
    assert packed.rows == plain.rows
