"""Answers that are lines, CSV or JSON: how many there are, and a digest of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lakesmith.sources.rest.reading.documents import DIGEST_BYTES, Document

if TYPE_CHECKING:
    from lakesmith.sources.rest.flow.values import Body

PIECE = 1024 * 1024


def look_at_lines(body: Body, heads: int) -> Document:
    """Return what there is in an answer of lines: how many lines are not blank, less `heads` of them, and a digest."""
    digest, count, rest = hashlib.blake2b(digest_size=DIGEST_BYTES), 0, b""
    with body.open() as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            *lines, rest = (rest + piece).split(b"\n")
            count += sum(1 for line in lines if line.strip())
            rest = rest[:1] if rest.strip() else b""  # whether it is blank is all that counts
    count += bool(rest)
    return Document(max(count - heads, 0), digest.hexdigest(), None, has_records=True)
