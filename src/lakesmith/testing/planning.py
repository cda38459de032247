"""Planning in a process that has imported nothing yet. `python -m lakesmith.testing.planning FILE`: a pickled class and context."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.model.streams import SourceContext

HEAVY = ("duckdb", "numpy", "pandas", "polars", "pyarrow", "pyiceberg")


@dataclass(frozen=True, slots=True)
class Planned:
    """How planning went: the heavy packages it imported, and what it complained of if it failed."""

    imported: tuple[str, ...]
    complaint: str


def plan_alone(kind: type[Any], context: SourceContext) -> Planned:
    """Make a source and plan its first stream in a new process with the import path of this one."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "source"
        file.write_bytes(pickle.dumps((kind, context)))
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(file)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    if done.returncode:
        return Planned((), done.stderr)
    return Planned(tuple(json.loads(done.stdout.splitlines()[-1])), "")


def main(file: str) -> None:
    """Plan, and write on standard output which heavy packages are imported now."""
    from lakesmith.model.streams import Ask

    kind, context = pickle.loads(Path(file).read_bytes())  # noqa: S301 - our own parent wrote it a moment ago
    list(kind(context).splits(context.streams[0], Ask()))
    sys.stdout.write(json.dumps([name for name in HEAVY if name in sys.modules]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
