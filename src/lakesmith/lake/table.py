"""One table of the lake: a stream's complete history, and where loading resumes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lakesmith.errors import ClockBehindError, ForeignCommitError
from lakesmith.lake.catalogs.pointers import read_metadata
from lakesmith.lake.commits.judge import find_building, highest_known, said_in_force
from lakesmith.lake.commits.summaries import read_commit
from lakesmith.lake.metadata import BUILD, MAIN, Metadata, from_ms, to_ms
from lakesmith.lake.numbering import going_on, number_schema, with_holes
from lakesmith.lake.positions.checkpoints import CHECKPOINT, in_force
from lakesmith.lake.quarantine.claims import ClaimStore
from lakesmith.lake.quarantine.rejects import read_claimed
from lakesmith.lake.services import Services
from lakesmith.model.loads import Batch, BronzeSnapshot, Checkpoint, Commit, Group, Head, QuarantinedRow, Staged, Upkeep
from lakesmith.model.protocols import Stage
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import StreamId
from lakesmith.model.types import Schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.manifest import DataFile

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
        building_id = find_building(metadata)
        return Head(
            table_uuid=metadata.table_uuid,
            metadata_path=metadata.path,
            snapshot_id=metadata.main_id,
            checkpoint=self._checkpoint(metadata),
            schema=metadata.schema(),
            rows=current.number("total-records") if current else 0,
            files=current.number("total-data-files") if current else 0,
            last_updated=from_ms(metadata.last_updated_ms),
            highest_ordinal=highest_known(metadata),
            building=None if building_id is None else in_force(metadata, self.services.sidecars, building_id),
            building_id=building_id,
        )

    def _checkpoint(self, metadata: Metadata) -> Checkpoint | None:
        return None if said_in_force(metadata) is None else in_force(metadata, self.services.sidecars)

    def descends_from(self, snapshot_id: int) -> bool:
        """Whether a snapshot was one that readers saw, before what they see now. Imports nothing heavy.

        It is not once the table was made anew, its catalog restored from a time before that snapshot, or the snapshot expired. It says
        nothing about rows: those are another generation's after a rollback or a swap.

        Raises:
            CatalogBrokenError: If the catalog or the metadata cannot be read.
            CatalogLockedError: If the catalog stayed locked.
        """
        metadata = self.services.pointers.read(self.stream)
        if metadata is None:
            return False
        before = {snapshot.id: snapshot for snapshot in metadata.ancestors()}
        oldest = min((snapshot.sequence for snapshot in before.values()), default=0)
        kept = metadata.snapshots().get(snapshot_id)  # the chain is cut where snapshots between expired
        aged = kept is not None and snapshot_id in metadata.once_main and kept.sequence < oldest
        return snapshot_id in before or aged

    def only_tended_since(self, snapshot_id: int | None) -> bool:
        """Whether no load, swap or rollback came after a snapshot: readers see the same rows. Imports nothing heavy.

        What something else than Lakesmith did is not judged here; `head` refuses it.

        Args:
            snapshot_id: What readers saw then; None: nothing.

        Raises:
            CatalogBrokenError: If the catalog or the metadata cannot be read.
            CatalogLockedError: If the catalog stayed locked.
        """
        metadata = self.services.pointers.read(self.stream)
        for snapshot in metadata.ancestors() if metadata is not None else ():
            if snapshot.id == snapshot_id:
                return True
            if CHECKPOINT in snapshot.summary:
                return False
        return snapshot_id is None and (metadata is None or metadata.main_id is None)

    def open_group(self, head: Head | None, *, above: int = 0, aside: bool = False, fresh: bool = False) -> Group:
        """Give out the next ordinal and batch id, and the constant of `_ls_loaded_at`.

        Args:
            head: What the group builds on, as `head` returned it.
            above: The highest ordinal that anybody else remembers.
            aside: Whether the group is of a new generation, which nobody sees before `swap`.
            fresh: Whether it begins that generation anew; it does also where `head` knows of none that was begun.

        Raises:
            ClockBehindError: If this machine's clock is more than five minutes behind the table.
        """
        ids = self.services.host.ids
        ordinal = max(above, head.highest_ordinal if head else 0) + 1
        table_uuid = head.table_uuid if head else str(UUID(hex=ids.ticket() + ids.ticket(), version=4))
        fresh = aside and (fresh or head is None or head.building_id is None)
        generation = head.checkpoint.generation if head and head.checkpoint else 0
        at = (head.building_id if aside and not fresh else head.snapshot_id) if head else None
        return Group(
            stream=self.stream,
            ordinal=ordinal,
            batch_id=f"{table_uuid}-{ordinal}-{ids.ticket()}",
            loaded_at=self._loaded_at(head),
            expect_snapshot=at,
            table_uuid=table_uuid,
            branch=BUILD if aside else MAIN,
            generation=generation + 1 if aside else generation,
            fresh=fresh,
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

    def number(
        self, head: Head | None, reshape: Reshape, *, before: Schema | None = None, holes: bool = False
    ) -> Schema:
        """Return the full schema (data columns, then system columns) with the field ids that a commit of `reshape` will give.

        `before` is what the stage before, in the same group, was numbered with. With `holes` the schema has `_ls_unchanged` and `_ls_prev_key`, which a table keeps once it has them.

        Raises:
            ValueError: If a type changes in a way that is no promotion.
            CatalogBrokenError: If the metadata that `head` names cannot be read any more.
        """
        after = with_holes(reshape.after) if holes else reshape.after
        known, last_id = None, 0
        if head is not None:
            known, last_id = head.schema, read_metadata(self.services.store, head.metadata_path).last_column_id
        return number_schema(*going_on(known, last_id, before, after), after)

    def stage(self, group: Group, schema: Schema, first_row: int) -> Stage:
        """Open a stage for rows numbered from `first_row` on; `schema` is what `number` returned."""
        from lakesmith.lake.staging.stage import FileStage, Place

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
        from lakesmith.lake.commits.load import commit_load

        return commit_load(self.services, group, batch)

    def swap(self, head: Head) -> Commit:
        """Make the generation that was built aside, as `head` knows it, the one that readers see; exactly once.

        Upkeep of what readers see may come between. The generation that is replaced stays, as long as its snapshots are kept.

        Raises:
            FencedError: If a load, a rollback or another swap landed meanwhile, or somebody began the generation anew.
            ValueError: If `head` knows of no such generation, or it has open splits.
            LakesmithError: As for `commit`.
        """
        from lakesmith.lake.commits.generations import swap

        return swap(self.services, self.stream, head)

    def rollback(self, snapshot_id: int) -> Commit:
        """Make the rows and the position of a snapshot that readers once saw current again, as a new commit of a higher generation.

        Nothing is lost by it: the snapshots between stay as long as others do, and can be rolled back to. It is also what mends a table
        whose rows something else than Lakesmith changed.

        Raises:
            UsageError: If readers never saw such a snapshot, see it now, or it is no longer kept.
            FencedError: If a load, a swap or another rollback landed meanwhile.
            LakesmithError: As for `commit`.
        """
        from lakesmith.lake.commits.generations import rollback

        return rollback(self.services, self.stream, snapshot_id)

    def tend(self) -> Upkeep | None:
        """Do the upkeep that is due; None if nothing is. Cheap to ask.

        Raises:
            LakesmithError: As for `commit`; the table is then as it was, or the upkeep landed.
        """
        from lakesmith.lake.upkeep import tend

        return tend(self)

    def vanished(
        self, staged: Sequence[Staged], schema: Schema, key: tuple[str, ...], *, origins: Collection[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield a row for each key that is current in the table and not among staged rows; see `find_vanished`.

        With `origins`, only keys count whose current row came from one of them (`_ls_source`); files without such rows, and older
        than all of these, are not opened.

        Raises:
            ForeignCommitError: If something that is not Lakesmith added delete files.
            StorageUnavailableError: If a file cannot be read.
            StorageFullError: If the temporary folder is full.
        """
        from lakesmith.lake.contents.pruning import files_of
        from lakesmith.lake.contents.vanished import Compared, find_vanished

        metadata = self.services.pointers.read(self.stream)
        if metadata is None:
            return
        files = self._data_files(metadata)
        known = tuple(sorted(file.file_path for file in files))
        matter = known if origins is None else files_of(files, metadata.schema(), origins)
        new = [file.path for receipt in staged for file in receipt.files]
        if matter:
            yield from find_vanished(self.services.store, Compared(matter, new, schema, key, origins))

    def rows_from(self, origins: Collection[str]) -> Iterator[tuple[pa.RecordBatch, str, pa.Array[Any]]]:
        """Yield the rows that readers see and that came from some origins (`_ls_source`), in order; see `carried_rows`.

        Raises:
            StorageUnavailableError: If a file cannot be read.
        """
        from lakesmith.lake.contents.carrying import carried_rows

        now = self.snapshot()
        if now is not None:
            yield from carried_rows(self.services.store, now.files, now.schema, origins)

    def quarantined(self) -> Iterator[QuarantinedRow]:
        """Yield the records in quarantine whose batch landed, newest batch first.

        Raises:
            StorageUnavailableError: If a quarantine file cannot be read.
            CatalogBrokenError: If what names older quarantine files is missing or damaged.
        """
        metadata = self.services.pointers.read(self.stream)
        if metadata is not None:
            store, layout = self.services.store, self.services.layout
            claims = ClaimStore(store, layout).landed(metadata)
            yield from read_claimed(store, layout.quarantine(self.stream), self.stream, claims)

    def snapshot(self) -> BronzeSnapshot | None:
        """Return the current snapshot as engines attach it, None where there is no table.

        Raises:
            ForeignCommitError: If something that is not Lakesmith added delete files, which engines would not see.
        """
        metadata = self.services.pointers.read(self.stream)
        if metadata is None:
            return None
        files = tuple(sorted(file.file_path for file in self._data_files(metadata)))
        return BronzeSnapshot(self.stream, metadata.main_id, metadata.schema(), files)

    def _data_files(self, metadata: Metadata) -> list[DataFile]:
        from lakesmith.lake.iceberg import load

        tasks = list(load(self.services.catalog(), self.stream, metadata).scan().plan_files())
        if any(task.delete_files for task in tasks):
            raise ForeignCommitError(
                "This table has delete files, which Lakesmith never writes.",
                where=metadata.path,
                fix="let the tool that deleted rows rewrite the data files, or roll the table back",
            )
        return [task.file for task in tasks]

    def history(self) -> list[Commit]:
        """Return the loads, swaps and rollbacks that landed and are still kept, newest first; of `lineage` or not."""
        metadata = self.services.pointers.read(self.stream)
        if metadata is None:
            return []
        known = metadata.snapshots()
        seen = {*metadata.once_main, *(snapshot.id for snapshot in (*metadata.ancestors(), *metadata.lineage()))}
        newest_first = sorted((known[at] for at in seen & known.keys()), key=lambda found: found.sequence, reverse=True)
        commits = (read_commit(snapshot) for snapshot in newest_first)
        return [commit for commit in commits if commit is not None]

    def lineage(self) -> frozenset[int]:
        """Return the snapshots that the rows of today come from, as far as they are kept: nothing that was rolled back or replaced."""
        metadata = self.services.pointers.read(self.stream)
        return frozenset(snapshot.id for snapshot in metadata.lineage()) if metadata else frozenset()
