"""Published data sets as CSV (RFC 4180) in which a null and an empty text stay different."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from lakesmith.engines.duckdb import DuckDBOptions
from lakesmith.engines.duckdb import spelling as sql
from lakesmith.engines.duckdb.connect import connected, disk_errors
from lakesmith.errors import PublishError
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.folder import replaced
from lakesmith.run.publishers.template import safe

SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}
TEXTS = {
    "TIMESTAMP WITH TIME ZONE": "strftime({0} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')",
    "TIMESTAMP": "strftime({0}, '%Y-%m-%dT%H:%M:%S.%f')",
    "BLOB": "to_base64({0})",
}
AS_JSON = ("STRUCT(", "MAP(")


class CsvOptions(BaseModel):
    """How CSV files are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compression: Literal["none", "gzip", "zstd"] = Field(
        default="none", description="Whether and how the file is compressed."
    )
    delimiter: str = Field(
        default=",", pattern=r'^[^"\r\n0-9A-Za-z.+\-]$', description="The one character between values."
    )
    header: bool = Field(default=True, description="Whether the first line holds the column names.")


class CsvPublisher:
    r"""Writes one UTF-8 file per data set, lines ending in \n.

    A null is nothing, an empty text is "". Times are ISO 8601 in microseconds, with Z where the moment is known and without where
    the column has no zone. Lists, structs and maps are JSON, bytes Base64.
    """

    Options: ClassVar[type[CsvOptions]] = CsvOptions

    def __init__(self, options: CsvOptions | None = None) -> None:
        self._options = options or CsvOptions()

    def publish(self, dataset: Dataset, place: str) -> tuple[int, int]:
        """Write `dataset` as `<name>.csv` (`.gz`, `.zst`) in the folder `place`, in place of what was there; return rows and bytes.

        Raises:
            PublishError: If the data set has no files, or a value cannot be written.
            StorageFullError: If the disk is full.
            StorageUnavailableError: If a file cannot be read or written.
        """
        if not dataset.files:
            raise PublishError(
                f"{dataset.relation} has no files yet.",
                where=dataset.relation,
                fix="run `lakesmith run` so that it is built",
            )
        folder, name = Path(place), f"{safe(dataset.name)}.csv{SUFFIXES[self._options.compression]}"
        with replaced(folder, rf"{re.escape(safe(dataset.name))}\.csv(\.gz|\.zst)?") as aside, disk_errors(folder):
            rows = self._write(dataset, aside / name)
        return rows, (folder / name).stat().st_size

    def _write(self, dataset: Dataset, file: Path) -> int:
        import duckdb

        source = f"read_parquet({sql.paths(dataset.files)})"
        try:
            with connected(None, DuckDBOptions()) as connection:
                shape = connection.sql(f"SELECT * FROM {source} LIMIT 0")  # noqa: S608 - quoted by `spelling`
                picks = ", ".join(_pick(name, str(kind)) for name, kind in zip(shape.columns, shape.types, strict=True))
                query = f"SELECT {picks} FROM {source}"  # noqa: S608 - quoted by `spelling`
                done = connection.execute(f"COPY ({query}) TO {sql.text(str(file))} ({self._settings()})").fetchone()
        except (duckdb.DataError, duckdb.ProgrammingError) as error:
            raise PublishError(
                f"{dataset.relation} cannot be written as CSV: {type(error).__name__}.",
                where=dataset.relation,
                fix="run again; if it fails again, look at the model's column types",
            ) from error
        return int(done[0]) if done else 0

    def _settings(self) -> str:
        return (
            f"FORMAT csv, HEADER {self._options.header}, DELIMITER {sql.text(self._options.delimiter)}, "
            f"QUOTE '\"', ESCAPE '\"', NULLSTR '', COMPRESSION {self._options.compression}"
        )


def _pick(name: str, kind: str) -> str:
    column = sql.name(name)
    nested = kind.startswith(AS_JSON) or kind.endswith("]")
    text = f"to_json({column})::VARCHAR" if nested else TEXTS.get(kind, "{0}").format(column)
    return f"{text} AS {column}"
