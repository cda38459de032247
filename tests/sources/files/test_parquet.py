"""Parquet against the table it was written from, and against another reader."""

import datetime as dt
import io
import struct
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_reading import look, moment, read, shaped, table

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.tables.columnar import MOST_ROWS

DAY_NS = 86_400 * 10**9
UNIX_EPOCH_JULIAN, FAR_JULIAN = 2_440_588, 5_373_484

KINDS = {
    "bool": pa.array([True, None, False]),
    "int8": pa.array([-128, None, 127], pa.int8()),
    "uint32": pa.array([0, None, 2**32 - 1], pa.uint32()),
    "uint64": pa.array([0, None, 2**64 - 1], pa.uint64()),
    "half": pa.array([0.5, None, -2.0], pa.float16()),
    "float": pa.array([0.1, None, 3.5], pa.float32()),
    "double": pa.array([0.1, None, 1e300]),
    "decimal": pa.array([Decimal("1.25"), None, Decimal("-99999.99")], pa.decimal128(7, 2)),
    "wide": pa.array([Decimal(10**45), None, Decimal(-1)], pa.decimal256(50, 0)),
    "date": pa.array([dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]),
    "time": pa.array([dt.time(1, 2, 3, 4), None, dt.time(0)], pa.time64("us")),
    "millis": pa.array([0, None, 253402300799999], pa.timestamp("ms")),
    "micros": pa.array([0, None, -1], pa.timestamp("us", "UTC")),
    "nanos": pa.array([1_000, None, 1_001], pa.timestamp("ns")),
    "duration": pa.array([dt.timedelta(hours=30), None, dt.timedelta(0)], pa.duration("us")),
    "text": pa.array(["ä", None, ""], pa.large_string()),
    "blob": pa.array([b"\0\xff", None, b""], pa.binary()),
    "fixed": pa.array([b"abcd", None, b"\0\0\0\0"], pa.binary(4)),
    "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
    "null": pa.nulls(3),
    "list": pa.array([[1, None], None, []], pa.list_(pa.int64())),
    "records": pa.array([[{"a": 1, "b": "x"}], None, [{"a": None, "b": None}, None]]),
    "map": pa.array([[("k", {"n": [1]})], None, []], pa.map_(pa.string(), pa.struct([("n", pa.list_(pa.int32()))]))),
}


def written(content: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(content, file, **how)
    return file.getvalue()


def test_all_types_come_as_they_were_written():
    content = pa.table(KINDS)
    assert table(read(written(content), "parquet")).to_pydict() == content.to_pydict()


def test_all_types_pass_through_shape_without_loss():
    made = shaped(read(written(pa.table(KINDS)), "parquet")).to_pydict()
    assert made["uint64"] == [Decimal(0), None, Decimal(2**64 - 1)]
    assert made["wide"] == ["1" + "0" * 45, None, "-1"]
    assert made["time"] == ["01:02:03.000004", None, "00:00:00.000000"]
    assert made["nanos"] == [moment(1970, 1, 1, 0, 0, 0, 1), None, None]
    assert made["nanos__string"] == [None, None, "1970-01-01 00:00:00.000001001"]
    assert made["millis"][2] == moment(9999, 12, 31, 23, 59, 59, 999000)
    assert made["duration"] == ["PT108000S", None, "PT0S"]
    assert made["half"] == [0.5, None, -2.0]
    assert made["map"] == [[("k", {"n": [1]})], None, []]
    assert "null" not in made
    plain = {
        "bool",
        "int8",
        "uint32",
        "float",
        "double",
        "decimal",
        "date",
        "text",
        "blob",
        "fixed",
        "dictionary",
        "list",
        "records",
    }
    assert {name: made[name] for name in plain} == {name: KINDS[name].to_pylist() for name in plain}


def test_old_times_neither_wrap_around_nor_lose_digits(tmp_path):
    days = [moment(1, 1, 1), None, moment(2024, 2, 29, 1, 2, 3, 4), moment(9999, 12, 31)]
    file = written(
        pa.table({"at": pa.array(days, pa.timestamp("us")), "n": [1, 2, 3, 4]}), use_deprecated_int96_timestamps=True
    )
    (tmp_path / "old.parquet").write_bytes(file)
    expected = duckdb.sql(f"select * from '{tmp_path}/old.parquet'").fetchall()
    assert (
        list(zip(*table(read(file, "parquet")).to_pydict().values(), strict=True))
        == expected
        == list(zip(days, [1, 2, 3, 4], strict=True))
    )


def test_old_times_with_nanoseconds_beside_far_ones():
    """No writer here makes such a file, so the bytes of one of its times (nanoseconds, Julian day) are exchanged."""
    times = [1_700_000_000_000_000_123, 1_700_000_000_000_000_000, None, 1_600_000_000_000_000_001]
    file = written(
        pa.table({"seen": pa.array(times, pa.timestamp("ns"))}),
        use_deprecated_int96_timestamps=True,
        use_dictionary=False,
        compression="none",
    )
    near = struct.pack("<QI", times[1] % DAY_NS, UNIX_EPOCH_JULIAN + times[1] // DAY_NS)
    assert file.count(near) == 1
    file = file.replace(near, struct.pack("<QI", 0, FAR_JULIAN))
    stretches = read(file, "parquet")
    assert sum(one.counted for one in stretches) == len(times)
    made = shaped(stretches).to_pydict()
    assert made["seen"] == [None, moment(9999, 12, 31), None, None]
    assert made["seen__string"] == ["2023-11-14 22:13:20.000000123", None, None, "2020-09-13 12:26:40.000000001"]


def test_a_large_file_comes_in_batches_that_add_up_to_its_own_count():
    content = pa.table({"n": range(200_000), "text": ["x" * 100] * 200_000})
    stretches = read(written(content, row_group_size=150_000), "parquet")
    assert table(stretches)["n"].to_pylist() == list(range(200_000))
    assert max(one.rows.num_rows for one in stretches) <= MOST_ROWS
    assert sum(one.counted for one in stretches) == 200_000


def test_columns_of_one_name_stay_two():
    schema = pa.schema([("a", pa.int64()), ("a", pa.string())])
    content = pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], schema=schema)
    assert shaped(read(written(content), "parquet")).to_pydict() == {"a": [1], "a_2": ["x"]}


@pytest.mark.parametrize("content", [pa.table({"a": pa.array([], pa.int64())}), pa.table({})])
def test_a_file_without_rows(content):
    assert sum(one.rows.num_rows for one in read(written(content), "parquet")) == 0


@pytest.mark.parametrize("cut", [0, 3, 100, -1, -9])
def test_a_file_that_is_cut_off_is_refused(cut):
    content = written(pa.table({"n": range(1000)}))
    with pytest.raises(SourceDataError, match="The file cannot be read as a Parquet file") as caught:
        read(content[:cut], "parquet", "drops/day.parquet")
    assert caught.value.where == "drops/day.parquet"


def test_a_damaged_page_is_refused():
    content = bytearray(written(pa.table({"n": [f"value {n}" for n in range(10_000)]}), compression="zstd"))
    content[1000:1100] = bytes(100)
    with pytest.raises(SourceDataError, match="The file cannot be read as a Parquet file"):
        read(bytes(content), "parquet")


def test_what_check_shows():
    sight = look(written(pa.table({"id": [1, 2], "name": ["a", "b"]})), "parquet")
    assert sight.text == "2 rows in 1 row group, columns id int64, name string"


VALUES = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.string(): st.text(st.characters(exclude_categories=["Cs"])),
    pa.float64(): st.floats(allow_nan=False),
    pa.list_(pa.int32()): st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(VALUES, key=str)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(st.none() | VALUES[kind], min_size=1, max_size=50))
    )
)
def test_whatever_is_written_is_read(drawn):
    kind, values = drawn
    assert table(read(written(pa.table({"a": pa.array(values, kind)})), "parquet"))["a"].to_pylist() == values
