"""`lakesmith` without its start: children forked from a process that has imported what commands need, and never saw a row.

Such a child is a process of its own: it has its arguments, folder, environment, standard output and error, and an exit code or
the signal that ended it. What is about the start itself (what is imported, what a pipe or a terminal sees) is tested without.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))
NEEDED = (
    "alembic.command",
    "duckdb",
    "lakesmith.api.running",
    "lakesmith.cli.main",
    "lakesmith.cli.run",
    "lakesmith.engines.duckdb.attach",
    "lakesmith.engines.duckdb.query",
    "lakesmith.lake.commits.load",
    "lakesmith.lake.staging.stage",
    "lakesmith.monitor.store",
    "lakesmith.run.survey",
    "lakesmith.sources.files.source",
    "rich.console",
)


class WarmProcess:
    """The process that forks; it ends with this one, or when told."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._answers = self._line.makefile()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def run(self, arguments, cwd, env, timeout_s):
        """Run `lakesmith` in a child; return what it said and how it ended."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            told = {"arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}
            self._line.settimeout(timeout_s)
            try:
                socket.send_fds(self._line, [b"\n"], [out.fileno(), err.fileno()])
                self._line.sendall(json.dumps(told).encode() + b"\n")
                code = int(self._answers.readline())
            except (OSError, ValueError):
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                raise
            texts = [read(file) for file in (out, err)]
        return subprocess.CompletedProcess([LAKESMITH, *arguments], code, *texts)


def read(file):
    file.seek(0)
    return file.read().decode()


@functools.cache
def warm_processes() -> list[WarmProcess]:
    return []


def run_lakesmith(arguments, cwd, env, timeout_s=120):
    """Run `lakesmith` in a folder with exactly this environment; return the completed process, its output as text."""
    known = warm_processes()
    if not known or known[-1].ended:
        known.append(WarmProcess())
    return known[-1].run(arguments, cwd, env, timeout_s)


def serve(line: socket.socket) -> dict | None:
    """Fork a child for every order and tell how it ended. Return the order in a child, None when there are no more."""
    answers = line.makefile("rw")
    while True:
        _, handles, _, _ = socket.recv_fds(line, 1, 2)
        if not handles:
            return None
        order = json.loads(answers.readline())
        child = os.fork()
        if child == 0:
            for handle, place in zip(handles, (1, 2), strict=True):
                os.dup2(handle, place)
                os.close(handle)
            return order
        for handle in handles:
            os.close(handle)
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


class Exit:
    """Ends a child after all exit hooks without taking the libraries apart, which takes longer than most commands."""

    def __init__(self) -> None:
        self.code = 1
        atexit.register(self.leave)  # the first to register is the last to be called

    def leave(self) -> None:
        for found in gc.get_objects():
            if type(found) is sqlite3.Connection:  # to ask a dead weak proxy what it is raises
                found.close()  # what was written beside the database goes into it, as at any other end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.code)


def become(order: dict) -> int:
    """Be the process that was ordered; return the exit code."""
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(order["cwd"])
    sys.argv = [LAKESMITH, *order["arguments"]]
    from lakesmith.cli.main import main

    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def import_everything() -> None:
    """Import what commands need. Nothing of it may start a thread: a fork would leave its locks held."""
    from lakesmith.run.execute import warm_up

    for name in NEEDED:
        importlib.import_module(name)
    warm_up()
    learn()
    assert threading.active_count() == 1, threading.enumerate()
    gc.freeze()  # a collection in a child would touch, and so copy, every page


COMMANDS = (
    "run|status|status --json|check|doctor|tables|sources|incidents --json|logs|metrics|quarantine show|drift show"
)


def learn() -> None:
    """Ask for all there is in a project without rows, so that the children have by heart how statements are spelled."""
    sys.path.append(str(Path(__file__).parent))
    from by_heart import learn_statements, learn_tables

    learn_tables()
    learn_statements()
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nobody:
        (Path(folder) / "lakesmith.yml").write_text(
            "version: 1\nname: acme\nsources: {shop: {type: files, root: ., streams: {orders: {files: '*.csv'}}}}\n"
        )
        os.chdir(folder)
        with contextlib.redirect_stdout(nobody), contextlib.redirect_stderr(nobody):
            for command in COMMANDS.split("|"):
                become({"env": dict(os.environ), "cwd": folder, "arguments": command.split()})
        os.chdir(here)


if __name__ == "__main__":
    leaving, line_number = Exit(), int(sys.argv[1])
    import_everything()
    with socket.socket(fileno=line_number) as ours:
        asked = serve(ours)
    leaving.code = 0 if asked is None else become(asked)
