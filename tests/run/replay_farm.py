"""A project whose records wait in quarantine, and a farm that kills replays of it at every crash point.

The farm forks one child per point, from a process that has imported all it needs and run nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet  # noqa: F401 - forked children must not import it again

import lakesmith
import lakesmith.lake.commits.load
import lakesmith.run.replaying
import lakesmith.shape.shaper
import lakesmith.sources.files.reading.replaying
from lakesmith.host import crash
from lakesmith.model.streams import StreamId

STREAM = StreamId("shop", "orders")


@dataclass(frozen=True)
class Shop:
    """A project that loads files of orders and builds nothing."""

    root: Path

    def say(self, settings):
        text = (
            f"version: 1\nname: acme\nsources: {{shop: {{type: files, root: data, streams: {{orders: {settings}}}}}}}\n"
        )
        (self.root / "lakesmith.yml").write_text(text)
        return self

    def put(self, name, text, encoding="utf-8"):
        (self.root / "data" / name).write_bytes(text.encode(encoding))
        return self

    def load(self):
        result = self.project.run()
        assert result.ok, result.outcome.errors
        return self

    @property
    def project(self):
        return lakesmith.open(self.root)

    @property
    def table(self):
        return self.project._shop.lake.table(STREAM)

    def rows(self):
        """Return every row of bronze as text, without system columns, sorted; read by Polars from the files of the snapshot."""
        frame = pl.concat([pl.read_parquet(file) for file in self.table.snapshot().files], how="diagonal_relaxed")
        rows = frame.select(pl.exclude("^_ls_.*$")).to_dicts()
        return sorted(tuple("" if value is None else str(value) for value in row.values()) for row in rows)

    def waiting(self):
        return sorted((row.where, row.reason) for row in self.project.quarantine())


def in_child(shop, armed=""):
    """Replay in a child process that dies at `armed`; return the signal or code it ended with, and what it printed."""
    inner, outer = os.pipe()
    child = os.fork()
    if child == 0:
        if armed:
            os.environ[crash.ARMED] = armed
        shop.project.replay(str(STREAM))
        os.write(outer, json.dumps({"rows": shop.rows(), "waiting": shop.waiting()}).encode())
        os._exit(0)
    os.close(outer)
    with os.fdopen(inner) as told:
        text = told.read()
    status = os.waitpid(child, 0)[1]
    return (os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)), text


def main(kept, root, points):
    """Print for each point how the killed replay ended, how the one after it, and what is there then."""
    for name in points:
        shutil.rmtree(root)
        shutil.copytree(kept, root)
        killed, _ = in_child(Shop(root), name)
        after, text = in_child(Shop(root))
        sys.stdout.write(
            json.dumps({"point": name, "killed": killed, "after": after, **json.loads(text or "{}")}) + "\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
