"""dbt without its start: children forked from a process that has imported dbt and knows its macros, and never ran it.

A stand-in for `dbt.cli.main` on PYTHONPATH asks for them, so that Lakesmith starts dbt as it always does. Four seconds of imports
and of macros for each build are saved; reading, building and testing a project are dbt's own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PACKAGE = Path(__file__).with_name("package")


@functools.cache
def address() -> str:
    """Start the process, once, to end with this one; return where it listens."""
    folder = tempfile.TemporaryDirectory(prefix="warm-dbt-")
    place = f"{folder.name}/line"
    line = socket.socket(socket.AF_UNIX)
    line.bind(place)
    line.listen()
    command = [sys.executable, "-P", __file__, str(line.fileno())]
    process = subprocess.Popen(
        command, pass_fds=[line.fileno()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    line.close()

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        folder.cleanup()

    atexit.register(end)
    return place


@contextlib.contextmanager
def warm_dbt():
    """Let processes that are started here have a warm dbt."""
    place = address()
    before = {name: os.environ.get(name) for name in ("PYTHONPATH", "WARM_DBT")}
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PACKAGE), before["PYTHONPATH"])))
    os.environ["WARM_DBT"] = place
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def serve(line: socket.socket) -> dict | None:
    """Fork for every connection. Return the order in the child that is to be dbt, None where its end has been told.

    Standard input ends when the tests do, however they do.
    """
    signal.signal(signal.SIGCHLD, bury)
    while True:
        if sys.stdin in select.select([line, sys.stdin], [], [])[0]:
            return None
        asked, _ = line.accept()
        if os.fork() == 0:
            line.close()
            return attend(asked)
        asked.close()


def bury(*_signal: object) -> None:
    """Take note of every child that has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def attend(asked: socket.socket) -> dict | None:
    """Read an order and fork once more; tell who carries it out, and how that ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answers = asked.makefile("rw")
    _, handles, _, _ = socket.recv_fds(asked, 1, 3)
    order = json.loads(answers.readline())
    child = os.fork()
    if child == 0:
        for place, handle in enumerate(handles):
            os.dup2(handle, place)
            os.close(handle)
        answers.close()
        asked.close()
        return order
    for handle in handles:
        os.close(handle)
    with contextlib.suppress(BrokenPipeError):  # who asked may have been killed
        answers.write(f"{child}\n")
        answers.flush()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.write(f"{code}\n")
        answers.flush()
    return None


class Exit:
    """Ends a child after all exit hooks without taking the libraries apart, as Lakesmith's own start of dbt does."""

    def __init__(self) -> None:
        self.code = 1
        atexit.register(self.leave)  # the first to register is the last to be called

    def leave(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.code)


def become(order: dict) -> int:
    """Be dbt; return the exit code."""
    from dbt.cli.main import cli
    from dbt_common.invocation import reset_invocation_id

    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(order["cwd"])
    sys.argv = ["-c", *order["arguments"]]
    reset_invocation_id()  # the id and the time of the start were those of the import
    try:
        cli()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def import_everything() -> None:
    """Import what dbt needs. Nothing of it may start a thread: a fork would leave its locks held."""
    import dbt.adapters.duckdb
    import dbt.cli.main
    import dbt.task.build  # noqa: F401

    sys.path.append(str(Path(__file__).parent))
    from dbt_by_heart import learn

    learn()
    assert threading.active_count() == 1, threading.enumerate()
    gc.freeze()


if __name__ == "__main__":
    leaving = Exit()
    import_everything()
    with socket.socket(fileno=int(sys.argv[1])) as ours:
        asked_for = serve(ours)
    leaving.code = 0 if asked_for is None else become(asked_for)
