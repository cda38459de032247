"""What a stage writes: right values, right bounds, bounded memory, and numbers that only rise."""

import errno
import math
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal as Number
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_loading import NOON, STREAM
from pyiceberg.conversions import from_bytes

from lakesmith.errors import RowLawError, StorageFullError, StorageUnavailableError
from lakesmith.host.files import storage_errors
from lakesmith.lake.staging.stage import FileStage, Place, Sizes
from lakesmith.lake.stores.store import FolderStore
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.loads import Batch, Checkpoint, Counts
from lakesmith.model.shapes import Reshape
from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    Decimal,
    Field,
    List,
    Map,
    Schema,
    Struct,
)

LONG_TEXT = "z" * 5000


def load(table, columns, rows, sizes=None, chunk=None):
    """Stage and commit rows, and return the receipt."""
    group = table.open_group(None)
    reshape = Reshape(None, columns)
    layout = table.services.layout
    place = Place(table.services.store, layout.data(STREAM), layout.quarantine(STREAM), sizes or Sizes())
    out = FileStage(place, group, table.number(None, reshape), first_row=0, host=table.services.host)
    data = pa.RecordBatch.from_pylist(rows, schema=schema_to_arrow(columns))
    for start in range(0, data.num_rows, chunk or data.num_rows):
        out.write(data.slice(start, chunk), f"file-{start}")
    receipt = out.close()
    counts = Counts(read=len(rows), written=len(rows))
    table.commit(group, Batch((receipt,), Checkpoint(STREAM, b"{}", 1), reshape, counts))
    return receipt


def entries(lake):
    """Return the manifest entries of the table's files, and the types of its columns by id."""
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    return iceberg, [task.file for task in iceberg.scan().plan_files()]


def bounds(lake, name):
    """Return the lower and upper bound and the null count of a column in the only file."""
    iceberg, (file,) = entries(lake)
    field = iceberg.schema().find_field(name)
    edge = [side.get(field.field_id) for side in (file.lower_bounds, file.upper_bounds)]
    values = [None if raw is None else from_bytes(field.field_type, raw) for raw in edge]
    return (*values, (file.null_value_counts or {}).get(field.field_id))


@pytest.mark.parametrize(
    ("type_", "values", "expected"),
    [
        (LONG, [3, None, -(2**63)], (-(2**63), 3, 1)),
        (DOUBLE, [math.nan, 1.5, -2.0], (-2.0, 1.5, 0)),
        (DOUBLE, [math.inf, -math.inf], (-math.inf, math.inf, 0)),
        (DOUBLE, [math.nan, math.nan], (None, None, 0)),
        (FLOAT, [None, None], (None, None, 2)),
        (Decimal(10, 2), [Number("-1.25"), Number("99999999.99")], (Number("-1.25"), Number("99999999.99"), 0)),
        (Decimal(38, 10), [Number("-1.25"), Number(10) ** 27], (Number("-1.25"), Number(10) ** 27, 0)),
        (Decimal(4, 4), [Number("0.0001"), None], (Number("0.0001"), Number("0.0001"), 1)),
        (DATE, [date(1, 1, 1), date(9999, 12, 31)], (-719162, 2932896, 0)),
        (TIMESTAMP, [datetime(1969, 1, 1), datetime(1970, 1, 1, 0, 0, 1)], (-31536000000000, 1000000, 0)),  # noqa: DTZ001
        (STRING, ["ä" * 20, ""], ("", "ä" * 15 + "å", 0)),
        (BOOLEAN, [True, None], (True, True, 1)),
        (BINARY, [b"\xff" * 20, b"a"], (b"a", None, 0)),
    ],
)
def test_bounds_and_null_counts(lake, table, type_, values, expected):
    load(table, Schema((Field("x", type_),)), [{"x": value} for value in values])
    assert bounds(lake, "x") == expected


@pytest.mark.parametrize(("type_", "odd", "plain"), [(STRING, LONG_TEXT, "a"), (DOUBLE, math.nan, 1.0)])
def test_a_row_group_without_bounds_leaves_the_column_without(lake, table, type_, odd, plain):
    load(table, Schema((Field("x", type_),)), [{"x": plain}, {"x": odd}], Sizes(row_group_rows=1), chunk=1)
    assert bounds(lake, "x")[:2] == (None, None)


def test_every_kind_of_value_comes_back(lake, table):
    columns = Schema(
        (
            Field("m", Map(STRING, Decimal(38, 4))),
            Field("deep", List(Struct((Field("at", Field("t", TIMESTAMP).type), Field("l", List(List(LONG))))))),
            Field("b", BINARY),
            Field("d", Decimal(38, 0)),
        )
    )
    rows = [
        {
            "m": [("k", Number("1.5000")), ("", None)],
            "deep": [{"at": NOON.replace(year=1900, tzinfo=None), "l": [[1, None], [], None]}, None],
            "b": b"\0\xff",
            "d": Number("9" * 38),
        },
        {"m": [], "deep": [], "b": b"", "d": None},
        {"m": None, "deep": None, "b": None, "d": Number(-1)},
    ]
    (file,) = load(table, columns, rows).files
    found = pq.read_table(file.path)
    assert found.select(columns.names).to_pylist() == rows
    assert pl.read_parquet(file.path)["deep"].to_list() == [row["deep"] for row in rows]
    scanned = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow()
    assert scanned.select(["m", "b", "d"]).to_pylist() == [
        {name: row[name] for name in ("m", "b", "d")} for row in rows
    ]


def test_files_roll_and_numbers_only_rise(table):
    rows = [{"x": at, "t": f"{at:>050}"} for at in range(1000)]
    receipt = load(table, Schema((Field("x", LONG), Field("t", STRING))), rows, Sizes(2000, 100, 1 << 20), chunk=70)
    assert len(receipt.files) > 2
    assert [file.first_seq for file in receipt.files[1:]] == [file.last_seq + 1 for file in receipt.files[:-1]]
    assert (receipt.files[0].first_seq, receipt.next_row, receipt.rows) == (1 << 32, 1000, 1000)
    read = [pq.read_table(file.path).select(["x", "_ls_seq", "_ls_source"]).to_pylist() for file in receipt.files]
    flat = [row for file in read for row in file]
    assert [(row["x"], row["_ls_seq"]) for row in flat] == [(at, (1 << 32) + at) for at in range(1000)]
    assert {row["_ls_source"] for row in flat} == {f"file-{start}" for start in range(0, 1000, 70)}
    assert [file.size_bytes for file in receipt.files] == [len(open(f.path, "rb").read()) for f in receipt.files]  # noqa: PTH123, SIM115


def test_only_columns_of_few_values_have_a_dictionary(table):
    columns = Schema((Field("few", STRING), Field("many", LONG), Field("parts", List(LONG)), Field("none", DOUBLE)))
    rows = [{"few": f"{at % 9}", "many": at, "parts": [at], "none": None} for at in range(500)]
    (file,) = load(table, columns, rows).files
    group = pq.read_metadata(file.path).row_group(0)
    chunks = [group.column(at) for at in range(group.num_columns)]
    coded = {chunk.path_in_schema for chunk in chunks if "RLE_DICTIONARY" in chunk.encodings}
    assert coded == {"few", "parts.list.element", "none", "_ls_op", "_ls_batch", "_ls_loaded_at", "_ls_source"}


def test_whole_numbers_of_many_values_are_deltas_and_come_back_from_end_to_end(table):
    kinds = {"int": INT, "long": LONG, "day": DATE, "time": TIMESTAMP, "short": Decimal(18, 4), "wide": Decimal(19, 4)}
    columns = Schema(tuple(Field(name, type_) for name, type_ in kinds.items()))
    names, us = list(kinds), timedelta(microseconds=1)
    begin, end = datetime.fromisoformat("0001-01-01T00:00:00"), datetime.fromisoformat("9999-12-31T23:59:59.999999")

    def values(at):
        if at % 5 == 0:
            return [None] * len(names)
        if at % 2:
            return [at - 2**31, at - 2**63, date.min + timedelta(at), begin + at * us, Number(at - 10**18), at]
        return [2**31 - at, 2**63 - at, date.max - timedelta(at), end - at * us, Number(10**18 - at), -at]

    rows = [dict(zip(names, values(at), strict=True)) for at in range(600)]
    for row in rows[1:]:
        row["short"] = row["short"] and row["short"].scaleb(-4)
        row["wide"] = None if row["wide"] is None else Number(row["wide"])
    (file,) = load(table, columns, rows).files
    group = pq.read_metadata(file.path).row_group(0)
    chunks = [group.column(at) for at in range(group.num_columns)]
    deltas = {chunk.path_in_schema for chunk in chunks if "DELTA_BINARY_PACKED" in chunk.encodings}
    assert deltas == {"int", "long", "day", "time", "short", "_ls_seq"}
    assert pq.read_table(file.path).select(names).to_pylist() == rows
    assert pl.read_parquet(file.path).select(names).to_dicts() == rows
    assert duckdb.sql(f"select {', '.join(names)} from '{file.path}'").to_arrow_table().to_pylist() == rows


def test_what_goes_wrong_in_the_writing_thread_is_raised_while_writing(table, tmp_path):
    group = table.open_group(None)
    store = FullStore(str(tmp_path))
    place = Place(store, f"{tmp_path}/data", f"{tmp_path}/quarantine", Sizes(row_group_rows=10))
    schema = table.number(None, Reshape(None, Schema((Field("x", LONG),))))
    out = FileStage(place, group, schema, first_row=0, host=table.services.host)
    rows = pa.RecordBatch.from_pydict({"x": list(range(10))})
    with pytest.raises(StorageFullError, match="data"):
        [out.write(rows, "f") for _ in range(4)]
    out.abandon()


class FullStore(FolderStore):
    """A folder on a disk without room for any file."""

    def create(self, path, *, overwrite=False):  # noqa: ARG002 - the seam's signature
        with storage_errors(path):
            raise OSError(errno.ENOSPC, "no space left", path)


def test_other_encodings_of_the_same_values_are_taken(table):
    columns = Schema((Field("s", STRING), Field("t", Field("t", TIMESTAMP).type), Field("l", List(STRING))))
    group = table.open_group(None)
    out = table.stage(group, table.number(None, Reshape(None, columns)), 0)
    arrays = [
        pa.array(["a", None]).dictionary_encode(),
        pa.array([datetime(2026, 1, 1), None], pa.timestamp("ms")),  # noqa: DTZ001
        pa.array([["x"], None], pa.large_list(pa.large_string())),
    ]
    out.write(pa.RecordBatch.from_arrays(arrays, names=["s", "t", "l"]), "f")
    (file,) = out.close().files
    assert pq.read_table(file.path).select(["s", "t", "l"]).to_pylist() == [
        {"s": "a", "t": datetime(2026, 1, 1), "l": ["x"]},  # noqa: DTZ001
        {"s": None, "t": None, "l": None},
    ]


def test_other_columns_and_too_many_rows_are_refused(table):
    columns = Schema((Field("x", LONG),))
    group = table.open_group(None)
    schema = table.number(None, Reshape(None, columns))
    out = table.stage(group, schema, (1 << 32) - 1)
    with pytest.raises(ValueError, match=r"a stage of \['x'\] was given \['y'\]"):
        out.write(pa.record_batch({"y": [1]}), "f")
    with pytest.raises(ValueError, match="a group holds at most 4294967296 rows"):
        out.write(pa.record_batch({"x": [1, 2]}), "f")
    out.abandon()


def test_two_receipts_with_the_same_numbers_are_not_committed(table):
    columns = Schema((Field("x", LONG),))
    group = table.open_group(None)
    reshape = Reshape(None, columns)
    receipts = []
    for _ in range(2):
        out = table.stage(group, table.number(None, reshape), 0)
        out.write(pa.record_batch({"x": [1]}), "f")
        receipts.append(out.close())
    batch = Batch(tuple(receipts), Checkpoint(STREAM, b"{}", 1), reshape, Counts(read=2, written=2))
    with pytest.raises(RowLawError, match="two staged files bear the same row numbers"):
        table.commit(group, batch)
    with pytest.raises(ValueError, match="a receipt is not of group 1"):
        table.commit(group, replace(batch, staged=(replace(receipts[0], ordinal=2),)))
    with pytest.raises(ValueError, match=r"the checkpoint of app\.orders 2 is not of group 1"):
        table.commit(group, replace(batch, checkpoint=Checkpoint(STREAM, b"{}", 2)))


MEMORY = """
import sys
from pathlib import Path
import pyarrow as pa
from lake_loading import STREAM, open_lake
from lakesmith.model.shapes import Reshape
from lakesmith.model.types import *
table = open_lake(Path(sys.argv[1])).table(STREAM)
columns = Schema((Field("x", LONG), Field("t", STRING)))
out = table.stage(table.open_group(None), table.number(None, Reshape(None, columns)), 0)
rows = pa.record_batch({"x": range(20_000), "t": [f"{at * 7919 % 10**9:0100}" for at in range(20_000)]})
for _ in range(200):
    out.write(rows, "f")
receipt = out.close()
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(receipt.rows, int(peak.split()[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    rows, rss_mb = map(int, out.stdout.split())
    assert rows == 4_000_000  # 440 MB of values
    assert rss_mb < 300


def test_a_folder_that_cannot_be_made_is_named(lake, table):
    Path(lake.root).mkdir()
    (Path(lake.root) / "app").write_text("a file where a folder should be")
    columns = Schema((Field("x", LONG),))
    out = table.stage(table.open_group(None), table.number(None, Reshape(None, columns)), 0)
    out.write(pa.record_batch({"x": [1]}), "f")
    with pytest.raises(StorageUnavailableError, match="A file cannot be used"):
        out.close()
    out.abandon()
