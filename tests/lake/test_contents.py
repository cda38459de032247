"""What three independent readers find in a table is what was written."""

from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from lake_loading import (
    COLUMNS,
    NOON,
    ROWS,
    STREAM,
    WIDER,
    make_rejects,
    make_rows,
    open_batch,
    read_back,
    without_system,
)

from lakesmith.model.streams import StreamId
from lakesmith.model.types import SYSTEM_FIELDS


def expected(batches, columns=COLUMNS):
    """The data columns of some batches, nulls where a batch was older than a column."""
    rows = [row for number, written in batches for row in make_rows(number, written)]
    for row in rows:
        if columns is WIDER:
            row.setdefault("extra", None)
            row["address"] = row["address"] and {"zip": None, **row["address"]}
    return rows


def test_pyiceberg_reads_every_row_with_its_system_columns(lake, table):
    commits = [open_batch(table, number).commit() for number in range(3)]
    rows = read_back(lake)
    assert without_system(rows) == expected([(number, COLUMNS) for number in range(3)])
    assert [row["_ls_seq"] for row in rows] == [(o << 32) + at for o in (1, 2, 3) for at in range(ROWS)]
    assert {row["_ls_op"] for row in rows} == {"r"}
    assert [row["_ls_batch"] for row in rows[::ROWS]] == [commit.batch_id for commit in commits]
    assert [row["_ls_source"] for row in rows[:ROWS]] == ["first-0.csv"] * 3 + ["second-0.csv"] * 2
    loaded = [row["_ls_loaded_at"] for row in rows[::ROWS]]
    assert loaded == sorted(set(loaded))
    assert loaded[0] == NOON + timedelta(seconds=1)


def test_duckdb_and_polars_read_the_same(lake, table):
    for number in range(2):
        open_batch(table, number).commit()
    files = list(table.snapshot().files)
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT * FROM read_parquet({files!r}) ORDER BY _ls_seq").to_arrow_table().to_pylist()
    frame = pl.scan_iceberg(lake.open_catalog().load_table((STREAM.source, STREAM.name))).collect().sort("_ls_seq")
    assert without_system(found) == expected([(0, COLUMNS), (1, COLUMNS)])
    assert without_system(frame.to_dicts()) == expected([(0, COLUMNS), (1, COLUMNS)])
    assert [row["_ls_seq"] for row in found] == frame["_ls_seq"].to_list()


def test_a_schema_change_and_its_rows_are_one_metadata_version(lake, table):
    open_batch(table, 0).commit()
    before = table.head()
    open_batch(table, 1, WIDER).commit()
    after = table.head()
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    assert [entry.metadata_file for entry in iceberg.metadata.metadata_log] == [before.metadata_path]
    assert iceberg.current_snapshot().schema_id == iceberg.schema().schema_id == 1
    assert without_system(read_back(lake)) == expected([(0, COLUMNS), (1, WIDER)], WIDER)
    assert after.schema.names == (*WIDER.names, *(f.name for f in SYSTEM_FIELDS))
    kept = {field.name: field.id for field in before.schema}
    assert {name: after.schema.find(name).id for name in kept} == kept


def test_files_bear_the_field_ids_of_the_table(table):
    open_batch(table, 0).commit()
    arrow = pq.read_schema(table.snapshot().files[0])
    ids = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in arrow}
    assert ids == {field.name: field.id for field in table.head().schema}
    city = arrow.field("address").type.field("city")
    assert int(city.metadata[b"PARQUET:field_id"]) == table.head().schema.find("address").type.fields[0].id


def test_docs_carry_the_source_name(lake, table):
    open_batch(table, 0).commit()
    docs = {f.name: f.doc for f in lake.open_catalog().load_table((STREAM.source, STREAM.name)).schema().fields}
    assert docs["id"] == 'Source name: "ID". The order.'
    assert table.head().schema.find_source("Name").name == "name"


def test_a_commit_says_what_it_did(table):
    commit = open_batch(table, 0).commit()
    head = table.head()
    assert (commit.counts.read, commit.counts.written, commit.counts.quarantined) == (ROWS + 2, ROWS, 2)
    assert (commit.snapshot_id, commit.checkpoint, commit.files) == (head.snapshot_id, head.checkpoint, 1)
    assert commit.committed_at == head.last_updated
    assert table.history() == [commit]
    assert (head.rows, head.files) == (ROWS, 1)


def test_a_commit_without_files_moves_the_checkpoint(table):
    from lakesmith.model.loads import Batch, Checkpoint, Counts
    from lakesmith.model.shapes import Reshape

    group = table.open_group(None)
    moved = Checkpoint(STREAM, b'{"next":7}', 1)
    table.commit(group, Batch((), moved, Reshape(None, COLUMNS), Counts(read=4, filtered=4)))
    assert table.head().checkpoint == moved
    assert table.snapshot().files == ()
    open_batch(table, 7).commit()
    assert table.head().rows == ROWS


@pytest.mark.parametrize(
    "name",
    [
        *("Order items/2024", "..", "naïve 表"),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("a.b*?[x]", "con", "x" * 300, "_lakesmith")),
    ],
)
def test_odd_names_make_plain_paths(lake, name):
    stream = StreamId("Src #1", name)
    open_batch(lake.table(stream), 0).commit()
    assert lake.streams() == [stream]
    assert without_system(read_back(lake, stream)) == expected([(0, COLUMNS)])
    assert len([row.reason for row in lake.table(stream).quarantined()]) == len(make_rejects(0))
    (file,) = lake.table(stream).snapshot().files
    assert Path(lake.root) in Path(file).parents
    with duckdb.connect() as connection:
        assert connection.execute("SELECT count(*) FROM read_parquet(?)", [[file]]).fetchone() == (ROWS,)
    assert pl.scan_parquet(file, glob=False).collect().height == ROWS


def test_many_commits_merge_their_manifests(lake, table):
    for number in range(24):
        open_batch(table, number).commit()
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    assert len(iceberg.current_snapshot().manifests(iceberg.io)) < 20
    assert without_system(read_back(lake)) == expected([(number, COLUMNS) for number in range(24)])
