"""Other tools that write to the table: they know Iceberg, and nothing of Lakesmith."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertRefSnapshotId,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
)
from pyiceberg.table.update.snapshot import _FastAppendFiles, _OverwriteFiles

from lakesmith.testing.torture.laws import FOREIGN
from lakesmith.testing.torture.memory import plain
from lakesmith.testing.torture.oracle import ancestors, head
from lakesmith.testing.torture.world import KEY, MachineTime

if TYPE_CHECKING:
    from lakesmith.testing.torture.world import World

MAIN = "main"


def append(world: World, number: int) -> None:
    """Add a row that no source has."""
    table = _open(world)
    producer = _FastAppendFiles(Operation.APPEND, Transaction(table), table.io)
    producer.append_data_file(_write(world, table, [(number, FOREIGN + number)]))
    _send(world, table, producer._commit()[0])  # noqa: SLF001 - as in the code under test


def replace(world: World, number: int) -> None:
    """Write one file anew, with the rows it had, as a compaction does."""
    table = _open(world)
    tasks = sorted(table.scan().plan_files(), key=lambda task: task.file.file_path)
    if not tasks:
        return
    old = tasks[number % len(tasks)].file
    producer = _OverwriteFiles(Operation.OVERWRITE, Transaction(table), table.io)
    producer.delete_data_file(old)
    producer.append_data_file(_copy(world, old))
    updates = [_as_replace(update) for update in producer._commit()[0]]  # noqa: SLF001
    _send(world, table, updates)


def rename(world: World, number: int) -> None:
    """Change a property."""
    _send(world, _open(world), [SetPropertiesUpdate(updates={"owner": f"somebody {number}"})])


def roll_back(world: World, number: int) -> None:
    """Point main to an earlier snapshot, which makes no new one."""
    metadata = world.witness.oracle.metadata(world.path or "")
    kept = ancestors(metadata, head(metadata))[1:]
    if kept:
        set_main(world, kept[number % len(kept)]["snapshot-id"])


def set_main(world: World, snapshot_id: int) -> None:
    """Point main to a snapshot."""
    update = SetSnapshotRefUpdate(
        ref_name=MAIN,
        type=SnapshotRefType.BRANCH,
        snapshot_id=snapshot_id,
        max_ref_age_ms=None,
        max_snapshot_age_ms=None,
        min_snapshots_to_keep=None,
    )
    _send(world, _open(world), [update])


def _open(world: World) -> IcebergTable:
    return world.catalog.load_table(KEY)


def _send(world: World, table: IcebergTable, updates: Any) -> None:
    current = table.metadata.current_snapshot_id
    stamped = [_stamp(world, table, update) for update in updates]
    # Commits that bring no snapshot are not seen by those under way, which must not be late because of them.
    MachineTime.fixed = _after(table)
    try:
        world.catalog.commit_table(table, (AssertRefSnapshotId(ref=MAIN, snapshot_id=current),), tuple(stamped))
    finally:
        MachineTime.fixed = None


def _after(table: IcebergTable) -> datetime:
    return datetime.fromtimestamp((table.metadata.last_updated_ms + 1) / 1000, UTC)


def _stamp(world: World, table: IcebergTable, update: TableUpdate) -> TableUpdate:
    """Give the snapshot the time of this world; other tools may have any clock, but not one that goes back."""
    if not isinstance(update, AddSnapshotUpdate):
        return update
    at_ms = max(int(world.clock.now().timestamp() * 1000), table.metadata.last_updated_ms + 1)
    return AddSnapshotUpdate(snapshot=update.snapshot.model_copy(update={"timestamp_ms": at_ms}))


def _as_replace(update: TableUpdate) -> TableUpdate:
    if not isinstance(update, AddSnapshotUpdate) or update.snapshot.summary is None:
        return update
    summary = update.snapshot.summary.model_copy(update={"operation": Operation.REPLACE})
    return AddSnapshotUpdate(snapshot=update.snapshot.model_copy(update={"summary": summary}))


def _write(world: World, table: IcebergTable, rows: list[tuple[int, int]]) -> DataFile:
    ids = {field.name: field.field_id for field in table.schema().fields}
    schema = pa.schema(
        [pa.field(name, pa.int64(), metadata={"PARQUET:field_id": str(ids[name])}) for name in ("_ls_seq", "id")]
    )
    columns = [pa.array([row[at] for row in rows], pa.int64()) for at in range(2)]
    return _put(world, pa.table(columns, schema=schema), f"{world.table.services.layout.data(world.table.stream)}")


def _copy(world: World, old: DataFile) -> DataFile:
    content = world.store.read(old.file_path)
    rows = pq.ParquetFile(io.BytesIO(content)).read()
    return _put(world, rows, old.file_path.rsplit("/", 1)[0])


def _put(world: World, rows: pa.Table, folder: str) -> DataFile:
    from pyiceberg.manifest import DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    out = io.BytesIO()
    pq.write_table(rows, out)
    path = f"{plain(folder)}/foreign-{world.table.services.host.ids.ticket()}.parquet"
    world.store.put(path, out.getvalue())
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=rows.num_rows,
        file_size_in_bytes=len(out.getvalue()),
        spec_id=0,
    )
