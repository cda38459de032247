"""Bronze as tables: what is new in the lake is copied, in one transaction with the checkpoint of what has been copied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import control, copies, naming, owner, readers
from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.copies import Column, Copy, Name, columns_of, name_of
from lakesmith.engines.postgres.reading import LakeReader, Sent, Span
from lakesmith.errors import ConfigError, RetriableError
from lakesmith.host import crash
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.types import UNCHANGED, Field

if TYPE_CHECKING:
    import psycopg

KEEPS_ORDER = 170000
COLLATION = "pg_c_utf8"
"""From 17 on every server with UTF-8 has it: texts compare by code point, as in DuckDB, and small letters are those of Unicode."""


@dataclass(frozen=True, slots=True)
class Attaching:
    """One transaction in which bronze becomes what the lake holds."""

    connection: psycopg.Connection[Any]
    reader: LakeReader
    lake: str
    target: str = ""
    notes: list[str] = field(default_factory=list)

    def run(self, tables: Sequence[BronzeSnapshot]) -> None:
        """Copy what is new of `tables`, which is all of bronze, and drop what is not among them.

        Raises:
            ConfigError: If something else holds the name of a stream, or it is the bronze of another lake.
        """
        wanted = {name_of(table): table for table in tables if len(table.schema)}
        self.notes.extend(naming.check(wanted))
        known = copies.read(self.connection)
        existing = self._tables()
        self._refuse_foreign(existing - known.keys(), wanted)
        for name in sorted(known.keys() - wanted.keys()):
            if known[name].lake == self.lake:
                self._drop(name, existing)
                copies.remove(self.connection, name)
        for schema in sorted({schema for schema, _ in wanted}):
            self.connection.execute(f"create schema if not exists {sql.name(schema)}")
        for name, table in wanted.items():
            self._bring(table, known[name] if name in known and name in existing else None)
            crash.point("attach.copied-one")
        if self.target:
            owner.settle(self.connection, self.target, self.lake)

    def _bring(self, table: BronzeSnapshot, copy: Copy | None) -> None:
        if (
            copy
            and (copy.snapshot_id, copy.columns) == (table.snapshot_id, columns_of(table))
            and copy.lake == self.lake
            and table.since is None
        ):
            return
        if copy and copy.lake != self.lake:
            self._refuse_other_lake(table, copy)
        if copy is None or not self._reshape(table, copy):
            self._begin_anew(table, replaces=copy is not None)
            copy = Copy(name_of(table), self.lake, None, frozenset(), ())
        files = set(table.files)
        if copy.files <= files and copy.lake == self.lake and table.since is None:
            rows = self._load(table, files - copy.files)
        else:
            rows = self._reconcile(table)
        copies.write(self.connection, self.lake, table)
        relation = sql.relation(*name_of(table))
        told = f"Lakesmith bronze, snapshot {table.snapshot_id}"
        self.connection.execute(f"comment on table {relation} is {sql.text(told)}")
        if rows:
            self.connection.execute(f"analyze {relation}")

    def _load(self, table: BronzeSnapshot, files: Collection[str], batches: Collection[str] | None = None) -> int:
        """Copy the rows of some files; return how many."""
        names = ", ".join(sql.name(field.name) for field in table.schema)
        into = f"copy {sql.relation(*name_of(table))} ({names}) from stdin (format csv)"
        sent = Sent()
        with self.connection.cursor() as cursor:
            with cursor.copy(into) as stream:
                for lines in self.reader.lines(table, sorted(files), batches, sent=sent):
                    stream.write(lines)
            copied = cursor.rowcount
        if copied != sent.rows:
            raise RetriableError(
                f"{sent.rows:,} rows of {table.stream} were read and {copied:,} arrived; nothing was copied.",
                where=str(table.stream),
                fix="run again",
            )
        if sent.mended:
            self.notes.append(
                f"{sent.mended:,} {'row' if sent.mended == 1 else 'rows'} of {table.stream} hold the character U+0000, which"
                " PostgreSQL has no text for: the copy has U+FFFD in its place, the lake has it unchanged."
            )
        return copied

    def _reconcile(self, table: BronzeSnapshot) -> int:
        """Bring a copy from which files have gone up to date: batches that are the same stay, whatever files they lie in now.

        So a compaction moves nothing, a rollback takes rows away, and a new generation is copied as a whole. Returns the rows added.
        """
        relation = sql.relation(*name_of(table))
        here, there = self._spans(table), self.reader.spans(table)
        same = {batch for batch, span in there.items() if here.get(batch) == span}
        if gone := here.keys() - same:
            if same:
                self.connection.execute(f"delete from {relation} where _ls_batch = any(%s)", [sorted(gone)])  # noqa: S608
            else:
                self.connection.execute(f"truncate {relation}")
        new = there.keys() - same
        return self._load(table, table.files, new) if new else len(gone)

    def _spans(self, table: BronzeSnapshot) -> dict[str, Span]:
        query = (
            f"select _ls_batch, count(*), min(_ls_seq), max(_ls_seq) from {sql.relation(*name_of(table))} group by 1"  # noqa: S608
        )
        return {batch: Span(*numbers) for batch, *numbers in self.connection.execute(query)}

    def _refuse_other_lake(self, table: BronzeSnapshot, copy: Copy) -> None:
        """Refuse a copy none of whose batches the lake has; a lake that was moved has the same ones."""
        here = self._spans(table)
        if here and here.keys().isdisjoint(self.reader.spans(table)):
            raise ConfigError(
                f"{'.'.join(copy.name)} holds the bronze of another lake; both cannot have that name.",
                where=f"{copy.name[0]}.{copy.name[1]}, copied from {copy.lake}",
                fix=f"give the targets databases of their own, or drop that table if {copy.lake} is not used any more",
            )

    def _reshape(self, table: BronzeSnapshot, copy: Copy) -> bool:
        """Give a copied table the columns of the snapshot; False where that cannot be done in place."""
        before = {column.id: column for column in copy.columns}
        fields = {field.id: field for field in table.schema}
        after = {column.id: column for column in columns_of(table)}
        if any(id_ in before and not _fits(before[id_], after[id_]) for id_ in after):
            return False
        relation = sql.relation(*name_of(table))
        gone = before.keys() - after.keys()
        wider = [id_ for id_ in after if id_ in before and before[id_].server_type != after[id_].server_type]
        if gone or wider:
            readers.drop(self.connection, *name_of(table))
        renamed = [id_ for id_ in after if id_ in before and before[id_].name != after[id_].name]
        for id_ in gone:
            self._alter(relation, f"drop column {sql.name(before[id_].name)}")
        for id_ in renamed:  # by way of a name nobody has: two columns may change names with each other
            self._alter(relation, f"rename column {sql.name(before[id_].name)} to {sql.name(f'_ls_renamed_{id_}')}")
        for id_ in renamed:
            self._alter(relation, f"rename column {sql.name(f'_ls_renamed_{id_}')} to {sql.name(after[id_].name)}")
        for id_, column in after.items():
            if id_ not in before:
                self._alter(relation, f"add column {self._column(fields[id_])}")
            elif id_ in wider:
                self._alter(relation, f"alter column {sql.name(column.name)} type {column.server_type}")
        self._note_ids(table)
        return True

    def _alter(self, relation: str, action: str) -> None:
        self.connection.execute(f"alter table {relation} {action}")

    def _begin_anew(self, table: BronzeSnapshot, *, replaces: bool) -> None:
        schema, name = name_of(table)
        relation = sql.relation(schema, name)
        if replaces:
            readers.drop(self.connection, schema, name)
            self.connection.execute(f"drop table {relation}")
        columns = ", ".join(self._column(field) for field in table.schema)
        self.connection.execute(f"create table {relation} ({columns})")
        if table.schema.find("_ls_seq"):
            self.connection.execute(f"create index on {relation} using brin (_ls_seq)")
        self._note_ids(table)

    def _column(self, field: Field) -> str:
        kind = sql.type_name(field.type)
        ordered = self.connection.info.server_version >= KEEPS_ORDER and self.connection.info.encoding == "utf-8"
        collation = f" collate {COLLATION}" if ordered and kind in ("text", "text[]") else ""
        return f"{sql.name(field.name)} {kind}{collation}"

    def _note_ids(self, table: BronzeSnapshot) -> None:
        """Say which column is which: `lakesmith.current` looks here for what the numbers in _ls_unchanged mean."""
        for one in table.schema.data if table.schema.find(UNCHANGED) else ():
            column = f"{sql.relation(*name_of(table))}.{sql.name(one.name)}"
            self.connection.execute(f"comment on column {column} is 'field {one.id}'")

    def _drop(self, name: Name, existing: Collection[Name]) -> None:
        if name in existing:
            readers.drop(self.connection, *name)
            self.connection.execute(f"drop table {sql.relation(*name)}")

    def _tables(self) -> set[Name]:
        found = self.connection.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname like %s and c.relkind in ('r', 'p', 'v', 'm', 'f')",
            [sql.BRONZE.replace("_", "\\_") + "%"],
        )
        return {(schema, name) for schema, name in found}

    @staticmethod
    def _refuse_foreign(foreign: Collection[Name], wanted: Mapping[Name, BronzeSnapshot]) -> None:
        for schema, name in sorted(set(foreign) & wanted.keys()):
            raise ConfigError(
                f"{schema}.{name} is a table or a view that somebody else made, so the stream cannot be copied under that name.",
                where=f"{schema}.{name} in the database",
                fix="move it to another schema: schemas that begin with bronze_ belong to Lakesmith",
            )


def attach(attaching: Attaching, tables: Sequence[BronzeSnapshot], *, lock_timeout_s: int) -> tuple[str, ...]:
    """Make bronze exactly `tables`, in one transaction; return what is to be known of it. Errors as in `Attaching.run`."""
    with attaching.connection.transaction():
        attaching.connection.execute(f"set local lock_timeout = '{lock_timeout_s}s'")
        control.prepare(attaching.connection)
        attaching.run(tables)
        crash.point("attach.before-commit")
    crash.point("attach.committed")
    return tuple(attaching.notes)


def refuse_database(connection: psycopg.Connection[Any]) -> None:
    """Refuse a database that cannot hold every text, or changes the case of ASCII letters only where no collation helps.

    Raises:
        ConfigError: If it is such a database.
    """
    encoding = connection.info.parameter_status("server_encoding") or ""
    knows_letters = connection.info.server_version >= KEEPS_ORDER
    if encoding == "UTF8" and not knows_letters:
        row = connection.execute("select lower('Ä') = 'ä'").fetchone()
        knows_letters = bool(row and row[0])
    if encoding != "UTF8" or not knows_letters:
        raise ConfigError(
            f"The database is made for {encoding} and a locale that does not know all letters; models would give other results.",
            where=f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}",
            fix="create database … template template0 encoding 'UTF8' locale 'C.UTF-8'",
        )


WIDER = {("int", "long"), ("float", "double")}


def _fits(before: Column, after: Column) -> bool:
    """Whether a column can become another one in place: types of the lake only ever widen."""
    if before.type == after.type or (before.type, after.type) in WIDER:
        return True
    return before.type.startswith("decimal(") and after.type.startswith("decimal(")
