"""The real command line in a project folder."""

import os
import subprocess
import sys
from pathlib import Path

from warm_lakesmith import run_lakesmith

LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))
ACME = Path(__file__).parents[1] / "gallery" / "projects" / "acme"


class Terminal:
    """The real command line in a project folder: `run` to its end, `start` as a person's shell does."""

    def __init__(self, root):
        self.root = root

    def run(self, *arguments, **env):
        return run_lakesmith(arguments, self.root, {**os.environ, **env})

    def start(self, *arguments, **env):
        return subprocess.Popen(
            [LAKESMITH, *arguments],
            cwd=self.root,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
