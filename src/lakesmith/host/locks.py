"""One run at a time per project and target, on one machine."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lakesmith.errors import RunInProgressError
from lakesmith.host.files import storage_errors

if os.name == "nt":
    import msvcrt
else:
    import fcntl


@contextlib.contextmanager
def hold(path: Path, holder: dict[str, Any]) -> Iterator[None]:
    """Hold the lock file `path` for the length of a `with`; it says who holds it. The system frees it when the process dies.

    Args:
        path: The lock file; made if missing.
        holder: What another process is told while it waits outside: command, pid, since.

    Raises:
        RunInProgressError: If another process holds it.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    with file:
        if not _try_lock(file.fileno()):
            raise RunInProgressError(
                f"Another run is going on: {describe(path)}.",
                where=str(path),
                fix="wait until it has ended (`lakesmith status`), or stop it with Ctrl-C where it runs",
            )
        file.truncate(0)
        file.write(json.dumps(holder, sort_keys=True).encode())
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
            _unlock(file.fileno())


def describe(path: Path) -> str:
    """Return a sentence about who holds the lock: `lakesmith run`, process 123, since 06:00:12."""
    try:
        holder = json.loads(path.read_text())
    except (OSError, ValueError):
        return "its process does not say who it is"
    return f"`{holder.get('command', 'lakesmith')}`, process {holder.get('pid', '?')}, since {holder.get('since', '?')}"


def _try_lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    if os.name == "nt":
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
