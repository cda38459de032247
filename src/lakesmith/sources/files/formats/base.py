"""What a format reader is given and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol

from lakesmith.model.streams import Reject

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.tape import Tape

RAW_LIMIT = 64 * 1024
RECORD_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tail:
    """The unread part of one file, at the start of which the tape stands.

    `name` is the path relative to the root; `line` the number of the first unread line (1-based); `notes` what the format wanted
    to remember about this file, empty at the first reading. A `head` is a second, independent handle on the same file.
    """

    name: str
    head: BinaryIO
    options: FileStreamOptions
    line: int = 1
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a file that was read.

    `counted` are the records an independent counter found in the stretch, None where there is none. Of a file that grows, `end` is
    the offset behind the last record that need not be read again, `digest` the hash of the file up to there, and `lines` the line
    ends before `end`.
    """

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    counted: int | None
    end: int = 0
    digest: str = ""
    lines: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many records it holds: as many as were counted, or else as were read."""
        return self.rows.num_rows + len(self.rejects) if self.counted is None else self.counted


@dataclass(frozen=True, slots=True)
class Sight:
    """What the beginning of a file looks like, in words for `check`; `doubt` is something a person should look at."""

    text: str
    doubt: str = ""
    fix: str = ""


class Format(Protocol):
    """Reads files of one format."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the records from where the tape stands to its end."""
        ...

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return what the beginning of a file looks like."""
        ...


def reject(reason: str, name: str, line: int, raw: bytes, encoding: str = "utf-8") -> Reject:
    """Return a reject for the record that begins at `line`, its raw text without the line end and cut to 64 kB.

    Bytes that are no text in `encoding` become lone surrogates, from which they can be had back.
    """
    text = raw[:RAW_LIMIT].decode(encoding, "surrogateescape").rstrip("\r\n")
    return Reject(reason=reason, where=f"{name}:{line}", raw=text, cut=len(raw) >= RAW_LIMIT)
