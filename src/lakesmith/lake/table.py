"""One table of the lake: a stream's complete history, and where loading resumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from lakesmith.errors import ClockBehindError, ForeignCommitError
from lakesmith.lake.checkpoints import highest_ordinal, in_force
from lakesmith.lake.metadata import Metadata, from_ms, to_ms
from lakesmith.lake.numbering import number_schema
from lakesmith.lake.pointers import read_metadata
from lakesmith.lake.quarantine import read_claimed
from lakesmith.lake.services import Services
from lakesmith.lake.summaries import read_commit
from lakesmith.model.loads import Batch, BronzeSnapshot, Commit, Group, Head, QuarantinedRow
from lakesmith.model.protocols import Stage
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import StreamId
from lakesmith.model.types import Schema

CLOCK_TOLERANCE = timedelta(minutes=5)
TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Table:
    """The bronze table of one stream; fits `model.protocols.Bronze`."""

    stream: StreamId
    services: Services

    def head(self) -> Head | None:
        """Return what the newest metadata says, or None where there is no table yet. Imports nothing heavy.

        Raises:
            ForeignCommitError: If something that is not Lakesmith changed the table's rows.
            CatalogBrokenError: If the catalog or the metadata cannot be read.
            CatalogLockedError: If the catalog stayed locked.
        """
        metadata = self.services.pointers.read(self.stream)
        if metadata is None:
            return None
        current = next(metadata.ancestors(), None)
        return Head(
            table_uuid=metadata.table_uuid,
            metadata_path=metadata.path,
            snapshot_id=metadata.main_id,
            checkpoint=in_force(metadata),
            schema=metadata.schema(),
            rows=current.number("total-records") if current else 0,
            files=current.number("total-data-files") if current else 0,
            last_updated=from_ms(metadata.last_updated_ms),
        )

    def descends_from(self, snapshot_id: int) -> bool:
        """Whether a snapshot is part of the history of what the table holds now, as far back as that is kept. Imports nothing heavy.

        It is not once the table was made anew, or its catalog restored from a time before that snapshot.

        Raises:
            CatalogBrokenError: If the catalog or the metadata cannot be read.
            CatalogLockedError: If the catalog stayed locked.
        """
        metadata = self.services.pointers.read(self.stream)
        return metadata is not None and any(snapshot.id == snapshot_id for snapshot in metadata.ancestors())

    def open_group(self, head: Head | None, *, above: int = 0) -> Group:
        """Give out the next ordinal and batch id, and the constant of `_ls_loaded_at`.

        Raises:
            ClockBehindError: If this machine's clock is more than five minutes behind the table.
            CatalogBrokenError: If the metadata that `head` names cannot be read any more.
        """
        ids = self.services.host.ids
        highest = highest_ordinal(read_metadata(self.services.store, head.metadata_path)) if head else 0
        ordinal = max(above, highest, head.checkpoint.ordinal if head and head.checkpoint else 0) + 1
        table_uuid = head.table_uuid if head else str(UUID(hex=ids.ticket() + ids.ticket(), version=4))
        return Group(
            stream=self.stream,
            ordinal=ordinal,
            batch_id=f"{table_uuid}-{ordinal}-{ids.ticket()}",
            loaded_at=self._loaded_at(head),
            expect_snapshot=head.snapshot_id if head else None,
            table_uuid=table_uuid,
        )

    def _loaded_at(self, head: Head | None) -> datetime:
        now = from_ms(to_ms(self.services.host.clock.now()))
        if head is None:
            return now
        if now < head.last_updated - CLOCK_TOLERANCE:
            raise ClockBehindError(
                f"This machine's clock says {now:%Y-%m-%d %H:%M:%S}, but {self.stream} was changed at {head.last_updated:%Y-%m-%d %H:%M:%S} UTC.",
                where=head.metadata_path,
                fix="set the clock (`timedatectl`), then run the same command again",
            )
        return max(now, head.last_updated + TICK)

    def number(self, head: Head | None, reshape: Reshape) -> Schema:
        """Return the full schema (data columns, then system columns) with the field ids that a commit of `reshape` will give.

        Raises:
            ValueError: If a type changes in a way that is no promotion.
            CatalogBrokenError: If the metadata that `head` names cannot be read any more.
        """
        if head is None:
            return number_schema(None, 0, reshape.after)
        return number_schema(
            head.schema, read_metadata(self.services.store, head.metadata_path).last_column_id, reshape.after
        )

    def stage(self, group: Group, schema: Schema, first_row: int) -> Stage:
        """Open a stage for rows numbered from `first_row` on; `schema` is what `number` returned."""
        from lakesmith.lake.stage import FileStage, Place

        layout = self.services.layout
        place = Place(self.services.store, layout.data(self.stream), layout.quarantine(self.stream))
        return FileStage(place, group, schema, first_row=first_row, host=self.services.host)

    def commit(self, group: Group, batch: Batch) -> Commit:
        """Make the group visible in one snapshot: files, schema change, checkpoint and counts; exactly once.

        A group that has landed already is not committed again: its commit is returned.

        Raises:
            RowLawError: If the counts do not fit each other or the staged files.
            FencedError: If another loader committed meanwhile, or the table was rolled back or replaced.
            ForeignCommitError: If something that is not Lakesmith changed the table's rows.
            CatalogLockedError: If the catalog stayed locked; nothing landed.
            StorageFullError: If the disk is full; nothing landed.
            StorageUnavailableError: If a file or the catalog cannot be written; nothing landed.
            CommitUnknownError: If there was no answer and the catalog cannot be read to find out.
            ValueError: If the batch is not one of this group.
        """
        from lakesmith.lake.commit import Committer

        return Committer(self.services, self.services.catalog()).commit(group, batch)

    def quarantined(self) -> Iterator[QuarantinedRow]:
        """Yield the records in quarantine whose batch landed, newest batch first.

        Raises:
            StorageUnavailableError: If a quarantine file cannot be read.
        """
        metadata = self.services.pointers.read(self.stream)
        if metadata is not None:
            yield from read_claimed(
                self.services.store, self.services.layout.quarantine(self.stream), self.stream, metadata
            )

    def snapshot(self) -> BronzeSnapshot | None:
        """Return the current snapshot as engines attach it, None where there is no table.

        Raises:
            ForeignCommitError: If something that is not Lakesmith added delete files, which engines would not see.
        """
        metadata = self.services.pointers.read(self.stream)
        if metadata is None:
            return None
        return BronzeSnapshot(self.stream, metadata.main_id, metadata.schema(), self._data_files(metadata))

    def _data_files(self, metadata: Metadata) -> tuple[str, ...]:
        from lakesmith.lake.iceberg import load

        tasks = list(load(self.services.catalog(), self.stream, metadata).scan().plan_files())
        if any(task.delete_files for task in tasks):
            raise ForeignCommitError(
                "This table has delete files, which Lakesmith never writes.",
                where=metadata.path,
                fix="let the tool that deleted rows rewrite the data files, or roll the table back",
            )
        return tuple(sorted(task.file.file_path for task in tasks))

    def history(self) -> list[Commit]:
        """Return the commits that landed and are still kept, newest first."""
        metadata = self.services.pointers.read(self.stream)
        commits = (read_commit(snapshot) for snapshot in metadata.ancestors()) if metadata else ()
        return [commit for commit in commits if commit is not None]
