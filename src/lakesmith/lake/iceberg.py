"""Our values as PyIceberg's: tables from metadata that was judged, new tables, schema updates."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.table import StagedTable, Table, Transaction
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSortOrderUpdate,
    AssignUUIDUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetLocationUpdate,
    SetPropertiesUpdate,
    TableUpdate,
    UpgradeFormatVersionUpdate,
    update_table_metadata,
)

from lakesmith.lake.types import schema_to_json

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

    from lakesmith.lake.metadata import Metadata
    from lakesmith.model.loads import Group
    from lakesmith.model.streams import StreamId
    from lakesmith.model.types import Schema

FORMAT_VERSION = 2
PROPERTIES = {
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    "history.expire.min-snapshots-to-keep": "50",
    "write.metadata.delete-after-commit.enabled": "false",
    "write.metadata.previous-versions-max": "50",
    "write.parquet.compression-codec": "zstd",
}


def load(catalog: Catalog, stream: StreamId, metadata: Metadata) -> Table:
    """Return the table exactly as `metadata` says, whatever the catalog says by now."""
    return Table(
        identifier=(stream.source, stream.name),
        metadata=TableMetadataUtil.parse_obj(metadata.raw),
        metadata_location=metadata.path,
        io=catalog._load_file_io(metadata.properties, metadata.path),  # noqa: SLF001 - PyIceberg has no public way
        catalog=catalog,
    )


def to_iceberg(schema: Schema, schema_id: int) -> IcebergSchema:
    """Return our schema as PyIceberg's, ids unchanged."""
    return IcebergSchema.model_validate(schema_to_json(schema, schema_id))


def creation(group: Group, schema: Schema, folder: str) -> tuple[TableUpdate, ...]:
    """Return the updates that make an empty table."""
    return (
        AssignUUIDUpdate(uuid=UUID(group.table_uuid)),
        UpgradeFormatVersionUpdate(format_version=FORMAT_VERSION),
        AddSchemaUpdate(schema_=to_iceberg(schema, 0)),
        SetCurrentSchemaUpdate(schema_id=-1),
        AddPartitionSpecUpdate(spec=UNPARTITIONED_PARTITION_SPEC),
        SetDefaultSpecUpdate(spec_id=-1),
        AddSortOrderUpdate(sort_order=UNSORTED_SORT_ORDER),
        SetDefaultSortOrderUpdate(sort_order_id=-1),
        SetLocationUpdate(location=folder),
        SetPropertiesUpdate(updates=PROPERTIES),
    )


def evolution(table: Table, schema: Schema) -> tuple[TableUpdate, ...]:
    """Return the updates that make `schema` the current one."""
    schema_id = max(known.schema_id for known in table.metadata.schemas) + 1
    return (AddSchemaUpdate(schema_=to_iceberg(schema, schema_id)), SetCurrentSchemaUpdate(schema_id=schema_id))


def stage_new(catalog: Catalog, stream: StreamId, updates: tuple[TableUpdate, ...]) -> StagedTable:
    """Return a table that does not exist yet."""
    nothing = MetastoreCatalog._empty_table_metadata()  # noqa: SLF001 - what every catalog begins a table with
    metadata = update_table_metadata(nothing, updates, enforce_validation=True)
    files = catalog._load_file_io(metadata.properties, metadata.location)  # noqa: SLF001
    return StagedTable((stream.source, stream.name), metadata, "", files, catalog)


class QuickTransaction(Transaction):
    """A transaction that is never committed: it lends its metadata to a snapshot producer, without copying it every time."""

    def __init__(self, table: Table, metadata: TableMetadata) -> None:
        super().__init__(table)
        self._fixed = metadata

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata the snapshot is built on."""
        return self._fixed
