"""Splits of one stream, read one after the other or several at a time: each by a thread of its own, a bounded number of chunks ahead."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, Full, Queue
from time import monotonic
from types import TracebackType
from typing import Self

from lakesmith.model.protocols import Cancels
from lakesmith.model.streams import Chunk, Position, Split

WAIT_S = 0.1
"""How long a lane that is ahead sleeps before it looks whether it is still wanted, and who waits for one whether he is to stop."""

CANCEL_EVERY_S = 0.5
"""How often a lane that waits for its source is asked to end: each time may take a connection to the server."""

Read = Callable[[Split], Iterator[Chunk]]


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of the split with that number: a chunk, or None at its end."""

    number: int
    chunk: Chunk | None


class SplitLanes:
    """Reads splits from `first` on, `count` of them at a time, by threads; to be used in a `with`, and gone through once.

    None for `count`: one after the other by the thread that asks, which then waits until there is a chunk.

    Pieces of one split come in order. After `hold` no further split is begun, and the pieces end when all that were begun have.
    `check` is asked while threads are waited for; what it raises ends the wait.
    """

    def __init__(
        self,
        read: Read,
        splits: Sequence[Split],
        first: int,
        count: int | None,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._read, self._splits, self._count, self._check = read, splits, count, check
        self._next = first
        self._held = False
        self._lanes: _Threads | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads; what they have read ahead is dropped."""
        if self._lanes is not None:
            self._lanes.stop()

    @property
    def begun(self) -> int:
        """The number of the first split that was not begun."""
        return self._next

    def hold(self) -> None:
        """Begin no further split."""
        self._held = True

    def __iter__(self) -> Iterator[Piece]:
        """Yield what the splits bring.

        Raises:
            LakesmithError: If the source refuses.
        """
        return self._one_by_one() if self._count is None else self._together(self._count)

    def _begin(self) -> int | None:
        """Return the number of the next split to read, None if there is none."""
        if self._held or self._next >= len(self._splits):
            return None
        self._next += 1
        return self._next - 1

    def _one_by_one(self) -> Iterator[Piece]:
        while (number := self._begin()) is not None:
            for chunk in self._read(self._splits[number]):
                yield Piece(number, chunk)
            yield Piece(number, None)

    def _together(self, count: int) -> Iterator[Piece]:
        lanes = self._lanes = _Threads(self._read, count)
        open_ = 0
        while True:
            while open_ < count and (number := self._begin()) is not None:
                lanes.begin(number, self._splits[number])
                open_ += 1
            if not open_:
                return
            piece = lanes.take(self._check)
            if piece.chunk is None:
                open_ -= 1
            yield piece


class Arriving:
    """What has come of the splits that are being read: rows by split, and how each ended."""

    def __init__(self, first: int, *, parallel: bool) -> None:
        """Begin with split number `first`; `parallel` if splits may end in another order than they begin."""
        self._first, self._parallel = first, parallel
        self._rows: Counter[int] = Counter()
        self._after: dict[int, Position] = {}
        self._ended: set[int] = set()

    def rows_before(self, piece: Piece) -> int:
        """Count a chunk in; return how many rows of its split came before it."""
        before = self._rows[piece.number]
        if piece.chunk is not None:
            self._rows[piece.number] += piece.chunk.rows.num_rows
            self._after[piece.number] = piece.chunk.after
        return before

    def earliest(self, piece: Piece) -> int:
        """Return the number of the first split that what is yet to come may belong to."""
        return self._first if self._parallel else piece.number

    def end(self, number: int) -> list[tuple[int, Position]]:
        """Note the end of a split; return the numbers of those which are through with all before them, and where they ended."""
        self._ended.add(number)
        through = []
        while self._first in self._ended:
            self._ended.remove(self._first)
            if self._first in self._after:
                through.append((self._first, self._after.pop(self._first)))
            self._first += 1
        return through


@dataclass(slots=True)
class _Wait:
    """The iterator that a thread waits for, None before it began."""

    chunks: object = None

    def end(self) -> None:
        """End the wait where that can be done."""
        if isinstance(self.chunks, Cancels):
            self.chunks.cancel()


class _Threads:
    """Threads that read splits into one queue, which holds as many chunks as there are threads."""

    def __init__(self, read: Read, count: int) -> None:
        self._read = read
        self._pieces: Queue[Piece | BaseException] = Queue(count)
        self._stopped = threading.Event()
        self._threads: dict[threading.Thread, _Wait] = {}

    def begin(self, number: int, split: Split) -> None:
        """Read a split in a thread of its own."""
        self._threads = {thread: wait for thread, wait in self._threads.items() if thread.is_alive()}
        wait, name = _Wait(), f"lakesmith-read-{number}"
        thread = threading.Thread(target=self._fill, args=(number, split, wait), name=name, daemon=True)
        self._threads[thread] = wait
        thread.start()

    def take(self, check: Callable[[], None]) -> Piece:
        """Return the next piece of any split; `check` is asked until there is one."""
        while True:
            try:
                piece = self._pieces.get(timeout=WAIT_S)
            except Empty:
                check()
                continue
            if isinstance(piece, BaseException):
                raise piece
            return piece

    def stop(self) -> None:
        """End all threads, each as soon as the chunk it reads is there, or at once where its source can end a wait."""
        self._stopped.set()
        asked_s = None
        while alive := [thread for thread in self._threads if thread.is_alive()]:
            self._drop()
            if asked_s is None or monotonic() - asked_s > CANCEL_EVERY_S:
                asked_s = monotonic()
                for thread in alive:
                    self._threads[thread].end()
            alive[0].join(WAIT_S)

    def _drop(self) -> None:
        try:
            while True:
                self._pieces.get_nowait()
        except Empty:
            return

    def _fill(self, number: int, split: Split, wait: _Wait) -> None:
        try:
            wait.chunks = chunks = self._read(split)
            for chunk in chunks:
                if not self._put(Piece(number, chunk)):
                    getattr(chunks, "close", lambda: None)()  # an iterator that holds a connection gives it back here
                    return
            self._put(Piece(number, None))
        except BaseException as error:  # noqa: BLE001 - it is raised where the pieces are taken
            self._put(error)

    def _put(self, piece: Piece | BaseException) -> bool:
        """Put a piece into the queue once there is room; whether anybody still wants it."""
        while not self._stopped.is_set():
            try:
                self._pieces.put(piece, timeout=WAIT_S)
            except Full:
                continue
            return True
        return False
