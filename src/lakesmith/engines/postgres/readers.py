"""Views that read a table of bronze, which has to be changed under them: those that dbt built go and come back, those of people stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.errors import ConfigError

if TYPE_CHECKING:
    import psycopg

VIEWS = """with recursive found (oid) as (
        select 'TABLE'::regclass::oid union
        select r.ev_class from found f
        join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = f.oid and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite r on r.oid = d.objid)
    select n.nspname, c.relname, c.relkind = 'm', n.nspname like 'ls\\_%\\_build\\_\\_%'
    from found f join pg_class c on c.oid = f.oid join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') order by 1, 2"""


def drop(connection: psycopg.Connection[Any], schema: str, table: str) -> None:
    """Drop the views of builds that read a table; dbt makes them anew.

    Raises:
        ConfigError: If somebody else has a view on it, or on one of those.
    """
    query = VIEWS.replace("'TABLE'", sql.text(sql.relation(schema, table)))
    views = connection.execute(query).fetchall()
    if theirs := [f"{where}.{name}" for where, name, _, is_built in views if not is_built]:
        raise ConfigError(
            f"{', '.join(theirs)} {'reads' if len(theirs) == 1 else 'read'} {schema}.{table}, whose columns have to change; "
            "somebody else made that, so it was not dropped.",
            where=f"{schema}.{table}",
            fix="drop it, run, and make it again; or make it a model, which is built anew with each run",
        )
    for where, name, is_held, _ in views:
        kind = "materialized view" if is_held else "view"
        connection.execute(f"drop {kind} if exists {sql.relation(where, name)} cascade")
