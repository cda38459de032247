"""Kills runs of a project without models: forked children of a process that has imported what a run needs, never used it.

`python e2e_kill_farm.py FOLDER`: FOLDER/<phase>/start is the project before the load that is killed, as it was in
FOLDER/<phase>/acme; FOLDER/<phase>/<n> gets it as it is after the kill at point n and one more run. Prints a JSON line per kill.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from lakesmith.host import crash

NEEDED = (
    "lakesmith.api.running",
    "lakesmith.cli.main",
    "lakesmith.cli.run",
    "lakesmith.lake.commits.load",
    "lakesmith.lake.staging.stage",
    "lakesmith.monitor.store",
    "lakesmith.run.survey",
    "lakesmith.sources.files.source",
)


def run(root: Path, env: dict[str, str]) -> int:
    """Run `lakesmith run` in a forked child; return its wait status."""
    child = os.fork()
    if child == 0:
        os.environ.update(env)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        from lakesmith.cli.main import main

        try:
            main(["run", "--json", "--project", str(root)])
        except SystemExit as asked:
            os._exit(int(asked.code or 0))
        os._exit(99)
    return os.waitpid(child, 0)[1]


def begin(phase: Path, home: Path) -> None:
    """Put the project before the load in its place; a lake works in one place only."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(phase / "start", home)


def main(folder: Path) -> None:
    from lakesmith.run.execute import warm_up

    for name in NEEDED:
        importlib.import_module(name)
    warm_up()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    for phase in sorted(folder.iterdir()):
        log = phase / "log"
        home = phase / "acme"
        begin(phase, home)
        assert run(home, {crash.LOG: str(log)}) == 0
        for number, point in enumerate(log.read_text().splitlines()):
            begin(phase, home)
            killed, again = run(home, {crash.ARMED: point}), run(home, {})
            home.rename(phase / str(number))
            told = {"phase": phase.name, "number": number, "point": point, "again": again}
            told["killed"] = os.WIFSIGNALED(killed) and os.WTERMSIG(killed) == signal.SIGKILL
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
