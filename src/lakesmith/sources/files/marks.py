"""What a file looked like when a record of it was put aside: how its text was read, and how the file began."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import RAW_LIMIT
from lakesmith.sources.files.options import FileStreamOptions

_DIGITS = 16


def marked(rejects: Iterable[Reject], head: BinaryIO, options: FileStreamOptions) -> tuple[Reject, ...]:
    """Return records with the mark that tells, at a replay, whether the file still has the columns they were read by."""
    rejects = tuple(rejects)
    if not rejects:
        return ()
    mark = f"{options.encoding}/{beginning(head)}"
    return tuple(replace(reject, mark=mark) for reject in rejects)


def beginning(head: BinaryIO) -> str:
    """Return the hash of a file's first line, or of its first 64 kB where that line is longer."""
    head.seek(0)
    line = head.readline(RAW_LIMIT).rstrip(b"\r\n")
    return hashlib.sha256(line).hexdigest()[:_DIGITS]


def read_mark(mark: str) -> tuple[str, str]:
    """Return encoding and beginning out of a mark; empty where a record has none."""
    encoding, _, digest = mark.partition("/")
    return encoding, digest
