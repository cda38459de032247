"""What the machine says of this process: seconds of processors, memory, and which start of the machine this is."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of one unit of `ru_maxrss`."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a stretch of work took: seconds of processors, and the most memory that was held meanwhile; None is unknown.

    Children count once they have ended and were waited for. The most memory is exact where it is the most of the whole process so far;
    else it is the larger of what was held when the stretch began and when it ended.
    """

    cpu_s: float | None
    peak_rss_bytes: int | None


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much was used when a stretch of work began; `read` tells what it took up to now."""

    cpu_s: float
    rss: int | None
    peak: int | None
    peak_of_children: int | None

    @classmethod
    def begin(cls) -> Gauge:
        """Take note of now."""
        return cls(cpu_seconds(), rss_bytes(), *_peaks())

    def read(self) -> Effort:
        """Return what was used since."""
        peak, of_children = _peaks()
        held = [self.rss, rss_bytes()]
        held += [now for now, before in ((peak, self.peak), (of_children, self.peak_of_children)) if now != before]
        known = [each for each in held if each is not None]
        return Effort(round(max(0.0, cpu_seconds() - self.cpu_s), 4), max(known, default=peak))


def cpu_seconds() -> float:
    """Return the seconds of processors that this process took, and those of its children that have ended."""
    took = os.times()
    return took.user + took.system + took.children_user + took.children_system


def rss_bytes() -> int | None:
    """Return the memory that this process holds now; None where the machine does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - asked often
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def peak_rss_bytes() -> int | None:
    """Return the most memory that this process, or one of its children that have ended, ever held; None where nobody knows."""
    return max((peak for peak in _peaks() if peak is not None), default=None)


@cache
def boot_id() -> str:
    """Return what tells this start of the machine from others; empty where the machine does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _peaks() -> tuple[int | None, int | None]:
    """Return the most memory that this process ever held, and the most of a child."""
    try:
        import resource
    except ImportError:  # Windows
        return None, None
    own, children = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return resource.getrusage(own).ru_maxrss * _UNIT, resource.getrusage(children).ru_maxrss * _UNIT
