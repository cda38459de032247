"""A file read forward once, from one offset to another, with the hash of everything before any point of it."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from lakesmith.sources.files.unpacking.streams import Readable

PIECE = 1024 * 1024
DIGEST_BYTES = 16


class Tape:
    """Hands out the bytes of a file up to `stop` and knows the hash of the prefix that ends at any offset already handed out."""

    def __init__(self, file: Readable, stop: int) -> None:
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
        self._keep(piece)
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

    def _keep(self, piece: bytes) -> None:
        """Keep what was handed out until it is known up to where it is to be hashed."""
        self._pending.append(memoryview(piece))


class WholeTape(Tape):
    """Hands out a file that is remembered as a whole: nobody asks for the hash of a part, so all of it is hashed at once."""

    def digest(self, offset: int) -> str:  # noqa: ARG002 - what was handed out was hashed
        """Return the hash of what was handed out."""
        return self._hash.hexdigest()[: 2 * DIGEST_BYTES]

    def _keep(self, piece: bytes) -> None:
        self._hash.update(piece)


class LooseTape(Tape):
    """Hands out content whose size nobody knows beforehand, and of which no hash is wanted. Its file gives fewer bytes only at its end."""

    def __init__(self, file: Readable) -> None:
        super().__init__(file, 0)
        self._next = b""

    @property
    def at_end(self) -> bool:
        """Whether everything was handed out."""
        self._next = self._next or self._file.read(1)
        return not self._next

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; fewer only at the end."""
        if size < 1:
            return b""
        begun, self._next = self._next, b""
        piece = begun + self._file.read(size - len(begun))
        self.position += len(piece)
        return piece

    def digest(self, offset: int) -> str:  # noqa: ARG002 - there is none
        """Return no hash."""
        return ""


def digest_of(file: BinaryIO, size: int) -> str:
    """Return the hash of the first `size` bytes of a file that stands at its start."""
    tape = Tape(file, size)
    tape.skip_to(size)
    return tape.digest(size)
