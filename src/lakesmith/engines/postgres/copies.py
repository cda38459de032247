"""The checkpoint of bronze in PostgreSQL: which snapshot of each table is copied, from which files, into which columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.types import Field, Type, parts

if TYPE_CHECKING:
    import psycopg

Name = tuple[str, str]
PART = "part of the rows"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a copied table: the lake's field id, the name, and the type, the ids of its parts included."""

    id: int
    name: str
    type: str
    server_type: str

    @classmethod
    def of(cls, field: Field) -> Column:
        """Return the column of a field."""
        return cls(field.id, field.name, _spelled(field.type), sql.type_name(field.type))


@dataclass(frozen=True, slots=True)
class Copy:
    """What of a table is copied. `lake` is where it came from."""

    name: Name
    lake: str
    snapshot_id: int | None
    files: frozenset[str]
    columns: tuple[Column, ...]


def name_of(table: BronzeSnapshot) -> Name:
    """Return schema and name under which a table is copied."""
    return sql.BRONZE + table.stream.source, table.stream.name


def columns_of(table: BronzeSnapshot) -> tuple[Column, ...]:
    """Return the columns that the copy of a snapshot has."""
    return tuple(Column.of(field) for field in table.schema)


def read(connection: psycopg.Connection[Any]) -> dict[Name, Copy]:
    """Return all checkpoints."""
    rows = connection.execute(
        "select schema_name, table_name, lake, snapshot_id, files, columns from lakesmith.bronze"
    ).fetchall()
    return {
        (schema, table): Copy(
            (schema, table), lake, snapshot, frozenset(files), tuple(Column(*column) for column in columns)
        )
        for schema, table, lake, snapshot, files, columns in rows
    }


def write(connection: psycopg.Connection[Any], lake: str, table: BronzeSnapshot) -> None:
    """Put the checkpoint of a table in force, with the transaction that copied it."""
    columns = [[c.id, c.name, c.type, c.server_type] for c in columns_of(table)]
    # A copy of a part is never taken for the whole: no snapshot has a file of this name, so batches are compared next time.
    snapshot, files = (table.snapshot_id, table.files) if table.since is None else (None, (*table.files, PART))
    connection.execute(
        "insert into lakesmith.bronze values (%s, %s, %s, %s, %s, %s)"
        " on conflict (schema_name, table_name) do update set lake = excluded.lake, snapshot_id = excluded.snapshot_id,"
        " files = excluded.files, columns = excluded.columns, copied_at = now()",
        [*name_of(table), lake, snapshot, json.dumps(sorted(files)), json.dumps(columns)],
    )


def remove(connection: psycopg.Connection[Any], name: Name) -> None:
    """Forget a table."""
    connection.execute("delete from lakesmith.bronze where (schema_name, table_name) = (%s, %s)", name)


def _spelled(kind: Type) -> str:
    """Return a type with the ids and names of its parts, so that any change of them is seen."""
    inner = ", ".join(_parts(kind))
    return f"{type(kind).__name__.lower()}({inner})" if inner else str(kind)


def _parts(kind: Type) -> Iterator[str]:
    for part in parts(kind):
        yield f"{part.id} {part.name} {_spelled(part.type)}"
