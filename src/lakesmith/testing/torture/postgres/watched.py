"""The victim's side: loads by a source that stops at every step until the other side has looked, and done what it likes."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.model.streams import Ask, Chunk, SourceContext, Split, StreamId, StreamSpec
from lakesmith.sources.postgres.source import PostgresSource
from lakesmith.testing.torture.servers.loading import MODES, SOURCE, Order, seen
from lakesmith.testing.torture.servers.talking import Talk


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
    """What a victim loads: all streams of which table, in which order."""

    order: Order
    url: str
    table: str
    key: str
    stamp: str
    look_back: str | float | None
    connections: int = 2

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
            for mode in MODES
        )

    def run(self, wire: socket.socket) -> None:
        """Load all streams by one source, and tell what came of each."""
        options = PostgresSource.Options(url=self.url, split_kb=8, batch_kb=4, connections=self.connections)
        specs, talk = self.specs(), Talk(wire)
        source = Watched(SourceContext(SOURCE, options, self.order.home, specs))
        source.talk = talk
        try:
            for spec in specs:
                self.order.load(source, spec, talk)
        finally:
            source.close()


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
    from lakesmith.testing.torture.postgres.versions import Versions, versions_in

    talk = Talk(wire)
    for name in streams:
        metadata, read = seen(home, name)
        found = versions_in(metadata) if metadata else Versions()
        rows = [_row(row) for row in read] if found.head is not None else None
        talk(at="bronze", stream=name, rows=rows, versions=found.as_json())


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
