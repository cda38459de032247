"""Rows that are of no run alone, read by their numbers, which only grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from lakesmith.monitor.exports.telemetry.contents import Content
from lakesmith.monitor.exports.telemetry.pages import Page, canonical
from lakesmith.monitor.exports.telemetry.places import reading

BEGINNING = canonical({"at": "", "number": 0})
"""Where nothing is read yet."""


def news(engine: Engine, content: Content, position: bytes | None) -> bytes | None:
    """Return what `pages` needs to read what is new, None if nothing is."""
    with reading(engine, settled=content.table.name) as connection:
        after, since = _after(connection, content, json.loads(position or BEGINNING))
        query = select(func.max(content.number)).select_from(content.rows).where(after)
        until = connection.execute(query).scalar()
    return None if until is None else canonical({**since, "until": until})


def pages(engine: Engine, content: Content, token: bytes, size: int) -> Iterator[Page]:
    """Yield the rows that `news` found, `size` at a time."""
    told = json.loads(token)
    number, at = _numbers(content)
    since, last = told["above"], told["number"]
    while last < told["until"]:
        wanted = (number > last, number <= told["until"], at > since)
        columns = [column.label(name) for name, column in content.columns.items()]
        stretch = select(*columns, number.label("_number"), at.label("_at")).select_from(content.rows)
        stretch = stretch.where(*wanted).order_by(*content.order).limit(size)
        with reading(engine) as connection:
            rows = [dict(row) for row in connection.execute(stretch).mappings()]
            counted = connection.execute(select(func.count()).select_from(stretch.subquery())).scalar() or 0
        if not rows:
            return
        first, last, reached = rows[0]["_number"], rows[-1]["_number"], rows[-1]["_at"]
        plain = [{name: row[name] for name in content.columns} for row in rows]
        yield Page(plain, counted, canonical({"at": reached, "number": last}), f"{content.table.name} {first}..{last}")


def _after(
    connection: Connection, content: Content, mark: dict[str, Any]
) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """Return what is new by a position, and the number and the time that it lies above.

    Where the row that the position names is gone or another one, the store let it go or began to count anew: the time tells then.
    """
    number, at = _numbers(content)
    found = connection.execute(select(at).select_from(content.table).where(number == mark["number"])).scalar()
    if not mark["number"] or found == mark["at"]:
        return number > mark["number"], {"number": mark["number"], "above": ""}
    return at > mark["at"], {"number": 0, "above": mark["at"]}


def _numbers(content: Content) -> tuple[Any, Any]:
    return content.number, content.at
