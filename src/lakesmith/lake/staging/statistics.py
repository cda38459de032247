"""What the manifest says about a Parquet file: rows, sizes, nulls and bounds, and no bound that is not true."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.typedef import Record

from lakesmith.errors import RowLawError
from lakesmith.host.files import storage_errors
from lakesmith.lake.stores.store import Store
from lakesmith.model.loads import StagedFile


def describe_file(store: Store, file: StagedFile, schema: IcebergSchema, properties: dict[str, str]) -> DataFile:
    """Return the manifest entry of a staged file, from its footer.

    Args:
        store: Where the lake lies.
        file: The file, with the rows its receipt claims.
        schema: The schema it was written with; its field ids are those in the file.
        properties: The table's properties, which say how long bounds may be.

    Raises:
        RowLawError: If the file does not hold the rows its receipt claims.
        StorageUnavailableError: If the file cannot be read.
    """
    with storage_errors(file.path):
        size = store.size(file.path)
        footer = _read_footer(store, file) if size == file.size_bytes else None
    if footer is None or footer.num_rows != file.rows:
        raise RowLawError(
            f"A staged file is not what its receipt says: {file.rows} rows in {file.size_bytes} bytes.",
            where=file.path,
            fix="run the same command again: the stretch is read anew. Nothing was committed",
        )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=file.path,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        file_size_in_bytes=size,
        sort_order_id=None,
        spec_id=0,
        equality_ids=None,
        key_metadata=None,
        **_statistics(footer, schema, properties),
    )


def _read_footer(store: Store, file: StagedFile) -> Any:
    """Return a Parquet footer, None if the file is not Parquet."""
    try:
        with store.open(file.path) as opened:
            return pq.read_metadata(opened)
    except pa.ArrowInvalid:
        return None


def _statistics(footer: Any, schema: IcebergSchema, properties: dict[str, str]) -> dict[str, Any]:
    ids = parquet_path_to_id_mapping(schema)
    statistics = data_file_statistics_from_parquet_metadata(footer, compute_statistics_plan(schema, properties), ids)
    for field_id in _without_bounds(footer, ids):
        statistics.column_aggregates.pop(field_id, None)
    return statistics.to_serialized_dict()


def _without_bounds(footer: Any, ids: dict[str, int]) -> set[int]:
    """Return the columns of which some row group has values and no bounds: the other groups' bounds would be too narrow.

    A Parquet writer leaves bounds out where a value is very long, and where all values are NaN.
    """
    chunks = (
        footer.row_group(group).column(at) for group in range(footer.num_row_groups) for at in range(footer.num_columns)
    )
    return {ids[chunk.path_in_schema] for chunk in chunks if _has_unbounded_values(chunk)}


def _has_unbounded_values(chunk: Any) -> bool:
    statistics = chunk.statistics
    if statistics is None:
        return bool(chunk.num_values > 0)
    nulls = statistics.null_count if statistics.has_null_count else 0
    return bool(not statistics.has_min_max and chunk.num_values > nulls)
