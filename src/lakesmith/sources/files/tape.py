"""A file read forward once, from one offset to another, with the hash of everything before any point of it."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import BinaryIO

PIECE = 1024 * 1024
DIGEST_BYTES = 16


class Tape:
    """Hands out the bytes of a file up to `stop` and knows the hash of the prefix that ends at any offset already handed out."""

    def __init__(self, file: BinaryIO, stop: int) -> None:
        self._file, self._stop = file, stop
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._pending: deque[memoryview] = deque()
        self.position = 0

    @property
    def at_end(self) -> bool:
        """Whether everything up to `stop` was handed out."""
        return self.position >= self._stop

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; fewer only at the end, or where the file has become shorter."""
        piece = self._file.read(min(size, self._stop - self.position))
        if not piece:
            self._stop = self.position
        self.position += len(piece)
        self._pending.append(memoryview(piece))
        return piece

    def skip_to(self, offset: int) -> None:
        """Go forward to `offset`, hashing what lies before it."""
        while self.position < offset and not self.at_end:
            self.read(min(PIECE, offset - self.position))
            self.digest(self.position)

    def digest(self, offset: int) -> str:
        """Return the hash of the file up to `offset`, which must not lie before the offset of an earlier call."""
        while self._hashed < offset and self._pending:
            piece = self._pending.popleft()
            wanted = offset - self._hashed
            self._hash.update(piece[:wanted])
            if len(piece) > wanted:
                self._pending.appendleft(piece[wanted:])
            self._hashed += min(wanted, len(piece))
        return self._hash.hexdigest()[: 2 * DIGEST_BYTES]


def digest_of(file: BinaryIO, size: int) -> str:
    """Return the hash of the first `size` bytes of a file that stands at its start."""
    tape = Tape(file, size)
    tape.skip_to(size)
    return tape.digest(size)
