"""What must happen in another process: planning in a clean one, and loads that are killed at a crash point.

`python -m lakesmith.testing.child plan|load FILE`, where FILE holds a pickled `Order`; answers with JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.model.streams import SourceContext
    from lakesmith.testing.trial import Trial

HEAVY = ("duckdb", "numpy", "pandas", "polars", "pyarrow", "pyiceberg")
# What forked children need, imported once; none of it starts a thread before it is used.
_NEEDED = ("pyarrow.parquet", "polars", "lakesmith.lake.catalogs", "lakesmith.lake.commit", "lakesmith.lake.stage")
_SHAPE = ("lakesmith.shape.shaper", "lakesmith.shape.profile")


@dataclass(frozen=True, slots=True)
class Order:
    """What a child is asked: to plan with `kind(context)`, or to load into each lake named in `loads`, below the folder `lakes`.

    A load dies at the crash point given for its lake; an empty one lets it live. `again`: loads that died are run again.
    """

    kind: type[Any]
    context: SourceContext
    lakes: str = ""
    loads: Mapping[str, str] = field(default_factory=dict)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """How a child ended: its exit code, the value it wrote (None if it failed) and what it complained of."""

    code: int
    value: Any
    complaint: str


def ask(command: str, order: Order) -> Answer:
    """Run a child process on `order`. It sees the same import path as this process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "order"
        file.write_bytes(pickle.dumps(order))
        done = subprocess.run(
            [sys.executable, "-m", __name__, command, str(file)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    value = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
    return Answer(done.returncode, value, done.stderr)


def plan(order: Order) -> list[str]:
    """Make the source and plan; return the heavy packages that this imported."""
    from lakesmith.model.streams import Ask

    order.kind(order.context).splits(order.context.streams[0], Ask())
    return [name for name in HEAVY if name in sys.modules]


def load(order: Order) -> list[str]:
    """Load into each lake, each in a process of its own; return the lakes whose load died."""
    from lakesmith.testing.trial import Trial

    for module in (*_NEEDED, *_SHAPE):
        importlib.import_module(module)
    trial = Trial(order.kind, order.context, Path(order.lakes))
    died = [lake for lake, point in order.loads.items() if _dies(trial, lake, point)]
    for lake in died if order.again else ():
        _dies(trial, lake, "")
    return died


def _dies(trial: Trial, lake: str, point: str) -> bool:
    """Load in a forked process; return whether it was killed.

    Raises:
        SystemExit: If it failed instead.
    """
    from lakesmith.host import crash

    child = os.fork()
    if child == 0:
        os.environ.update({crash.ARMED: point} if point else {})
        try:
            trial.load(lake)
        except BaseException:  # noqa: BLE001 - a forked child has nobody above it to tell
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"the load into {lake} failed")
    return os.WIFSIGNALED(status)


_COMMANDS: dict[str, Callable[[Order], list[str]]] = {"plan": plan, "load": load}


def main(command: str, file: str) -> None:
    """Answer one order on standard output."""
    order: Order = pickle.loads(Path(file).read_bytes())  # noqa: S301 - our own parent wrote it a moment ago
    sys.stdout.write(json.dumps(_COMMANDS[command](order)) + "\n")


if __name__ == "__main__":
    # Under its real name: what was pickled there is not of the module `__main__`.
    importlib.import_module("lakesmith.testing.child").main(*sys.argv[1:])
