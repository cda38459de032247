"""A snapshot that names other files for the same rows: operation `replace`, built on whatever the head is by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyiceberg.exceptions import ValidationException
from pyiceberg.manifest import DataFile, ManifestContent
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.typedef import EMPTY_DICT

from lakesmith.host.files import storage_errors
from lakesmith.lake import iceberg
from lakesmith.lake.commits.drafts import Base, open_base, write_snapshot
from lakesmith.lake.commits.sending import Prepared, Steps
from lakesmith.lake.metadata import Metadata, to_ms
from lakesmith.lake.positions.checkpoints import find_bearer
from lakesmith.lake.services import Services
from lakesmith.lake.staging.stage import SEQ
from lakesmith.lake.upkeep import points
from lakesmith.lake.upkeep.planning import UPKEEP, Piece
from lakesmith.model.streams import StreamId

if TYPE_CHECKING:
    from pyiceberg.table import Table


class FilesGoneError(Exception):
    """A file that was rewritten is no longer part of the table, so there is nothing to replace. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Files that go and the files that come instead, with the same rows; fits `sending.Work`.

    It asks that the files that go are still there, and not which snapshot is the head: loads that land meanwhile make it build on
    them. It bears no ordinal and no checkpoint: the one in force stays that of the nearest load.
    """

    stream: StreamId
    table_uuid: str
    ticket: str
    gone: tuple[DataFile, ...]
    fresh: tuple[DataFile, ...]
    services: Services
    until: datetime
    """By the store's clock: later, the collector may take the new files for nobody's, whatever they are named in."""

    @property
    def steps(self) -> Steps:
        """The crash points it passes."""
        return Steps(points.COMPACT_SENDING, points.COMPACT_PREPARED, points.COMPACT_LANDED)

    def landed(self, metadata: Metadata | None) -> int | None:
        """Return the snapshot it became, None if it may be sent.

        Raises:
            FilesGoneError: If the table is another one by now.
            ForeignCommitError: If something that is not Lakesmith changed the table's rows.
        """
        if metadata is None or metadata.table_uuid != self.table_uuid:
            raise FilesGoneError
        for snapshot in metadata.ancestors():
            if snapshot.summary.get(UPKEEP) == self.ticket:
                return snapshot.id
        find_bearer(metadata)
        return None

    def build(self, metadata: Metadata | None) -> Prepared:
        """Write the manifests on the table's head: those without a file that goes are named again as they are.

        Raises:
            FilesGoneError: If one of the files is no longer part of the table, or the new ones are too old or gone.
            StorageFullError: If the disk is full.
            StorageUnavailableError: If a manifest cannot be read or written.
        """
        if metadata is None or not self._is_fresh():
            raise FilesGoneError
        base = open_base(self.services, self.stream, metadata)
        at_ms = max(to_ms(self.services.host.clock.now()), base.not_before_ms)
        producer = _Replace(base, self.ticket)
        for file in self.gone:
            producer.delete_data_file(file)
        try:
            updates = write_snapshot(producer, list(self.fresh), at_ms=at_ms, folder=base.table.location())
        except ValidationException as error:
            raise FilesGoneError from error
        return Prepared(base.table, updates, base.requirements)

    def _is_fresh(self) -> bool:
        """Whether nobody can have taken the new files for litter: a program may sleep for days between two steps."""
        store = self.services.store
        return store.now() <= self.until and all(store.size(file.file_path) is not None for file in self.fresh)


class _Replace(_OverwriteFiles):
    """An overwrite that says what it is: the same rows in other files. It refuses if one of the files to go is not there."""

    def __init__(self, base: Base, ticket: str) -> None:
        transaction = iceberg.QuickTransaction(base.table, base.built_on)
        super().__init__(Operation.OVERWRITE, transaction, base.table.io, snapshot_properties={UPKEEP: ticket})

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        summary = super()._summary(snapshot_properties)  # counted as an overwrite: PyIceberg knows no other way
        return Summary(Operation.REPLACE, **summary.additional_properties)


def list_pieces(table: Table, metadata: Metadata) -> list[Piece]:
    """Return the data files of the head; none at all if the row numbers of one are not known, or there are delete files."""
    snapshot = table.metadata.snapshot_by_id(metadata.main_id) if metadata.main_id is not None else None
    seq = metadata.schema().find(SEQ)
    if snapshot is None or seq is None:
        return []
    with storage_errors(table.location()):
        manifests = snapshot.manifests(table.io)
        if any(manifest.content != ManifestContent.DATA for manifest in manifests):
            return []
        entries = [entry for manifest in manifests for entry in manifest.fetch_manifest_entry(table.io)]
    pieces = [_piece(entry.data_file, seq.id) for entry in entries]
    known = [piece for piece in pieces if piece is not None]
    return known if len(known) == len(pieces) else []


def _piece(file: DataFile, seq_id: int) -> Piece | None:
    first, last = _bound(file.lower_bounds, seq_id), _bound(file.upper_bounds, seq_id)
    if first is None or last is None:
        return None
    return Piece(file.file_path, file.record_count, file.file_size_in_bytes, first, last, file)


def _bound(bounds: Any, seq_id: int) -> int | None:
    raw = (bounds or {}).get(seq_id)
    return int.from_bytes(raw, "little", signed=True) if raw else None
