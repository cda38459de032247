"""What columns, keys and indexes a table has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.sources.postgres.catalog.values import Column, ColumnType, Key, Structure, Table

if TYPE_CHECKING:
    import psycopg

TYPE_KINDS = {"b": "base", "c": "composite", "e": "enum", "r": "range", "m": "multirange", "p": "pseudo", "d": "domain"}
GENERATED = {"": "", "s": "stored", "v": "virtual"}
IDENTITY = {"": "", "a": "always", "d": "by default"}

# A domain may be over an array, its elements over another domain: both are followed down to what has no further name.
# `step` is where the walk is; `is_array` once it went into elements. A typmod counts from the level that declares one.
COLUMNS = """
with recursive walk (attnum, step, typmod, is_array, domains, depth) as (
     select a.attnum, a.atttypid, a.atttypmod, false, array[]::text[], 0
       from pg_attribute a
      where a.attrelid = %(oid)s and a.attnum > 0 and not a.attisdropped
     union all
     select w.attnum,
            case when t.typtype = 'd' then t.typbasetype else t.typelem end,
            case when t.typtype = 'd' and t.typtypmod >= 0 then t.typtypmod else w.typmod end,
            w.is_array or t.typtype <> 'd',
            case when t.typtype = 'd' then w.domains || format_type(t.oid, null) else w.domains end,
            w.depth + 1
       from walk w
       join pg_type t on t.oid = w.step
      where t.typtype = 'd' or (not w.is_array and t.oid = (select e.typarray from pg_type e where e.oid = t.typelem))
), ends as (
     select distinct on (attnum) * from walk order by attnum, depth desc
)
select a.attnum::int4, a.attname, t.oid::int8, format_type(a.atttypid, a.atttypmod), n.nspname, t.typname, t.typtype,
       ends.typmod, ends.is_array, ends.domains, not a.attnotnull, a.attgenerated, a.attidentity,
       col_description(a.attrelid, a.attnum), has_column_privilege(a.attrelid, a.attnum, 'select')
  from pg_attribute a
  join ends on ends.attnum = a.attnum
  join pg_type t on t.oid = ends.step
  join pg_namespace n on n.oid = t.typnamespace
 where a.attrelid = %(oid)s
 order by a.attnum
"""

# Only the key columns of an index: those that it merely includes say nothing. An index over an expression has a 0 among them.
KEYS = """
select c.relname, i.indisprimary, array_agg(a.attname::text order by k.place)
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
 cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
  left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and a.attnum > 0
 where i.indrelid = %s and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
   and k.place <= i.indnkeyatts
 group by c.relname, i.indisprimary, i.indnkeyatts
having bool_and(a.attname is not null and (a.attnotnull or i.indisprimary))
 order by i.indisprimary desc, i.indnkeyatts, c.relname
"""

INDEXED = """
select distinct a.attname
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_am m on m.oid = c.relam
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
 where i.indrelid = %s and i.indisvalid and i.indpred is null and m.amname = 'btree'
"""


def list_columns(session: psycopg.Connection[Any], table: Table) -> tuple[Column, ...]:
    """Return the columns in their order, dropped ones left out."""
    found = session.execute(COLUMNS, {"oid": table.oid}).fetchall()
    return tuple(_column(row) for row in found)


def list_keys(session: psycopg.Connection[Any], table: Table) -> tuple[Key, ...]:
    """Return the keys, the primary one first, then by their number of columns.

    A unique constraint that is checked late (`deferrable`) is none: two rows may share it for the length of a transaction, and keys are
    read by statements.
    """
    return tuple(
        Key(name, tuple(columns), primary) for name, primary, columns in session.execute(KEYS, (table.oid,)).fetchall()
    )


def list_indexed(session: psycopg.Connection[Any], table: Table) -> frozenset[str]:
    """Return the columns that lead a valid b-tree index without a condition: what a range of values is found by."""
    return frozenset(name for (name,) in session.execute(INDEXED, (table.oid,)).fetchall())


def describe(session: psycopg.Connection[Any], table: Table) -> Structure:
    """Return the table with its columns, keys and indexes."""
    return Structure(table, list_columns(session, table), list_keys(session, table), list_indexed(session, table))


def _column(row: tuple[Any, ...]) -> Column:
    attnum, name, oid, shown, schema, plain, kind, typmod, is_array, domains, *rest = row
    nullable, generated, identity, comment, readable = rest
    type_ = ColumnType(oid, shown, schema, plain, TYPE_KINDS[_letter(kind)], typmod, is_array, tuple(domains))
    return Column(
        attnum,
        name,
        type_,
        nullable,
        GENERATED[_letter(generated)],
        IDENTITY[_letter(identity)],
        comment or "",
        readable,
    )


def _letter(value: Any) -> str:
    """Return a value of type "char", which drivers give as bytes; the empty one as well."""
    text = value.decode() if isinstance(value, bytes) else str(value)
    return text.strip("\0")
