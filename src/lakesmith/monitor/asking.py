"""What a query finds, as plain values; and how it finds the newest load of each stream among millions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from lakesmith.monitor import tables


def rows_of(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the rows that a query finds, each by the names of its columns."""
    return [dict(row) for row in connection.execute(query).mappings()]


def ids_of_newest(mine: FromClause, *wanted: ColumnElement[bool]) -> Select[Any]:
    """Ask for the id of the newest load of each stream: one jump along the index for each, instead of a look at every load there is.

    Args:
        mine: An alias of the table of loads.
        wanted: What is asked of a load by that alias.
    """
    first, other = (tables.table_load.alias(name) for name in ("first", "other"))
    names = select(func.min(first.c.stream).label("stream")).cte("names", recursive=True)
    following = select(func.min(other.c.stream)).where(other.c.stream > names.c.stream).scalar_subquery()
    names = names.union_all(select(following).where(names.c.stream.is_not(None)))
    newest = (
        select(mine.c.load_id)
        .where(mine.c.stream == names.c.stream, *wanted)
        .order_by(mine.c.finished_at.desc(), mine.c.load_id.desc())
        .limit(1)
        .correlate(names)
        .scalar_subquery()
    )
    found = select(newest.label("load_id")).select_from(names).cte("newest")
    return select(found.c.load_id)
