"""A source whose every record is known beforehand: records that only become more, or copies of which each is another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import BaseModel

from lakesmith.model.streams import Ask, Chunk, Finding, Position, Split, StreamSpec
from lakesmith.testing.torture.memory import canonical
from lakesmith.testing.torture.records import VERSION, is_rejected, read_records

SPLIT = 3
"""Records per split."""
COPIES = ("replace", "history")
"""Modes in which each version is another copy; `history` is `replace` that keeps what was there before."""


class _Options(BaseModel):
    pass


@dataclass(slots=True)
class Feed:
    """Fits `model.protocols.Source`. In modes of `COPIES` each version is another copy; else there is one, which grows."""

    Options: ClassVar[type[_Options]] = _Options
    StreamOptions: ClassVar[type[_Options]] = _Options

    mode: str
    sizes: list[int] = field(default_factory=lambda: [4])
    filler: int = 0
    """Bytes of noise in every position, so that checkpoints lie aside."""

    def grow(self, count: int) -> None:
        """Bring more records: added to what there is, or as another copy."""
        if self.mode in COPIES:
            self.sizes.append(count)
        else:
            self.sizes[0] += count

    def check(self) -> Iterable[Finding]:
        """Have nothing to say."""
        return ()

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return what lies after the position."""
        version, done = _read(ask.since)
        newest = len(self.sizes) - 1
        is_cut = self.mode in COPIES and done < self.sizes[newest] and not getattr(ask, "resumes", False)
        if version != newest or is_cut:
            done = 0
        size = self.sizes[newest]
        starts = range(done, size, SPLIT)
        return [self._split(stream, newest, start, min(start + SPLIT, size)) for start in starts]

    def _split(self, stream: StreamSpec, version: int, start: int, end: int) -> Split:
        return Split(stream.id, f"v{version}:{start}-{end}", token=canonical([version, start, end]))

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - the split says it all
        """Yield a chunk for each file that its records make."""
        version, start, end = json.loads(split.token)
        for stretch in read_records(version, range(start, end)):
            rejected = filter(is_rejected, range(start, start + stretch.records))
            rejects = tuple(
                replace(one, where=_place(version, at)) for one, at in zip(stretch.rejects, rejected, strict=True)
            )
            start += stretch.records
            yield Chunk(stretch.rows, self._at(version, start), rejects, counted=stretch.counted, origin=split.name)

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - one reader
        """Return the position after a chunk."""
        return after

    def truth(self, position: Position | None) -> tuple[set[int], set[str]]:
        """Return the ids of the rows, and the places of the rejects, that a table at `position` holds."""
        version, done = _read(position)
        ids = {version * VERSION + at for at in range(done) if not is_rejected(at)}
        return ids, {_place(version, at) for at in range(done) if is_rejected(at)}

    def whole(self) -> Position:
        """Return the position at which everything has been read."""
        return self._at(len(self.sizes) - 1, self.sizes[-1])

    def _at(self, version: int, end: int) -> Position:
        noise = {f"file {at}": "0123456789abcdef" * 3 for at in range(self.filler // 60)}
        return canonical({"next": end, "version": version, **noise})

    def is_complete(self, position: Position) -> bool:
        """Whether a position is the end of a copy."""
        version, done = _read(position)
        return done == self.sizes[version] or self.mode not in COPIES


def reached(position: Position | None) -> tuple[int, int]:
    """Return how far a position is, for comparing."""
    return _read(position)


def _place(version: int, at: int) -> str:
    return f"feed {version}:{at}"


def _read(position: Position | None) -> tuple[int, int]:
    if position is None:
        return (0, 0)
    raw = json.loads(position)
    return (raw.get("version", 0), raw.get("next", 0))
