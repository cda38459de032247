"""Which relations there are, and of which parts a table is made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError, SourceMissingError
from lakesmith.sources.postgres.catalog.values import KINDS, Leaf, Relation, Table

if TYPE_CHECKING:
    import psycopg

PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}
PART = r'(?:"((?:[^"]|"")+)"|([^".]+))'
WRITTEN = re.compile(rf"^(?:{PART}\.)?{PART}$")
NAME_BYTES = 63

# A partitioned table has no pages of its own: its size and rows are those of its leaves. Old servers say 0 rows where nobody counted.
TABLES = """
select c.oid::int8, n.nspname, c.relname, c.relkind,
       case when c.relkind in ('r', 'm') then pg_relation_filenode(c.oid)::int8 end,
       case c.relkind when 'r' then s.size when 'm' then s.size when 'p' then s.size end,
       s.tuples::int8, c.relpersistence, obj_description(c.oid, 'pg_class'), c.relispartition,
       c.relkind = 'r' and c.relhassubclass and exists (select from pg_inherits i where i.inhparent = c.oid),
       not c.relispartition and exists (select from pg_inherits i where i.inhrelid = c.oid),
       has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select'),
       row_security_active(c.oid), c.relispopulated, e.extname
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e'
  left join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
  left join lateral (
       select sum(pg_table_size(p.oid)) as size,
              case when bool_and(p.reltuples > 0 or (p.reltuples = 0 and p.relkind <> 'f' and pg_relation_size(p.oid) = 0))
                   then sum(p.reltuples) end as tuples
         from pg_class p
        where p.oid in (select c.oid where c.relkind <> 'p'
                        union all
                        select t.relid from pg_partition_tree(c.oid) t where c.relkind = 'p' and t.isleaf)
       ) s on c.relkind in ('r', 'm', 'p', 'f')
 where c.relkind in ('r', 'p', 'v', 'm', 'f')
"""

OTHERS = r"n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
LISTED = f"{TABLES} and not c.relispartition and c.relpersistence <> 't' and {OTHERS}"

# Inheritance is followed by hand: pg_partition_tree knows only partitions. A part under its own name has its own rights and policies,
# and not those of the whole. Rights on single columns do not include `ctid`, by which ranges of pages are read.
LEAVES = """
with recursive parts (oid) as (
     select %(root)s::oid
     union
     select i.inhrelid from parts join pg_inherits i on i.inhparent = parts.oid
)
select c.oid::int8, n.nspname, c.relname, c.relkind, pg_relation_filenode(c.oid)::int8,
       case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) end,
       has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
       and (c.oid = %(root)s or not (row_security_active(c.oid) or row_security_active(%(root)s::oid))),
       pg_get_expr(c.relpartbound, c.oid)
  from parts
  join pg_class c on c.oid = parts.oid
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'm', 'f', 'v')
 order by c.oid <> %(root)s, n.nspname, c.relname
"""


def parse_relation(text: str, schema: str, where: str = "") -> Relation:
    """Return the relation that an option names: `table` or `schema.table`, in "quotes" where a name has dots in it.

    Names are taken as they are written: nothing is folded to lower case.

    Raises:
        ConnectorOptionsError: If it is not written like that.

    Examples:
        >>> parse_relation('shop."my.orders"', "public")
        Relation(schema='shop', name='my.orders')
    """
    found = WRITTEN.match(text.strip())
    if found is None:
        raise ConnectorOptionsError(
            "`table:` names no table.",
            where=where,
            fix='write `table`, `schema.table`, or `"a.b"."c.d"` where names have dots in them',
        )
    quoted_schema, plain_schema, quoted, plain = found.groups()
    name = _unquoted(quoted, plain)
    return Relation(_unquoted(quoted_schema, plain_schema) or schema, name)


def _unquoted(quoted: str | None, plain: str | None) -> str:
    return quoted.replace('""', '"') if quoted else plain or ""


def find_table(session: psycopg.Connection[Any], relation: Relation, where: str = "") -> Table:
    """Return a relation with rows, partitions and temporary tables included.

    Raises:
        SourceMissingError: If there is none of that name; the text names what is there under a similar one.
    """
    query = f"{TABLES} and n.nspname = %s and c.relname = %s"
    row = session.execute(query.encode(), (relation.schema, relation.name)).fetchone()
    if row is None:
        raise SourceMissingError(
            f"There is no table or view `{relation}`.",
            where=where,
            fix=f"correct `table:` or `schema:`{_nearest(session, relation)}",
        )
    return _table(row)


def list_tables(session: psycopg.Connection[Any], schemas: Sequence[str] = ()) -> tuple[Table, ...]:
    """Return the relations of some schemas (none: of all but the server's own), the largest first.

    Partitions are parts of other tables and left out, and so are temporary tables.
    """
    condition = " and n.nspname = any(%s)" if schemas else ""
    rows = session.execute((LISTED + condition).encode(), (list(schemas),) if schemas else None).fetchall()
    return tuple(
        sorted(
            map(_table, rows), key=lambda table: (-(table.size_bytes or 0), table.relation.schema, table.relation.name)
        )
    )


def list_leaves(session: psycopg.Connection[Any], table: Table) -> tuple[Leaf, ...]:
    """Return the parts with rows of their own, the table itself first where it has some, then by name.

    These are the partitions of all levels, and the tables that inherit from a table: together, what a plain `select` from it reads.
    """
    rows = session.execute(LEAVES, {"root": table.oid}).fetchall()
    return tuple(
        Leaf(oid, Relation(schema, name), KINDS[_letter(kind)], filenode, size, readable, bound or "")
        for oid, schema, name, kind, filenode, size, readable, bound in rows
    )


def _table(row: Sequence[Any]) -> Table:
    oid, schema, name, kind, filenode, size, rows, persistence, comment, *rest = row
    is_part, has_children, inherits, is_readable, has_policies, is_populated, extension = rest
    return Table(
        oid=oid,
        relation=Relation(schema, name),
        kind=KINDS[_letter(kind)],
        filenode=filenode,
        size_bytes=None if size is None else int(size),
        rows=rows,
        persistence=PERSISTENCE[_letter(persistence)],
        comment=comment or "",
        is_part=is_part,
        has_children=has_children,
        inherits=inherits,
        is_readable=is_readable,
        has_policies=has_policies,
        is_populated=is_populated,
        extension=extension or "",
    )


def _letter(value: Any) -> str:
    """Return a value of type "char", which drivers give as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _nearest(session: psycopg.Connection[Any], relation: Relation) -> str:
    known = list_tables(session)
    here = [table.relation.name for table in known if table.relation.schema == relation.schema]
    other = [str(table.relation) for table in known if table.relation.name.lower() == relation.name.lower()]
    close = other or get_close_matches(relation.name, here, n=2)
    if close:
        return f"; there is {' and '.join(f'`{name}`' for name in close)}"
    return "" if here else f"; there is nothing to read in the schema `{relation.schema}`"
