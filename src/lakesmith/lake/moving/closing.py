"""The last commit of a table that was moved away: readers go on, and every load, also one that is under way, is turned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import (
    SetPropertiesUpdate,
    TableUpdate,
)
from pyiceberg.table.update.snapshot import _FastAppendFiles

from lakesmith.errors import FencedError
from lakesmith.lake import iceberg
from lakesmith.lake.catalogs.pointers import MOVED, read_metadata
from lakesmith.lake.commits.drafts import open_base, write_snapshot
from lakesmith.lake.metadata import Metadata, to_ms

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
    base = open_base(lake.services, stream, metadata)
    updates: tuple[TableUpdate, ...] = ()
    if metadata.main_id is not None:
        transaction = iceberg.QuickTransaction(base.table, base.built_on)
        producer = _FastAppendFiles(Operation.APPEND, transaction, base.table.io, snapshot_properties={MOVED: to})
        at_ms = max(to_ms(lake.services.host.clock.now()), base.not_before_ms)
        updates = write_snapshot(producer, [], at_ms=at_ms, folder=base.table.location())
    closed = SetPropertiesUpdate(updates={MOVED: to})
    failure: Exception | None = None
    try:
        base.table.catalog.commit_table(base.table, base.requirements, (*updates, closed))
    except Exception as error:  # noqa: BLE001 - whatever it is, only the table knows the outcome
        failure = error
    path = lake.directory.find(stream)
    if path is None or MOVED not in read_metadata(lake.services.store, path.removeprefix("file://")).properties:
        raise FencedError(
            f"{stream} was loaded while the lake was being moved; nothing is lost, and the new place is not in use yet.",
            where=lake.services.pointers.place,
            fix="stop the loads into the old lake and repeat the same command: it copies what is new",
        ) from failure
