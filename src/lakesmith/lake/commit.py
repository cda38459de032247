"""The commit: one snapshot, sent once, and never believed lost or landed before the table itself has said so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertCreate,
    AssertCurrentSchemaId,
    AssertLastAssignedFieldId,
    AssertRefSnapshotId,
    AssertTableUUID,
    SetPropertiesUpdate,
    TableRequirement,
    TableUpdate,
    update_table_metadata,
)
from pyiceberg.table.update.snapshot import _MergeAppendFiles
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from lakesmith.errors import (
    CatalogBrokenError,
    CatalogLockedError,
    CommitUnknownError,
    LakesmithError,
    StorageFullError,
    StorageUnavailableError,
)
from lakesmith.host import crash
from lakesmith.host.files import storage_errors
from lakesmith.lake import iceberg, points
from lakesmith.lake.catalogs import translate
from lakesmith.lake.checkpoints import REFERENCE, reference
from lakesmith.lake.judge import check_batch, check_schemas, find_landed
from lakesmith.lake.metadata import MAIN, Metadata, to_ms
from lakesmith.lake.numbering import number_schema
from lakesmith.lake.services import Services
from lakesmith.lake.statistics import describe_file
from lakesmith.lake.summaries import write_summary
from lakesmith.model.loads import Batch, Commit, Group

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadata

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit ready to be sent: its manifests are written and durable, nothing points at them."""

    table: Table
    updates: tuple[TableUpdate, ...]
    requirements: tuple[TableRequirement, ...]


@dataclass(frozen=True, slots=True)
class _Base:
    """What a snapshot is built on: the table, its metadata with the changes applied, and the earliest time it may bear."""

    table: Table
    built_on: TableMetadata
    changes: tuple[TableUpdate, ...]
    requirements: tuple[TableRequirement, ...]
    not_before_ms: int


@dataclass(frozen=True, slots=True)
class Committer:
    """Sends commits to one catalog."""

    services: Services
    catalog: Catalog

    def commit(self, group: Group, batch: Batch) -> Commit:
        """Make the group visible, exactly once; see `Table.commit` for what it raises."""
        crash.point(points.COMMIT_BEGUN)
        check_batch(group, batch)
        failure: Exception | None = None
        for _attempt in range(ATTEMPTS):
            metadata = self._look(group, failure)
            if (landed := find_landed(metadata, group)) is not None:
                return landed
            _raise_if_hopeless(failure, self.services)
            prepared = self._prepare(metadata, group, batch)
            crash.point(points.COMMIT_PREPARED)
            failure = self._send(prepared)
            if failure is None:
                break
        return self._confirm(group, failure)

    def _look(self, group: Group, failure: Exception | None) -> Metadata | None:
        """Return the table's newest metadata; after a failure, being unable to read it means the outcome is unknown."""
        try:
            return self.services.pointers.read(group.stream)
        except (CatalogBrokenError, CatalogLockedError) as error:
            if failure is None:
                raise
            raise CommitUnknownError(
                f"The commit of batch {group.batch_id} of {group.stream} got no answer, and the catalog cannot be read to find out.",
                where=error.where,
                fix="make the catalog readable, then run the same command again: it finds out by itself, and neither loses nor doubles a row",
            ) from failure

    def _send(self, prepared: Prepared) -> Exception | None:
        """Send a commit once; return what went wrong, which says nothing about whether it landed."""
        try:
            self.catalog.commit_table(prepared.table, prepared.requirements, prepared.updates)
        except Exception as error:  # noqa: BLE001 - whatever it is, only the table knows the outcome
            return error
        crash.point(points.COMMIT_LANDED)
        return None

    def _confirm(self, group: Group, failure: Exception | None) -> Commit:
        """Return the commit as the table has it."""
        metadata = self._look(group, failure or RuntimeError("no answer"))
        if (landed := find_landed(metadata, group)) is not None:
            return landed
        _raise_if_hopeless(failure, self.services)
        raise StorageUnavailableError(
            f"The catalog refused a commit of {group.stream} {ATTEMPTS} times ({type(failure).__name__}); nothing became visible.",
            where=self.services.pointers.place,
            fix="run the same command again: loading resumes where it was",
        ) from failure

    def _prepare(self, metadata: Metadata | None, group: Group, batch: Batch) -> Prepared:
        """Build updates and requirements on exactly the metadata that was judged."""
        base = self._new(group, batch) if metadata is None else self._existing(metadata, group, batch)
        transaction = iceberg.QuickTransaction(base.table, base.built_on)
        summary = write_summary(group, batch)
        producer = _MergeAppendFiles(Operation.APPEND, transaction, base.table.io, snapshot_properties=summary)
        for receipt in batch.staged:
            written_with = iceberg.to_iceberg(receipt.schema, 0)
            for file in receipt.files:
                producer.append_data_file(
                    describe_file(self.services.store, file, written_with, base.built_on.properties)
                )
        with storage_errors(self.services.layout.table(group.stream)):
            updates, _ = producer._commit()  # noqa: SLF001 - a transaction would send it, and delete files when that fails
        at_ms = max(to_ms(self.services.host.clock.now()), to_ms(group.loaded_at), base.not_before_ms)
        stamped = tuple(_stamp(update, at_ms) for update in updates)
        repeated = SetPropertiesUpdate(updates={REFERENCE: reference(producer.snapshot_id, batch.checkpoint)})
        return Prepared(base.table, (*base.changes, *stamped, repeated), base.requirements)

    def _new(self, group: Group, batch: Batch) -> _Base:
        schema = number_schema(None, 0, batch.reshape.after)
        check_schemas(group, batch, schema)
        self._ensure_namespace(group.stream.source)
        changes = iceberg.creation(group, schema, self.services.layout.table(group.stream))
        table = iceberg.stage_new(self.catalog, group.stream, changes)
        return _Base(table, table.metadata, changes, (AssertCreate(),), 0)

    def _existing(self, metadata: Metadata, group: Group, batch: Batch) -> _Base:
        known = metadata.schema()
        schema = number_schema(known, metadata.last_column_id, batch.reshape.after)
        check_schemas(group, batch, schema)
        table = iceberg.load(self.catalog, group.stream, metadata)
        changes = () if schema == known else iceberg.evolution(table, schema)
        requirements = _requirements(table, metadata, changes)
        built_on = update_table_metadata(table.metadata, changes)
        return _Base(table, built_on, changes, requirements, metadata.last_updated_ms + 1)

    def _ensure_namespace(self, source: str) -> None:
        try:
            self.catalog.create_namespace_if_not_exists((source,))
        except (NamespaceAlreadyExistsError, IntegrityError):
            return  # somebody else made it in this moment
        except SQLAlchemyError as error:
            raise translate(error, self.services.pointers.place) from error


def _requirements(table: Table, metadata: Metadata, changes: tuple[TableUpdate, ...]) -> tuple[TableRequirement, ...]:
    always = (
        AssertTableUUID(uuid=table.metadata.table_uuid),
        AssertRefSnapshotId(ref=MAIN, snapshot_id=metadata.main_id),
    )
    if not changes:
        return always
    return (
        *always,
        AssertCurrentSchemaId(current_schema_id=table.metadata.current_schema_id),
        AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id),
    )


def _stamp(update: TableUpdate, at_ms: int) -> TableUpdate:
    if isinstance(update, AddSnapshotUpdate):
        return AddSnapshotUpdate(snapshot=update.snapshot.model_copy(update={"timestamp_ms": at_ms}))
    return update


def _raise_if_hopeless(failure: Exception | None, services: Services) -> None:
    """Raise for what sending again does not cure, now that nothing is known to have landed: a lock, a full disk, a lost path."""
    if isinstance(failure, LakesmithError):
        raise failure
    if isinstance(failure, OSError):
        with storage_errors(services.layout.root):
            raise failure
    if isinstance(failure, SQLAlchemyError):
        remedy = translate(failure, services.pointers.place)
        if isinstance(remedy, (CatalogLockedError, StorageFullError)):
            raise remedy from failure
