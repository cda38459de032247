"""What is published: one row per table, in the database itself, written with the rows it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.errors import PublishError

if TYPE_CHECKING:
    import psycopg

TABLE = "lakesmith_published"
SAID = "What Lakesmith has published into this schema; it is read before anything is sent again"


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a table. `ticket` names the attempt that brought it; `made`: the table is Lakesmith's own."""

    table: str
    dataset: str
    content: str
    settings: str
    rows: int
    built_at: str
    ticket: str
    made: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of one schema."""

    connection: psycopg.Connection[Any]
    schema: str

    def prepare(self) -> None:
        """Make the table if it is missing; somebody may do so at the same time.

        Raises:
            PublishError: If the schema is missing.
        """
        if self._is_there():
            return
        known = self.connection.execute("select to_regnamespace(%s)", [sql.name(self.schema)]).fetchone()
        if not (known and known[0]):
            raise PublishError(
                f"There is no schema {self.schema}.",
                where=f"schema {self.schema}",
                fix=f"`create schema {sql.name(self.schema)}`, or correct the `schema:` of this publish entry",
            )
        with self.connection.transaction():
            self.connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{TABLE} {self.schema}"])
            self.connection.execute(
                f"create table if not exists {self._name} (table_name text primary key, dataset text not null,"
                " content text not null, settings text not null, rows bigint not null, built_at text not null,"
                " ticket text not null, made boolean not null, relation oid not null,"
                " published_at timestamp with time zone not null default now())"
            )
            self.connection.execute(f"comment on table {self._name} is {sql.text(SAID)}")

    def entry(self, table: str) -> Entry | None:
        """Return what was published into a table; None if nothing was, or the table is not that one any more."""
        row = self.connection.execute(
            "select table_name, dataset, content, settings, rows, built_at, ticket, made"  # noqa: S608
            f" from {self._name} where table_name = %s and relation = to_regclass(%s)",
            [table, sql.relation(self.schema, table)],
        ).fetchone()
        return Entry(*row) if row else None

    def restored(self, table: str) -> bool:
        """Return whether a table under this name is one that Lakesmith made, come back from a backup with another identity.

        It is not where the table that was made lives on under another name, or this one does not have as many rows: then somebody
        made it by hand.
        """
        row = self.connection.execute(
            f"select rows from {self._name} known where table_name = %s and made and not exists"  # noqa: S608
            " (select from pg_class where oid = known.relation and relkind in ('r', 'p') and relnamespace = to_regnamespace(%s))",
            [table, sql.name(self.schema)],
        ).fetchone()
        there = self.connection.execute("select to_regclass(%s)", [sql.relation(self.schema, table)]).fetchone()
        if row is None or not (there and there[0]):
            return False
        held = self.connection.execute(f"select count(*) from {sql.relation(self.schema, table)}").fetchone()  # noqa: S608
        return bool(held == row)

    def write(self, entry: Entry) -> None:
        """Put an entry in force, with the transaction it speaks of."""
        self.connection.execute(
            f"insert into {self._name} as known values (%s, %s, %s, %s, %s, %s, %s, %s, to_regclass(%s))"  # noqa: S608
            " on conflict (table_name) do update set dataset = excluded.dataset, content = excluded.content,"
            " settings = excluded.settings, rows = excluded.rows, built_at = excluded.built_at,"
            " ticket = excluded.ticket, made = excluded.made, relation = excluded.relation, published_at = now()",
            [
                entry.table,
                entry.dataset,
                entry.content,
                entry.settings,
                entry.rows,
                entry.built_at,
                entry.ticket,
                entry.made,
                sql.relation(self.schema, entry.table),
            ],
        )

    @property
    def _name(self) -> str:
        return sql.relation(self.schema, TABLE)

    def _is_there(self) -> bool:
        row = self.connection.execute("select to_regclass(%s)", [self._name]).fetchone()
        return bool(row and row[0])
