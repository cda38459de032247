"""The chunks of one split, as a worker sends them; what was counted of them stands beside what came."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import LakesmithError, RetriableError, SourceDataError, SourceMissingError
from lakesmith.model.streams import Chunk, Position, Reject, StreamSpec, canonical
from lakesmith.sources.mongodb.planning.plan import Token
from lakesmith.sources.mongodb.position import Held

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.sources.mongodb.connecting.server import Server
    from lakesmith.sources.mongodb.reading.crew import Crew, Worker
    from lakesmith.sources.mongodb.reading.job import Job

MOST_IDS = 1
"""Of how many brackets the `_id`s of a stream may be whose key is `_id` itself."""


@dataclass(frozen=True, slots=True)
class After:
    """What a chunk leaves behind: whether its split is read to its end, and then the fingerprints and brackets of `_id`s in it."""

    is_end: bool = False
    held: Held = field(default_factory=Held)
    ids: tuple[str, ...] = ()
    late: Held = field(default_factory=Held)

    def encode(self) -> Position:
        """Return it as canonical JSON."""
        return canonical({"is_end": self.is_end, "held": asdict(self.held), "ids": self.ids, "late": asdict(self.late)})

    @classmethod
    def decode(cls, after: Position) -> After:
        """Return what a chunk said."""
        plain = json.loads(after)
        return cls(plain["is_end"], Held.listed(plain["held"]), tuple(plain["ids"]), Held.listed(plain["late"]))


class Stop:
    """Lets any thread end a read that another one waits for."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self._worker: Worker | None = None
        self._lock = threading.RLock()

    def begin(self, worker: Worker) -> None:
        """Say which process is to be ended."""
        with self._lock:
            self._worker = worker
            if self.is_asked.is_set():
                worker.kill()

    def ask(self) -> None:
        """End it."""
        with self._lock:
            self.is_asked.set()
            if self._worker is not None:
                self._worker.kill()

    def end(self) -> None:
        """Forget the process: another split may be read by it from now on."""
        with self._lock:
            self._worker = None

    def need_not(self, about: str) -> None:
        """Go on if nobody asked.

        Raises:
            RetriableError: If somebody did.
        """
        if self.is_asked.is_set():
            raise RetriableError("The load was stopped.", where=about, fix="run the same command again")


class Chunks:
    """The chunks of a split, which the thread that waits for them shares with one that may end the wait."""

    def __init__(self, read: Callable[[Stop], Iterator[Chunk]]) -> None:
        self._stop = Stop()
        self._chunks = read(self._stop)

    def __iter__(self) -> Iterator[Chunk]:
        """Return the chunks."""
        return self

    def __next__(self) -> Chunk:
        """Return the next chunk."""
        return next(self._chunks)

    def cancel(self) -> None:
        """End the process that reads, and read no further. Any thread may ask."""
        self._stop.ask()

    def close(self) -> None:
        """Let go of the process."""
        getattr(self._chunks, "close", lambda: None)()


@dataclass(frozen=True, slots=True)
class Task:
    """One split to read, and what the worker is asked, None where there is nothing to ask. `ids` collects the brackets of all `_id`s."""

    stream: StreamSpec
    token: Token
    job: Job | None
    ids: dict[str, None] = field(default_factory=dict)
    ask_at_end: Callable[[], tuple[str, ...]] = tuple


def read_split(crew: Crew, server: Server, task: Task, stop: Stop) -> Iterator[Chunk]:
    """Yield the documents of a split; the last chunk has none, and says where the stream is then.

    Raises:
        RetriableError: If the process ended, or somebody asked to stop.
        SourceDataError: If the collection is another one by now, or the `_id`s are of several types and the key cannot tell them apart.
        LakesmithError: What the worker met.
    """
    about = str(task.stream.id)
    worker = crew.take()
    try:
        stop.begin(worker)
        gathered = _Gathered(task)
        if task.job is not None:
            yield from gathered.chunks(worker, task.job, stop)
    except LakesmithError:
        if not stop.is_asked.is_set():
            need_same(server, task, about)  # what the server says of a collection that is gone is of no help
        raise
    finally:
        stop.end()
        crew.give_back(worker)
    need_same(server, task, about)
    yield gathered.end(task.ask_at_end())


def need_same(server: Server, task: Task, about: str) -> None:
    """Go on if the collection is the one that was planned: one that is gone sends nothing, and that is no error to the server.

    Raises:
        SourceMissingError: If it is gone.
        SourceDataError: If it is another one.
    """
    from lakesmith.sources.mongodb.connecting.faults import driver_errors

    name = task.stream.options.collection or task.stream.id.name
    where = server.scene(about).said
    with driver_errors(server.scene(about)):
        found = server.collections(name)
    if not found:
        raise SourceMissingError(
            f"The collection of {about} was dropped or renamed while it was read. Nothing of this part was kept.",
            where=where,
            fix="correct `collection:`, or run again when it is back",
        )
    if found[0].uuid != task.token.uuid:
        raise SourceDataError(
            f"The collection of {about} was dropped and made anew while it was read. Nothing of this part was kept.",
            where=where,
            fix=f"run the same command again; if it has a cursor, load everything anew: lakesmith rebuild {about}",
        )


class _Gathered:
    """What came of a split so far."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._origin = str(task.stream.id.name)
        self._marks: list[str] = []
        self._late: list[str] = []
        self._ids: dict[str, None] = {}
        self._documents = 0
        self._empty: pa.RecordBatch | None = None

    def chunks(self, worker: Worker, job: Job, stop: Stop) -> Iterator[Chunk]:
        """Yield what the worker sends; the last chunk of a block accounts for all that was counted of it."""
        waiting: pa.RecordBatch | None = None
        rows = 0
        for said, payload in worker.read(job):
            stop.need_not(self._origin)
            if said["kind"] == "batch":
                if waiting is not None:
                    rows += waiting.num_rows
                    yield self._chunk(waiting, waiting.num_rows)
                waiting = _unpacked(payload)
                continue
            last = waiting if waiting is not None else self._nothing()
            yield self._chunk(last, said["documents"] - rows, said)
            waiting, rows = None, 0

    def end(self, notices: tuple[str, ...]) -> Chunk:
        """Return the chunk without rows that ends the split."""
        ids = tuple(sorted(self._ids))
        after = After(is_end=True, held=Held.of(self._marks), ids=ids, late=Held.of(self._late))
        return Chunk(self._nothing(), after.encode(), counted=0, origin=self._origin, notices=notices)

    def _chunk(self, rows: pa.RecordBatch, counted: int, said: Mapping[str, Any] | None = None) -> Chunk:
        self._empty = rows.slice(0, 0)
        if said is None:
            return Chunk(rows, After().encode(), counted=counted, origin=self._origin)
        self._marks += said["marks"]
        self._late += said["late"]
        self._ids |= dict.fromkeys(said["ids"])
        self._need_one_bracket()
        rejects = tuple(self._reject(one) for one in said["rejects"])
        self._documents += said["documents"]
        return Chunk(rows, After().encode(), rejects, counted, self._origin, held=said["held"])

    def _reject(self, said: Mapping[str, Any]) -> Reject:
        place = f"{self._origin}, document {self._documents + said['number'] + 1} of part {self._task.token.number + 1}"
        return Reject(said["reason"], place, said["raw"], cut=said["cut"])

    def _need_one_bracket(self) -> None:
        stream, ids = self._task.stream, self._task.ids
        ids.update(self._ids)
        if "_id" not in stream.key or len(ids) <= MOST_IDS:
            return
        raise SourceDataError(
            f"The `_id`s of {stream.id} are of several types, and no one column can tell such documents apart. Nothing of this part was kept.",
            where=stream.where,
            fix=f"write `key: _id_key`, the text of `_id` with its type, and load everything anew: lakesmith rebuild {stream.id}",
        )

    def _nothing(self) -> pa.RecordBatch:
        import pyarrow as pa

        return self._empty if self._empty is not None else pa.RecordBatch.from_arrays([], schema=pa.schema([]))


def _unpacked(payload: bytearray) -> pa.RecordBatch:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(payload)) as reader:
        return reader.read_next_batch()
