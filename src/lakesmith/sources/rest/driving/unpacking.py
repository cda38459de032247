"""The bytes of an answer, unpacked as they come: what its headers say is packed, and what turns out to be a file of gzip."""

from __future__ import annotations

import zlib
from typing import Protocol

from lakesmith.sources.files.limits import MB, PACKED_RATIO
from lakesmith.sources.rest.driving.keeping import TooLargeError

UNSUSPECTED = 64 * MB
"""Up to here an answer may be packed as tightly as it likes."""

PIECE = MB
GZIP = b"\x1f\x8b"
GZIP_OR_ZLIB = 47
PACKINGS = ("gzip", "x-gzip", "deflate")
"""What `Content-Encoding` may say, besides nothing."""


class CutShortError(Exception):
    """What came ends in the middle, or is not packed as it says."""


class Sink(Protocol):
    """What takes the bytes."""

    def write(self, piece: bytes) -> None:
        """Take more of them."""
        ...


class Inflating:
    """Takes packed bytes, gives unpacked ones; several packed parts may stand one behind the other."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
        self._came = self._gave = 0

    def write(self, piece: bytes) -> None:
        """Unpack what came.

        Raises:
            TooLargeError: If it becomes much larger than what came.
            CutShortError: If it is not packed as it should be.
        """
        self._came += len(piece)
        left, made = piece, b""
        while left or len(made) == PIECE:
            if self._unpacker.eof:
                if not left.strip(b"\0"):
                    return
                self._unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
            try:
                made = self._unpacker.decompress(left, PIECE)
            except zlib.error as error:
                raise CutShortError from error
            self._gave += len(made)
            if self._gave > UNSUSPECTED and self._gave > PACKED_RATIO * self._came:
                raise TooLargeError(f"it unpacks to more than {PACKED_RATIO:,} times its size")
            self._sink.write(made)
            left = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail

    def close(self) -> None:
        """See that all came.

        Raises:
            CutShortError: If it ends in the middle.
        """
        if self._came and not self._unpacker.eof:
            raise CutShortError


class Unpacked:
    """What finds out by its first two bytes whether an answer is a file of gzip."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._first = b""
        self._inflating: Inflating | None = None
        self._is_known = False

    def write(self, piece: bytes) -> None:
        """Take more of it."""
        if not self._is_known:
            self._first += piece
            if len(self._first) < len(GZIP):
                return
            piece, self._is_known = self._first, True
            if piece.startswith(GZIP):
                self._inflating = Inflating(self._sink)
        (self._inflating or self._sink).write(piece)

    def close(self) -> None:
        """See that all came.

        Raises:
            CutShortError: If it ends in the middle.
        """
        if not self._is_known and self._first:
            self._sink.write(self._first)
        if self._inflating is not None:
            self._inflating.close()
