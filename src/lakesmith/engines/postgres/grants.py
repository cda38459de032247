"""Rights that people were given on what readers open: a schema that is swapped in gets those of the one that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql

if TYPE_CHECKING:
    import psycopg

ON_SCHEMA = """select r.rolname, a.privilege_type, a.is_grantable, null
    from pg_namespace n cross join aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
    where n.nspname = %s and a.grantee <> n.nspowner"""
ON_WHAT_COMES = """select r.rolname, a.privilege_type, a.is_grantable, null
    from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace
    cross join aclexplode(d.defaclacl) a left join pg_roles r on r.oid = a.grantee
    where n.nspname = %s and d.defaclobjtype = 'r' and d.defaclrole = (select oid from pg_roles where rolname = current_user)"""
ON_RELATIONS = """select r.rolname, a.privilege_type, a.is_grantable, c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
    where n.nspname = %s and c.relkind = 'v' and a.grantee <> c.relowner"""
ON_COLUMNS = """select r.rolname, a.privilege_type, a.is_grantable, c.relname, t.attname
    from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
    cross join aclexplode(t.attacl) a left join pg_roles r on r.oid = a.grantee
    where n.nspname = %s and c.relkind = 'v' and t.attnum > 0 and a.grantee <> c.relowner"""


def carry_over(connection: psycopg.Connection[Any], old: str, new: str, *, relations: bool = False) -> None:
    """Give the schema `new` the rights people have on `old` and on what comes into it, or its relations those on the same names."""
    if relations:
        there = {name for (name,) in connection.execute("select viewname from pg_views where schemaname = %s", [new])}
        for to, right, grantable, name in connection.execute(ON_RELATIONS, [old]).fetchall():
            if name in there:
                _grant(connection, f"grant {right} on {sql.relation(new, name)}", to, grantable=grantable)
        _carry_columns(connection, old, new)
        return
    for to, right, grantable, _ in connection.execute(ON_SCHEMA, [old]).fetchall():
        _grant(connection, f"grant {right} on schema {sql.name(new)}", to, grantable=grantable)
    for to, right, grantable, _ in connection.execute(ON_WHAT_COMES, [old]).fetchall():
        _grant(
            connection,
            f"alter default privileges in schema {sql.name(new)} grant {right} on tables",
            to,
            grantable=grantable,
        )


def _carry_columns(connection: psycopg.Connection[Any], old: str, new: str) -> None:
    there = set(
        connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = %s", [new]
        ).fetchall()
    )
    for to, right, grantable, name, column in connection.execute(ON_COLUMNS, [old]).fetchall():
        if (name, column) in there:
            what = f"grant {right} ({sql.name(column)}) on {sql.relation(new, name)}"
            _grant(connection, what, to, grantable=grantable)


def _grant(connection: psycopg.Connection[Any], grant: str, to: str | None, *, grantable: bool) -> None:
    whom = "public" if to is None else sql.name(to)
    connection.execute(f"{grant} to {whom}{' with grant option' if grantable else ''}")
