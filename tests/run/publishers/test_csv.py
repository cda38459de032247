"""CSV as other tools expect it, with the standard library's reader as the judge."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakesmith.errors import PublishError
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.csv import CsvOptions, CsvPublisher


def dataset(folder: Path, table: pa.Table, name: str = "mart_a") -> Dataset:
    file = folder / "in*.parquet"
    pq.write_table(table, file)
    return Dataset(name, "marts", (str(file),), table.num_rows)


def test_every_type_has_one_documented_spelling(tmp_path):
    moment = datetime(2026, 3, 29, 1, 30, 0, 120000, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array([2**63 - 1, None], pa.int64()),
            "text": pa.array(["zoë", ""]),
            "amount": pa.array([Decimal("1.50"), Decimal("-0.05")], pa.decimal128(38, 2)),
            "ratio": pa.array([0.1, 1e300]),
            "flag": pa.array([True, False]),
            "day": pa.array([date(2026, 1, 2), None]),
            "at": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "naive": pa.array([moment.replace(tzinfo=None), None], pa.timestamp("us")),
            "raw": pa.array([b"\x00\xff", None]),
            "tags": pa.array([["a", None], None], pa.list_(pa.string())),
            "st": pa.array([{"x": 1}, None], pa.struct([("x", pa.int32())])),
        }
    )
    rows, size = CsvPublisher().publish(dataset(tmp_path, table), str(tmp_path / "out"))
    data = (tmp_path / "out" / "mart_a.csv").read_bytes()
    assert (rows, size) == (2, len(data))
    assert data.decode() == (
        "id,text,amount,ratio,flag,day,at,naive,raw,tags,st\n"
        "9223372036854775807,zoë,1.50,0.1,true,2026-01-02,2026-03-29T01:30:00.120000Z,2026-03-29T01:30:00.120000,"
        'AP8=,"[""a"",null]","{""x"":1}"\n'
        ',"",-0.05,1e+300,false,,,,,,\n'
    )


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.none() | st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.text("a,\"\n\r; '#")),
        min_size=1,
    )
)
def test_any_text_comes_back(tmp_path, texts):
    table = pa.table(
        {"a": pa.array([a for a, _ in texts], pa.string()), "b": pa.array([b for _, b in texts], pa.string())}
    )
    CsvPublisher().publish(dataset(tmp_path, table), str(tmp_path / "out"))
    data = (tmp_path / "out" / "mart_a.csv").read_bytes()
    found = [tuple(row) for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True)][1:]
    assert found == [(a or "", b or "") for a, b in texts]
    with_nulls = pa_csv.read_csv(
        io.BytesIO(data),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=table.schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    assert with_nulls == table


def test_options_choose_delimiter_header_and_compression(tmp_path):
    table = pa.table({"a;b": ["x;y"], "c": [1]})
    out = tmp_path / "out"
    CsvPublisher().publish(dataset(tmp_path, table), str(out))
    CsvPublisher(CsvOptions(delimiter=";", header=False, compression="gzip")).publish(
        dataset(tmp_path, table), str(out)
    )
    assert [path.name for path in out.iterdir()] == ["mart_a.csv.gz"]
    assert gzip.decompress((out / "mart_a.csv.gz").read_bytes()) == b'"x;y";1\n'
    CsvPublisher(CsvOptions(compression="zstd", delimiter="\t")).publish(dataset(tmp_path, table), str(out))
    assert pa.input_stream(out / "mart_a.csv.zst", compression="zstd").read() == b"a;b\tc\nx;y\t1\n"
    assert [path.name for path in out.iterdir()] == ["mart_a.csv.zst"]


def test_a_set_without_rows_is_a_header(tmp_path):
    CsvPublisher().publish(
        dataset(tmp_path, pa.table({"a": pa.array([], pa.int64())}), "odd/name"), str(tmp_path / "out")
    )
    assert (tmp_path / "out" / "odd%2Fname.csv").read_text() == "a\n"


def test_faults_are_told(tmp_path):
    with pytest.raises(PublishError, match=r"marts\.mart_a has no files yet"):
        CsvPublisher().publish(Dataset("mart_a", "marts", (), 0), str(tmp_path / "out"))
    (tmp_path / "broken.parquet").write_text("not Parquet")
    with pytest.raises(PublishError, match=r"marts\.mart_a cannot be written as CSV"):
        CsvPublisher().publish(
            Dataset("mart_a", "marts", (str(tmp_path / "broken.parquet"),), 0), str(tmp_path / "out")
        )
    for wrong in ('"', "ab", "\n", "1"):
        with pytest.raises(ValidationError, match="delimiter"):
            CsvOptions(delimiter=wrong)
