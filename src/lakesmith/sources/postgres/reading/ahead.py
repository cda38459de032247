"""Splits that are read before anybody takes them: the server works while the load gets ready. Who takes one goes on where its thread stops."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.model.streams import Position, Split, StreamSpec
from lakesmith.sources.postgres.planning.plan import Token

if TYPE_CHECKING:
    from lakesmith.model.streams import Chunk
    from lakesmith.sources.postgres.reading.session import Chunks

AHEAD_BYTES = 64 * 1024 * 1024
"""How many bytes of rows may wait, of all splits that are read ahead together."""

WAIT_S = 0.1
"""How long a thread that is to end gets before it is asked again: a statement may have begun at the same moment."""


class Ahead:
    """The chunks of a split, read by a thread of its own up to `most_bytes`, and from there on by whoever asks for the next one.

    The session is used by one thread at a time: who asks waits for the chunk that is being read, which is the last of that thread.
    """

    def __init__(self, chunks: Chunks, most_bytes: int) -> None:
        self._chunks, self._most_bytes = chunks, most_bytes
        self._waiting: deque[Chunk] = deque()
        self._error: BaseException | None = None
        self._is_wanted = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="lakesmith-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Ahead:
        """Return the chunks."""
        return self

    def __next__(self) -> Chunk:
        """Return the next chunk.

        Raises:
            LakesmithError: What reading failed over, once all that came before has been returned.
        """
        self._is_wanted.set()
        if not self._waiting:
            self._thread.join()
        if self._waiting:
            return self._waiting.popleft()
        if self._error is not None:
            raise self._error
        return next(self._chunks)

    def cancel(self) -> None:
        """End the statement that runs on the server, and read no further. Any thread may ask."""
        self._is_wanted.set()
        self._chunks.cancel()

    def close(self) -> None:
        """Drop what waits, and give back the session."""
        while self._thread.is_alive():
            self.cancel()
            self._thread.join(WAIT_S)
        self._waiting.clear()
        self._chunks.close()

    def _fill(self) -> None:
        held_bytes = 0
        try:
            for chunk in self._chunks:
                self._waiting.append(chunk)
                held_bytes += chunk.rows.nbytes
                if self._is_wanted.is_set() or held_bytes >= self._most_bytes:
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised where the chunks are taken
            self._error = error


@dataclass(frozen=True, slots=True)
class _Question:
    """For whom splits are read: who asks for another stream, from another position or by another plan wants none of them."""

    stream: StreamSpec
    since: Position | None
    plan: str

    @classmethod
    def of(cls, stream: StreamSpec, since: Position | None, split: Split) -> _Question:
        """Return what somebody wants to know who reads a split."""
        return cls(stream, since, Token.decode(split.token).plan)


class ReadingAhead:
    """The splits of a source that are read ahead. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._question: _Question | None = None
        self._begun: dict[Split, Ahead] = {}

    def begin(
        self, stream: StreamSpec, since: Position | None, splits: Sequence[Split], read: Callable[[Split], Chunks]
    ) -> None:
        """Begin to read splits of one plan, a thread and a session for each; what was begun before and not taken is dropped."""
        self.close()
        if not splits:
            return
        with self._lock:
            self._question = _Question.of(stream, since, splits[0])
            for split in splits:  # one by one: what has begun is known, and ends, if the next cannot
                self._begun[split] = Ahead(read(split), AHEAD_BYTES // len(splits))

    def take(self, stream: StreamSpec, since: Position | None, split: Split) -> Ahead | None:
        """Return the chunks of a split that was begun for the same question, None if there is none; each is given once.

        Another question says that a load of something else is on: what nobody took is dropped, so that its sessions do not add up.
        """
        with self._lock:
            if not self._begun:
                return None
            if self._question == _Question.of(stream, since, split):
                return self._begun.pop(split, None)
        self.close()
        return None

    def close(self) -> None:
        """End what nobody took."""
        with self._lock:
            begun, self._begun = list(self._begun.values()), {}
        for one in begun:
            one.cancel()  # all of them first, so that they end side by side
        for one in begun:
            one.close()
