"""PyIceberg's SQL catalog without what makes a commit slower with every snapshot the table keeps.

PyIceberg loads the table once more for each commit and copies all its metadata. A commit of ours brings the very version that it was
built on: if the catalog still names that metadata file, which never changes, there is nothing to load; if not, the commit is refused.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import CommitTableResponse, StagedTable
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.update import (
    _apply_table_update,
    _TableMetadataUpdateContext,
    _update_table_metadata_log,
)
from sqlalchemy import update
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.update import TableRequirement, TableUpdate
    from pyiceberg.typedef import Identifier


class QuickSqlCatalog(SqlCatalog):
    """A SQL catalog that commits on exactly the version of a table that it is given."""

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Write the next metadata file and move the table's pointer to it.

        Raises:
            CommitFailedException: If a requirement is not met, or the pointer is elsewhere by now.
        """
        if not table.metadata_location:
            return super().commit_table(table, requirements, updates)
        staged = self._update_and_stage_table(table, table.name(), requirements, updates)
        self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
        with Session(self.engine) as session:
            move_pointer(session, self, table.name(), table.metadata_location, staged.metadata_location)
            session.commit()
        return CommitTableResponse(metadata=staged.metadata, metadata_location=staged.metadata_location)

    def _update_and_stage_table(
        self,
        current_table: Table | None,
        table_identifier: Identifier,
        requirements: tuple[TableRequirement, ...],
        updates: tuple[TableUpdate, ...],
    ) -> StagedTable:
        if current_table is None:
            return super()._update_and_stage_table(None, table_identifier, requirements, updates)
        for requirement in requirements:
            requirement.validate(current_table.metadata)
        metadata = apply_updates(current_table.metadata, updates, current_table.metadata_location)
        version = self._parse_metadata_version(current_table.metadata_location) + 1
        location = load_location_provider(metadata.location, metadata.properties).new_table_metadata_file_location(
            version
        )
        files = self._load_file_io(metadata.properties, location)
        return StagedTable(table_identifier, metadata, location, files, self)


def move_pointer(session: Session, catalog: SqlCatalog, identifier: Identifier, before: str, after: str) -> None:
    """Let the catalog name the metadata file `after`, if it names `before` now; it is done once the session is committed.

    Raises:
        CommitFailedException: If it names another one.
    """
    moved = session.execute(
        update(IcebergTables)
        .where(
            IcebergTables.catalog_name == catalog.name,
            IcebergTables.table_namespace == catalog.namespace_to_string(catalog.namespace_from(identifier)),
            IcebergTables.table_name == catalog.table_name_from(identifier),
            IcebergTables.metadata_location.in_((before, f"file://{before}")),
        )
        .values(metadata_location=after, previous_metadata_location=before)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise CommitFailedException(f"{identifier} has changed since {before}")


def apply_updates(base: TableMetadata, updates: tuple[TableUpdate, ...], path: str) -> TableMetadata:
    """Return the metadata that updates lead to, as PyIceberg's own `update_table_metadata` does, but sharing what did not change.

    Args:
        base: The metadata before.
        updates: The updates; the last time they bring is when the table was changed.
        path: The metadata file of `base`.

    Raises:
        ValueError: If an update cannot be made.
    """
    context = _TableMetadataUpdateContext()
    metadata = base
    for one in updates:
        metadata = _apply_table_update(one, metadata, context)
    if context.has_changes():
        metadata = _update_table_metadata_log(metadata, path, base.last_updated_ms)
        if metadata.last_updated_ms == base.last_updated_ms:
            now_ms = time.time_ns() // 1_000_000
            metadata = metadata.model_copy(update={"last_updated_ms": max(now_ms, base.last_updated_ms + 1)})
    metadata.spec().check_compatible(metadata.schema())
    metadata.sort_order().check_compatible(metadata.schema())
    return metadata
