"""A source whose loads are the whole of it, for streams of mode `replace`: a wall of bricks, in rows that are splits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from lakesmith.model.streams import Ask, Chunk, Position, Reject, Split, StreamSpec


@dataclass
class Wall:
    """Each split holds (id, color) bricks; `version` rises when the wall is built anew. A brick of color None is a reject."""

    rows: list[list[tuple[int, str | None]]]
    version: int = 1
    on_read: Callable[[int], None] = lambda _split: None
    reads: list[int] = field(default_factory=list)

    def rebuild(self, *rows: list[tuple[int, str | None]]) -> None:
        """Let the wall be another one."""
        self.rows, self.version = list(rows), self.version + 1
        self.reads.clear()

    def check(self) -> list:
        return []

    def splits(self, stream: StreamSpec, ask: Ask) -> list[Split]:
        known = json.loads(ask.since) if ask.since else {"version": 0, "done": []}
        everything = [Split(stream.id, f"row-{at}", token=str(at).encode()) for at in range(len(self.rows))]
        if known["version"] != self.version:
            return everything
        rest = [split for split in everything if split.name not in known["done"]]
        return rest if ask.resumes or not rest else everything

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        del stream, ask
        at = int(split.token)
        self.reads.append(at)
        self.on_read(at)
        good = [brick for brick in self.rows[at] if brick[1] is not None]
        rows = pa.record_batch(
            {"id": pa.array([one for one, _ in good], pa.int64()), "color": pa.array([c for _, c in good], pa.string())}
        )
        rejects = tuple(
            Reject("no color", f"{split.name}:{one}", "raw") for one, color in self.rows[at] if color is None
        )
        yield Chunk(rows, json.dumps(at).encode(), rejects, len(self.rows[at]), origin=split.name)

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        del after
        known = json.loads(position) if position else {"version": self.version, "done": []}
        return json.dumps({"version": self.version, "done": [*known["done"], split.name]}, sort_keys=True).encode()
