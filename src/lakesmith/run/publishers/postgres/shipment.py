"""What is sent: the rows of a data set as the CSV that COPY takes, its columns in PostgreSQL's types, and a digest of its content."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.engines.duckdb import DuckDBOptions
from lakesmith.engines.duckdb import spelling as duck
from lakesmith.engines.duckdb.connect import connected, disk_errors
from lakesmith.engines.postgres.spelling import LONGEST_NAME
from lakesmith.errors import PublishError
from lakesmith.model.plans import Dataset

if TYPE_CHECKING:
    import duckdb

ROWS_PER_BATCH = 32_768
MEMORY = "1GB"
STAMP = "_ls_built_at"
"""A column that is another with each build: it alone makes no row another one."""

FLAT = {
    "boolean": "boolean",
    "tinyint": "smallint",
    "utinyint": "smallint",
    "smallint": "smallint",
    "usmallint": "integer",
    "integer": "integer",
    "uinteger": "bigint",
    "bigint": "bigint",
    "ubigint": "numeric(20,0)",
    "hugeint": "numeric(39,0)",
    "uhugeint": "numeric(39,0)",
    "float": "real",
    "double": "double precision",
    "varchar": "text",
    "enum": "text",
    "blob": "bytea",
    "date": "date",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamp with time zone": "timestamp with time zone",
    "interval": "interval",
    "uuid": "uuid",
}
"""DuckDB's type and PostgreSQL's that holds every value of it, as `format_type` spells it."""

JSON_TYPE = "jsonb"
WITH_YEARS = ("date", "timestamp", "timestamp with time zone")
AS_TEXT = ("time", "interval", "uuid", "hugeint", "uhugeint", "enum")
FLOATS = ("float", "double")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, PostgreSQL's type, and what makes its text."""

    name: str
    type: str
    pick: str
    digest: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """The rows of a data set, read from its files as often as they are asked for."""

    dataset: Dataset
    columns: tuple[Column, ...]
    rows: int
    content: str
    _connection: duckdb.DuckDBPyConnection

    def lines(self) -> Iterator[memoryview]:
        """Yield all rows in blocks of CSV."""
        import pyarrow as pa
        from pyarrow import csv

        shape = csv.WriteOptions(include_header=False, quoting_style="needed")
        picks = ", ".join(f"{column.pick} AS {duck.name(column.name)}" for column in self.columns)
        query = f"SELECT {picks} FROM {_source(self.dataset)}"  # noqa: S608 - quoted by `spelling`
        for batch in self._connection.sql(query).to_arrow_reader(ROWS_PER_BATCH):
            out = pa.BufferOutputStream()
            csv.write_csv(batch, out, shape)
            yield memoryview(out.getvalue())


@contextlib.contextmanager
def opened(dataset: Dataset) -> Iterator[Shipment]:
    """Open the files of a data set for the length of a `with`.

    Raises:
        PublishError: If it has no files, or a name that PostgreSQL would cut.
        StorageUnavailableError: If a file cannot be read.
    """
    if not dataset.files:
        raise PublishError(
            f"{dataset.relation} has no files yet.",
            where=dataset.relation,
            fix="run `lakesmith run` so that it is built",
        )
    import duckdb

    around = Path(dataset.files[0]).parent
    with disk_errors(around), connected(None, DuckDBOptions(memory_limit=MEMORY)) as connection:
        try:
            shape = connection.sql(f"SELECT * FROM {_source(dataset)} LIMIT 0")  # noqa: S608 - quoted by `spelling`
            columns = tuple(_column(name, kind) for name, kind in zip(shape.columns, shape.types, strict=True))
            _refuse_long(dataset, columns)
            rows, content = _digest(connection, dataset, columns)
            yield Shipment(dataset, columns, rows, content, connection)
        except (duckdb.DataError, duckdb.ProgrammingError, duckdb.InvalidInputException) as error:
            raise PublishError(
                f"The files of {dataset.relation} cannot be read: {type(error).__name__}.",
                where=dataset.relation,
                fix="build it again: `lakesmith run --full-refresh`",
            ) from error


def _source(dataset: Dataset) -> str:
    return f"read_parquet({duck.paths(dataset.files)})"


def _digest(connection: duckdb.DuckDBPyConnection, dataset: Dataset, columns: tuple[Column, ...]) -> tuple[int, str]:
    """Return the rows, and a digest that is the same for the same rows in any order, whichever files they lie in."""
    told = [column.digest for column in columns if column.name != STAMP] or ["0"]
    query = (
        "SELECT count(*), sum(h::HUGEINT)::VARCHAR, bit_xor(h)::VARCHAR FROM "  # noqa: S608 - quoted by `spelling`
        f"(SELECT hash({', '.join(told)}) AS h FROM {_source(dataset)})"
    )
    found = connection.execute(query).fetchall()[0]
    names = [[column.name, column.type] for column in columns]
    text = json.dumps([*found, names])
    return int(found[0]), hashlib.sha256(text.encode()).hexdigest()


def _refuse_long(dataset: Dataset, columns: tuple[Column, ...]) -> None:
    long = next((column.name for column in columns if len(column.name.encode()) > LONGEST_NAME), None)
    if long is not None:
        raise PublishError(
            f"The column {long} has a longer name than PostgreSQL takes: {LONGEST_NAME} bytes.",
            where=dataset.relation,
            fix="give it a shorter name in the model",
        )


def _column(name: str, kind: duckdb.sqltypes.DuckDBPyType) -> Column:
    column = duck.name(name)
    digest = f"CAST({column} AS VARCHAR)" if kind.id in FLOATS else column  # else 0.0 and -0.0 would be the same
    return Column(name, server_type(kind), _pick(column, kind), digest)


def server_type(kind: duckdb.sqltypes.DuckDBPyType) -> str:
    """Return PostgreSQL's type for one of DuckDB's: lists of plain values are arrays, all else that has parts is JSON."""
    if _is_flat(kind):
        return _flat_type(kind)
    element = _element(kind)
    return f"{_flat_type(element)}[]" if element is not None and _is_flat(element) else JSON_TYPE


def _is_flat(kind: Any) -> bool:
    return (kind.id in FLAT or kind.id == "decimal") and str(kind) != "JSON"


def _flat_type(kind: Any) -> str:
    return str(kind).lower().replace("decimal", "numeric") if kind.id == "decimal" else FLAT[kind.id]


def _element(kind: Any) -> Any:
    return kind.children[0][1] if kind.id in ("list", "array") else None


def _pick(column: str, kind: Any) -> str:
    """Return the expression whose text in CSV PostgreSQL reads as the same value."""
    if _is_flat(kind):
        return _flat_pick(column, kind)
    if str(kind) == "JSON":
        return f"CAST({column} AS VARCHAR)"  # as it is written: `to_json` would round its numbers
    element = _element(kind)
    if element is None or not _is_flat(element):
        return f"CAST(to_json({column}) AS VARCHAR)"
    text = f"CAST({_flat_pick('e', element)} AS VARCHAR)"
    quoted = f"""'"' || replace(replace({text}, '\\', '\\\\'), '"', '\\"') || '"'"""
    items = f"[CASE WHEN e IS NULL THEN 'NULL' ELSE {quoted} END FOR e IN {column}]"
    return f"'{{' || array_to_string({items}, ',') || '}}'"


def _flat_pick(column: str, kind: Any) -> str:
    if kind.id in WITH_YEARS:
        return f"replace(CAST({column} AS VARCHAR), ' (BC)', ' BC')"
    if kind.id == "blob":
        return f"'\\x' || hex({column})"
    return f"CAST({column} AS VARCHAR)" if kind.id in AS_TEXT else column
