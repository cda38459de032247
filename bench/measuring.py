"""One child process, measured by the kernel: wall time, processor time, and the most memory it or a child of it held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PYTHON = sys.executable
LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))


@dataclass(frozen=True)
class Measured:
    """What one process cost."""

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float


@dataclass(frozen=True)
class Result:
    """One line of `results.json`; None where there is nothing to say. `ratio` is ours divided by the first peer."""

    name: str
    seconds: float
    limit_seconds: float | None = None
    ratio: float | None = None
    peak_rss_mb: float | None = None
    cpu_seconds: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)
    content_equal: bool | None = None


def measure(*command: str, cwd: Path | None = None) -> Measured:
    """Run a command to its end.

    Raises:
        SystemExit: If it fails.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes here
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6)


def best(times: int, *command: str, cwd: Path | None = None) -> Measured:
    """Return the fastest of several runs: what disturbs a short process only ever makes it slower."""
    return min((measure(*command, cwd=cwd) for _ in range(times)), key=lambda one: one.seconds)


def result(name: str, ours: Measured, peers: Mapping[str, Measured] | None = None, **more: object) -> Result:
    """Return one line; the ratio is that of wall times, ours by the first peer's."""
    told = {peer: round(one.seconds, 3) for peer, one in (peers or {}).items()}
    first = next(iter(told.values()), None)
    facts: dict[str, object] = {
        "ratio": round(ours.seconds / first, 3) if first else None,
        "peak_rss_mb": round(ours.peak_rss_mb, 1),
        "cpu_seconds": round(ours.cpu_seconds, 3),
        "peers": told,
        **more,
    }
    return Result(name, round(ours.seconds, 3), **facts)  # type: ignore[arg-type]


def python(program: str, *arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the command that runs a program given as text."""
    return (PYTHON, "-c", program, *map(str, arguments))
