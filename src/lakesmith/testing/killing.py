"""Loads in processes of their own, which die at a crash point as in a power cut."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

from lakesmith.host import crash

if TYPE_CHECKING:
    from lakesmith.testing.trial import Trial

# Imported once, by the server that processes are forked from; nothing of it starts a thread before it is used.
PRELOADED = [
    "lakesmith.lake.catalogs.opening",
    "lakesmith.lake.commits.load",
    "lakesmith.lake.staging.stage",
    "lakesmith.shape.profile",
    "lakesmith.shape.shaper",
    "lakesmith.testing.trial",
    "polars",
    "pyarrow.parquet",
]


@dataclass(frozen=True, slots=True)
class Ended:
    """How loads ended, by lake: those that `died` at their crash point, and what the others that failed complained of."""

    died: tuple[str, ...]
    complaints: Mapping[str, str]


def load_all(trial: Trial, points: Mapping[str, str]) -> Ended:
    """Load into every lake named in `points` at the same time; each load dies at its crash point, an empty one lets it live."""
    # Not forked from here: this process may run threads.
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    trial.lakes.mkdir(exist_ok=True)
    loads = {lake: context.Process(target=_load, args=(trial, lake, point)) for lake, point in points.items()}
    for process in loads.values():
        process.start()
    for process in loads.values():
        process.join()
    return Ended(
        tuple(lake for lake, process in loads.items() if process.exitcode == -signal.SIGKILL),
        {
            lake: _complaint(trial, lake)
            for lake, process in loads.items()
            if process.exitcode not in (0, -signal.SIGKILL)
        },
    )


def _load(trial: Trial, lake: str, point: str) -> None:
    os.environ.update({crash.ARMED: point} if point else {})
    try:
        trial.load(lake)
    except Exception:  # noqa: BLE001 - whatever it was, the test that started this process tells it
        (trial.lakes / f"{lake}.txt").write_text(traceback.format_exc())
        sys.exit(1)


def _complaint(trial: Trial, lake: str) -> str:
    told = trial.lakes / f"{lake}.txt"
    return told.read_text() if told.exists() else "its process ended without a word"
