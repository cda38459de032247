"""The bytes of a JSON document as UTF-8, whatever they are written in, piece by piece."""

from __future__ import annotations

import codecs
from typing import BinaryIO, Protocol

from lakesmith.errors import SourceDataError

PIECE = 8 * 1024 * 1024
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = (((0, 1, 2), "utf-32-be"), ((1, 2, 3), "utf-32-le"), ((0, 2), "utf-16-be"), ((1, 3), "utf-16-le"))
"""Which of the first four bytes are zero, since JSON begins with two characters of ASCII."""


class Bytes(Protocol):
    """What hands out bytes, and says when there are no more."""

    @property
    def at_end(self) -> bool:
        """Whether all was handed out."""
        ...

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        ...


def encoding_of(start: bytes, default: str) -> tuple[str, int]:
    """Return the encoding of a document by its first four bytes, and the length of its byte order mark."""
    for mark, name in MARKS:
        if start.startswith(mark):
            return name, len(mark)
    zeros = tuple(at for at, byte in enumerate(start[:4]) if byte == 0)
    return next((name for places, name in WIDE if places == zeros), default), 0


class Feed:
    """Hands out a document as UTF-8 without its byte order mark.

    `cut` says that what is fed is the beginning of a document only, so that half a character at its end is none of its faults.
    """

    def __init__(self, source: Bytes, encoding: str, name: str, *, cut: bool = False) -> None:
        self._source, self._name, self._cut = source, name, cut
        first = source.read(PIECE)
        self.encoding, mark = encoding_of(first, encoding)
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._waiting = first[mark:]

    @property
    def at_end(self) -> bool:
        """Whether all was handed out."""
        return not self._waiting and self._source.at_end

    def read(self) -> bytes:
        """Return the next piece.

        Raises:
            SourceDataError: If it is not text in the document's encoding.
        """
        piece, self._waiting = self._waiting or self._source.read(PIECE), b""
        if self.encoding == "utf-8" and piece.isascii() and not self._decoder.getstate()[0]:
            return piece
        try:
            return self._decoder.decode(piece, final=self._source.at_end and not self._cut).encode()
        except UnicodeError as error:
            raise SourceDataError(
                f"The document is not valid {self.encoding}. None of it was loaded.",
                where=self._name,
                fix="set `encoding:`, for example cp1252 or latin-1, or have the file delivered as UTF-8",
            ) from error


class Beginning:
    """The first bytes of a file, as what a `Feed` is fed with."""

    def __init__(self, head: BinaryIO, size: int) -> None:
        head.seek(0)
        self._data = head.read(size)
        self.is_whole = len(self._data) < size or not head.read(1)

    @property
    def at_end(self) -> bool:
        """Whether all was handed out."""
        return not self._data

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        piece, self._data = self._data[:size], self._data[size:]
        return piece
