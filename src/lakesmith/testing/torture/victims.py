"""Processes that are forked to be killed, from one that has imported everything and run nothing."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lakesmith.host import crash

NEEDED = (
    "lakesmith.api.running",
    "lakesmith.api.project",
    "lakesmith.monitor.store",
    "lakesmith.run.survey",
    "duckdb",
    "lakesmith.lake.catalogs.opening",
    "lakesmith.lake.commits.load",
    "lakesmith.lake.commits.generations",
    "lakesmith.lake.upkeep.collect",
    "lakesmith.lake.upkeep.compact",
    "lakesmith.lake.contents.vanished",
    "lakesmith.lake.staging.stage",
    "lakesmith.shape.profile",
    "lakesmith.shape.shaper",
    "lakesmith.sources.files.source",
    "lakesmith.sources.files.formats.text.csv",
    "lakesmith.sources.files.formats.tables.excel",
    "lakesmith.sources.files.formats.nested.json",
    "lakesmith.sources.files.formats.nested.jsonl",
    "lakesmith.sources.files.formats.logs.combined",
    "lakesmith.sources.files.formats.tables.parquet",
    "lakesmith.sources.files.formats.nested.xml",
    "lakesmith.sources.files.unpacking.members",
    "lakesmith.sources.documents.source",
    "lakesmith.testing.trial",
    "lakesmith.testing.torture.oracle",
    "polars",
    "pyarrow.csv",
    "pyarrow.parquet",
    "pyiceberg.catalog.sql",
    "pyiceberg.table",
)
FAILED = 70


@dataclass(frozen=True, slots=True)
class End:
    """How a victim ended: `signal` that killed it (0: none), its exit `code`, and what it complained of."""

    signal: int
    code: int
    complaint: str = ""

    @property
    def was_killed(self) -> bool:
        """Whether it died as in a power cut."""
        return self.signal == signal.SIGKILL

    @property
    def went_well(self) -> bool:
        """Whether it came to its end."""
        return self.signal == 0 and self.code == 0


def import_everything() -> None:
    """Import what victims need. Nothing of it may start a thread: a fork would leave its locks held.

    Raises:
        RuntimeError: If something did.
    """
    for name in NEEDED:
        importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError(f"importing started threads: {[thread.name for thread in threading.enumerate()]}")


def run(act: Callable[[], object], place: Path, env: Mapping[str, str] | None = None) -> End:
    """Run `act` in a victim and wait for its end; `place` is a folder for its complaint."""
    return wait(start(act, place, env), place)


def start(act: Callable[[], object], place: Path, env: Mapping[str, str] | None = None) -> int:
    """Fork a victim that runs `act`; return its process id."""
    child = os.fork()
    if child:
        return child
    code = FAILED
    try:
        os.environ.update(env or {})
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - the parent tells it
        _complaint(place, os.getpid()).write_text(traceback.format_exc())
    finally:
        os._exit(code)


def wait(child: int, place: Path) -> End:
    """Wait for the end of a victim."""
    status = os.waitpid(child, 0)[1]
    told = _complaint(place, child)
    complaint = told.read_text() if told.exists() else ""
    told.unlink(missing_ok=True)
    if os.WIFSIGNALED(status):
        return End(os.WTERMSIG(status), 0, complaint)
    return End(0, os.WEXITSTATUS(status), complaint)


def run_until(act: Callable[[], object], place: Path, after_s: float) -> End:
    """Run `act` in a victim and kill it after some seconds, if it still lives."""
    child = start(act, place)
    time.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return wait(child, place)


def log_points(act: Callable[[], object], place: Path) -> tuple[End, list[str]]:
    """Run `act` unharmed; return the crash points that it passed, each as `name:n`, in their order."""
    log = place / "points.log"
    log.unlink(missing_ok=True)
    end = run(act, place, {crash.LOG: str(log)})
    return end, log.read_text().split() if log.exists() else []


def killed_at(point: str) -> dict[str, str]:
    """Return the environment in which a victim dies at a crash point."""
    return {crash.ARMED: point}


def _complaint(place: Path, child: int) -> Path:
    return place / f"complaint-{child}.txt"
