"""One published set, read by every reader that is promised, value by value."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.parquet import ParquetOptions, ParquetPublisher

BUILT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
ROWS = [
    {
        "id": i,
        "small": i % 100,
        "name": ["zoë", "", "x" * 300, 'a,b\n"c"', None][i % 5],
        "amount": Decimal(i * 7 - 1000).scaleb(-2) if i % 7 else None,
        "ratio": i / 3 if i % 4 else None,
        "flag": [True, False, None][i % 3],
        "day": date(1969, 12, 31) + timedelta(days=i) if i % 6 else None,
        "at": BUILT + timedelta(microseconds=i * 1_000_003) if i % 8 else None,
        "naive": datetime(1960, 1, 1, 0, 0, 0, 1) + timedelta(hours=i) if i % 9 else None,  # noqa: DTZ001 - no zone on purpose
        "_ls_built_at": BUILT,
    }
    for i in range(5_000)
]
SCHEMA = """id BIGINT, small INTEGER, name VARCHAR, amount DECIMAL(18, 2), ratio DOUBLE, flag BOOLEAN, day DATE,
    "at" TIMESTAMPTZ, naive TIMESTAMP, _ls_built_at TIMESTAMPTZ"""
BINARY_AMOUNT = [{**row, "amount": None if row["amount"] is None else float(row["amount"])} for row in ROWS]


@pytest.fixture(scope="module", params=["snappy", "zstd"])
def folder(request, tmp_path_factory) -> Path:
    """The set as the engine leaves it (DuckDB's Parquet, two files), published."""
    base = tmp_path_factory.mktemp("readers")
    arrow = {"amount": pa.decimal128(18, 2), "small": pa.int32(), "day": pa.date32(), "naive": pa.timestamp("us")}
    arrow |= {"id": pa.int64(), "name": pa.string(), "ratio": pa.float64(), "flag": pa.bool_()}
    arrow |= dict.fromkeys(("at", "_ls_built_at"), pa.timestamp("us", "UTC"))
    table = pa.Table.from_pylist(ROWS, pa.schema([(name, arrow[name]) for name in ROWS[0]]))
    files = []
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t ({SCHEMA})")
        connection.register("arrow", table)
        connection.execute("INSERT INTO t FROM arrow")
        for part in ("id < 3000", "id >= 3000"):
            files.append(str(base / f"v{len(files)}.parquet"))
            connection.execute(
                f"COPY (FROM t WHERE {part} ORDER BY id) TO '{files[-1]}' (FORMAT parquet, COMPRESSION zstd)"
            )
    dataset = Dataset("mart_sales", "marts", tuple(files), len(ROWS))
    path = base / "mart_sales" / "2026-03-29"
    rows, size = ParquetPublisher(ParquetOptions(compression=request.param)).publish(dataset, str(path))
    assert (rows, size) == (len(ROWS), (path / "part-0.parquet").stat().st_size)
    return path


def plain(value: object) -> object:
    """A reader's own value as Python's: pandas and NumPy have several kinds of nothing and of time."""
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124 - NaN is pandas's null
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    return value.item() if hasattr(value, "item") else value


def frame_rows(frame) -> list[dict]:
    columns = {name: [plain(value) for value in frame[name].astype(object)] for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def with_days_as_times(rows: list[dict]) -> list[dict]:
    return [{**row, "day": row["day"] and datetime.combine(row["day"], datetime.min.time())} for row in rows]


def test_pyarrow(folder):
    assert pq.read_table(folder).to_pylist() == ROWS


def test_pandas(folder):
    pandas = pytest.importorskip("pandas")
    assert frame_rows(pandas.read_parquet(folder)) == ROWS


def test_polars(folder):
    polars = pytest.importorskip("polars")
    assert polars.read_parquet(folder / "*.parquet").to_dicts() == ROWS


def test_duckdb(folder):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.sql(f"FROM '{folder}/*.parquet'").to_arrow_table().to_pylist()
    assert found == ROWS


def test_fastparquet(folder):
    """fastparquet knows no decimals and no days: they come as doubles (right once rounded to the scale) and as midnights."""
    fastparquet = pytest.importorskip("fastparquet")
    frame = fastparquet.ParquetFile(str(folder / "part-0.parquet")).to_pandas()
    found = frame_rows(frame)
    for row in found:
        row["amount"] = None if row["amount"] is None else round(row["amount"], 2)
    assert found == with_days_as_times(BINARY_AMOUNT)


@pytest.mark.long
def test_dask(folder):
    dask = pytest.importorskip("dask.dataframe")
    assert frame_rows(dask.read_parquet(str(folder)).compute(scheduler="sync")) == ROWS


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as reading needs: list, head and ranged get of the files of one folder."""

    folder: Path

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        if unquote(urlsplit(self.path).path).strip("/") == "bucket":
            self.list()
        else:
            self.answer(body=True)

    def list(self) -> None:
        entries = "".join(
            f"<Contents><Key>set/{file.name}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>e</ETag>"
            f"<Size>{file.stat().st_size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for file in self.folder.iterdir()
        )
        text = f"<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
        self.reply(200, text, len(text))

    def answer(self, *, body: bool) -> None:
        data = (self.folder / unquote(urlsplit(self.path).path).rsplit("/", 1)[1]).read_bytes()
        asked = self.headers.get("Range")
        if asked:
            first, last = asked.removeprefix("bytes=").split("-")
            data = data[int(first) : int(last) + 1 if last else None]
        self.reply(206 if asked else 200, data if body else b"", len(data))

    def reply(self, code: int, data: bytes, length: int) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(length))
        self.send_header("Last-Modified", formatdate(usegmt=True))
        self.send_header("ETag", '"e"')
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.mark.long
def test_aws_sdk_for_pandas(folder):
    wrangler = pytest.importorskip("awswrangler")
    boto3 = pytest.importorskip("boto3")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Bucket,), {"folder": folder}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = wrangler.config.s3_endpoint_url
    try:
        wrangler.config.s3_endpoint_url = f"http://127.0.0.1:{server.server_port}"
        session = boto3.Session("reader", "nothing", region_name="eu-central-1")
        frame = wrangler.s3.read_parquet("s3://bucket/set/", boto3_session=session, use_threads=False)
    finally:
        wrangler.config.s3_endpoint_url = before
        server.shutdown()
        server.server_close()
        thread.join()
    assert frame_rows(frame) == ROWS


def test_the_file_is_of_the_kind_old_readers_know(folder):
    metadata = pq.read_metadata(folder / "part-0.parquet")
    columns = [
        metadata.row_group(group).column(i) for group in range(metadata.num_row_groups) for i in range(len(ROWS[0]))
    ]
    assert {encoding for column in columns for encoding in column.encodings} <= {"PLAIN", "RLE", "RLE_DICTIONARY"}
    assert metadata.format_version == "2.6"
    assert {metadata.schema.column(i).max_definition_level for i in range(len(ROWS[0]))} == {1}
