"""What is known of a table in one snapshot, and which of its columns a stream reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.columns import describe
from lakesmith.sources.postgres.catalog.tables import find_table, list_leaves
from lakesmith.sources.postgres.catalog.values import Column, Leaf, Relation, Structure, Table

if TYPE_CHECKING:
    import psycopg

# The catalog as the snapshot has it, beside what lies on the disk now. A table that was emptied or written anew by an ALTER TABLE
# in between has no row that the snapshot could see.
_REWRITTEN = """
select count(*) from pg_catalog.pg_class
where oid = any(%s) and relfilenode <> 0 and relfilenode <> pg_catalog.pg_relation_filenode(oid)
"""


# Who may read a column is asked as of now: nobody may read one that was dropped.
_GONE = """
select count(*) from unnest(%s::int2[]) as number
where pg_catalog.has_column_privilege(%s::oid, number, 'select') is null
"""


# The expression as the server keeps it does not change with the names of columns.
_GENERATED = """
select a.attnum::int4, left(encode(sha256(convert_to(d.adbin::text, 'UTF8')), 'hex'), 16)
from pg_catalog.pg_attribute a join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = %s and a.attgenerated <> ''
"""

_LABELS = """
select enumtypid::int8, string_agg(oid::text || ':' || left(encode(sha256(convert_to(enumlabel, 'UTF8')), 'hex'), 8), ' ' order by oid)
from pg_catalog.pg_enum where enumtypid = any(%s::oid[]) group by enumtypid
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A table, its columns, and its parts with rows of their own, as they are in a snapshot that holds a lock on them.

    `written` says of columns, by `attnum`, what else than a row decides how a value is written: the expression that generates it, the
    labels of an enum.
    """

    structure: Structure
    leaves: tuple[Leaf, ...]
    written: Mapping[int, str] = field(default_factory=dict, hash=False)

    @property
    def table(self) -> Table:
        """The table."""
        return self.structure.table

    @property
    def is_cut_by_pages(self) -> bool:
        """Whether its leaves can be read one by one, under their own names."""
        return bool(self.leaves) and all(leaf.is_readable for leaf in self.leaves)

    def column(self, name: str, stream: StreamSpec, key: str) -> Column:
        """Return the column that the option `key` names.

        Raises:
            ConnectorOptionsError: If there is none, or this user may not read it.
        """
        found = self.structure.column(name)
        if found is None:
            raise ConnectorOptionsError(
                f"{self.table.relation} has no column `{name}`.", where=stream.where, fix=f"correct `{key}:`"
            )
        if not found.is_readable:
            raise ConnectorOptionsError(
                f"The user may not read the column `{name}` of {self.table.relation}.",
                where=stream.where,
                fix="let its owner run `grant select`, or name the column in `exclude:`",
            )
        return found

    def chosen(self, stream: StreamSpec) -> tuple[Column, ...]:
        """Return the columns that the stream reads, in the order of the table.

        Raises:
            ConnectorOptionsError: If one of those it names is not there, or not readable, or none is left.
        """
        options = stream.options
        if not self.structure.columns:
            raise ConnectorOptionsError(
                f"{self.table.relation} has no columns, and so nothing to read.",
                where=stream.where,
                fix="take it out of the project; where `include:` takes it in, name it in `exclude:` of the source",
            )
        for name in options.exclude:
            if self.structure.column(name) is None:
                self.column(name, stream, "exclude")
        wanted = options.select or [
            column.name for column in self.structure.columns if column.name not in options.exclude
        ]
        names = {self.column(name, stream, "select").name for name in wanted}
        if not names:
            raise ConnectorOptionsError(
                f"No column of {self.table.relation} is left to read.", where=stream.where, fix="correct `exclude:`"
            )
        return tuple(column for column in self.structure.columns if column.name in names)

    @property
    def parts(self) -> tuple[int, ...]:
        """The oids of its partitions; empty where it has none."""
        return tuple(sorted(leaf.oid for leaf in self.leaves)) if self.table.kind == "partitioned table" else ()

    def is_unique(self, names: Sequence[str]) -> bool:
        """Whether the server sees to it that no two rows share the values of these columns, named as here or as the lake does."""
        columns = self.structure.columns
        exact = {column.name for column in columns}
        meant = {
            column.name
            for column in columns
            for name in names
            if name == column.name or (name not in exact and alike(name, column.name))
        }
        # a key of a table does not hold for those that inherit from it
        return not self.table.has_children and any(set(key.columns) <= meant for key in self.structure.keys)

    def key(self, stream: StreamSpec) -> tuple[Column, ...]:
        """Return the columns that tell rows apart, by the server's word; empty where nothing does, or one of them is not read."""
        return self.key_among(self.chosen(stream))

    def key_among(self, columns: Iterable[Column]) -> tuple[Column, ...]:
        """Return those of the columns that tell rows apart, by the server's word; empty where they do not."""
        read = {column.name: column for column in columns}
        keys = [key.columns for key in self.structure.keys if set(key.columns) <= set(read)]
        return tuple(read[name] for name in keys[0]) if keys else ()


def alike(one: str, other: str) -> bool:
    """Whether two names are the same but for case and what parts their words, none of which the lake keeps."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _list_written(session: psycopg.Connection[Any], structure: Structure) -> dict[int, str]:
    generated = dict(session.execute(_GENERATED, (structure.table.oid,)).fetchall())
    enums = {column.type.oid for column in structure.columns if column.type.kind == "enum"}
    labels = dict(session.execute(_LABELS, (list(enums),)).fetchall()) if enums else {}
    labelled = {
        column.attnum: labels.get(column.type.oid, "") for column in structure.columns if column.type.oid in enums
    }
    numbers = generated.keys() | labelled.keys()
    return {number: " ".join(filter(None, (generated.get(number), labelled.get(number)))) for number in numbers}


def _lock(session: psycopg.Connection[Any], known: Known, where: str) -> None:
    """Take a share lock on all that is read, under the names that the snapshot's catalog has.

    A statement means what is called so now. What was renamed since the snapshot was taken would be read as something else. A partition
    that was detached since is not locked with its table.

    Raises:
        RetriableError: If a table or column has another name by now.
    """
    import psycopg

    table, columns = known.table, [column for column in known.structure.columns if column.is_readable]
    named = ", ".join(column.quoted for column in columns)
    try:
        met = session.execute(f"select {named} from {table.relation.quoted} limit 0".encode()).pgresult  # noqa: S608 - quoted names
        is_same = met is not None and all(
            (met.ftable(at), met.ftablecol(at)) == (table.oid, column.attnum) for at, column in enumerate(columns)
        )
        for leaf in known.leaves if known.is_cut_by_pages else ():
            met = session.execute(f"select tableoid from only {leaf.relation.quoted} limit 0".encode()).pgresult  # noqa: S608 - a quoted name
            is_same = is_same and met is not None and met.ftable(0) == leaf.oid
        hidden = [column.attnum for column in known.structure.columns if not column.is_readable]
        row = session.execute(_GONE, (hidden, table.oid)).fetchone()
        is_same = is_same and row is not None and not row[0]
    except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable):
        is_same = False
    if not is_same:
        raise RetriableError(
            f"{table.relation} was altered while the load began.", where=where, fix="run the same command again"
        )


def learn(session: psycopg.Connection[Any], relation: Relation, where: str) -> Known:
    """Return what is known of a table, locked against all that would move its rows until the snapshot is let go of.

    Raises:
        SourceMissingError: If there is no such table.
        ConnectorOptionsError: If this user may not read it.
        RetriableError: If it was written anew since the snapshot was taken, or stays locked by somebody else.
    """
    table = find_table(session, relation, where)
    if not table.is_populated:
        raise RetriableError(
            f"The materialized view {relation} was never filled.",
            where=where,
            fix=f"run `refresh materialized view {relation}`",
        )
    structure = describe(session, table)
    leaves = tuple(list_leaves(session, table)) if table.kind != "view" else ()
    known = Known(structure, leaves, _list_written(session, structure))
    _lock(session, known, where)
    row = session.execute(_REWRITTEN, ([leaf.oid for leaf in known.leaves],)).fetchone()
    if row is None or row[0]:
        raise RetriableError(
            f"{relation} was written anew (TRUNCATE, ALTER TABLE or VACUUM FULL) while the load began.",
            where=where,
            fix="run the same command again",
        )
    return known
