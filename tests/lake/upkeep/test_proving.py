"""Contents are compared by DuckDB, wherever the files lie."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakesmith.lake.stores.store import FolderStore
from lakesmith.lake.types import schema_to_arrow
from lakesmith.lake.upkeep.proving import examine
from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Decimal,
    Field,
    List,
    Map,
    Schema,
    Struct,
)

SCHEMA = Schema(
    (
        Field('it\'s "a"', LONG, id=1),
        Field("b", BOOLEAN, id=2),
        Field("d", DATE, id=3),
        Field("t", TIMESTAMP, id=4),
        Field("z", TIMESTAMPTZ, id=5),
        Field("x", BINARY, id=6),
        Field("n", Decimal(38, 9), id=7),
        Field("f", DOUBLE, id=8),
        Field("s", Struct((Field("l", List(STRING, 11), id=10),)), id=9),
        Field("m", Map(STRING, Struct((Field("v", LONG, id=15),)), 13, 14), id=12),
    )
)


class Bucket(FolderStore):
    """A folder that is addressed as a bucket."""

    def _local(self, path):
        return path.replace("bucket://lake", self._root)

    def open(self, path):
        return super().open(self._local(path))

    def size(self, path):
        return super().size(self._local(path))


def content(store, *paths):
    [found] = examine(store, [[str(path) for path in paths]], SCHEMA)
    return found


def write(path: Path, values: dict, rows: int = 3) -> None:
    arrow = schema_to_arrow(SCHEMA)
    columns = [pa.array(values.get(field.name, [None] * rows), field.type) for field in arrow]
    pq.write_table(pa.Table.from_arrays(columns, schema=arrow), path, store_schema=False)


VALUES = {
    'it\'s "a"': [1, 2, None],
    "s": [{"l": ["a", None]}, None, {"l": None}],
    "m": [[("k", {"v": 1})], None, []],
    "x": [b"\0", b"", None],
    "f": [0.0, 1.5, None],
}


def test_the_same_rows_in_another_order_and_in_more_files_are_the_same(tmp_path):
    store = FolderStore(str(tmp_path))
    write(tmp_path / "a.parquet", VALUES)
    whole = pq.read_table(tmp_path / "a.parquet")
    pq.write_table(whole.take([2, 0]), tmp_path / "b[1].parquet")
    pq.write_table(whole.take([1]), tmp_path / "c*.parquet")
    assert content(store, tmp_path / "b[1].parquet", tmp_path / "c*.parquet") == content(store, tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("s", [{"l": ["a", "b"]}, None, {"l": None}]),
        ("s", [{"l": ["a", None]}, {"l": None}, {"l": None}]),
        ("m", [[("k", {"v": 2})], None, []]),
        ("m", [[("k", {"v": 1})], [], []]),
        ("x", [b"\0\0", b"", None]),
        ("x", [b"\0", None, None]),
        ("f", [-0.0, 1.5, None]),
        ("f", [0.0, 2.5, None]),
        ("b", [True, None, None]),
        ('it\'s "a"', [2, 1, None]),
    ],
)
def test_any_other_value_anywhere_is_seen(tmp_path, column, values):
    store = FolderStore(str(tmp_path))
    write(tmp_path / "a.parquet", VALUES)
    write(tmp_path / "b.parquet", {**VALUES, column: values})
    assert content(store, tmp_path / "a.parquet") != content(store, tmp_path / "b.parquet")


def test_a_bucket_is_read_through_the_store(tmp_path):
    write(tmp_path / "a.parquet", VALUES)
    local = content(FolderStore(str(tmp_path)), tmp_path / "a.parquet")
    assert content(Bucket(str(tmp_path)), "bucket://lake/a.parquet") == local
    assert local.rows == 3
