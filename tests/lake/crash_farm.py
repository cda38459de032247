"""Kills a load at every crash point: one child per point, forked from a process that has imported all it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyarrow.parquet  # noqa: F401 - forked children must not import it again
from lake_loading import STREAM, open_lake, resume

from lakesmith.host import crash
from lakesmith.lake import CRASH_POINTS
from lakesmith.lake.commits.load import commit_load  # noqa: F401 - likewise


def load_in_child(root: Path, armed: str, until: int) -> int:
    """Load in a child process that dies at `armed`; return how it ended."""
    child = os.fork()
    if child == 0:
        os.environ[crash.ARMED] = armed
        resume(open_lake(root).table(STREAM), until, files=100)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main(folder: Path) -> None:
    for already in (0, 1):
        for name in CRASH_POINTS:
            root = folder / f"{already}-{name}"
            if already:
                load_in_child(root, "none", already)
            status = load_in_child(root, name, already + 1)
            sys.stdout.write(f"{root.name} {os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
