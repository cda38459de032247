"""The victim's side: one load after the other, each told to the other side, and what readers then see of the tables."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.errors import LakesmithError, RetriableError
from lakesmith.host import crash
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.routes import Rebuild
from lakesmith.testing.torture.servers.talking import Talk

SOURCE = "shop"
TRIES = 3
MODES = ("replace", "append", "dedupe")
"""The streams of a history, each called as its mode."""


@dataclass(frozen=True, slots=True)
class Order:
    """How streams are loaded: into the lake of a folder, with a commit after so many bytes; `rebuild` are loaded anew.

    `armed`: the crash point that the load of a stream dies at, counted from its beginning on.
    """

    home: Path
    group_bytes: int
    rebuild: tuple[str, ...] = ()
    armed: tuple[str, str] | None = None

    def job(self, source: Any, spec: StreamSpec) -> LoadJob:
        """Return one stream to load."""
        from lakesmith.host import Host
        from lakesmith.lake import Lake

        table = Lake(self.home / "lake", Host()).table(spec.id)
        rebuild = Rebuild() if spec.id.name in self.rebuild else None
        return LoadJob(spec, source, table, Host(), "config", group_bytes=self.group_bytes, rebuild=rebuild)

    def load(self, source: Any, spec: StreamSpec, talk: Talk, renew: Callable[[], None] = lambda: None) -> None:
        """Load a stream, again where it may be tried again, and tell what came of each try; `renew` is done between two."""
        name = spec.id.name
        if self.armed is not None and self.armed[0] == name:
            os.environ[crash.ARMED] = self.armed[1]
        for attempt in range(TRIES):
            try:
                done = load_stream(self.job(source, spec))
            except LakesmithError as error:
                is_last = attempt + 1 == TRIES or not isinstance(error, RetriableError)
                talk(at="refused", stream=name, error=type(error).__name__, said=str(error), last=is_last)
                if is_last:
                    return
                renew()
            else:
                counts = done.counts
                talk(
                    at="loaded",
                    stream=name,
                    state=done.state,
                    splits=done.splits,
                    written=counts.written,
                    quarantined=counts.quarantined,
                    holds=counts.holds and counts.proven,
                    resumed=done.resumed,
                    notices=done.notices,
                )
                return


def seen(home: Path, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the metadata of a stream's table and the rows that readers see, read without the code under test; nothing without one."""
    from lakesmith.testing.torture.ordeals import read_table

    return read_table(home, StreamId(SOURCE, name)) if _is_there(home, name) else ({}, [])


def _is_there(home: Path, name: str) -> bool:
    catalog = home / "lake" / "catalog.db"
    if not catalog.exists():
        return False
    with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
        try:
            query = "select count(*) from iceberg_tables where table_namespace = ? and table_name = ?"
            return bool(connection.execute(query, (SOURCE, name)).fetchone()[0])
        except sqlite3.OperationalError:  # killed before it had any table
            return False
