"""What a worker may do: read the one file it was given, with so much memory, until its parent ends; write nothing, call nobody."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import sys
from typing import Any

MEGA = 1024 * 1024
OPEN_FILES = 64
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED = {
    *("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
    *("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "pty.spawn"),
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("shutil.copyfile", "shutil.move", "shutil.rmtree", "shutil.unpack_archive", "urllib.Request", "webbrowser.open"),
}


class RefusedError(PermissionError):
    """Something a document must not make its reader do."""


def end_with_parent(lifeline: int) -> None:
    """Have the kernel end this process when the other end of the pipe `lifeline` closes, whatever it is busy with then.

    A thread that waits for that would not do: a parser that hangs in C code may never let it run.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    if select.select([lifeline], [], [], 0)[0]:  # nobody ever writes: the parent had ended before
        os._exit(0)


def confine(memory_mb: int) -> None:
    """Bound memory, forbid files to be written and processes and connections to be started; for good.

    The kernel holds memory and files. Where it cannot (memory on macOS) and for the rest, Python's own audit holds, which stops
    what goes through Python only.
    """
    for kind, amount in (
        (resource.RLIMIT_AS, memory_mb * MEGA),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        _lower(kind, amount)
    sys.addaudithook(_judge)


def _lower(kind: int, amount: int) -> None:
    _, hard = resource.getrlimit(kind)
    wanted = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    try:
        resource.setrlimit(kind, (wanted, wanted))
    except (ValueError, OSError):  # macOS has no limit on address space
        if sys.platform == "linux":
            raise


def _judge(event: str, args: tuple[Any, ...]) -> None:
    if event in _REFUSED:
        raise RefusedError(f"a document must not cause {event}")
    if event == "open" and len(args) > 2 and isinstance(args[2], int) and args[2] & WRITING:  # noqa: PLR2004 - path, mode, flags
        raise RefusedError("a document must not cause a file to be written")
