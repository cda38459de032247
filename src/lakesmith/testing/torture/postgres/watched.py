"""The victim's side: loads by a source that stops at every step until the other side has looked, and done what it likes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.errors import LakesmithError, RetriableError
from lakesmith.model.streams import Ask, Chunk, SourceContext, Split, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.routes import Rebuild
from lakesmith.sources.postgres.source import PostgresSource

TRIES = 3
SOURCE = "shop"


class Talk:
    """A line to the other side: says something, and waits until it may go on."""

    def __init__(self, wire: socket.socket) -> None:
        self._lock, self._file = threading.Lock(), wire.makefile("rw")

    def __call__(self, **said: Any) -> None:
        """Say something, and wait."""
        with self._lock:
            self._file.write(json.dumps(said) + "\n")
            self._file.flush()
            if not self._file.readline():
                raise RuntimeError("nobody listens any more")


class Watched(PostgresSource):
    """The source under torture, which tells when it has a snapshot, a plan, a chunk."""

    talk: Talk

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the splits, as they are."""
        snapshot = self._holder.take()
        self.talk(at="snapshot", key=snapshot.key, name=snapshot.name, stream=stream.id.name)
        found = super().splits(stream, ask)
        self.talk(at="planned", stream=stream.id.name, splits=len(found))
        return found

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        """Yield the chunks, as they are."""
        for chunk in super().read(stream, split, ask):
            self.talk(at="chunk", stream=stream.id.name, rows=chunk.rows.num_rows)
            yield chunk


@dataclass(frozen=True, slots=True)
class Errand:
    """What a victim loads: which streams of which table, into the lake of a folder; `rebuild` are those that are loaded anew."""

    home: Path
    url: str
    table: str
    key: str
    stamp: str
    look_back: str | float | None
    group_bytes: int
    connections: int = 2
    rebuild: tuple[str, ...] = ()
    streams: tuple[str, ...] = ("replace", "append", "dedupe")

    def specs(self) -> tuple[StreamSpec, ...]:
        """Return the streams: each is called as its mode."""
        by_cursor = {"cursor": self.stamp, "look_back": self.look_back}
        return tuple(
            StreamSpec(
                StreamId(SOURCE, mode),
                mode=mode,
                key=(self.key,) if mode == "dedupe" else (),
                options=PostgresSource.StreamOptions(table=self.table, **({} if mode == "replace" else by_cursor)),
            )
            for mode in self.streams
        )

    def run(self, wire: socket.socket) -> None:
        """Load all streams by one source, and tell what came of each."""
        options = PostgresSource.Options(url=self.url, split_kb=8, batch_kb=4, connections=self.connections)
        specs, talk = self.specs(), Talk(wire)
        source = Watched(SourceContext(SOURCE, options, self.home, specs))
        source.talk = talk
        try:
            for spec in specs:
                self._load(source, spec, talk)
        finally:
            source.close()

    def _load(self, source: Watched, spec: StreamSpec, talk: Talk) -> None:
        from lakesmith.host import Host
        from lakesmith.lake import Lake

        table = Lake(self.home / "lake", Host()).table(spec.id)
        rebuild = Rebuild() if spec.id.name in self.rebuild else None
        for attempt in range(TRIES):
            try:
                done = load_stream(
                    LoadJob(spec, source, table, Host(), "config", group_bytes=self.group_bytes, rebuild=rebuild)
                )
            except LakesmithError as error:
                is_last = attempt + 1 == TRIES or not isinstance(error, RetriableError)
                talk(at="refused", stream=spec.id.name, error=type(error).__name__, said=str(error), last=is_last)
                if is_last:
                    return
            else:
                counts = done.counts
                talk(
                    at="loaded",
                    stream=spec.id.name,
                    state=done.state,
                    written=counts.written,
                    quarantined=counts.quarantined,
                    holds=counts.holds and counts.proven,
                    resumed=done.resumed,
                    notices=done.notices,
                )
                return


@dataclass(frozen=True, slots=True)
class Returning:
    """Somebody who takes a stream back: to the snapshot `to`, or to what readers had before the newest change where that is None."""

    home: Path
    stream: str
    to: int | None = None

    def run(self, wire: socket.socket) -> None:
        """Take it back, as `lakesmith rollback` does, and tell where to."""
        from lakesmith.host import Host
        from lakesmith.lake import Lake
        from lakesmith.lake.contents.chronicle import versions_of

        talk, table = Talk(wire), Lake(self.home / "lake", Host()).table(StreamId(SOURCE, self.stream))
        to = versions_of(table)[1].snapshot_id if self.to is None else self.to
        talk(at="returning", stream=self.stream, to=to)
        table.rollback(to)


def read_bronze(home: Path, streams: Sequence[str], wire: socket.socket) -> None:
    """Tell all rows of some streams, read without the code under test, with values in the one way, and their tables' versions.

    Rows are null where there is no table, or nothing to see in it.
    """
    from lakesmith.testing.torture.ordeals import read_table
    from lakesmith.testing.torture.postgres.versions import Versions, versions_in

    talk = Talk(wire)
    for name in streams:
        found, rows = Versions(), None
        if _is_there(home, name):
            metadata, read = read_table(home, StreamId(SOURCE, name))
            found = versions_in(metadata)
            rows = [_row(row) for row in read] if found.head is not None else None
        talk(at="bronze", stream=name, rows=rows, versions=found.as_json())


def _is_there(home: Path, name: str) -> bool:
    import sqlite3
    from contextlib import closing

    catalog = home / "lake" / "catalog.db"
    if not catalog.exists():
        return False
    with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
        try:
            query = "select count(*) from iceberg_tables where table_namespace = ? and table_name = ?"
            return bool(connection.execute(query, (SOURCE, name)).fetchone()[0])
        except sqlite3.OperationalError:  # killed before it had any table
            return False


def _row(row: dict[str, Any]) -> dict[str, Any]:
    from lakesmith.testing.torture.postgres.words import ASIDE, BESIDE, canon

    told: dict[str, Any] = {"_seq": row["_ls_seq"], "_op": row.get("_ls_op")}
    for name, value in row.items():
        if value is None or name.startswith("_ls_"):
            continue
        column, _, rest = name.partition("__")
        column = f"{column}{ASIDE}" if rest.startswith(ASIDE[2:]) else column
        told[column] = f"{told[column]}{BESIDE}{canon(value)}" if column in told else canon(value)
    return told
