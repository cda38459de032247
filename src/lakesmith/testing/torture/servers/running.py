"""Servers of our own: begun as programs, waited for, ended hard, and taken away whatever ends us."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

WAIT_S = 60.0


class Server(Protocol):
    """A server whose state is in its folder alone, so that any process may start and stop it."""

    @property
    def folder(self) -> Path:
        """The folder."""

    def start(self) -> None:
        """Start it, and wait until it answers; what it needs is made where it is not there."""

    def stop(self) -> None:
        """End it as in a crash, and wait until it is gone."""


AnyServer = TypeVar("AnyServer", bound=Server)


@contextlib.contextmanager
def serving(make: Callable[[Path, int], AnyServer], prefix: str, count: int) -> Iterator[list[AnyServer]]:
    """Run so many servers for the length of a `with`, which a signal ends as well.

    Args:
        make: Returns the server of a folder and a port.
        prefix: How the names of folders begin.
        count: How many there are.
    """
    servers: list[AnyServer] = []
    with _signals_told(), contextlib.ExitStack() as left:
        left.callback(_take_away, servers)
        for _number in range(count):
            servers.append(make(Path(tempfile.mkdtemp(prefix=prefix)), _free_port()))
            servers[-1].start()
        yield servers


def begin(command: Sequence[str], folder: Path, user: int | None = None) -> subprocess.Popen[bytes]:
    """Begin a program in its folder, whose output goes to the file `log` there, as another `user` where one is given."""
    with log_of(folder).open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=folder,
            start_new_session=True,
        )


def wait_for(process: subprocess.Popen[bytes], answers: Callable[[], bool], folder: Path) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: If it ends, or takes too long.
    """
    give_up = time.monotonic() + WAIT_S
    while not answers():
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"the server did not start:\n{log_of(folder).read_text()[-2000:]}")
        time.sleep(0.02)


def end(pid: int, kind: signal.Signals) -> None:
    """Send a signal to a process, and wait until it is gone.

    Raises:
        RuntimeError: If it takes too long.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, kind)
    give_up = time.monotonic() + WAIT_S
    while not _is_gone(pid):
        if time.monotonic() > give_up:
            raise RuntimeError("the server does not end")
        time.sleep(0.01)


def log_of(folder: Path) -> Path:
    """Return the file of what a server says."""
    return folder / "log"


def _take_away(servers: Sequence[Server]) -> None:
    for server in servers:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@contextlib.contextmanager
def _signals_told() -> Iterator[None]:
    """Let SIGTERM and SIGINT end this process by an exception, once: what is open is put in order, and not disturbed at it."""
    leader = os.getpid()

    def tell(number: int, _frame: object) -> None:
        """Raise in the process that has the servers; any other one, forked from it, ends as it would without us."""
        if os.getpid() != leader:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        for kind in before:
            signal.signal(kind, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    before = {kind: signal.signal(kind, tell) for kind in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _is_gone(pid: int) -> bool:
    """Whether a process is not there, or is a zombie that another process has to bury."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
