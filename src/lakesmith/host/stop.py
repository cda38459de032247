"""Ctrl-C stops at a safe point: the first asks, the second insists."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class StopRequestedError(Exception):
    """Raised at a safe point after a person or the system asked to stop. Not a fault."""


class Stop:
    """A wish to stop that work looks at between batches."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask to stop at the next safe point."""
        self._event.set()

    def pause(self, seconds: float) -> None:
        """Do nothing for so long, or until somebody asks to stop."""
        self._event.wait(seconds)

    def check(self) -> None:
        """Mark a safe point.

        Raises:
            StopRequestedError: If somebody asked to stop.
        """
        if self._event.is_set():
            raise StopRequestedError

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into a request; the second signal has its usual effect. Does nothing outside the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def ask(_number: int, _frame: FrameType | None) -> None:
            """Note the wish, and give the next signal its usual effect."""
            self.request()
            for number, handler in before.items():
                signal.signal(number, handler)

        try:
            for number in before:
                signal.signal(number, ask)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
