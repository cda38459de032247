"""A source that keeps its records in memory, and what a load of it into a real lake looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakesmith.host import Host
from lakesmith.lake import Lake, Table
from lakesmith.model.loads import Load
from lakesmith.model.streams import TEXT_KEY, Ask, Chunk, Position, Reject, Split, StreamId, StreamSpec
from lakesmith.run.learning import SAMPLE_BYTES
from lakesmith.run.load import GROUP_BYTES, LoadJob, load_stream

STREAM = StreamId("shelf", "books")
EACH_SPLIT = 1
ARROW = {int: pa.int64(), float: pa.float64(), str: pa.string()}


@dataclass(frozen=True)
class Box:
    """One chunk: rows by column, how many rejects come with them, and how many records the source says it counted."""

    columns: Mapping[str, Sequence[Any]]
    rejects: int = 0
    counted: int | None = -1
    """-1: as many as there are."""
    as_text: bool = False

    @property
    def rows(self) -> pa.RecordBatch:
        fields, arrays = [], []
        for name, values in self.columns.items():
            kind = pa.string() if self.as_text else ARROW[type(next(v for v in values if v is not None))]
            fields.append(pa.field(name, kind, metadata={TEXT_KEY: b"1"} if self.as_text else None))
            arrays.append(pa.array(values, kind))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def chunk(self, name: str, number: int) -> Chunk:
        rows = self.rows
        rejects = tuple(Reject("torn page", f"{name}:{number}:{at}", "raw") for at in range(self.rejects))
        counted = rows.num_rows + self.rejects if self.counted == -1 else self.counted
        return Chunk(rows, json.dumps(number + 1).encode(), rejects, counted, origin=name)


@dataclass
class Shelf:
    """Each split is a list of boxes; the position is how many splits have been read. `on_read` is called before each box."""

    boxes: list[list[Box]]
    on_read: Callable[[int, int], None] = lambda _split, _box: None
    reads: list[int] = field(default_factory=list)
    size_bytes: int = 100

    def check(self) -> list:
        return []

    def splits(self, stream: StreamSpec, ask: Ask) -> list[Split]:
        done = json.loads(ask.since) if ask.since else 0
        return [
            Split(stream.id, f"split-{number}", size_bytes=self.size_bytes, token=str(number).encode())
            for number in range(done, len(self.boxes))
        ]

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        del stream, ask
        number = int(split.token)
        self.reads.append(number)
        for at, box in enumerate(self.boxes[number]):
            self.on_read(number, at)
            yield box.chunk(split.name, at)

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        del position, after
        return json.dumps(int(split.token) + 1).encode()


def load(
    shelf: Shelf,
    table: Table,
    *,
    group_bytes: int = GROUP_BYTES,
    sample_bytes: int = SAMPLE_BYTES,
    host: Host | None = None,
    **spec: Any,
) -> Load:
    """Load what the table lacks, as a run does."""
    stream, sizes = StreamSpec(STREAM, **spec), {"group_bytes": group_bytes, "sample_bytes": sample_bytes}
    return load_stream(LoadJob(stream, shelf, table, host or Host(), **sizes))


def contents(lake: Lake) -> list[dict[str, Any]]:
    """Return the rows of the table in order, without system columns, nothing where there is no table."""
    if lake.table(STREAM).head() is None:
        return []
    rows = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().to_pylist()
    rows.sort(key=lambda row: row["_ls_seq"])
    return [{name: value for name, value in row.items() if not name.startswith("_ls_")} for row in rows]


class Interrupted:
    """The real catalog, which lets somebody else do something as soon as the first commit has landed, before its answer is heard."""

    def __init__(self, real: Any, meanwhile: Callable[[], object]) -> None:
        self._real, self._meanwhile = real, meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def commit_table(self, *args: Any) -> Any:
        answer = self._real.commit_table(*args)
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return answer


def interrupted(lake: Lake, meanwhile: Callable[[], object]) -> Table:
    """Return the table as somebody loads it who is overtaken after the first commit."""
    catalog = Interrupted(lake.open_catalog(), meanwhile)
    return Lake(Path(lake.root), Host(), catalog=lambda: catalog).table(STREAM)


class Notes:
    """A recorder that keeps what it hears."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def record(self, event: Any) -> None:
        self.seen.append(event)
