"""What is done to the processes that read: they are killed, or their cursors on the server are."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "LAKESMITH_TORTURE_CURSOR"
"""What tells a reader, in its environment, of a file that says that its cursor is to die."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the readers of a load are told; whoever sees the `file` first takes it away, and kills a cursor."""

    file: Path

    def environment(self) -> Mapping[str, str]:
        """Return it as an environment says it."""
        return {FILE: str(self.file)}


def kill_readers(victim: int) -> int:
    """Kill the processes that read for a victim, which are those that its nursery has forked; return how many there were."""
    count = 0
    for reader in [reader for nursery in _children(victim) for reader in _children(nursery)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(reader, signal.SIGKILL)
            count += 1
    return count


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, listed.read_text().split())
    return found
