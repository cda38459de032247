"""One source over one small system: read directly, and loaded through shape into a lake of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.protocols import Closes
from lakesmith.model.streams import Ask, Chunk, Position, SourceContext, Split, StreamSpec
from lakesmith.run.load import LoadJob, load_stream

if TYPE_CHECKING:
    from lakesmith.model.loads import Load
    from lakesmith.model.protocols import Source

EACH_SPLIT = 1
"""As `group_bytes`: commit at the end of every split that wrote anything."""


@dataclass(frozen=True, slots=True)
class Records:
    """What a source holds, known without it: rows under the names and with the values bronze must have, and where each reject is."""

    rows: Sequence[Mapping[str, Any]]
    rejects: Sequence[str] = ()

    def __add__(self, other: Records) -> Records:
        return Records([*self.rows, *other.rows], [*self.rejects, *other.rejects])


@dataclass(frozen=True, slots=True)
class Seen:
    """One chunk, the split it came from, and the stream's position after it; `ends_split`: no chunk of the split follows."""

    split: Split
    chunk: Chunk
    position: Position
    ends_split: bool


def records_of(seen: Sequence[Seen]) -> Records:
    """Return the rows of chunks, under the source's own names, and where their rejects are."""
    rows = [row for one in seen for row in one.chunk.rows.to_pylist()]
    return Records(rows, [reject.where for one in seen for reject in one.chunk.rejects])


@dataclass(frozen=True, slots=True)
class Trial:
    """A source class with everything to make it and load one of its streams; can be pickled into another process."""

    kind: type[Any]
    context: SourceContext
    lakes: Path

    @property
    def spec(self) -> StreamSpec:
        """The stream under test."""
        return self.context.streams[0]

    def source(self) -> Source:
        """Return a new source: what it wants to keep must be in the position."""
        made: Source = self.kind(self.context)
        return made

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """Return a new source for the length of a `with`."""
        source = self.source()
        try:
            yield source
        finally:
            if isinstance(source, Closes):
                source.close()

    def read(self, since: Position | None = None) -> list[Seen]:
        """Return every chunk after `since`."""
        return list(self._chunks(since))

    def read_by(self, source: Source, since: Position | None = None, *, resumes: bool = False) -> list[Seen]:
        """Return every chunk after `since` that a source sends; with `resumes`, as to a load of the whole that was cut off there."""
        return list(self._read_all(source, Ask(since, resumes=resumes)))

    def _chunks(self, since: Position | None) -> Iterator[Seen]:
        with self.opened() as source:
            yield from self._read_all(source, Ask(since))

    def _read_all(self, source: Source, ask: Ask) -> Iterator[Seen]:
        position = ask.since
        for split in source.splits(self.spec, ask):
            chunks = list(source.read(self.spec, split, Ask(position)))
            base = position
            for number, chunk in enumerate(chunks, 1):
                position = source.advance(base, split, chunk.after)
                yield Seen(split, chunk, position, ends_split=number == len(chunks))

    def lake(self, name: str = "lake") -> Lake:
        """Return the lake of that name."""
        return Lake(self.lakes / name, Host())

    def load(self, name: str = "lake") -> Load:
        """Load what the lake of that name lacks, as a run does."""
        table = self.lake(name).table(self.spec.id)
        with self.opened() as source:
            return load_stream(LoadJob(self.spec, source, table, Host(), group_bytes=EACH_SPLIT))

    def bronze(self, name: str = "lake") -> Records:
        """Return what the lake of that name holds, read by PyIceberg; nothing where there is no table."""
        lake = self.lake(name)
        table = lake.table(self.spec.id)
        if table.head() is None:
            return Records([])
        opened = lake.open_catalog().load_table((self.spec.id.source, self.spec.id.name))
        return Records(opened.scan().to_arrow().to_pylist(), [row.where for row in table.quarantined()])
