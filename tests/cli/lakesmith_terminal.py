"""The real command line, started in a project folder."""

import os
import subprocess
import sys
from pathlib import Path

LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))
ACME = Path(__file__).parents[1] / "gallery" / "projects" / "acme"


class Terminal:
    """The real command line in a project folder."""

    def __init__(self, root):
        self.root = root

    def run(self, *arguments, **env):
        return subprocess.run(
            [LAKESMITH, *arguments],
            cwd=self.root,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments, **env):
        return subprocess.Popen(
            [LAKESMITH, *arguments],
            cwd=self.root,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
