"""A published set as Spark reads it. Runs where PySpark and Java are installed; the other readers have a test beside the publisher."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.parquet import ParquetOptions, ParquetPublisher

sql = pytest.importorskip("pyspark.sql")
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
KINDS = {"timestamp[us, tz=UTC]": "timestamp", "timestamp[us]": "timestamp_ntz", "int64": "bigint", "string": "string"}
KINDS |= {"date32[day]": "date", "decimal128(18, 2)": "decimal(18,2)", "bool": "boolean", "double": "double"}
KINDS |= {"decimal128(9, 4)": "decimal(9,4)", "int32": "int"}


@pytest.fixture(scope="module")
def spark():
    builder = sql.SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
    session = builder.config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


def read(spark, folder):
    """Return rows and kinds. Spark hands moments over as seconds here, since its Python values are in the zone of the process."""
    frame = spark.read.parquet(str(folder))
    moments = {name for name, kind in frame.dtypes if kind == "timestamp"}
    picks = [f"unix_micros(`{name}`) as `{name}`" if name in moments else f"`{name}`" for name in frame.columns]
    rows = [row.asDict() for row in frame.selectExpr(*picks).collect()]
    for row in rows:
        for name in moments:
            row[name] = (
                None if row[name] is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[name])
            )
    return sorted(rows, key=str), dict(frame.dtypes)


def assert_read_alike(spark, folder):
    table = pq.read_table(folder, partitioning=None)
    rows, kinds = read(spark, folder)
    assert rows == sorted(table.to_pylist(), key=str)
    assert kinds == {field.name: KINDS[str(field.type)] for field in table.schema}


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_every_kind_of_value(spark, tmp_path, compression):
    file = tmp_path / "v0.parquet"
    values = "(1, 'zoë', 12.30, 0.5, true, date '1969-12-31', timestamptz '2026-03-29 01:30:00.123456+00', timestamp '1960-01-01 00:00:00.000001')"
    nulls = f"(2, {', '.join(['null'] * 7)})"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create table t (id bigint, name varchar, amount decimal(18, 2), ratio double, flag boolean, day date, "
            f'"at" timestamptz, naive timestamp); insert into t values {values}, {nulls}'
        )
        connection.execute(f"copy t to '{file}' (format parquet)")
    folder = tmp_path / "final" / "2026-03-29"
    ParquetPublisher(ParquetOptions(compression=compression)).publish(
        Dataset("t", "marts", (str(file),), 2), str(folder)
    )
    rows, _ = read(spark, folder)
    assert rows[0] == {
        "id": 1,
        "name": "zoë",
        "amount": Decimal("12.30"),
        "ratio": 0.5,
        "flag": True,
        "day": date(1969, 12, 31),
        "at": AT,
        "naive": datetime(1960, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 - no zone on purpose
    }
    assert set(rows[1].values()) == {2, None}
    assert_read_alike(spark, folder)


@pytest.mark.skipif(
    "LAKESMITH_PUBLISHED" not in os.environ, reason="set it to the folder `final` of a project that ran"
)
def test_whatever_a_project_has_published(spark):
    folders = sorted({file.parent for file in Path(os.environ["LAKESMITH_PUBLISHED"]).rglob("*.parquet")})
    assert folders
    for folder in folders:
        assert_read_alike(spark, folder)
