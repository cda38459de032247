"""Bronze as views over the files of one snapshot each, found by field id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lakesmith.engines.duckdb import spelling as sql
from lakesmith.errors import ConfigError
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.types import UNCHANGED, Struct

if TYPE_CHECKING:
    import duckdb

SCHEMA_PREFIX = "bronze_"
MARK = "lakesmith bronze"


def view_name(table: BronzeSnapshot) -> tuple[str, str]:
    """Return schema and name of the view of a table."""
    return SCHEMA_PREFIX + table.stream.source, table.stream.name


def select(table: BronzeSnapshot) -> str:
    """Return the query behind the view: the snapshot's files under today's schema, or no rows of the same types."""
    if table.files:
        only = "" if table.since is None else f" WHERE _ls_loaded_at >= TIMESTAMPTZ {sql.text(table.since.isoformat())}"
        return f"SELECT {_columns(table)} FROM read_parquet({sql.paths(table.files)}, schema = {sql.field_map(table.schema)}){only}"  # noqa: S608 - every part is quoted by `spelling`
    columns = ", ".join(f"NULL::{sql.type_name(field.type)} AS {sql.name(field.name)}" for field in table.schema)
    return f"SELECT {columns} WHERE false"


def _columns(table: BronzeSnapshot) -> str:
    """Return what is selected of the files: objects behind an expression that keeps DuckDB 2.0 from reading single parts of them.

    It fails, and gives up its database with it, where a part is read of a column that one of the files does not have yet.
    """
    names = [sql.name(field.name) for field in table.schema if isinstance(field.type, Struct)]
    if len(table.files) == 1 or not names:
        return "*"
    return f"* REPLACE ({', '.join(f'if({name} IS NULL, NULL, {name}) AS {name}' for name in names)})"


def attach(connection: duckdb.DuckDBPyConnection, tables: Sequence[BronzeSnapshot]) -> None:
    """Make the views of bronze exactly those of `tables`, in one transaction.

    A view is dropped only if its comment says that Lakesmith made it and its schema is one of bronze.

    Raises:
        ConfigError: If something that is no view of ours holds the name of a stream.
    """
    wanted = {view_name(table): table for table in tables if len(table.schema)}
    connection.begin()
    try:
        existing = _views(connection)
        _refuse_foreign(_relations(connection) - existing, wanted)
        for schema, name in sorted(existing - wanted.keys()):
            connection.execute(f"DROP VIEW {sql.name(schema)}.{sql.name(name)}")
        for schema in sorted({schema for schema, _ in wanted}):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {sql.name(schema)}")
        for (schema, name), table in wanted.items():
            relation = f"{sql.name(schema)}.{sql.name(name)}"
            connection.execute(f"CREATE OR REPLACE VIEW {relation} AS {select(table)}")
            connection.execute(f"COMMENT ON VIEW {relation} IS {sql.text(f'{MARK}, snapshot {table.snapshot_id}')}")
            for field in table.schema.data if table.schema.find(UNCHANGED) else ():
                # `lakesmith.current` looks here for what the numbers in _ls_unchanged mean
                connection.execute(f"COMMENT ON COLUMN {relation}.{sql.name(field.name)} IS 'field {field.id}'")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _views(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    found = connection.execute(
        "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = current_database()"
        " AND starts_with(schema_name, ?) AND starts_with(comment, ?)",
        [SCHEMA_PREFIX, MARK],
    )
    return set(found.fetchall())


def _relations(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    found = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_catalog = current_database() AND starts_with(table_schema, ?)",
        [SCHEMA_PREFIX],
    )
    return set(found.fetchall())


def _refuse_foreign(foreign: set[tuple[str, str]], wanted: Iterable[tuple[str, str]]) -> None:
    lower = {(schema.lower(), name.lower()) for schema, name in foreign}
    for schema, name in wanted:
        if (schema.lower(), name.lower()) in lower:
            raise ConfigError(
                f"{schema}.{name} is a table or a view that somebody else made, so the stream cannot be attached under that name.",
                where=f"{schema}.{name} in the build file",
                fix="build that model into another schema: schemas that begin with bronze_ belong to Lakesmith",
            )
