"""One child process, measured by the kernel: wall time, processor time, and the most memory it or a child of it held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

COMMAND = "LAKESMITH_BENCH_COMMAND"
"""The environment variable with the `lakesmith` that is measured, of an environment with nothing but what it needs; left out, it is the one
beside this Python, whose libraries for tests make others slower to load."""

PYTHON = sys.executable
LAKESMITH = os.environ.get(COMMAND) or str(Path(sys.executable).with_name("lakesmith"))


@dataclass(frozen=True)
class Measured:
    """What one process cost; `note` says so if it did not end well."""

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    note: str = ""


@dataclass(frozen=True)
class Result:
    """One line of `results.json`; None where there is nothing to say. `ratio` is ours divided by the first peer.

    `peers_equal` says of the peers whose contents were compared whether they are the source's.
    """

    name: str
    seconds: float
    limit_seconds: float | None = None
    ratio: float | None = None
    peak_rss_mb: float | None = None
    cpu_seconds: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)
    content_equal: bool | None = None
    peers_equal: Mapping[str, bool] | None = None


def measure(*command: str, cwd: Path | None = None, limit_s: float | None = None) -> Measured:
    """Run a command to its end. One with a limit is ended there, with all it began, and it may fail: its note says so.

    Raises:
        SystemExit: If one without a limit fails.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, start_new_session=limit_s is not None)
    ended = threading.Event()
    if limit_s is not None:
        threading.Thread(target=_end_after, args=(child.pid, limit_s, ended), daemon=True).start()
    _, status, used = os.wait4(child.pid, 0)
    seconds, note = time.perf_counter() - began, "ended at its limit" if ended.is_set() else ""
    ended.set()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode and limit_s is not None:
        note = note or f"failed with {child.returncode}"
    elif child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes here
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6, note)


def _end_after(leader: int, limit_s: float, ended: threading.Event) -> None:
    """End a process and all it began, unless it has ended by then."""
    if not ended.wait(limit_s):
        ended.set()
        os.killpg(leader, signal.SIGKILL)


def best(times: int, *command: str, cwd: Path | None = None) -> Measured:
    """Return the fastest of several runs: what disturbs a short process only ever makes it slower."""
    return min((measure(*command, cwd=cwd) for _ in range(times)), key=lambda one: one.seconds)


def result(name: str, ours: Measured, peers: Mapping[str, Measured] | None = None, **more: object) -> Result:
    """Return one line; the ratio is that of wall times, ours by the first peer's."""
    told = {f"{peer}, {one.note}" if one.note else peer: round(one.seconds, 3) for peer, one in (peers or {}).items()}
    first = next(iter(told.values()), None)
    facts: dict[str, object] = {
        "ratio": round(ours.seconds / first, 3) if first else None,
        "peak_rss_mb": round(ours.peak_rss_mb, 1),
        "cpu_seconds": round(ours.cpu_seconds, 3),
        "peers": told,
        **more,
    }
    return Result(name, round(ours.seconds, 3), **facts)  # type: ignore[arg-type]


def python(program: str, *arguments: object) -> tuple[str, ...]:
    """Return the command that runs a program given as text."""
    return (PYTHON, "-c", program, *map(str, arguments))
