"""Runs a server as long as whoever began it lives, however that ends: a program of its own, for nobody can act after a `kill -9`.

What it reads is a pipe that only the one who began it holds open. At its end the server is asked to end, and ended if it does not.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

STOP_S = 20.0


def begin(
    command: Sequence[str],
    *,
    log: IO[bytes],
    cwd: Path,
    asks: signal.Signals = signal.SIGTERM,
    user: int | None = None,
    env: dict[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Begin a server; the process that is returned keeps it, passes signals on to it, and ends with its exit code.

    Args:
        command: Program and arguments; no shell.
        log: Where its output goes.
        cwd: The folder it runs in.
        asks: The signal that asks it to end.
        user: Who it runs as, also as group; this process's own when left out.
        env: Its environment; this process's own when left out.
    """
    words = [str(int(asks)), "" if user is None else str(user), *command]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, *words],  # nothing but the standard library: it is there at once
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd=cwd,
        env=env,
        start_new_session=os.name != "nt",  # Ctrl-C reaches us alone, who end the server when we are done with it
    )


def end(keeper: "subprocess.Popen[bytes]") -> None:
    """End a server with its keeper, and wait until both are gone."""
    if keeper.stdin:
        keeper.stdin.close()
    try:
        keeper.wait(STOP_S * 1.5)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


def keep(words: Sequence[str]) -> int:
    """Run a server until it ends, or nobody holds the other end of standard input; return its exit code."""
    asks, user, *command = words
    who = int(user) if user else None
    try:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, user=who, group=who, extra_groups=None if who is None else []
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 126
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: server.send_signal(number))
    threading.Thread(target=_end_with, args=(server, int(asks)), daemon=True).start()
    code = server.wait()
    return code if code >= 0 else 128 - code


def _end_with(server: "subprocess.Popen[bytes]", asks: int) -> None:
    while os.read(0, 4096):
        pass
    server.send_signal(asks)
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
