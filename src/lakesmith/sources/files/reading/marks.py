"""What a file looked like when a record of it was put aside: how its text was read, and how the file began."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import BinaryIO

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import RAW_LIMIT
from lakesmith.sources.files.options import FileStreamOptions

USUAL = "utf-8"
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """The encoding that makes bytes of a record's text again, and the hash of the first line of its file; empty where it is not known."""

    encoding: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.encoding}/{self.digest}"

    @classmethod
    def read(cls, mark: str, options: FileStreamOptions) -> Mark:
        """Return the mark as it was written; records of earlier versions that have none were read as `options` say."""
        encoding, _, digest = mark.partition("/")
        return cls(encoding or options.encoding, digest)

    def now(self, reject: Reject) -> Mark:
        """Return the mark for a record that was read again, and rejected again."""
        return replace(self, encoding=reject.mark or USUAL)


def marked(rejects: Iterable[Reject], head: BinaryIO) -> tuple[Reject, ...]:
    """Return records with the mark that tells, at a replay, whether the file still has the columns they were read by.

    Formats of other encodings than UTF-8 say in `mark` in which one they read the text.
    """
    rejects = tuple(rejects)
    if not rejects:
        return ()
    digest = beginning(head)
    return tuple(replace(reject, mark=str(Mark(reject.mark or USUAL, digest))) for reject in rejects)


def beginning(head: BinaryIO) -> str:
    """Return the hash of a file's first line, or of its first 64 kB where that line is longer."""
    head.seek(0)
    line = head.readline(RAW_LIMIT).rstrip(b"\r\n")
    return hashlib.sha256(line).hexdigest()[:_DIGITS]
