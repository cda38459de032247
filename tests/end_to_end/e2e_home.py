"""A project folder, the real command line in it, and what can be seen from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from warm_lakesmith import run_lakesmith

HERE = Path(__file__).parent
TIMEOUT_S = 300
QUIET = ("LAKESMITH_CRASH", "LAKESMITH_CRASH_LOG", "COLUMNS", "FORCE_COLOR")


def environment(added):
    return {name: value for name, value in os.environ.items() if name not in QUIET} | (added or {})


@dataclass(frozen=True)
class Ran:
    """How a command ended; `code` is below zero if a signal ended it."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)

    def loaded(self):
        """Return rows written by stream, as `run --json` says."""
        return {load["stream"]: load["written"] for load in self.json()["loads"]}


@dataclass(frozen=True)
class Home:
    """A project folder."""

    root: Path

    @classmethod
    def like(cls, project, root):
        shutil.copytree(HERE / "projects" / project, root)
        return cls(root)

    def restore(self, root):
        """Make `root` what this folder is, down to the times; a lake works in one place only, so it goes back to its own."""
        shutil.rmtree(root, ignore_errors=True)
        return self.copy(root)

    def copy(self, root, *leave_out):
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(*leave_out))
        return Home(root)

    def call(self, *words, env=None):
        """Run a program in the folder."""
        done = subprocess.run(
            words, cwd=self.root, env=environment(env), check=False, capture_output=True, text=True, timeout=TIMEOUT_S
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def lakesmith(self, *words, env=None):
        done = run_lakesmith(words, self.root, environment(env), TIMEOUT_S)
        return Ran(done.returncode, done.stdout, done.stderr)

    def run(self, *words, env=None):
        """Run `lakesmith run --json`, which must go well, or be killed as asked."""
        ran = self.lakesmith("run", "--json", *words, env=env)
        wanted = -9 if env and "LAKESMITH_CRASH" in env else 0
        assert ran.code == wanted, f"{words} {env} ended with {ran.code}:\n{ran.out}\n{ran.err}"
        return ran

    def edit(self, path, old, new):
        text = (self.root / path).read_text()
        assert old in text, f"{path} does not hold {old!r}"
        (self.root / path).write_text(text.replace(old, new))

    def files(self, *folders):
        """Return every file below the folders with its size, time and number; SQLite's helpers come and go with every reader."""
        found = (file for folder in folders for file in (self.root / folder).rglob("*") if file.is_file())
        found = (file for file in found if not file.name.endswith(("-wal", "-shm")))
        return {
            str(file.relative_to(self.root)): (file.stat().st_size, file.stat().st_mtime_ns, file.stat().st_ino)
            for file in found
        }

    def metadata(self):
        """Return where the newest metadata of each table of the lake is."""
        with contextlib.closing(sqlite3.connect(f"file:{self.root}/lake/catalog.db?mode=ro", uri=True)) as connection:
            rows = connection.execute("select table_namespace, table_name, metadata_location from iceberg_tables")
            return {f"{space}.{name}": where for space, name, where in rows}

    def versions(self):
        """Return the files of each published table, as the warehouse's manifest says."""
        path = self.root / "warehouse" / "manifest.json"
        if not path.exists():
            return {}
        return {told["name"]: told["files"] for told in json.loads(path.read_text())["datasets"]}

    def bronze(self, stream):
        """Return the rows of a table as PyIceberg reads them."""
        from lakesmith.host import Host
        from lakesmith.lake import Lake

        table = Lake(self.root / "lake", Host()).open_catalog().load_table(tuple(stream.split(".")))
        return table.scan().to_arrow().to_pylist()
