"""One process at a time decides: a row that each has to write first."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from lakesmith.about import __version__
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore


@contextmanager
def alone(store: RunStore, component: str, now: datetime) -> Iterator[tuple[Connection, str]]:
    """Yield a transaction that no other process is in under the same name, and what the last one left there (`leave`).

    Args:
        store: The record of runs.
        component: A name in the table of heartbeats, whose row is taken.
        now: The time, aware.
    """
    _make_sure(store, component, now)
    table = tables.heartbeat
    mine = table.c.component == component
    with store.engine.begin() as connection:
        # the write comes first: it takes the row, or on SQLite the file, before anything is read
        connection.execute(update(table).where(mine).values(seen_at=stamp(now), pid=os.getpid()))
        detail = connection.execute(select(table.c.detail).where(mine)).scalar()
        yield connection, str(detail or "")


def leave(connection: Connection, component: str, detail: str) -> None:
    """Leave something for the next who comes."""
    table = tables.heartbeat
    connection.execute(update(table).where(table.c.component == component).values(detail=detail))


def _make_sure(store: RunStore, component: str, now: datetime) -> None:
    table = tables.heartbeat
    with store.engine.connect() as connection:
        if connection.execute(select(table.c.component).where(table.c.component == component)).first():
            return
    row = {
        "component": component,
        "seen_at": stamp(now),
        "started_at": stamp(now),
        "detail": "",
        "version": __version__,
        "host": platform.node()[:128],
        "pid": os.getpid(),
    }
    try:
        with store.engine.begin() as connection:
            connection.execute(insert(table), [row])
    except IntegrityError:
        return  # another process was first
