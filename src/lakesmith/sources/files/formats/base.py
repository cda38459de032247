"""What a format reader is given and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

from lakesmith.model.streams import Reject
from lakesmith.sources.files.limits import RECORD_BYTES

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

RAW_LIMIT = 64 * 1024
RECORD_LIMIT = RECORD_BYTES
CUT_REASON = "the file ends in the middle of a record"
OPEN_REASON = "unterminated quote: the file ends inside a quoted field"
READ_AGAIN = frozenset({CUT_REASON, OPEN_REASON})
"""Reasons of records at the end of a file, which are read again once it has grown: a replay would bring them twice."""


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
    ends before `end`. `part` is the part of the file it lies in, such as a sheet of a workbook: rows are called after both, and so
    are its rejects. `notices` is what a person should know and no record can say.
    """

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    counted: int | None
    end: int = 0
    digest: str = ""
    lines: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    notices: tuple[str, ...] = ()

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


@runtime_checkable
class Replays(Protocol):
    """A format that can read a record again that it had rejected: all that is left of it is the raw text of its reject.

    Formats that grow need not offer it: without it, the raw text is read as if it were a file of its own (unless `Known.headed`). Of
    any other format, records are then kept, with the reason that their file has to be delivered again.
    """

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what the record becomes by today's settings: rows, or rejects; where those are is filled in by the caller.

        Args:
            raw: The raw text of the reject, whole, without a line end; lone surrogates are the bytes again that they came from.
            tail: The name of the file and today's options. `head` is the file as it is now where the format is `headed`, known
                to begin with the line it began with then; otherwise it is `raw` alone. `line` and `notes` say nothing.
        """
        ...


def reject(reason: str, name: str, line: int, raw: bytes, encoding: str = "utf-8") -> Reject:
    """Return a reject for the record that begins at `line`, its raw text without the line end and cut to 64 kB.

    Bytes that are no text in `encoding` become lone surrogates, from which they can be had back.
    """
    text = raw[:RAW_LIMIT].decode(encoding, "surrogateescape").rstrip("\r\n")
    return Reject(reason=reason, where=f"{name}:{line}", raw=text, cut=len(raw) >= RAW_LIMIT)
