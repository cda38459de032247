"""What time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A wall clock in aware UTC and a steady one in seconds."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC."""
        ...

    def steady_s(self) -> float:
        """Return seconds that never go back, for durations."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC."""
        return datetime.now(UTC)

    def steady_s(self) -> float:
        """Return seconds that never go back, for durations."""
        return time.perf_counter()
