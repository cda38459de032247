"""Answers that are lines, CSV or JSON: how many there are, and a digest of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lakesmith.sources.rest.reading.documents import DIGEST_BYTES, Document

if TYPE_CHECKING:
    from lakesmith.sources.rest.flow.values import Body

PIECE = 1024 * 1024


def look_at_lines(body: Body, *, is_csv: bool) -> Document:
    """Return what there is in an answer of lines: how many records, a digest, and whether its last line has an end.

    Of CSV the first line is a title, and a line end between quotes belongs to a value.
    """
    digest, count, rest, is_quoted, last = hashlib.blake2b(digest_size=DIGEST_BYTES), 0, False, False, b""
    with body.open() as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            last = piece[-1:]
            for number, text in enumerate(piece.split(b'"') if is_csv else (piece,)):
                if number:
                    is_quoted, rest = not is_quoted, True
                if is_quoted:
                    continue
                first, *lines = text.split(b"\n")
                rest = rest or bool(first.strip())
                for line in lines:
                    count += rest
                    rest = bool(line.strip())
    return Document(
        max(count + rest - is_csv, 0),
        digest.hexdigest(),
        None,
        has_records=True,
        is_ended=last in (b"", b"\n") and not is_quoted,
    )
