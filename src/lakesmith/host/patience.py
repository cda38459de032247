"""Waiting for somebody else, which ends at once when a person wants to stop."""

from __future__ import annotations

from lakesmith.host.stop import Stop

STEP_S = 0.2
"""A signal is heard between two such steps, not inside of one."""


class Patience:
    """Waits in real time. A test puts one in its place that moves a clock instead."""

    def wait(self, seconds: float, stop: Stop) -> None:
        """Wait so long.

        Raises:
            StopRequestedError: If somebody asks to stop meanwhile.
        """
        left = seconds
        while left > 0:
            stop.check()
            stop.pause(min(left, STEP_S))
            left -= STEP_S
        stop.check()
