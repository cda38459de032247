"""What recording costs a run: pairs of runs of the same project, one with its record, one without, by the processor's seconds.

The pairs stand side by side in time, each in an order drawn anew, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from measuring import PYTHON, Measured, Result, measure, python, result

PAIRS = 20
LIMIT = 1.02
"""How much of a run's processor time its record may take."""

RUN = """
import sys, lakesmith
folder, recorded = sys.argv[1], sys.argv[2] == "recorded"
if not recorded:
    from contextlib import contextmanager
    from lakesmith.api import running
    class Nothing:
        store = True  # the page is written all the same
        def record(self, event): pass
        def recorder(self, listeners=()): return self
        def ordinals(self): return {}
        def bury_the_lost(self): pass
        def flush(self): return False
        def finish(self, run_id): pass
    @contextmanager
    def nowhere(shop):
        yield Nothing()
    running.record_of = nowhere
state = lakesmith.open(folder).run(full_refresh=True).state
assert state in ("succeeded", "warned"), state
"""


def run_telemetry(folder: Path) -> Iterator[Result]:
    """Runs of the template's project that load a day and build everything; the ratio is the median of the pairs'."""
    project = folder / "recorded-project"
    measure(PYTHON, "-m", "lakesmith", "init", str(project), "--template", "b2b-sales")
    measure(PYTHON, "-m", "lakesmith.simulate", str(project), "--days", "1", "--scale", "1")
    measure(*python(RUN, str(project), "recorded"))  # the tables of the record are made once in a project's life
    chance, pairs = random.Random(7), []
    for number in range(PAIRS):
        pair = {}
        for kind in chance.sample(("recorded", "bare"), 2):
            copy = folder / f"{kind}-{number}"
            shutil.copytree(project, copy, ignore=shutil.ignore_patterns("lake", "warehouse"))
            pair[kind] = measure(*python(RUN, str(copy), kind))
            shutil.rmtree(copy)
        pairs.append(pair)
    ratio = statistics.median(pair["recorded"].cpu_seconds / pair["bare"].cpu_seconds for pair in pairs)
    ours, bare = (_middle([pair[kind] for pair in pairs]) for kind in ("recorded", "bare"))
    told = asdict(result("telemetry", ours, {"without a record": bare}))
    yield Result(**{**told, "ratio": round(ratio, 4), "limit_seconds": round(bare.cpu_seconds * LIMIT, 3)})


def _middle(runs: list[Measured]) -> Measured:
    """Return the run in the middle by its processor time."""
    return sorted(runs, key=lambda one: one.cpu_seconds)[len(runs) // 2]
