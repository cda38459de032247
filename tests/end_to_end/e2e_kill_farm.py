"""Kills runs of a project without models: forked children of a process that has imported what a run needs, never used it.

`python e2e_kill_farm.py FOLDER`: FOLDER/<phase>/start is the project before the load that is killed, FOLDER/<phase>/points what is
passed; FOLDER/<phase>/<n> gets the project after the kill at point n and one more run. Prints one JSON line per kill.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from lakesmith.host import crash

NEEDED = (
    "alembic.command",
    "lakesmith.api.running",
    "lakesmith.cli.main",
    "lakesmith.cli.run",
    "lakesmith.lake.commit",
    "lakesmith.lake.stage",
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


def main(folder: Path) -> None:
    from lakesmith.run.execute import warm_up

    for name in NEEDED:
        importlib.import_module(name)
    warm_up()
    for phase in sorted(folder.iterdir()):
        log = phase / "log"
        shutil.copytree(phase / "start", phase / "whole")
        assert run(phase / "whole", {crash.LOG: str(log)}) == 0
        for number, point in enumerate(log.read_text().splitlines()):
            root = phase / str(number)
            shutil.copytree(phase / "start", root)
            killed, again = run(root, {crash.ARMED: point}), run(root, {})
            told = {"phase": phase.name, "root": str(root), "point": point, "again": again}
            told["killed"] = os.WIFSIGNALED(killed) and os.WTERMSIG(killed) == signal.SIGKILL
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
