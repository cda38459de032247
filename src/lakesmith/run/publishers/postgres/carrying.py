"""What a table brings along when a new one takes its place: owner, rights, comments, constraints and indexes that people gave it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.spelling import LONGEST_NAME
from lakesmith.run.publishers.postgres.options import PostgresPublisherOptions

if TYPE_CHECKING:
    import psycopg

OURS = "ls"
DECLARED = re.compile(rf".*_{OURS}_[0-9a-f]{{8}}", re.DOTALL)
"""How the name of an index ends that the project asked for."""
RIGHTS = """select '', a.privilege_type, r.rolname, a.grantee, a.is_grantable from pg_class c
    cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee where c.oid = %(old)s and a.grantee <> c.relowner
    union all
    select attname, a.privilege_type, r.rolname, a.grantee, a.is_grantable from pg_attribute t
    cross join aclexplode(t.attacl) a left join pg_roles r on r.oid = a.grantee where t.attrelid = %(old)s and attnum > 0"""
COMMENTS = "select objsubid, description from pg_description where classoid = 'pg_class'::regclass and objoid = %s"
NOT_NULL = "select attname from pg_attribute where attrelid = %s and attnum > 0 and attnotnull and not attisdropped"
CONSTRAINTS = """select conname, contype::text, pg_get_constraintdef(oid) from pg_constraint
    where conrelid = %s and contype in ('p', 'u', 'c', 'f', 'x') order by conname"""
INDEXES = """select c.relname, pg_get_indexdef(i.indexrelid), quote_ident(n.nspname) || '.' || quote_ident(t.relname), i.indisunique
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    join pg_namespace n on n.oid = t.relnamespace
    where i.indrelid = %s and not exists (select from pg_constraint where conindid = i.indexrelid and conrelid = i.indrelid)
    order by c.relname"""


@dataclass(frozen=True, slots=True)
class Making:
    """A new table, `schema.aside`, that is going to be `schema.table`."""

    connection: psycopg.Connection[Any]
    options: PostgresPublisherOptions
    table: str
    aside: str

    @property
    def new(self) -> str:
        """The quoted name that the new table has for now."""
        return sql.relation(self.options.schema_, self.aside)

    def declare(self) -> list[tuple[str, str]]:
        """Make the key and the indexes that the project asks for; return their names for now and for good."""
        renames = []
        if self.options.key:
            renames.append((f"{self.aside}_key", self._free("pkey")))
            self._do(
                f"alter table {self.new} add constraint {sql.name(renames[-1][0])} primary key ({_list(self.options.key)})"
            )
        for number, columns in enumerate(self.options.indexes):
            digest = hashlib.sha256(repr(columns).encode()).hexdigest()[:8]
            renames.append((f"{self.aside}_{number}", self._free(f"{OURS}_{digest}")))
            self._do(f"create index {sql.name(renames[-1][0])} on {self.new} ({_list(columns)})")
        return renames

    def carry(self, old: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Give the new table what the old one has; return the indexes and the constraints to rename once that one is gone."""
        self._carry_rights(old)
        self._carry_comments(old)
        for (column,) in self.connection.execute(NOT_NULL, [old]).fetchall():
            if self._has(column):
                self._do(f"alter table {self.new} alter column {sql.name(column)} set not null")
        indexes, constraints = [], []
        for number, (name, kind, definition) in enumerate(self.connection.execute(CONSTRAINTS, [old]).fetchall()):
            if kind == "p" and self.options.key:
                continue
            aside = f"{self.aside}_c{number}"
            self._do(f"alter table {self.new} add constraint {sql.name(aside)} {definition}")
            constraints.append((aside, name))
        for number, (name, definition, relation, unique) in enumerate(
            self.connection.execute(INDEXES, [old]).fetchall()
        ):
            if DECLARED.fullmatch(name):
                continue  # of the project: made anew, or not asked for any more
            aside, rest = f"{self.aside}_i{number}", definition.partition(f" ON {relation} USING ")[2]
            self._do(f"create {'unique ' if unique else ''}index {sql.name(aside)} on {self.new} using {rest}")
            indexes.append((aside, name))
        return indexes, constraints

    def describe(self, description: str) -> None:
        """Let the new table say what the data set is, and let the roles of the project read it."""
        if description:
            self._do(f"comment on table {self.new} is {sql.text(description)}")
        for role in self.options.readers:
            self._do(f"grant select on {self.new} to {sql.name(role)}")

    def _free(self, suffix: str) -> str:
        """Return a name for an index that nothing has but the table which is going to be dropped: one renamed by hand keeps its own."""
        name = short(self.table, suffix)
        row = self.connection.execute(
            "select 1 from pg_class c left join pg_index i on i.indexrelid = c.oid"
            " where c.oid = to_regclass(%s) and i.indrelid is distinct from to_regclass(%s)",
            [sql.relation(self.options.schema_, name), sql.relation(self.options.schema_, self.table)],
        ).fetchone()
        return name if row is None else short(self.table, f"{self.aside.rpartition('_')[2]}_{suffix}")

    def _carry_rights(self, old: int) -> None:
        for column, right, role, grantee, grantable in self.connection.execute(RIGHTS, {"old": old}).fetchall():
            whom = "public" if not grantee else sql.name(role)
            part = f" ({sql.name(column)})" if column else ""
            if not column or self._has(column):
                self._do(f"grant {right}{part} on {self.new} to {whom}{' with grant option' if grantable else ''}")
        row = self.connection.execute(
            "select r.rolname from pg_class c join pg_roles r on r.oid = c.relowner"
            " where c.oid = %s and r.rolname <> current_user",
            [old],
        ).fetchone()
        if row:
            self._do(f"alter table {self.new} owner to {sql.name(row[0])}")

    def _carry_comments(self, old: int) -> None:
        names = dict(
            self.connection.execute("select attnum, attname from pg_attribute where attrelid = %s", [old]).fetchall()
        )
        for number, said in self.connection.execute(COMMENTS, [old]).fetchall():
            if number == 0:
                self._do(f"comment on table {self.new} is {sql.text(said)}")
            elif self._has(names[number]):
                self._do(f"comment on column {self.new}.{sql.name(names[number])} is {sql.text(said)}")

    def _has(self, column: str) -> bool:
        row = self.connection.execute(
            "select 1 from pg_attribute where attrelid = %s::regclass and attname = %s and attnum > 0",
            [self.new, column],
        ).fetchone()
        return row is not None

    def _do(self, statement: str) -> None:
        self.connection.execute(statement)


def take_place(making: Making, old: int | None, renames: Iterator[tuple[str, str, str]]) -> None:
    """Drop the old table and give the new one, and what belongs to it, the names for good. Waits for whoever reads the old one."""
    schema, do = making.options.schema_, making.connection.execute
    if old is not None:
        relation = sql.relation(schema, making.table)
        do(f"lock table {relation} in access exclusive mode")
        do(f"drop table {relation}")
    do(f"alter table {making.new} rename to {sql.name(making.table)}")
    for kind, aside, name in renames:
        if kind == "constraint":
            relation = sql.relation(schema, making.table)
            do(f"alter table {relation} rename constraint {sql.name(aside)} to {sql.name(name)}")
        else:
            do(f"alter index {sql.relation(schema, aside)} rename to {sql.name(name)}")


def short(table: str, suffix: str) -> str:
    """Return `table_suffix` as a name that PostgreSQL does not cut.

    Examples:
        >>> short("mart_sales", "pkey"), len(short("m" * 63, "pkey"))
        ('mart_sales_pkey', 63)
    """
    whole = f"{table}_{suffix}"
    if len(whole.encode()) <= LONGEST_NAME:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    room = LONGEST_NAME - len(suffix) - len(digest) - 2
    return f"{table.encode()[:room].decode(errors='ignore')}_{digest}_{suffix}"


def _list(columns: Sequence[str]) -> str:
    return ", ".join(map(sql.name, columns))
