"""Where loading resumes is read quickly, with little, and never guessed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lake_loading import (
    COLUMNS,
    STREAM,
    make_rows,
    next_number,
    open_batch,
    read_back,
    resume,
    to_batch,
    without_system,
)
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _MergeAppendFiles

from lakesmith.errors import CatalogBrokenError, ForeignCommitError
from lakesmith.lake.numbering import number_schema

HEAVY = ("pyarrow", "pyiceberg", "polars", "duckdb", "sqlalchemy", "pydantic", "numpy")
ASK = """
import sys
from pathlib import Path
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.streams import StreamId
lake = Lake(Path(sys.argv[1]), Host())
head = lake.table(StreamId("app", "orders")).head()
print(head.checkpoint.ordinal, len(lake.streams()), *sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[2:])))
"""


@pytest.fixture
def foreign(lake):
    """The table as somebody else's PyIceberg opens it."""
    return lambda: lake.open_catalog().load_table((STREAM.source, STREAM.name))


def add_snapshot(iceberg, operation, **summary):
    """Commit a snapshot without files that claims to be what it is told."""

    class Claims(_MergeAppendFiles):
        def _summary(self, snapshot_properties):
            made = super()._summary(snapshot_properties).additional_properties
            return Summary(operation, **{**made, **{key.replace("_", "-"): value for key, value in summary.items()}})

    transaction = iceberg.transaction()
    with Claims(Operation.APPEND, transaction, iceberg.io):
        pass
    transaction.commit_transaction()


def test_the_head_imports_nothing_heavy(lake, table):
    resume(table, 2)
    out = subprocess.run([sys.executable, "-c", ASK, lake.root, *HEAVY], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["2", "1"]


@pytest.mark.long
def test_the_head_of_a_table_with_many_commits_is_quick(table):
    resume(table, 15)
    seconds = []
    for _ in range(20):
        begun = time.perf_counter()
        table.head()
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.02


def test_a_lake_that_does_not_exist_has_no_heads_and_makes_none(lake, table):
    assert (table.head(), lake.streams(), table.snapshot(), table.history(), list(table.quarantined())) == (
        None,
        [],
        None,
        [],
        [],
    )
    assert not Path(lake.root).exists()


def test_the_schema_in_the_head_is_the_one_that_was_numbered(table):
    resume(table, 1)
    assert table.head().schema == number_schema(None, 0, COLUMNS)


def test_a_foreign_append_is_refused_and_never_loaded_over(table, foreign):
    resume(table, 1)
    opened = open_batch(table, 1)
    rows = to_batch([{**row, "id": -1} for row in make_rows(9)], COLUMNS)
    iceberg = foreign()
    full = schema_to_pyarrow(iceberg.schema())
    import pyarrow as pa

    columns = [rows.column(f.name).cast(f.type) if f.name in COLUMNS.names else pa.nulls(5, f.type) for f in full]
    iceberg.append(pa.Table.from_arrays(columns, schema=full))
    with pytest.raises(ForeignCommitError, match=r"\(append\) was not written by Lakesmith and changed rows"):
        table.head()
    with pytest.raises(ForeignCommitError, match="was not written by Lakesmith"):
        opened.commit()
    assert foreign().scan().count() == 10


@pytest.mark.parametrize(
    ("operation", "summary"),
    [
        (Operation.REPLACE, {"total_records": "4"}),
        (Operation.OVERWRITE, {"added_data_files": "1"}),
        pytest.param(Operation.DELETE, {"deleted_data_files": "1"}, marks=pytest.mark.long),
        pytest.param(Operation.OVERWRITE, {"added_delete_files": "1"}, marks=pytest.mark.long),
        (Operation.REPLACE, {"total_delete_files": "1"}),
    ],
)
def test_a_foreign_snapshot_that_may_change_rows_is_refused(table, foreign, operation, summary):
    resume(table, 1)
    add_snapshot(foreign(), operation, **summary)
    with pytest.raises(ForeignCommitError, match="changed rows"):
        table.head()


@pytest.mark.parametrize(
    ("operation", "summary"),
    [(Operation.REPLACE, {"added_data_files": "1", "deleted_data_files": "1"}), (Operation.APPEND, {})],
)
def test_foreign_upkeep_is_accepted_and_loaded_over(lake, table, foreign, operation, summary, clock):
    from datetime import UTC, datetime

    resume(table, 1)
    clock.time = datetime.now(UTC)
    opened = open_batch(table, 1)
    add_snapshot(foreign(), operation, **summary)
    add_snapshot(foreign(), operation, **summary)
    assert next_number(table) == 1
    opened.commit()
    assert without_system(read_back(lake)) == make_rows(0) + make_rows(1)
    assert [commit.checkpoint.ordinal for commit in table.history()] == [2, 1]


def test_a_table_without_any_checkpoint_is_refused(lake, table):
    import pyarrow as pa

    lake.open_catalog().create_namespace("app")
    rows = pa.table({"id": [1]})
    lake.open_catalog().create_table((STREAM.source, STREAM.name), rows.schema).append(rows)
    with pytest.raises(ForeignCommitError, match="none of its history bears a Lakesmith checkpoint"):
        table.head()


def test_a_checkpoint_expired_by_others_is_refused(table, foreign):
    resume(table, 1)
    ours = table.head().snapshot_id
    add_snapshot(foreign(), Operation.APPEND)
    foreign().maintenance.expire_snapshots().by_id(ours).commit()
    with pytest.raises(ForeignCommitError, match="none of its history bears"):
        table.head()


def test_a_column_of_a_foreign_type_is_refused(table, foreign):
    from pyiceberg.types import TimeType

    resume(table, 1)
    with foreign().update_schema() as update:
        update.add_column("when", TimeType())
    with pytest.raises(ForeignCommitError, match="type 'time' is not one of ours"):
        table.head()


def damage(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("text", ["", *(pytest.param(text, marks=pytest.mark.long) for text in ("{", "[]", "{}"))])
def test_damaged_metadata_is_named(table, text):
    resume(table, 1)
    damage(Path(table.head().metadata_path), text)
    with pytest.raises(CatalogBrokenError, match="metadata file of a table cannot be read"):
        table.head()


def test_a_changed_checkpoint_is_not_believed(table):
    resume(table, 1)
    path = Path(table.head().metadata_path)
    raw = json.loads(path.read_text())
    summary = raw["snapshots"][0]["summary"]
    summary["lakesmith.checkpoint"] = summary["lakesmith.checkpoint"].replace('"ordinal":1', '"ordinal":2')
    damage(path, json.dumps(raw))
    with pytest.raises(CatalogBrokenError, match="its hash is another than the table repeats"):
        table.head()


def test_a_damaged_catalog_is_named(lake, table):
    resume(table, 1)
    damage(Path(lake.root) / "catalog.db", "this is no database, not even nearly one " * 100)
    with pytest.raises(CatalogBrokenError, match="The lake catalog cannot be read"):
        table.head()


@pytest.mark.parametrize("leave", [None, ""])
def test_a_lost_catalog_is_no_empty_lake(lake, table, leave):
    resume(table, 1)
    lake.open_catalog().engine.dispose()
    for file in Path(lake.root).glob("catalog.db*"):
        file.unlink()
    if leave is not None:
        damage(Path(lake.root) / "catalog.db", leave)
    with pytest.raises(CatalogBrokenError, match="gone or empty, while tables that it pointed to are still there"):
        table.head()
