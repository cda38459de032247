"""What a query finds, as plain values; and how it finds a few rows among millions: by jumps along an index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, FromClause, Select, Table, func, select

from lakesmith.monitor import tables


def rows_of(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the rows that a query finds, each by the names of its columns."""
    return [dict(row) for row in connection.execute(query).mappings()]


def every_value(table: Table, name: str) -> CTE:
    """Return every `value` of a column that an index begins with, and null at their end: one jump along the index for each."""
    first, other = table.alias("first"), table.alias("other")
    found = select(func.min(first.c[name]).label("value")).cte("every_value", recursive=True)
    following = select(func.min(other.c[name])).where(other.c[name] > found.c.value).scalar_subquery()
    return found.union_all(select(following).where(found.c.value.is_not(None)))


def ids_of_newest(mine: FromClause, *wanted: ColumnElement[bool]) -> Select[Any]:
    """Ask for the id of the newest load of each stream: one jump along the index for each, instead of a look at every load there is.

    Args:
        mine: An alias of the table of loads.
        wanted: What is asked of a load by that alias.
    """
    streams = every_value(tables.table_load, "stream")
    newest = (
        select(mine.c.load_id)
        .where(mine.c.stream == streams.c.value, *wanted)
        .order_by(mine.c.finished_at.desc(), mine.c.load_id.desc())
        .limit(1)
        .correlate(streams)
        .scalar_subquery()
    )
    found = select(newest.label("load_id")).select_from(streams).cte("newest")
    return select(found.c.load_id)
