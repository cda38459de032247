"""One relation of the build file as one Parquet file in types that every reader knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.engines.duckdb import spelling as sql
from lakesmith.engines.duckdb.connect import first_line
from lakesmith.errors import TransformError
from lakesmith.host.files import fsync_file, fsync_folder

if TYPE_CHECKING:
    import duckdb

WHOLE, WIDE_WHOLE = "BIGINT", "DECIMAL(38, 0)"
NARROW = {"utinyint": "SMALLINT", "usmallint": "INTEGER", "uinteger": "BIGINT"}
BEYOND_64_BITS = frozenset({"hugeint", "uhugeint", "ubigint"})
AS_THEY_ARE = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "decimal", "date"}
    | {"timestamp", "timestamp with time zone", "blob"}
)
NESTED = frozenset({"struct", "list", "array", "map"})
TO_MICROSECONDS = frozenset({"timestamp_s", "timestamp_ms", "timestamp_ns"})


def portable(kind: duckdb.sqltypes.DuckDBPyType, whole: str = WHOLE) -> str:
    """Return the type a column gets in Parquet: as it is where every reader knows it, else the nearest that loses nothing.

    Args:
        kind: The type in the build file.
        whole: What whole numbers of more than 64 bits become (`sum` of a BIGINT makes them; in Parquet DuckDB would make them doubles).
    """
    below: Any = (
        kind.children if kind.id in NESTED else ()
    )  # typed too widely by DuckDB's stubs: the pairs hold types here
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{sql.name(part)} {portable(inner, whole)}' for part, inner in below)})"
    if kind.id in ("list", "array"):
        return f"{portable(below[0][1], whole)}[]"
    if kind.id == "map":
        return f"MAP({', '.join(portable(inner, whole) for _, inner in below)})"
    if kind.id in BEYOND_64_BITS:
        return whole
    if kind.id in TO_MICROSECONDS:
        return "TIMESTAMP"
    return NARROW.get(kind.id) or (str(kind) if kind.id in AS_THEY_ARE else "VARCHAR")


def export(
    connection: duckdb.DuckDBPyConnection, relation: tuple[str, str], path: Path
) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Write a table or view to `path`, durable when this returns; return its rows and its columns with their types.

    Raises:
        TransformError: If a value cannot be computed or written.
    """
    import duckdb

    source = ".".join(sql.name(part) for part in relation)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        shape = connection.sql(f"SELECT * FROM {source} LIMIT 0")  # noqa: S608 - every part is quoted by `spelling`
        try:
            rows, columns = _copy(connection, source, shape, path, WHOLE)
        except duckdb.ConversionException:
            # perhaps a whole number of more than 64 bits; if it is another value, it fails again
            rows, columns = _copy(connection, source, shape, path, WIDE_WHOLE)
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        raise TransformError(
            f"A value of {relation[0]}.{relation[1]} cannot be computed or written: {type(error).__name__}.",
            where=f"{relation[0]}.{relation[1]}",
            fix="cast the column in the model; whole numbers have at most 38 digits",
        ) from error
    except duckdb.ProgrammingError as error:
        raise TransformError(
            f"{relation[0]}.{relation[1]} cannot be read: {first_line(error)}",
            where=f"{relation[0]}.{relation[1]}",
            fix="build the model again: a view may name a relation or column that has changed since",
        ) from error
    fsync_file(path)
    fsync_folder(path.parent.parent)  # the data set's folder may be new; the commit does the same for the schema's
    return rows, columns


def _copy(
    connection: duckdb.DuckDBPyConnection, source: str, shape: duckdb.DuckDBPyRelation, path: Path, whole: str
) -> tuple[int, tuple[tuple[str, str], ...]]:
    columns = tuple((name, portable(kind, whole)) for name, kind in zip(shape.columns, shape.types, strict=True))
    picks = ", ".join(f"CAST({sql.name(name)} AS {kind}) AS {sql.name(name)}" for name, kind in columns)
    query = f"SELECT {picks} FROM {source}"  # noqa: S608 - every part is quoted by `spelling`
    done = connection.execute(f"COPY ({query}) TO {sql.text(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    row = done.fetchone()
    return (int(row[0]) if row else 0), columns
