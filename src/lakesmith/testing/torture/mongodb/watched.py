"""The victim's side: loads by a source that stops at every step until the other side has looked, and done what it likes."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Ask, Chunk, SourceContext, Split, StreamId, StreamSpec
from lakesmith.run.reconciling import reconcile_stream
from lakesmith.sources.mongodb.reading import crew
from lakesmith.sources.mongodb.source import MongoSource
from lakesmith.testing.torture.mongodb.nursery import Nursery
from lakesmith.testing.torture.mutants import Patches
from lakesmith.testing.torture.servers.loading import MODES, SOURCE, Order, seen
from lakesmith.testing.torture.servers.talking import Talk

KEY = "_id_key"
BRONZE = "bronze.pickle"


class Seen:
    """The chunks of a split, each of which is told before it goes on."""

    def __init__(self, chunks: Any, stream: str, talk: Talk) -> None:
        self._chunks, self._stream, self._talk = chunks, stream, talk

    def __iter__(self) -> Iterator[Chunk]:
        """Return the chunks."""
        return self

    def __next__(self) -> Chunk:
        """Return the next chunk."""
        chunk: Chunk = next(self._chunks)
        self._talk(at="chunk", stream=self._stream, rows=chunk.rows.num_rows)
        return chunk

    def cancel(self) -> None:
        """End the wait for one."""
        self._chunks.cancel()

    def close(self) -> None:
        """Let go of the process that reads."""
        self._chunks.close()


class Watched(MongoSource):
    """The source under torture, which tells when it plans, has a plan, has a chunk."""

    talk: Talk

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the splits, as they are."""
        if stream.mode != stream.id.name:  # keys alone
            return super().splits(stream, ask)
        self.talk(at="planning", stream=stream.id.name)
        found = super().splits(stream, ask)
        self.talk(at="planned", stream=stream.id.name, splits=len(found))
        return found

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        """Yield the chunks, as they are."""
        return Seen(super().read(stream, split, ask), stream.id.name, self.talk)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a victim loads: all streams of which collection, in which order.

    `reconciles`: after that, keys are compared.
    """

    order: Order
    url: str
    collection: str
    cursor: str
    look_back: str | float | None
    workers: int = 2
    split_kb: int = 8
    batch_kb: int = 4
    reconciles: bool = False

    def specs(self) -> tuple[StreamSpec, ...]:
        """Return the streams: each is called as its mode."""
        by_cursor = {"cursor": self.cursor, "look_back": self.look_back}
        return tuple(
            StreamSpec(
                StreamId(SOURCE, mode),
                mode=mode,
                key=(KEY,) if mode == "dedupe" else (),
                options=MongoSource.StreamOptions(
                    collection=self.collection, **({} if mode == "replace" else by_cursor)
                ),
            )
            for mode in MODES
        )

    def run(self, wire: socket.socket) -> None:
        """Load all streams by one source, and tell what came of each."""
        nursery = Nursery(wire)
        Patches().put_only(crew, "start_module", lambda _old: nursery.start)
        options = MongoSource.Options(
            url=self.url, split_kb=self.split_kb, batch_kb=self.batch_kb, workers=self.workers
        )
        specs, talk = self.specs(), Talk(wire)
        source = Watched(SourceContext(SOURCE, options, self.order.home, specs))
        source.talk = talk
        try:
            for spec in specs:
                self.order.load(source, spec, talk, source.close)  # a try begins as the next run would
            if self.reconciles:
                self._reconcile(source, specs[-1], talk)
        finally:
            source.close()
            nursery.close()

    def _reconcile(self, source: Watched, spec: StreamSpec, talk: Talk) -> None:
        talk(at="reconciling", stream=spec.id.name)
        try:
            done = reconcile_stream(self.order.job(source, spec))
        except LakesmithError as error:
            talk(at="unreconciled", stream=spec.id.name, error=type(error).__name__, said=str(error))
        else:
            talk(at="reconciled", stream=spec.id.name, keys=done.keys, vanished=done.vanished)


def bronze_of(home: Path, streams: Sequence[str], wire: socket.socket) -> None:
    """Put what readers see of each stream into a file: the snapshot, and all rows; read without the code under test."""
    from lakesmith.testing.torture.oracle import head

    found: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for name in streams:
        metadata, rows = seen(home, name)
        found[name] = (head(metadata), rows)
    (home / BRONZE).write_bytes(pickle.dumps(found))
    Talk(wire)(at="bronze")
