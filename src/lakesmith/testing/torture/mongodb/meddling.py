"""What is done to the processes that read: they are killed, or their cursors on the server are."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE, MUTANT = "LAKESMITH_TORTURE_CURSOR", "LAKESMITH_TORTURE_MUTANT"
"""What a reader is told in its environment: a file that says that its cursor is to die, and in which way it is wrong."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the readers of a load are told; whoever sees the `file` first takes it away, and kills a cursor."""

    file: Path

    def environment(self) -> Mapping[str, str]:
        """Return it as an environment says it."""
        return {FILE: str(self.file)}


def kill_children(parent: int) -> int:
    """Kill the processes that a process has started; return how many there were."""
    count = 0
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listed.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
                    count += 1
    return count
