"""Snapshots in the making: what each kind of commit writes into its manifests, and the time it bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update import AddSnapshotUpdate, AssertRefSnapshotId, AssertTableUUID
from pyiceberg.table.update.snapshot import _FastAppendFiles, _MergeAppendFiles

from lakesmith.host.files import storage_errors
from lakesmith.lake import iceberg
from lakesmith.lake.metadata import BUILD, MAIN

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile, ManifestFile
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.update import TableRequirement, TableUpdate
    from pyiceberg.table.update.snapshot import _SnapshotProducer

    from lakesmith.lake.metadata import Metadata
    from lakesmith.lake.services import Services
    from lakesmith.model.streams import StreamId

TOTALS = ("total-data-files", "total-records", "total-files-size", "total-delete-files")
NONE_LEFT = ("total-delete-files", "total-position-deletes", "total-equality-deletes")


@dataclass(frozen=True, slots=True)
class Base:
    """What a snapshot is built on: the table, its metadata with the changes applied, and the earliest time it may bear."""

    table: Table
    built_on: TableMetadata
    changes: tuple[TableUpdate, ...] = ()
    requirements: tuple[TableRequirement, ...] = ()
    not_before_ms: int = 0


def open_base(services: Services, stream: StreamId, metadata: Metadata) -> Base:
    """Return the table as `metadata` says, to commit on; whoever commits adds what else must not have moved.

    Neither branch may have, whichever the commit moves: what lands on the other in between makes the table newer than the time that
    the commit bears. Only a catalog without compare-and-swap of its own needs to be told.
    """
    table = iceberg.load(services.catalog(), stream, metadata)
    branches = (MAIN, BUILD) if metadata.snapshots() else (MAIN,)
    heads = (AssertRefSnapshotId(ref=branch, snapshot_id=metadata.head_of(branch)) for branch in branches)
    same = AssertTableUUID(uuid=table.metadata.table_uuid)
    return Base(table, table.metadata, (), (same, *heads), metadata.last_updated_ms + 1)


class FreshFiles(_FastAppendFiles):
    """An overwrite that holds the new files and nothing else; its parent is the head of `main`, whatever branch it goes to."""

    def __init__(self, base: Base, summary: dict[str, str], branch: str) -> None:
        transaction = iceberg.QuickTransaction(base.table, base.built_on)
        super().__init__(Operation.OVERWRITE, transaction, base.table.io, None, summary, branch)
        self._parent_snapshot_id = base.built_on.current_snapshot_id

    def _existing_manifests(self) -> list[ManifestFile]:
        return []

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        parent, self._parent_snapshot_id = self._parent_snapshot_id, None  # totals begin at nothing
        try:
            return super()._summary(snapshot_properties or {})
        finally:
            self._parent_snapshot_id = parent


class SameFiles(_FastAppendFiles):
    """An overwrite of `main` that holds exactly the files of another snapshot of the table."""

    def __init__(self, base: Base, summary: dict[str, str], source_id: int) -> None:
        transaction = iceberg.QuickTransaction(base.table, base.built_on)
        super().__init__(Operation.OVERWRITE, transaction, base.table.io, None, summary, MAIN)
        source = base.built_on.snapshot_by_id(source_id)
        if source is None:
            raise ValueError(f"snapshot {source_id} is not kept")
        self._source = source

    def _existing_manifests(self) -> list[ManifestFile]:
        manifests = self._source.manifests(io=self._io)
        return [manifest for manifest in manifests if manifest.has_added_files() or manifest.has_existing_files()]

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        said = self._source.summary
        totals = {key: said[key] for key in (*TOTALS, *NONE_LEFT) if said is not None and key in said}
        return Summary(Operation.OVERWRITE, **{**totals, **(snapshot_properties or {})})


def append_files(base: Base, summary: dict[str, str], branch: str) -> _MergeAppendFiles:
    """Return an append to a branch; many small manifests become one on the way."""
    transaction = iceberg.QuickTransaction(base.table, base.built_on)
    return _MergeAppendFiles(Operation.APPEND, transaction, base.table.io, branch, None, summary)


def write_snapshot(
    producer: _SnapshotProducer[Any], files: list[DataFile], *, at_ms: int, folder: str
) -> tuple[TableUpdate, ...]:
    """Write manifests and manifest list, and return the updates that add the snapshot and move its branch to it.

    Args:
        producer: What knows the snapshot's manifests.
        files: The files it adds.
        at_ms: The time it bears, in milliseconds since 1970.
        folder: The table's folder, for messages.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If they cannot be written.
    """
    for file in files:
        producer.append_data_file(file)
    with storage_errors(folder):
        updates, _ = producer._commit()  # noqa: SLF001 - a transaction would send it, and delete files when that fails
    return tuple(stamp(update, at_ms) for update in updates)


def stamp(update: TableUpdate, at_ms: int) -> TableUpdate:
    """Return an update that bears the time we say: PyIceberg takes this machine's, which may go back."""
    if isinstance(update, AddSnapshotUpdate):
        return AddSnapshotUpdate(snapshot=update.snapshot.model_copy(update={"timestamp_ms": at_ms}))
    return update
