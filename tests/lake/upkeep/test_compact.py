"""Compaction changes which files hold the rows, and nothing else."""

import itertools

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_building import assert_holds
from lake_loading import (
    COLUMNS,
    ROWS,
    STREAM,
    WIDER,
    make_rows,
    next_number,
    open_batch,
    open_lake,
    read_back,
    without_system,
)
from upkeep_tools import EAGER, live_entries, load

from lakesmith.errors import ForeignCommitError, RowLawError
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.compact import prove
from lakesmith.lake.upkeep.planning import Rules
from lakesmith.lake.upkeep.replacing import list_pieces
from lakesmith.model.loads import StagedFile


def tasks(lake):
    table = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    return table, [task.file for task in table.scan().plan_files()]


def test_nothing_is_due_below_the_number(table):
    load(table, *range(3))
    assert tend(table, EAGER) is None
    assert tend(table) is None


def test_no_table_is_never_due(table):
    assert tend(table, EAGER) is None


def test_content_is_the_same_row_by_row(lake, table):
    load(table, *range(4))
    before = read_back(lake)
    done = tend(table, EAGER)
    assert (done.files_before, done.files_after, done.rows) == (4, 1, 4 * ROWS)
    assert read_back(lake) == before
    assert table.head().files == 1
    assert table.head().rows == 4 * ROWS
    assert table.head().snapshot_id == done.snapshot_id


def test_old_files_are_written_under_todays_schema(lake, table):
    load(table, 0, 1)
    load(table, 2, 3, columns=WIDER)
    before = read_back(lake)
    tend(table, EAGER)
    iceberg, [file] = tasks(lake)
    assert read_back(lake) == before
    written = pq.ParquetFile(file.file_path).schema_arrow
    ids = {field.field_id for field in iceberg.schema().fields}
    assert {int(field.metadata[b"PARQUET:field_id"]) for field in written} == ids
    assert written.field("id").type == pa.int64()
    assert "zip" in {part.name for part in written.field("address").type}
    polars = pl.scan_iceberg(iceberg).sort("_ls_seq").collect()
    assert polars["extra"].to_list() == [None] * 2 * ROWS + [
        f"extra {n * 100 + at}" for n in (2, 3) for at in range(ROWS)
    ]
    assert polars["_ls_seq"].to_list() == [row["_ls_seq"] for row in before]


def test_it_bears_no_ordinal_and_the_checkpoint_stays(lake, table):
    load(table, *range(4))
    head = table.head()
    tend(table, EAGER)
    assert table.head().checkpoint == head.checkpoint
    assert table.open_group(table.head()).ordinal == 5
    summary = lake.open_catalog().load_table((STREAM.source, STREAM.name)).current_snapshot().summary
    assert summary.operation.value == "replace"
    assert not [key for key in summary.additional_properties if key in ("lakesmith.checkpoint", "lakesmith.ordinal")]
    assert [commit.checkpoint.ordinal for commit in table.history()] == [4, 3, 2, 1]


def test_a_load_opened_before_lands_after(lake, table):
    load(table, *range(4))
    late = open_batch(table, 4)
    tend(table, EAGER)
    late.commit()
    assert without_system(read_back(lake)) == [row for number in range(5) for row in make_rows(number)]


def test_quarantine_stays_visible(table):
    load(table, *range(4))
    before = list(table.quarantined())
    tend(table, EAGER)
    assert list(table.quarantined()) == before
    assert len(before) == 8


def test_files_that_stay_keep_their_sequence_numbers_and_manifests(lake, table):
    load(table, *range(4))
    tend(table, EAGER)
    load(table, 4)
    assert [(entry["status"], entry["sequence_number"]) for entry in live_entries(lake)] == [(1, None), (1, None)]


@pytest.mark.long
def test_a_manifest_shared_with_a_file_that_stays_keeps_its_number(lake, table):
    load(table, *range(30))
    tend(table, EAGER)
    load(table, *range(30, 51))  # so many that their manifests become one, with the one of the file before
    assert len({entry["snapshot_id"] for entry in live_entries(lake)}) == 22
    before = min(entry["sequence_number"] for entry in live_entries(lake) if entry["sequence_number"])
    tend(table, EAGER)
    new, old = live_entries(lake)
    assert (new["status"], new["sequence_number"], new["data_file"]["record_count"]) == (1, None, 21 * ROWS)
    assert (old["status"], old["sequence_number"], old["data_file"]["record_count"]) == (0, 31, 30 * ROWS)
    assert old["file_sequence_number"] == before == 31
    assert without_system(read_back(lake)) == [row for number in range(51) for row in make_rows(number)]


@pytest.mark.long
def test_sequence_ranges_are_disjoint_and_in_order(lake, table):
    for number in range(24):
        load(table, number)
        tend(table, EAGER)
    metadata = table.services.pointers.read(STREAM)
    iceberg, files = tasks(lake)
    spans = sorted((piece.first_seq, piece.last_seq) for piece in list_pieces(iceberg, metadata))
    assert len(spans) == len(files) <= 4 + 5
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
    assert without_system(read_back(lake)) == [row for number in range(24) for row in make_rows(number)]


@pytest.mark.long
def test_new_files_are_closed_at_the_target_size(table):
    load(table, *range(8))
    done = tend(table, Rules(target_bytes=60_000, due_files=4))
    assert done.files_after == 1
    assert tend(table, Rules(target_bytes=60_000, due_files=1)) is None


def test_the_proof_sees_a_changed_value_a_lost_row_and_a_doubled_one(lake, table, tmp_path):
    load(table, *range(2))
    metadata = table.services.pointers.read(STREAM)
    iceberg, _ = tasks(lake)
    pieces = list_pieces(iceberg, metadata)
    good = pa.concat_tables([pq.read_table(piece.path) for piece in sorted(pieces, key=lambda piece: piece.first_seq)])
    changed = good.set_column(0, good.schema.field(0), pa.chunked_array([pa.array([*range(9), 77], pa.int32())]))
    swapped = pa.concat_tables([good.slice(0, 9), good.slice(8, 1)])
    for name, table_of in {"good": good, "changed": changed, "lost": good.slice(1), "doubled": swapped}.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(table_of, path)
        file = StagedFile(str(path), table_of.num_rows, path.stat().st_size, 0, 0)
        if name == "good":
            prove(table.services, pieces, [file], metadata.schema())
        else:
            with pytest.raises(RowLawError, match="did not keep the content"):
                prove(table.services, pieces, [file], metadata.schema())


def test_nothing_is_done_to_a_table_that_somebody_else_changed(lake, table):
    load(table, *range(4))
    iceberg, _ = tasks(lake)
    iceberg.append(iceberg.scan().to_arrow().slice(0, 1))
    with pytest.raises(ForeignCommitError, match="not written by Lakesmith"):
        tend(table, EAGER)


def test_a_lake_far_ahead_of_this_clock_still_moves_forward(table, clock):
    load(table, *range(4))
    before = table.head().last_updated
    clock.time = clock.time.replace(year=2020)
    tend(table, EAGER)
    assert table.head().last_updated > before


def test_the_next_load_resumes_where_it_was(tmp_path):
    table = open_lake(tmp_path / "lake").table(STREAM)
    load(table, *range(4))
    tend(table, EAGER)
    assert next_number(table) == 4
    assert table.head().schema.data.names == COLUMNS.names


@pytest.mark.long
def test_a_table_knows_whether_only_upkeep_came_since(lake, table):
    assert table.only_tended_since(None)
    load(table, *range(4))
    seen = table.head().snapshot_id
    assert not table.only_tended_since(None)
    tend(table, EAGER)
    assert table.head().snapshot_id != seen
    assert table.only_tended_since(seen)
    assert table.only_tended_since(table.head().snapshot_id)
    load(table, 4)
    assert not table.only_tended_since(seen)
    assert not table.only_tended_since(1)
    back = table.history()[1].snapshot_id
    now = table.head().snapshot_id
    table.rollback(back)
    assert not table.only_tended_since(now)
    assert not table.only_tended_since(back)
    assert_holds(lake, *range(4))
