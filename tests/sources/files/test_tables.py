"""Files with a schema of their own as a stream: loaded once, passed over while they are as they were, read anew when they change."""

import io
import os

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc
from workbooks import workbook

from lakesmith.sources.files.deliveries.ledger import decode


def parquet(numbers: list[int]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"n": numbers}), file)
    return file.getvalue()


def orc_file(numbers: list[int]) -> bytes:
    file = io.BytesIO()
    orc.write_table(pa.table({"n": numbers}), file)
    return file.getvalue()


def avro(numbers: list[int]) -> bytes:
    file = io.BytesIO()
    schema = {"type": "record", "name": "Row", "fields": [{"name": "n", "type": "long"}]}
    fastavro.writer(file, schema, [{"n": n} for n in numbers])
    return file.getvalue()


MAKERS = {
    "xlsx": lambda numbers: workbook([["n"], *([n] for n in numbers)]),
    "parquet": parquet,
    "avro": avro,
    "orc": orc_file,
}


@pytest.mark.parametrize("suffix", MAKERS)
def test_a_file_is_loaded_once_and_anew_when_it_changed(delivery, suffix):
    make, stream = MAKERS[suffix], delivery.stream(f"*.{suffix}", mode="dedupe")
    path = delivery.put(f"a.{suffix}", make([1, 2, 3]))
    first = delivery.load(stream)
    assert first.rows == [(1,), (2,), (3,)]
    assert decode(first.position)[path.name].is_done
    assert delivery.load(stream, first.position).rows == []
    os.utime(path, ns=(1, 1))
    assert delivery.load(stream, first.position).rows == []
    delivery.put(f"b.{suffix}", make([4]))
    second = delivery.load(stream, first.position)
    assert second.rows == [(4,)]
    delivery.put(f"a.{suffix}", make([1, 2, 5]))
    assert delivery.load(stream, second.position).rows == [(1,), (2,), (5,)]


@pytest.mark.parametrize("suffix", MAKERS)
def test_check_shows_the_columns(delivery, suffix):
    delivery.put(f"a.{suffix}", MAKERS[suffix]([1]))
    stream = delivery.stream(f"*.{suffix}")
    found = [finding.text for finding in delivery.source(stream).check()]
    assert any("columns n int64" in text for text in found)
