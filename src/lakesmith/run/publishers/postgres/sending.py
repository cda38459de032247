"""The ways a shipment gets into a table, each within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.errors import PublishError
from lakesmith.host import crash
from lakesmith.run.publishers.postgres import standing
from lakesmith.run.publishers.postgres.carrying import Making, take_place
from lakesmith.run.publishers.postgres.options import PostgresPublisherOptions
from lakesmith.run.publishers.postgres.shipment import STAMP, Column, Shipment

if TYPE_CHECKING:
    import psycopg

STAGED = "lakesmith_staged"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A shipment on its way into `schema.table`."""

    connection: psycopg.Connection[Any]
    options: PostgresPublisherOptions
    shipment: Shipment
    table: str
    ticket: str

    @property
    def target(self) -> str:
        """The quoted name of the table."""
        return sql.relation(self.options.schema_, self.table)

    @property
    def where(self) -> str:
        """The table as messages name it."""
        return f"{self.options.schema_}.{self.table}"

    def replace(self, *, made: bool) -> bool:
        """Make the table the data set; return whether it is a table of Lakesmith's own.

        A new table takes its place. Where something hangs on the old one that a new one would not have, such as a view, the rows
        are replaced in it instead.

        Raises:
            PublishError: If somebody else made the table, or it cannot hold what is sent.
        """
        old = standing.find(self.connection, self.options.schema_, self.table)
        if old is not None and not made:
            raise PublishError(
                f"{self.where} was made by somebody else, and would be replaced.",
                where=self.where,
                fix="give another `table:`, drop that one, or use `mode: upsert` to work in it",
            )
        hung = [] if old is None else standing.holders(self.connection, old)
        if old is not None and hung:
            self._replace_rows(old, hung)
        else:
            self._replace_table(old)
        return True

    def upsert(self, *, made: bool) -> bool:
        """Update the rows whose key is there, add the others, and delete the rest if asked; return as `replace` does.

        Raises:
            PublishError: If a key is empty or comes twice, or the table does not keep rows apart by it.
        """
        key = self.options.key or ()
        old = standing.find(self.connection, self.options.schema_, self.table)
        if old is None:
            self._replace_table(None)
            return True
        if not standing.has_key(self.connection, old, key):
            raise PublishError(
                f"{self.where} does not keep rows apart by {', '.join(key)}.",
                where=self.where,
                fix=f"`create unique index on {self.target} ({_list(key)})`, or correct `key:`",
            )
        self._fit(old)
        self._stage()
        self._need_keys(key)
        on = " and ".join(f"there.{sql.name(one)} = sent.{sql.name(one)}" for one in key)
        if self.options.delete_missing:
            self._do(
                f"delete from {self.target} there where not exists (select from {STAGED} sent where {on})"  # noqa: S608
            )
        self._do(self._merge(key))
        return made

    def _merge(self, key: Sequence[str]) -> str:
        """Return the statement that brings the rows which are not there as they are sent; the others are not even locked."""
        columns = [column.name for column in self.shipment.columns]
        values = [name for name in columns if name not in key]
        compared = [name for name in values if name != STAMP]
        sets = ", ".join(f"{sql.name(name)} = excluded.{sql.name(name)}" for name in values)
        differs = " or ".join(f"there.{sql.name(name)} is distinct from excluded.{sql.name(name)}" for name in compared)
        action = f"do update set {sets} where {differs}" if differs else "do nothing"
        same = [f"there.{sql.name(name)} = sent.{sql.name(name)}" for name in key]
        same += [f"there.{sql.name(name)} is not distinct from sent.{sql.name(name)}" for name in compared]
        news = f"not exists (select from {self.target} there where {' and '.join(same)})"
        return (
            f"insert into {self.target} as there ({_list(columns)}) select {_list(columns)} from {STAGED} sent where {news}"  # noqa: S608
            f" order by {_list(key)} on conflict ({_list(key)}) {action}"
        )

    def _need_keys(self, key: Sequence[str]) -> None:
        """Refuse what `on conflict` would not: a key that is empty, or comes twice."""
        empty = " or ".join(f"{sql.name(name)} is null" for name in key)
        twice = f"select 1 from {STAGED} group by {_list(key)} having count(*) > 1 limit 1"  # noqa: S608
        for query, what in (
            (f"select 1 from {STAGED} where {empty} limit 1", "is empty in some rows"),  # noqa: S608
            (twice, "is the same in two rows"),
        ):
            if self._do(query).fetchone():
                raise PublishError(
                    f"The key {', '.join(key)} of {self.shipment.dataset.relation} {what}, so nothing was published.",
                    where=self.where,
                    fix="test `unique` and `not_null` in the model, or correct `key:`",
                )

    def _replace_table(self, old: int | None) -> None:
        making = Making(self.connection, self.options, self.table, f"_ls_{self.ticket}")
        columns = ", ".join(f"{sql.name(column.name)} {column.type}" for column in self.shipment.columns)
        self._do(f"create table {making.new} ({columns})")
        self._copy(making.new, "format csv, freeze")
        crash.point("publish.copied")
        declared = making.declare()
        indexes, constraints = ([], []) if old is None else making.carry(old)
        making.describe(self.shipment.dataset.description)
        self._do(f"analyze {making.new}")
        renames = [("index", *pair) for pair in (*declared, *indexes)]
        take_place(making, old, iter([*renames, *(("constraint", *pair) for pair in constraints)]))

    def _replace_rows(self, old: int, hung: Sequence[str]) -> None:
        self._fit(old, hung)
        self._stage()
        crash.point("publish.copied")
        names = _list([column.name for column in self.shipment.columns])
        # not truncate: who reads meanwhile would find no rows
        self._do(f"delete from {self.target}")  # noqa: S608
        self._do(f"insert into {self.target} ({names}) select {names} from {STAGED}")  # noqa: S608

    def _fit(self, old: int, hung: Sequence[str] = ()) -> None:
        lacking: list[Column] = standing.need_columns(self.connection, old, self.shipment.columns, self.where, hung)
        for column in lacking:
            self._do(f"alter table {self.target} add column {sql.name(column.name)} {column.type}")

    def _stage(self) -> None:
        columns = ", ".join(f"{sql.name(column.name)} {column.type}" for column in self.shipment.columns)
        self._do(f"create temporary table {STAGED} ({columns}) on commit drop")
        self._copy(STAGED, "format csv")
        self._do(f"analyze {STAGED}")

    def _copy(self, into: str, how: str) -> None:
        names = _list([column.name for column in self.shipment.columns])
        with self.connection.cursor() as cursor:
            with cursor.copy(f"copy {into} ({names}) from stdin ({how})") as stream:
                for lines in self.shipment.lines():
                    stream.write(lines)
            if cursor.rowcount != self.shipment.rows:
                raise PublishError(
                    f"{self.shipment.rows:,} rows of {self.shipment.dataset.relation} were read and {cursor.rowcount:,} arrived.",
                    where=self.where,
                    fix="run again; nothing was published",
                )

    def _do(self, statement: str) -> psycopg.Cursor[Any]:
        return self.connection.execute(statement)


def _list(columns: Sequence[str]) -> str:
    return ", ".join(map(sql.name, columns))
