"""Child processes: their lines as they come, and their end together with ours."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GRACE_S = 10.0


@dataclass(slots=True)
class Child:
    """A running child process; iterate over its output lines, then ask for its `code`."""

    process: subprocess.Popen[str]
    errors: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield lines of standard output without their ends."""
        if self.process.stdout is not None:
            for line in self.process.stdout:
                yield line.rstrip("\n")

    @property
    def code(self) -> int:
        """The exit code, once it has ended; waits for it."""
        return self.process.wait()


@contextlib.contextmanager
def running(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Run a command for the length of a `with`; it is asked to end, then ended, if the `with` is left before it is done.

    Args:
        command: Program and arguments; no shell.
        cwd: The folder it runs in.
        env: Variables added to this process's own.
    """
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=os.name != "nt",  # Ctrl-C reaches us alone, so that we choose the safe point
    )
    child = Child(process)
    drain = threading.Thread(target=_drain, args=(process, child.errors), daemon=True)
    drain.start()
    try:
        yield child
    finally:
        end(process)
        drain.join(timeout=1.0)


def start_module(
    module: str, words: Sequence[object], descriptors: Sequence[int], *, env: Mapping[str, str], cwd: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a module of ours as a process of its own, which speaks through descriptors that it inherits and nothing else.

    Args:
        module: Its name; it finds what this process finds, and nothing of the folder it runs in.
        words: What follows it on the command line.
        descriptors: What it inherits.
        env: Its environment, but for what Python needs.
        cwd: The folder it runs in; this process's own when left out.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *map(str, words)],
        env={**env, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=cwd,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us alone
    )


def end(process: subprocess.Popen[str]) -> None:
    """Ask a child to end; after ten seconds end it."""
    if process.poll() is not None:
        return
    process.send_signal(_polite())
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _polite() -> signal.Signals:
    """Return the signal that asks a child to end: SIGINT, unless it inherited from us (nohup, cron) that this one is ignored."""
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    return signal.SIGTERM if os.name == "nt" or ignored else signal.SIGINT


def _drain(process: subprocess.Popen[str], lines: list[str]) -> None:
    if process.stderr is not None:
        lines.extend(line.rstrip("\n") for line in process.stderr)
