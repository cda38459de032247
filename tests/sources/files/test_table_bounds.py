"""Tables of a few hundred bytes that stand for gigabytes: they come in small batches, as rejects, or are refused."""

import bz2
import io
import lzma
import resource
import zlib

import cramjam
import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from pyarrow import orc
from table_reading import read, rows, table

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.tables import avro as avro_format
from lakesmith.sources.files.formats.tables.decoded import BLOCK_BYTES, DECODED_BYTES, decoded_bytes
from lakesmith.sources.files.limits import GB, MB, RECORD_BYTES

LONG = "x" * MB
SCHEMA = {"type": "record", "name": "Row", "fields": [{"name": "n", "type": "long"}]}


def parquet(content: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(content, file, compression="zstd", store_schema=False, **how)
    return file.getvalue()


def looked_up(words: list[str], places: list[int]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(words))


def orc_file(batches: list[list[str]]) -> bytes:
    file = io.BytesIO()
    with orc.ORCWriter(file, dictionary_key_size_threshold=1.0, compression="zstd", stripe_size=GB) as writer:
        for batch in batches:
            writer.write(pa.table({"s": batch}))
    return file.getvalue()


def most_decoded(content: bytes, format_: str) -> int:
    """How much of Arrow's memory was in use while a file was read, in bytes, beyond what was before."""
    from lakesmith.sources.files import FileStreamOptions
    from lakesmith.sources.files.formats import load_format
    from lakesmith.sources.files.formats.base import Tail
    from lakesmith.sources.files.reading.tape import Tape

    tail = Tail("drop", io.BytesIO(content), FileStreamOptions(files="*"))
    before, most, count = pa.total_allocated_bytes(), 0, 0
    for one in load_format(format_).read(tail, Tape(io.BytesIO(content), len(content))):
        most = max(most, pa.total_allocated_bytes() - before)
        count += one.rows.num_rows
        assert decoded_bytes(one.rows) <= BLOCK_BYTES
        assert one.counted == one.rows.num_rows + len(one.rejects)
    assert count == 3000
    return most


@pytest.mark.long
@pytest.mark.parametrize("first", [pytest.param("a", marks=pytest.mark.long), LONG])
def test_a_small_dictionary_of_long_texts_is_decoded_within_limits(first):
    content = parquet(pa.table({"s": looked_up([first, LONG + "."], [0] * 1500 + [1] * 1500)}))
    assert len(content) < 1000
    assert most_decoded(content, "parquet") <= 4 * DECODED_BYTES


def test_short_rows_beside_one_long_text_come_in_usual_batches():
    content = parquet(pa.table({"s": looked_up(["a", LONG], [0] * 59_999 + [1])}))
    stretches = read(content, "parquet")
    assert len(stretches) == 1
    assert table(stretches)["s"].to_pylist() == ["a"] * 59_999 + [LONG]


def test_a_column_that_stays_a_dictionary_is_cut_by_what_its_rows_hold():
    file = io.BytesIO()
    pq.write_table(pa.table({"s": looked_up([LONG], [0] * 100)}), file, compression="zstd")
    stretches = read(file.getvalue(), "parquet")
    assert all(pa.types.is_dictionary(one.rows.schema.field("s").type) for one in stretches)
    assert len(stretches) > 5
    assert sum(one.rows.num_rows for one in stretches) == 100


@pytest.mark.long
def test_texts_that_share_their_beginning_are_decoded_within_limits():
    content = parquet(pa.table({"s": [LONG] * 3000}), use_dictionary=False, column_encoding={"s": "DELTA_BYTE_ARRAY"})
    assert most_decoded(content, "parquet") <= 4 * DECODED_BYTES


def test_a_row_longer_than_a_record_may_be_is_a_reject_with_its_number():
    too_long = "x" * (RECORD_BYTES + 1)
    for content, format_ in (
        (parquet(pa.table({"s": ["a", too_long, "b"]})), "parquet"),
        (orc_file([["a", too_long, "b"]]), "orc"),
    ):
        stretches = read(content, format_)
        assert rows(stretches) == [("a",), ("b",)]
        ((reject,),) = [one.rejects for one in stretches if one.rejects]
        assert (reject.where, reject.reason, reject.raw) == ("drop:2", "the record is longer than 8 MB", "")


def test_a_list_that_no_memory_holds_is_refused():
    words = looked_up([LONG], [0] * 20_000)
    content = parquet(pa.table({"s": pa.ListArray.from_arrays(pa.array([0, 1, 20_000], pa.int32()), words)}))
    with pytest.raises(SourceDataError, match="a single row of it would not fit into memory"):
        read(content, "parquet")


def test_lists_and_maps_of_texts_in_a_dictionary_are_what_they_were():
    words = looked_up(["a" * 200_000, "b"], [0, 1, 1, 0] * 500)
    lists = pa.ListArray.from_arrays(pa.array(range(0, 2001, 4), pa.int32()), words)
    maps = pa.array([[("k", "v")], None] * 250, pa.map_(pa.string(), pa.string()))
    stretches = read(parquet(pa.table({"l": lists, "m": maps})), "parquet")
    expected = {"l": [["a" * 200_000, "b", "b", "a" * 200_000]] * 500, "m": [[("k", "v")], None] * 250}
    assert table(stretches).to_pydict() == expected
    assert all(decoded_bytes(one.rows) <= BLOCK_BYTES for one in stretches)


@pytest.mark.long
def test_long_texts_in_a_stripe_are_decoded_few_at_a_time():
    content = orc_file([["a"] * 1500, *([[LONG] * 100] * 15)])
    assert orc.ORCFile(io.BytesIO(content)).nstripes == 1
    assert most_decoded(content, "orc") <= 4 * DECODED_BYTES


def test_columns_of_one_name_in_orc_stay_two():
    file = io.BytesIO()
    orc.write_table(pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]), file)
    assert rows(read(file.getvalue(), "orc")) == [(1, "x")]


def packed_by(packer: object, size: int) -> bytes:
    pieces = [packer.compress(bytes(MB)) for _ in range(size // MB)]
    return b"".join(pieces) + packer.flush()


def snappy(size: int) -> bytes:
    return bytes(cramjam.snappy.compress_raw(bytes(size))) + zlib.crc32(bytes(size)).to_bytes(4, "big")


PACKED = {
    "deflate": lambda size: packed_by(zlib.compressobj(9, zlib.DEFLATED, -15), size),
    "bzip2": lambda size: packed_by(bz2.BZ2Compressor(), size),
    "xz": lambda size: packed_by(lzma.LZMACompressor(preset=0), size),
    "zstandard": lambda size: packed_by(zstd.ZstdCompressor(), size),
    "snappy": snappy,
}


def avro(codec: str, records: int, block: bytes) -> bytes:
    head = io.BytesIO()
    fastavro.writer(head, SCHEMA, [], codec=codec)
    content = head.getvalue()
    return content + avro_format._count(records) + avro_format._count(len(block)) + block + content[-16:]


@pytest.mark.parametrize(
    "codec", [one if one in ("snappy", "zstandard") else pytest.param(one, marks=pytest.mark.long) for one in PACKED]
)
def test_a_block_that_unpacks_to_more_than_it_may_is_refused(codec):
    content = avro(codec, 1, PACKED[codec](260 * MB))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceDataError, match=r"a block is larger than 256 MB, or unpacks to more"):
        read(content, "avro")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 900_000


@pytest.mark.parametrize("codec", PACKED)
def test_a_block_that_is_damaged_or_cut_off_inside_is_refused(codec):
    block = PACKED[codec](MB)
    for bad in (block[:-1], block[: len(block) // 2] + b"\xff\xfe" + block[len(block) // 2 + 2 :], b"", block[:3]):
        with pytest.raises(SourceDataError, match="The file cannot be read as an Avro file"):
            read(avro(codec, MB, bad), "avro")


def test_a_large_block_comes_in_parts_with_all_of_its_records():
    file = io.BytesIO()
    fastavro.writer(file, SCHEMA, ({"n": n} for n in range(200_000)), sync_interval=1 << 30)
    stretches = read(file.getvalue(), "avro")
    assert len(stretches) > 2
    assert table(stretches)["n"].to_pylist() == list(range(200_000))


@pytest.mark.parametrize("length", [pytest.param(100, marks=pytest.mark.long), 100_000, 3_000_000])
def test_records_across_the_window_of_a_large_block(length):
    schema = {"type": "record", "name": "Row", "fields": [{"name": "s", "type": "string"}]}
    texts = [f"{n}".rjust(length) for n in range(max(70_000 * (length == 100), 40_000_000 // length))]
    file = io.BytesIO()
    fastavro.writer(file, schema, ({"s": text} for text in texts), sync_interval=1 << 30)
    assert table(read(file.getvalue(), "avro"))["s"].to_pylist() == texts


def test_a_record_in_a_large_block_that_is_longer_than_the_window_is_refused():
    schema = {"type": "record", "name": "Row", "fields": [{"name": "s", "type": "string"}]}
    file = io.BytesIO()
    fastavro.writer(file, schema, [{"s": "x" * 17 * MB}, {"s": "a"}], sync_interval=1 << 30)
    with pytest.raises(SourceDataError, match="a record is cut off, or longer than 16 MB"):
        read(file.getvalue(), "avro")
