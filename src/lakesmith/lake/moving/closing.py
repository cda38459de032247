"""The last commit of a table that was moved away: readers go on, and every load, also one that is under way, is turned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertRefSnapshotId,
    AssertTableUUID,
    SetPropertiesUpdate,
    TableUpdate,
)
from pyiceberg.table.update.snapshot import _FastAppendFiles

from lakesmith.errors import FencedError
from lakesmith.lake import iceberg
from lakesmith.lake.catalogs.pointers import MOVED, read_metadata
from lakesmith.lake.metadata import MAIN, Metadata, to_ms

if TYPE_CHECKING:
    from lakesmith.lake.lake import Lake
    from lakesmith.model.streams import StreamId


def close_table(lake: Lake, stream: StreamId, metadata: Metadata, to: str) -> None:
    """Commit a snapshot without files, which takes the ground from under loads that have begun, and the property that says where to.

    Args:
        lake: The old lake.
        stream: The table.
        metadata: What was copied; closed already is fine.
        to: The new place.

    Raises:
        FencedError: If the table was changed since.
    """
    if MOVED in metadata.properties:
        return
    table = iceberg.load(lake.services.catalog(), stream, metadata)
    updates: list[TableUpdate] = []
    if metadata.main_id is not None:
        transaction = iceberg.QuickTransaction(table, table.metadata)
        producer = _FastAppendFiles(Operation.APPEND, transaction, table.io, snapshot_properties={MOVED: to})
        at_ms = max(to_ms(lake.services.host.clock.now()), metadata.last_updated_ms + 1)
        updates += [_stamp(update, at_ms) for update in producer._commit()[0]]  # noqa: SLF001 - as in commits of loads
    updates.append(SetPropertiesUpdate(updates={MOVED: to}))
    requirements = (
        AssertTableUUID(uuid=table.metadata.table_uuid),
        AssertRefSnapshotId(ref=MAIN, snapshot_id=metadata.main_id),
    )
    failure: Exception | None = None
    try:
        table.catalog.commit_table(table, requirements, tuple(updates))
    except Exception as error:  # noqa: BLE001 - whatever it is, only the table knows the outcome
        failure = error
    path = lake.directory.find(stream)
    if path is None or MOVED not in read_metadata(lake.services.store, path.removeprefix("file://")).properties:
        raise FencedError(
            f"{stream} was loaded while the lake was being moved; nothing is lost, and the new place is not in use yet.",
            where=lake.services.pointers.place,
            fix="stop the loads into the old lake and repeat the same command: it copies what is new",
        ) from failure


def _stamp(update: TableUpdate, at_ms: int) -> TableUpdate:
    if isinstance(update, AddSnapshotUpdate):
        return AddSnapshotUpdate(snapshot=update.snapshot.model_copy(update={"timestamp_ms": at_ms}))
    return update
