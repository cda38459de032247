"""Named points at which a test can kill the process. Nothing happens unless one is armed in the environment.

`LAKESMITH_CRASH=name` kills at the first pass of that point, `name:3` at the third; `LAKESMITH_CRASH_LOG=path` notes every point passed.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

ARMED = "LAKESMITH_CRASH"
LOG = "LAKESMITH_CRASH_LOG"

_passes: dict[str, int] = {}


def point(name: str) -> None:
    """Pass the crash point `name`; if it is armed, end this process at once, as a power cut would."""
    armed, log = os.environ.get(ARMED), os.environ.get(LOG)
    if armed is None and log is None:
        return
    _passes[name] = _passes.get(name, 0) + 1
    if log is not None:
        with Path(log).open("a") as file:
            file.write(f"{name}:{_passes[name]}\n")
    if armed is not None:
        wanted, _, nth = armed.partition(":")
        if wanted == name and _passes[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
