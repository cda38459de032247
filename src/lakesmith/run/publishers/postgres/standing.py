"""The table that stands under a name before anything is sent: its columns, and what hangs on it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.errors import PublishError
from lakesmith.run.publishers.postgres.shipment import Column

if TYPE_CHECKING:
    import psycopg

COLUMNS = """select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = %s and attnum > 0 and not attisdropped order by attnum"""

# Everything that a new table in its place would not have: who made it would find it gone, or bound to the old one.
HOLDERS = """
    select pg_describe_object(d.classid, d.objid, 0)
    from pg_depend d
    where d.refclassid = 'pg_class'::regclass and d.refobjid = %(table)s and d.objid <> %(table)s
      and not (d.classid = 'pg_class'::regclass and exists (select from pg_class c where c.oid = d.objid and c.relkind in ('i', 't')))
      and not (d.classid = 'pg_constraint'::regclass
               and exists (select from pg_constraint c where c.oid = d.objid and c.conrelid = %(table)s))
      and not (d.classid = 'pg_trigger'::regclass and exists (select from pg_trigger t where t.oid = d.objid and t.tgisinternal))
      and d.classid <> 'pg_type'::regclass
    union
    select pg_describe_object(d.classid, d.objid, 0)
    from pg_depend d join pg_class c on c.oid = %(table)s
    where d.refclassid = 'pg_type'::regclass and d.deptype = 'n'
      and d.refobjid in (c.reltype, (select typarray from pg_type where oid = c.reltype))
    union
    select 'row security' from pg_class where oid = %(table)s and relrowsecurity
    union
    select 'a table it inherits from' from pg_inherits where inhrelid = %(table)s
    union
    select 'a setting of the table' from pg_class where oid = %(table)s
      and (reloptions is not null or reltablespace <> 0 or relpersistence <> 'p' or relreplident <> 'd')
    union
    select 'partition ' || relname from pg_class where oid = %(table)s and (relispartition or relkind = 'p')
    order by 1"""

KEYS = """select 1 from pg_index i
    where indrelid = %s and indisunique and indisvalid and indimmediate and indpred is null and indexprs is null
      and (select array_agg(attname::text order by attname::text) from pg_attribute
           where attrelid = indrelid and attnum = any((indkey::int2[])[0:indnkeyatts - 1])) = %s"""

WIDENINGS = {
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("integer", "bigint"),
    ("real", "double precision"),
    # PostgreSQL refuses what does not fit into these
    ("integer", "smallint"),
    ("bigint", "smallint"),
    ("bigint", "integer"),
    ("text", "character varying"),
    ("text", "citext"),
}
NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


def find(connection: psycopg.Connection[Any], schema: str, table: str) -> int | None:
    """Return the oid of a table; None if there is none.

    Raises:
        PublishError: If the name is that of something else.
    """
    row = connection.execute(
        "select oid, relkind::text from pg_class where oid = to_regclass(%s)", [sql.relation(schema, table)]
    ).fetchone()
    if row is None:
        return None
    if row[1] not in ("r", "p"):
        raise PublishError(
            f"{schema}.{table} is no table, so nothing can be published into it.",
            where=f"{schema}.{table}",
            fix="give another `table:`, or drop what has that name",
        )
    return int(row[0])


def holders(connection: psycopg.Connection[Any], oid: int) -> list[str]:
    """Return what hangs on a table and would be lost with it: views, triggers, foreign keys of others, policies and so on."""
    return [name for (name,) in connection.execute(HOLDERS, {"table": oid}) if name]


def has_key(connection: psycopg.Connection[Any], oid: int, key: Sequence[str]) -> bool:
    """Return whether the server keeps rows apart by exactly these columns."""
    return connection.execute(KEYS, [oid, sorted(key)]).fetchone() is not None


def need_columns(
    connection: psycopg.Connection[Any], oid: int, columns: Sequence[Column], where: str, hung: Collection[str] = ()
) -> list[Column]:
    """Return the columns that the table lacks.

    Args:
        connection: A session.
        oid: The table.
        columns: What is sent.
        where: The table's name, for messages.
        hung: Why the table cannot be another one.

    Raises:
        PublishError: If a column there has a type that would change values.
    """
    there = dict(connection.execute(COLUMNS, [oid]).fetchall())
    for column in columns:
        if column.name in there and not _holds(there[column.name], column.type):
            because = f" The table stays as it is, for {', '.join(list(hung)[:3])} need it." if hung else ""
            raise PublishError(
                f"{where}.{column.name} is {there[column.name]}, and {column.type} is sent.{because}",
                where=where,
                fix="cast the column in the model, or change its type there",
            )
    return [column for column in columns if column.name not in there]


def _holds(there: str, sent: str) -> bool:
    """Whether a column holds every value of a type as it is, or refuses it.

    Examples:
        >>> _holds("numeric(12,2)", "numeric(10,2)"), _holds("numeric(12,1)", "numeric(10,2)"), _holds("varchar", "date")
        (True, False, False)
    """
    plain = re.sub(r"\(\d+\)", "", there)
    if there == sent or (sent, plain) in WIDENINGS:
        return True
    ours, theirs = NUMERIC.fullmatch(sent), NUMERIC.fullmatch(there)
    if there == "numeric":
        return ours is not None or sent in ("smallint", "integer", "bigint")
    return bool(ours and theirs and int(theirs[2]) >= int(ours[2]))
