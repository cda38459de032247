"""Reading one split: from where the ledger left a file to its end, and what the ledger says afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.host.files import storage_errors
from lakesmith.model.streams import Chunk, StreamSpec
from lakesmith.sources.files.formats import load_format
from lakesmith.sources.files.formats.base import Stretch, Tail
from lakesmith.sources.files.ledger import Entry, encode
from lakesmith.sources.files.marks import marked
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.tape import Tape, digest_of

LINE_ENDS = (b"\n", b"\r")
REREAD_MODES = ("dedupe", "replace")


@dataclass(frozen=True, slots=True)
class Job:
    """What a split's token says: the file, the format, what the ledger knew of it, and entries to refresh along the way."""

    name: str
    format: str
    known: Entry | None = None
    refreshed: Mapping[str, Entry] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the job as plain values."""
        return {
            "name": self.name,
            "format": self.format,
            "known": None if self.known is None else self.known.as_json(),
            "refreshed": {name: entry.as_json() for name, entry in self.refreshed.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Job:
        """Return the job that `as_json` described."""
        known = None if raw["known"] is None else Entry.from_json(raw["known"])
        refreshed = {name: Entry.from_json(entry) for name, entry in raw["refreshed"].items()}
        return cls(raw["name"], raw["format"], known, refreshed)


def read_job(root: Path, stream: StreamSpec, job: Job) -> Iterator[Chunk]:
    """Yield the unread rows of one file.

    Raises:
        SourceDataError: If the file changed while it was read, or was rewritten and the stream's mode cannot take that.
        StorageUnavailableError: If the file cannot be read.
    """
    path = root / job.name
    with storage_errors(path), path.open("rb") as file, path.open("rb") as head:
        yield from FileReading(stream, job, file, head).chunks()


class FileReading:
    """The reading of one open file."""

    def __init__(self, stream: StreamSpec, job: Job, file: BinaryIO, head: BinaryIO) -> None:
        self._stream, self._job, self._file, self._head = stream, job, file, head
        self._status = os.fstat(file.fileno())

    def chunks(self) -> Iterator[Chunk]:
        """Yield a chunk for every stretch; the last one only once the file has proved to be the same as before."""
        known = self._verified()
        tape = Tape(self._file, self._status.st_size)
        if known is not None:
            tape.skip_to(known.consumed)
        entry = known or Entry(0, 0, 0, "", 0, 0)
        options: FileStreamOptions = self._stream.options
        tail = Tail(self._job.name, self._head, options, entry.lines + 1, entry.notes)
        waiting: tuple[Stretch, Entry] | None = None
        for stretch in load_format(self._job.format).read(tail, tape):
            if waiting is not None:
                yield self._chunk(*waiting)
            entry = self._advanced(entry, stretch)
            waiting = stretch, entry
        self._check_unchanged()
        if waiting is not None:
            yield self._chunk(waiting[0], self._finished(entry, tape))

    def _verified(self) -> Entry | None:
        """Return the entry to go on from, or None to read the file from its start."""
        known = self._job.known
        if known is None or known.consumed == 0 or self._goes_on_from(known):
            return known if known is not None and known.consumed else None
        if self._stream.mode in REREAD_MODES:
            return None
        raise SourceDataError(
            "A file that was already loaded has been rewritten; loading it again would double its rows. None of it was loaded.",
            where=f"{self._job.name} (stream {self._stream.id}{_at(self._stream.where)})",
            fix=(
                "deliver changed data under a new name, or give the stream a `key` and `mode: dedupe`; "
                "a file that only grows, and whose last record ends with a line end, is read on from there"
            ),
        )

    def _goes_on_from(self, known: Entry) -> bool:
        if self._status.st_size < known.consumed:
            return False
        self._head.seek(0)
        same = digest_of(self._head, known.consumed) == known.digest
        return same and (self._status.st_size == known.consumed or self._is_between_records(known.consumed))

    def _is_between_records(self, offset: int) -> bool:
        # the last record may have been loaded without a line end: then what follows must begin with one
        self._head.seek(offset - 1)
        before, after = self._head.read(1), self._head.read(1)
        return before in LINE_ENDS or after in LINE_ENDS

    def _advanced(self, entry: Entry, stretch: Stretch) -> Entry:
        return Entry(
            size=self._status.st_size,
            mtime_ns=self._status.st_mtime_ns,
            consumed=stretch.end,
            digest=stretch.digest,
            records=entry.records + stretch.records,
            lines=stretch.lines,
            is_done=False,
            notes=stretch.notes,
        )

    def _finished(self, entry: Entry, tape: Tape) -> Entry:
        whole = tape.digest(self._status.st_size) if entry.consumed < self._status.st_size else ""
        return replace(entry, is_done=True, whole=whole)

    def _chunk(self, stretch: Stretch, entry: Entry) -> Chunk:
        after = encode({**self._job.refreshed, self._job.name: entry})
        rejects = marked(stretch.rejects, self._head, self._stream.options)
        return Chunk(stretch.rows, after, rejects, stretch.counted, origin=self._job.name)

    def _check_unchanged(self) -> None:
        """Refuse a file that was rewritten meanwhile. One that only grew was read up to where it ended: the next run reads on.

        A file rewritten in place and larger passes here; the hash of what was read gives it away the next time.
        """
        now = Path(self._file.name).stat()
        known = self._status
        grew = (now.st_dev, now.st_ino) == (known.st_dev, known.st_ino) and now.st_size > known.st_size
        if not grew and (now.st_size, now.st_mtime_ns) != (known.st_size, known.st_mtime_ns):
            raise SourceDataError(
                "A file was changed while it was being read.",
                where=f"{self._job.name} (stream {self._stream.id}{_at(self._stream.where)})",
                fix="run again once it is complete; a delivery that is renamed into place when whole is never caught half-way",
            )


def _at(where: str) -> str:
    return f", {where}" if where else ""
