"""Swap and rollback: commits that bring no rows, but make those of another snapshot the ones that readers see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyiceberg.table.update import (
    AssertCurrentSchemaId,
    RemoveSnapshotRefUpdate,
    SetPropertiesUpdate,
    update_table_metadata,
)

from lakesmith.errors import FencedError, UsageError
from lakesmith.lake import iceberg, points
from lakesmith.lake.commits.drafts import Base, SameFiles, open_base, write_snapshot
from lakesmith.lake.commits.expiry import plan_expiry
from lakesmith.lake.commits.judge import (
    NOTHING_LOADED,
    describe,
    find_building,
    find_ticket,
    highest_known,
    newest_said,
)
from lakesmith.lake.commits.load import repeat
from lakesmith.lake.commits.sending import Prepared, Sender, Steps
from lakesmith.lake.commits.summaries import KINDS, write_jump
from lakesmith.lake.metadata import BUILD, ROLLED_BACK_TO, SWAPPED_FROM, Metadata, to_ms
from lakesmith.lake.positions.checkpoints import CHECKPOINT, ORDINAL, REFERENCE, find_bearer, in_force, reference
from lakesmith.lake.positions.sidecars import read_outline
from lakesmith.lake.quarantine.claims import undo, undone_before
from lakesmith.lake.returning import returned

if TYPE_CHECKING:
    from pyiceberg.table.update import TableUpdate

    from lakesmith.lake.services import Services
    from lakesmith.model.loads import Checkpoint, Commit, Head
    from lakesmith.model.streams import StreamId

SWAP = Steps(points.SWAP_BEGUN, points.SWAP_PREPARED, points.SWAP_LANDED)
ROLLBACK = Steps(points.ROLLBACK_BEGUN, points.ROLLBACK_PREPARED, points.ROLLBACK_LANDED)


def swap(services: Services, stream: StreamId, head: Head) -> Commit:
    """Make the generation that was built aside the one that readers see; see `Table.swap` for what it raises."""
    if head.building is None or head.building_id is None:
        raise ValueError(f"nothing is being built aside for {stream}")
    if head.building.open_splits:
        raise ValueError(
            f"the generation of {stream} is not complete: {len(head.building.open_splits)} splits are open"
        )
    ticket = f"{head.table_uuid}-swap-{services.host.ids.ticket()}"
    on = f"{head.checkpoint.generation}.{head.checkpoint.ordinal}" if head.checkpoint else NOTHING_LOADED
    jump = Jump(stream, head.table_uuid, ticket, on, SWAPPED_FROM, head.building_id, head.building)
    return Sender(services, services.catalog()).send(JumpWork(services, jump, SWAP))


def rollback(services: Services, stream: StreamId, snapshot_id: int) -> Commit:
    """Make the rows and the position of a kept snapshot current again; see `Table.rollback` for what it raises."""
    metadata = services.pointers.read(stream)
    if metadata is None or snapshot_id == metadata.main_id or snapshot_id not in _targets(metadata):
        raise UsageError(
            f"{stream} cannot be rolled back to snapshot {snapshot_id}: it is the one readers see, or was never seen, or is no longer kept.",
            where=metadata.path if metadata else "",
            fix="choose one that `lakesmith history` lists",
        )
    then, said = in_force(metadata, services.sidecars, snapshot_id), newest_said(metadata)
    if then is None:
        raise ValueError(f"{stream} was never loaded")
    generation = max(then.generation, read_outline(said).generation if said else 0) + 1
    checkpoint = replace(then, ordinal=highest_known(metadata) + 1, generation=generation)
    ticket = f"{metadata.table_uuid}-{checkpoint.ordinal}-{services.host.ids.ticket()}"
    jump = Jump(stream, metadata.table_uuid, ticket, describe(said), ROLLED_BACK_TO, snapshot_id, checkpoint)
    return Sender(services, services.catalog()).send(JumpWork(services, jump, ROLLBACK))


def _targets(metadata: Metadata) -> set[int]:
    """Return the snapshots that readers saw at some time and that are kept."""
    seen = metadata.once_main | {snapshot.id for snapshot in metadata.ancestors()}
    return seen & metadata.snapshots().keys()


@dataclass(frozen=True, slots=True)
class Jump:
    """A commit that makes the rows of the snapshot `source` those of `main`; `key` says why, `on` what was in force when it was decided.

    `checkpoint` is the one in force afterwards: of a swap, that of the source itself.
    """

    stream: StreamId
    table_uuid: str
    ticket: str
    on: str
    key: str
    source: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class JumpWork:
    """A swap or a rollback as work for a `Sender`."""

    services: Services
    jump: Jump
    steps: Steps

    @property
    def stream(self) -> StreamId:
        """Whose table it is."""
        return self.jump.stream

    @property
    def ticket(self) -> str:
        """What tells this swap or rollback from every other."""
        return self.jump.ticket

    def landed(self, metadata: Metadata | None) -> Commit | None:
        """Return the commit if it landed, None if it may be sent.

        Raises:
            FencedError: If a load, a swap or a rollback landed meanwhile, or the source is gone.
            ForeignCommitError: Of a swap, if something that is not Lakesmith changed rows; a rollback is what mends that.
        """
        jump = self.jump
        if metadata is None or metadata.table_uuid != jump.table_uuid:
            raise self._fenced("the table is gone, or another one by now")
        if (found := find_ticket(metadata, jump.ticket)) is not None:
            return replace(found, checkpoint=jump.checkpoint)
        if (now := describe(newest_said(metadata))) != jump.on:
            raise self._fenced(f"generation and ordinal were {jump.on} and are {now}")
        if jump.key == SWAPPED_FROM and find_building(metadata) != jump.source:
            raise self._fenced("the generation that was built aside is another one by now")
        if jump.source not in metadata.snapshots():
            raise self._fenced(f"snapshot {jump.source} is no longer kept")
        return None

    def build(self, metadata: Metadata | None) -> Prepared:
        """Build a snapshot on the head of `main` that names the files of the source."""
        if metadata is None:
            raise ValueError("there is no table to build on")
        base = self._base(metadata)
        at_ms = max(to_ms(self.services.host.clock.now()), base.not_before_ms)
        producer = SameFiles(base, self._summary(metadata), self.jump.source)
        snapshot = write_snapshot(producer, [], at_ms=at_ms, folder=self.services.layout.table(self.stream))
        expiry = plan_expiry(self.services, self.stream, metadata, at_ms=at_ms, source=self.jump.source)
        moved = (RemoveSnapshotRefUpdate(ref_name=BUILD),) if self.jump.key == SWAPPED_FROM else ()
        properties = {
            **dict(expiry.properties),
            **repeat(metadata, self.jump.checkpoint.ordinal),
            REFERENCE: reference(producer.snapshot_id, self.jump.checkpoint),
        }
        updates: tuple[TableUpdate, ...] = (
            *base.changes,
            *snapshot,
            *moved,
            *expiry.updates,
            SetPropertiesUpdate(updates=properties),
        )
        return Prepared(base.table, updates, base.requirements)

    def _base(self, metadata: Metadata) -> Base:
        """Return what the snapshot is built on; of a rollback, with the names that columns had then."""
        base = open_base(self.services, self.stream, metadata)
        if self.jump.key == SWAPPED_FROM:
            return base
        now = metadata.schema()
        schema = returned(now, metadata.schema_of(self.jump.source))
        if schema == now:
            return base
        changes = iceberg.evolution(base.table, schema)
        unmoved = AssertCurrentSchemaId(current_schema_id=base.table.metadata.current_schema_id)
        return replace(
            base,
            built_on=update_table_metadata(base.table.metadata, changes),
            changes=changes,
            requirements=(*base.requirements, unmoved),
        )

    def _summary(self, metadata: Metadata) -> dict[str, str]:
        jump = self.jump
        source = metadata.snapshots()[jump.source]
        undone = undone_before(metadata, jump.source)
        if jump.key == SWAPPED_FROM:
            said = source.summary[CHECKPOINT]
        else:
            said = self.services.sidecars.write(jump.table_uuid, jump.checkpoint, newest_said(metadata))
            undone = undo(undone, self._last_ordinal(metadata) + 1, jump.checkpoint.ordinal)
        return write_jump(jump.key, jump.source, ticket=jump.ticket, said=said, undone=undone)

    def _last_ordinal(self, metadata: Metadata) -> int:
        """Return the highest ordinal whose rows the source holds."""
        bearer = find_bearer(metadata, self.jump.source)
        return 0 if bearer is None else bearer.number(ORDINAL)

    def _fenced(self, why: str) -> FencedError:
        return FencedError(
            f"Another program changed {self.stream} while this {KINDS[self.jump.key]} ran: {why}. Readers see what they saw before.",
            where=str(self.stream),
            fix="look at `lakesmith history`, and run the same command again if it is still wanted",
        )
