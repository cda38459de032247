"""Unpacked content as something to read from: forward, ahead of who reads it, or at random from a temporary copy."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.sources.files.limits import PIECE_BYTES, SPOOL_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from lakesmith.sources.files.unpacking.streams import Readable

AHEAD = 4
"""Pieces that wait for who reads them."""


class Pieces:
    """Reads what an iterator yields, forward only."""

    def __init__(self, pieces: Iterator[bytes], begun: bytes = b"") -> None:
        self._pieces, self._rest = pieces, memoryview(begun)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes: `size`, or as many as there are."""
        taken: list[bytes | memoryview] = []
        while size and self._fill():
            piece = self._rest if size < 0 else self._rest[:size]
            taken.append(piece)
            self._rest = self._rest[len(piece) :]
            size -= len(piece) if size > 0 else 0
        return b"".join(taken)

    def peek(self, size: int) -> bytes:
        """Return the next bytes, and leave them to be read."""
        begun = self.read(size)
        self._rest = memoryview(begun + self._rest)
        return begun

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rest as it comes."""
        while self._fill():
            piece, self._rest = bytes(self._rest), memoryview(b"")
            yield piece

    def _fill(self) -> bool:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._rest = memoryview(piece)
        return True


def pieces_of(file: Readable) -> Iterator[bytes]:
    """Yield what is left of a file."""
    while piece := file.read(PIECE_BYTES):
        yield piece


@contextmanager
def ahead(pieces: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """Unpack in a thread of its own, a few pieces ahead: the libraries that do it leave Python to the others meanwhile."""
    waiting: deque[Future[bytes | None]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="lakesmith-unpack")

    def taken() -> Iterator[bytes]:
        waiting.extend(pool.submit(next, pieces, None) for _ in range(AHEAD))
        while (piece := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, pieces, None))
            yield piece

    try:
        yield taken()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def spooled(pieces: Iterator[bytes]) -> Iterator[BinaryIO]:
    """Keep content in a temporary file, so that it can be read at random; it is gone afterwards, also if the process dies.

    Raises:
        OSError: If the disk is full.
    """
    with SpooledTemporaryFile(max_size=SPOOL_BYTES, prefix="lakesmith-") as file:
        for piece in pieces:
            file.write(piece)
        yield file  # type: ignore[misc] # it is one in all but name


class View(io.RawIOBase):
    """A second place to read from in a file that is open once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0
        self._size = file.seek(0, io.SEEK_END)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read at random."""
        return True

    def tell(self) -> int:
        """Return where it stands."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere else, and return where that is."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer, and return with how much."""
        self._file.seek(self._at)
        with memoryview(buffer) as target:
            piece = self._file.read(len(target))
            target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def view(file: BinaryIO) -> BinaryIO:
    """Return an independent handle on the content of a file that is open."""
    return io.BufferedReader(View(file))
