"""Runs that say they are under way and are not: whose process is gone, or whose lease is over."""

from __future__ import annotations

import os
import platform
from datetime import datetime

from sqlalchemy import select

from lakesmith.host.measuring import boot_id
from lakesmith.monitor import tables
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp


def lost_runs(store: RunStore, target: str, *, now: datetime, shared: bool) -> list[str]:
    """Return the runs of a target that have no end and will get none; to be asked by who holds the lock of the target's runs.

    Args:
        store: The record.
        target: The target.
        now: The time.
        shared: Whether machines or folders with locks of their own write to the same store: then a run whose lease goes on is left
            alone, unless its process is known to be gone.
    """
    run = tables.run
    query = select(run).where(run.c.state == "running", run.c.target == target).order_by(run.c.started_at)
    with store.engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return [row["run_id"] for row in found if not shared or row["lease_until"] < stamp(now) or _is_gone(row)]


def _is_gone(row: dict[str, object]) -> bool:
    """Whether the process of a run was one of this machine, and is not there any more."""
    if row["host"] != platform.node() or not row["boot_id"]:
        return False
    if row["boot_id"] != boot_id():
        return True
    if row["pid"] == os.getpid():
        return False
    try:
        os.kill(int(str(row["pid"])), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
