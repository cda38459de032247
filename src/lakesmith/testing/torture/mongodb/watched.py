"""The victim's side: loads by a source that stops at every step until the other side has looked, and done what it likes."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.errors import LakesmithError, RetriableError
from lakesmith.model.streams import Ask, Chunk, SourceContext, Split, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.reconciling import reconcile_stream
from lakesmith.run.routes import Rebuild
from lakesmith.sources.mongodb.source import MongoSource
from lakesmith.testing.torture.postgres.watched import SOURCE, TRIES, Talk, _is_there

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
    """What a victim loads: which streams of which collection, into the lake of a folder; `rebuild` are those that are loaded anew.

    `reconciles`: after that, keys are compared.
    """

    home: Path
    url: str
    collection: str
    cursor: str
    look_back: str | float | None
    group_bytes: int
    workers: int = 2
    split_kb: int = 8
    batch_kb: int = 4
    rebuild: tuple[str, ...] = ()
    reconciles: bool = False
    streams: tuple[str, ...] = ("replace", "append", "dedupe")

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
            for mode in self.streams
        )

    def run(self, wire: socket.socket) -> None:
        """Load all streams by one source, and tell what came of each."""
        options = MongoSource.Options(
            url=self.url, split_kb=self.split_kb, batch_kb=self.batch_kb, workers=self.workers
        )
        specs, talk = self.specs(), Talk(wire)
        source = Watched(SourceContext(SOURCE, options, self.home, specs))
        source.talk = talk
        try:
            for spec in specs:
                self._load(source, spec, talk)
            if self.reconciles:
                self._reconcile(source, specs[-1], talk)
        finally:
            source.close()

    def _load(self, source: Watched, spec: StreamSpec, talk: Talk) -> None:
        name = spec.id.name
        for attempt in range(TRIES):
            try:
                done = load_stream(self._job(source, spec))
            except LakesmithError as error:
                is_last = attempt + 1 == TRIES or not isinstance(error, RetriableError)
                talk(at="refused", stream=name, error=type(error).__name__, said=str(error), last=is_last)
                if is_last:
                    return
                source.close()  # as the next run would
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

    def _reconcile(self, source: Watched, spec: StreamSpec, talk: Talk) -> None:
        talk(at="reconciling", stream=spec.id.name)
        try:
            done = reconcile_stream(self._job(source, spec))
        except LakesmithError as error:
            talk(at="unreconciled", stream=spec.id.name, error=type(error).__name__, said=str(error))
        else:
            talk(at="reconciled", stream=spec.id.name, keys=done.keys, vanished=done.vanished)

    def _job(self, source: Watched, spec: StreamSpec) -> LoadJob:
        from lakesmith.host import Host
        from lakesmith.lake import Lake

        table = Lake(self.home / "lake", Host()).table(spec.id)
        rebuild = Rebuild() if spec.id.name in self.rebuild else None
        return LoadJob(spec, source, table, Host(), "config", group_bytes=self.group_bytes, rebuild=rebuild)


def bronze_of(home: Path, streams: Sequence[str], wire: socket.socket) -> None:
    """Put what readers see of each stream into a file: the snapshot, and all rows; read without the code under test."""
    from lakesmith.testing.torture.oracle import head
    from lakesmith.testing.torture.ordeals import read_table

    found: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for name in streams:
        metadata, rows = read_table(home, StreamId(SOURCE, name)) if _is_there(home, name) else ({}, [])
        found[name] = (head(metadata), rows)
    (home / BRONZE).write_bytes(pickle.dumps(found))
    Talk(wire)(at="bronze")
