"""A load as a commit: one snapshot with its files, its schema change, its checkpoint and its counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyiceberg.table.update import (
    AssertCreate,
    AssertCurrentSchemaId,
    AssertLastAssignedFieldId,
    SetPropertiesUpdate,
    update_table_metadata,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from lakesmith.errors import RowLawError
from lakesmith.lake import iceberg, points
from lakesmith.lake.catalogs.opening import translate
from lakesmith.lake.commits.drafts import Base, FreshFiles, append_files, open_base, write_snapshot
from lakesmith.lake.commits.expiry import Expiry, plan_expiry, plan_renewal
from lakesmith.lake.commits.judge import (
    HIGHEST,
    check_batch,
    check_schemas,
    find_landed,
    highest_known,
    replaced_by_build,
    said_in_force,
)
from lakesmith.lake.commits.sending import Prepared, Sender, Steps
from lakesmith.lake.commits.summaries import write_summary
from lakesmith.lake.metadata import FRESH, MAIN, Metadata, to_ms
from lakesmith.lake.numbering import going_on, number_schema, with_holes
from lakesmith.lake.positions.checkpoints import REFERENCE, reference
from lakesmith.lake.quarantine.claims import UNDONE, undo, undone_before
from lakesmith.lake.staging.statistics import describe_file
from lakesmith.model.loads import Commit

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table
    from pyiceberg.table.update import TableRequirement

    from lakesmith.lake.services import Services
    from lakesmith.model.loads import Batch, Group
    from lakesmith.model.streams import StreamId
    from lakesmith.model.types import Schema

STEPS = Steps(points.COMMIT_BEGUN, points.COMMIT_PREPARED, points.COMMIT_LANDED)


def commit_load(services: Services, group: Group, batch: Batch) -> Commit:
    """Make a group visible on its branch, exactly once; see `Table.commit` for what it raises."""
    check_batch(group, batch)
    return Sender(services, services.catalog()).send(LoadWork(services, group, batch))


@dataclass(frozen=True, slots=True)
class LoadWork:
    """A load as work for a `Sender`."""

    services: Services
    group: Group
    batch: Batch

    @property
    def stream(self) -> StreamId:
        """Whose table it is."""
        return self.group.stream

    @property
    def ticket(self) -> str:
        """The batch id."""
        return self.group.batch_id

    @property
    def steps(self) -> Steps:
        """The crash points of a load."""
        return STEPS

    def landed(self, metadata: Metadata | None) -> Commit | None:
        """Return the group's commit if it landed; see `find_landed`."""
        found = find_landed(metadata, self.group)
        return None if found is None else replace(found, checkpoint=self.batch.checkpoint)

    def build(self, metadata: Metadata | None) -> Prepared:
        """Build updates and requirements on exactly the metadata that was judged."""
        group = self.group
        base = self._new() if metadata is None else self._existing(metadata)
        at_ms = max(to_ms(self.services.host.clock.now()), to_ms(group.loaded_at), base.not_before_ms)
        summary = self._summary(metadata)
        producer = FreshFiles(base, summary, group.branch) if group.fresh else append_files(base, summary, group.branch)
        folder = self.services.layout.table(group.stream)
        snapshot = write_snapshot(producer, self._files_or_fence(base), at_ms=at_ms, folder=folder)
        expiry = self._expiry(metadata, at_ms)
        repeated = repeat(metadata, self.batch.checkpoint.ordinal)
        if group.branch == MAIN:
            repeated[REFERENCE] = reference(producer.snapshot_id, self.batch.checkpoint)
        properties = SetPropertiesUpdate(updates={**dict(expiry.properties), **repeated})
        return Prepared(
            base.table,
            (*base.changes, *snapshot, *expiry.updates, properties),
            _once((*base.requirements, *expiry.requirements)),
        )

    def _summary(self, metadata: Metadata | None) -> dict[str, str]:
        group, before = self.group, None if self.group.fresh else said_in_force(metadata, self.group.branch)
        said = self.services.sidecars.write(group.table_uuid, self.batch.checkpoint, before)
        summary = write_summary(group, self.batch, said)
        if group.fresh:
            summary[FRESH] = replaced_by_build(metadata)
            undone = undo("", 1, group.ordinal - 1)
        else:
            undone = undone_before(metadata, metadata.head_of(group.branch)) if metadata else ""
        return {**summary, UNDONE: undone} if undone else summary

    def _files_or_fence(self, base: Base) -> list[DataFile]:
        """Return the manifest entries; if a file is gone, ask first whether this load is one that slept, was overtaken and collected."""
        try:
            return self._files(base)
        except RowLawError:
            self.landed(self.services.pointers.read(self.stream))
            raise

    def _files(self, base: Base) -> list[DataFile]:
        return [
            describe_file(self.services.store, file, iceberg.to_iceberg(receipt.schema, 0), base.built_on.properties)
            for receipt in self.batch.staged
            for file in receipt.files
        ]

    def _expiry(self, metadata: Metadata | None, at_ms: int) -> Expiry:
        if self.group.branch == MAIN:
            return plan_expiry(self.services, self.group.stream, metadata, at_ms=at_ms)
        return plan_renewal(metadata) if self.group.fresh else Expiry()

    def _columns(self) -> Schema:
        return with_holes(self.batch.reshape.after, (receipt.schema for receipt in self.batch.staged))

    def _numbered(self, known: Schema | None, last_id: int) -> Schema:
        columns, staged = self._columns(), self.batch.staged[-1].schema if self.batch.staged else None
        return number_schema(*going_on(known, last_id, staged, columns), columns)

    def _new(self) -> Base:
        group, catalog = self.group, self.services.catalog()
        schema = self._numbered(None, 0)
        check_schemas(group, self.batch, schema)
        _ensure_namespace(catalog, group.stream.source, self.services.pointers.place)
        changes = iceberg.creation(group, schema, self.services.layout.table(group.stream))
        table = iceberg.stage_new(catalog, group.stream, changes)
        return Base(table, table.metadata, changes, (AssertCreate(),), 0)

    def _existing(self, metadata: Metadata) -> Base:
        known = metadata.schema()
        schema = self._numbered(known, metadata.last_column_id)
        check_schemas(self.group, self.batch, schema)
        base = open_base(self.services, self.group.stream, metadata)
        if schema == known:
            return base
        changes = iceberg.evolution(base.table, schema)
        built_on = update_table_metadata(base.table.metadata, changes)
        requirements = (*base.requirements, *_schema_unmoved(base.table, metadata))
        return replace(base, built_on=built_on, changes=changes, requirements=requirements)


def repeat(metadata: Metadata | None, ordinal: int) -> dict[str, str]:
    """Return the table property that remembers the highest ordinal, whatever becomes of the snapshot."""
    return {HIGHEST: str(max(ordinal, highest_known(metadata) if metadata is not None else 0))}


def _schema_unmoved(table: Table, metadata: Metadata) -> tuple[TableRequirement, ...]:
    return (
        AssertCurrentSchemaId(current_schema_id=table.metadata.current_schema_id),
        AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id),
    )


def _once(requirements: tuple[TableRequirement, ...]) -> tuple[TableRequirement, ...]:
    return tuple(one for at, one in enumerate(requirements) if one not in requirements[:at])


def _ensure_namespace(catalog: Catalog, source: str, place: str) -> None:
    try:
        catalog.create_namespace_if_not_exists((source,))
    except (NamespaceAlreadyExistsError, IntegrityError):
        return  # somebody else made it in this moment
    except SQLAlchemyError as error:
        raise translate(error, place) from error
