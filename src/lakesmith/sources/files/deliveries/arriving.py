"""Files that are not done arriving: a last record whose end has not come yet waits for a later run."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from lakesmith.sources.files.formats.base import READ_AGAIN, RECORD_LIMIT, Stretch

WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""How texts begin whose characters are wider than a byte: their line ends cannot be looked for byte by byte."""


def whole_up_to(head: BinaryIO, start: int, size: int) -> int:
    """Return where the last line end of a file lies, at or behind `start`: what follows may not be whole yet.

    `size` for a file that ends with a line end, or whose last line is so long that it will be refused anyway.
    """
    head.seek(0)
    if head.read(4).startswith(WIDE):
        return size
    window = min(size - start, RECORD_LIMIT)
    head.seek(size - window)
    last = head.read(window)
    found = max(last.rfind(b"\n"), last.rfind(b"\r")) + 1
    if not found and window == RECORD_LIMIT:
        return size
    return size - window + found


def without_last(stretch: Stretch) -> tuple[Stretch, bool]:
    """Return the last stretch of a file without the record that its end cuts, and whether there was one."""
    rejects = tuple(reject for reject in stretch.rejects if reject.reason not in READ_AGAIN)
    left_out = len(stretch.rejects) - len(rejects)
    counted = None if stretch.counted is None else stretch.counted - left_out
    return replace(stretch, rejects=rejects, counted=counted), bool(left_out)
