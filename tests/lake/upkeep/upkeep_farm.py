"""Kills upkeep at every crash point: one child per point, forked from a process that has imported all it needs and run nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import duckdb  # noqa: F401 - forked children must not import it again
import pyarrow.parquet  # noqa: F401 - likewise
from lake_loading import STREAM, open_batch, open_lake, resume
from upkeep_tools import EAGER, grow_older, load, sweep

from lakesmith.host import crash
from lakesmith.host.system import Host
from lakesmith.lake.points import METADATA_WRITTEN
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.collect import collect  # noqa: F401 - likewise
from lakesmith.lake.upkeep.compact import compact  # noqa: F401 - likewise
from lakesmith.lake.upkeep.points import COLLECT_POINTS, COMPACT_POINTS

LOADS = 4
# The metadata file of the compaction is written after those of the loads.
COMPACTING = (*COMPACT_POINTS, METADATA_WRITTEN)


def compacting(table: Any) -> None:
    """Load what is missing, then compact."""
    resume(table, LOADS)
    tend(table, EAGER)


def recover_compacting(table: Any) -> None:
    """Do what the next run does, whose compaction may die as well."""
    resume(table, LOADS + 1)
    tend(table, EAGER)


def littered(table: Any) -> None:
    """Leave files that nobody needs, all of them old."""
    load(table, 0)
    open_batch(table, 8)
    load(table, 1)
    grow_older(table.services.layout.root, 10)


def in_child(root: Path, armed: str, work: Callable[[Any], None]) -> int:
    """Work in a child process that dies at `armed`; return the signal that ended it."""
    child = os.fork()
    if child == 0:
        os.environ.pop(crash.ARMED, None)
        if armed:
            os.environ[crash.ARMED] = armed
        work(open_lake(root, Host()).table(STREAM))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def sweeping(table: Any) -> None:
    """Run the collector."""
    sweep(open_lake(Path(table.services.layout.root), Host()))


def main(folder: Path) -> None:
    for point in COMPACTING:
        root = folder / point
        in_child(root, "", lambda table: resume(table, LOADS))
        first = in_child(root, point, compacting)
        second = in_child(root, point, recover_compacting)
        sys.stdout.write(f"{point} {first} {second}\n")
    for point in COLLECT_POINTS:
        root = folder / point
        in_child(root, "", littered)
        first = in_child(root, point, sweeping)
        grow_older(root, 1.01)
        second = in_child(root, point, sweeping)
        sys.stdout.write(f"{point} {first} {second}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
