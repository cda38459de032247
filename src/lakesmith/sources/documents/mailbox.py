"""Where the messages of a mailbox (mbox) begin and end. The messages themselves are read by workers, each on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 4 * 1024 * 1024
LONGEST_LINE = 1000
OVERLAP = 3
"""The bytes before a separator that make it one, at the most; a separator among the first of a piece was seen in the piece before."""
# A separator stands after a blank line, or at the very beginning, and ends with a time and a year: other lines may begin with "From " too.
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]{0,900}\d:\d\d[^\n]{0,60}\n")


def messages(file: BinaryIO, size: int, start: int = 0, *, piece_bytes: int = PIECE) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each message from `start` on, which must be 0 or the end of a message.

    Args:
        file: The mailbox.
        size: Where it ends, in bytes.
        start: Where to begin.
        piece_bytes: How much is read at a time; more than the longest line there may be.
    """
    begun: int | None = None
    for line_start, line_end in _separators(file, (start, size), piece_bytes):
        if begun is not None:
            yield begun, line_start - begun
        begun = line_end
    if begun is not None:
        yield begun, size - begun


def _separators(file: BinaryIO, bounds: tuple[int, int], piece_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield where separators begin and end; pieces overlap, so that none is missed between two of them."""
    start, size = bounds
    at = start
    while at < size:
        file.seek(at)
        piece = file.read(min(piece_bytes, size - at))
        if not piece:
            return
        is_last = at + len(piece) >= size
        sure = len(piece) if is_last else len(piece) - LONGEST_LINE
        for match in _SEPARATOR.finditer(piece):
            if match.start() < sure and (at == start or match.start() >= OVERLAP):
                yield at + match.start(), at + match.end()
        if is_last:
            return
        at += sure - OVERLAP
