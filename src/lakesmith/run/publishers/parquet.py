"""Published data sets as Parquet that every common reader opens with equal contents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from lakesmith.errors import PublishError
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.folder import replaced

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "part-0.parquet"
OURS = r"part-\d+\.parquet"


class ParquetOptions(BaseModel):
    """How Parquet files are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compression: Literal["snappy", "zstd", "gzip", "none"] = Field(
        default="snappy", description="Codec of the column data; every reader has snappy."
    )


class ParquetPublisher:
    """Writes one file per data set: format 2.4, plain and dictionary encodings, times in microseconds UTC, every column nullable."""

    Options: ClassVar[type[ParquetOptions]] = ParquetOptions

    def __init__(self, options: ParquetOptions | None = None) -> None:
        self._options = options or ParquetOptions()

    def publish(self, dataset: Dataset, place: str) -> tuple[int, int]:
        """Write `dataset` as `part-0.parquet` in the folder `place`, in place of what was there; return rows and bytes.

        Raises:
            PublishError: If the data set has no files, or one cannot be read as Parquet.
            StorageFullError: If the disk is full.
            StorageUnavailableError: If a file cannot be read or written.
        """
        folder = Path(place)
        with replaced(folder, OURS) as aside:
            rows = self._write(dataset, aside / FILE)
        return rows, (folder / FILE).stat().st_size

    def _write(self, dataset: Dataset, file: Path) -> int:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = 0
        try:
            schema = _schema(dataset)
            # Data pages of version 1 and no delta encodings: fastparquet and older Spark know no others.
            with pq.ParquetWriter(
                file,
                schema,
                version="2.4",
                data_page_version="1.0",
                compression=self._options.compression,
                coerce_timestamps="us",
            ) as writer:
                for table in _row_groups(dataset):
                    writer.write_table(pa.Table.from_arrays(table.columns, schema=schema))
                    rows += table.num_rows
        except pa.ArrowException as error:
            raise PublishError(
                f"{dataset.relation} cannot be written as Parquet: {type(error).__name__}.",
                where=str(file.parent),
                fix="run again; if it fails again, look at the model's column types",
            ) from error
        return rows


def _schema(dataset: Dataset) -> pa.Schema:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not dataset.files:
        raise PublishError(
            f"{dataset.relation} has no files yet.",
            where=dataset.relation,
            fix="run `lakesmith run` so that it is built",
        )
    fields = pq.read_schema(dataset.files[0])
    # DuckDB marks columns that happen to hold no null as required; the same data set must not differ from day to day.
    return pa.schema(
        [pa.field(field.name, field.type) for field in fields], metadata={"pandas": json.dumps(_times(fields))}
    )


def _times(schema: pa.Schema) -> dict[str, Any]:
    """Return what pandas would note about the columns of time: without it fastparquet forgets that they are UTC."""
    import pyarrow as pa

    columns = []
    for field in schema:
        if pa.types.is_date(field.type):
            columns.append(_note(field.name, "date", "datetime64[s]"))
        elif pa.types.is_timestamp(field.type) and field.type.tz:
            columns.append(_note(field.name, "datetimetz", "datetime64[us]", {"timezone": "UTC"}))
        elif pa.types.is_timestamp(field.type):
            columns.append(_note(field.name, "datetime", "datetime64[us]"))
    return {"index_columns": [], "column_indexes": [], "columns": columns, "pandas_version": "2.2.0"}


def _note(name: str, pandas_type: str, numpy_type: str, metadata: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "field_name": name,
        "pandas_type": pandas_type,
        "numpy_type": numpy_type,
        "metadata": metadata,
    }


def _row_groups(dataset: Dataset) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    for path in dataset.files:
        with closing(pq.ParquetFile(path)) as file:
            for index in range(file.num_row_groups):
                yield file.read_row_group(index)
