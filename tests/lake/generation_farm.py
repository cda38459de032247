"""Kills builds, swaps, rollbacks and expiring loads at their crash points: one child per point, as `crash_farm` does it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet  # noqa: F401 - forked children must not import it again
from lake_building import build, open_aside
from lake_loading import STREAM, SetClock, open_lake, resume

from lakesmith.host import Host, crash
from lakesmith.lake import Table
from lakesmith.lake.commits.expiry import KEEP_PROPERTY
from lakesmith.lake.commits.generations import swap  # noqa: F401 - likewise
from lakesmith.lake.points import COMMIT_LANDED, COMMIT_PREPARED, EXPIRY_POINTS, ROLLBACK_POINTS, SWAP_POINTS


def two_loads(table: Table) -> None:
    resume(table, 2)


def built(table: Table) -> None:
    resume(table, 2)
    build(table, 7, 8)


def begun(table: Table) -> None:
    resume(table, 2)
    open_aside(table, 7, fresh=True, open_splits=("b",)).commit()


def about_to_expire(table: Table) -> None:
    resume(table, 1)
    with table.services.catalog().load_table((STREAM.source, STREAM.name)).transaction() as transaction:
        transaction.set_properties({KEEP_PROPERTY: "2"})
    resume(table, 2)


ACTS: dict[str, tuple[Callable[[Table], None], Callable[[Table], object], tuple[str, ...]]] = {
    "fresh": (two_loads, lambda table: build(table, 7), (COMMIT_PREPARED, COMMIT_LANDED)),
    "continue": (begun, lambda table: open_aside(table, 8).commit(), (COMMIT_PREPARED, COMMIT_LANDED)),
    "swap": (built, lambda table: table.swap(table.head()), SWAP_POINTS),
    "rollback": (two_loads, lambda table: table.rollback(table.history()[-1].snapshot_id), ROLLBACK_POINTS),
    "expire": (about_to_expire, lambda table: resume(table, 3), EXPIRY_POINTS),
}


def run_in_child(root: Path, before: Callable[[Table], None], act: Callable[[Table], object], armed: str) -> int:
    """Make the state before, then act and die at `armed`, in a child process; return the signal that ended it."""
    child = os.fork()
    if child == 0:
        table = open_lake(root, Host(clock=SetClock(datetime.now(UTC)))).table(STREAM)
        before(table)
        os.environ[crash.ARMED] = armed
        act(table)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main(folder: Path) -> None:
    for name, (before, act, points) in ACTS.items():
        for point in points:
            root = folder / f"{name}-{point}"
            sys.stdout.write(f"{root.name} {run_in_child(root, before, act, point)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
