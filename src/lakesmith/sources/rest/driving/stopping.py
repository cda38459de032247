"""Who may end a wait: each reader of a split has a wish to stop of its own, and the layers below ask for the one of their thread."""

from __future__ import annotations

import threading

from lakesmith.host.stop import Stop


class Stops:
    """The wish to stop of whoever reads in a thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def use(self, stop: Stop) -> None:
        """Let this thread's waits end by `stop` from now on."""
        self._local.stop = stop

    @property
    def now(self) -> Stop:
        """The one of this thread; nobody ends its waits if it has none."""
        stop: Stop | None = getattr(self._local, "stop", None)
        return stop or Stop()
