"""Reading one split: from where the ledger left a file to its end, and what the ledger says afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lakesmith.host.files import storage_errors
from lakesmith.model.streams import Chunk, StreamSpec
from lakesmith.sources.files.deliveries.arriving import whole_up_to, without_last
from lakesmith.sources.files.deliveries.broken import BrokenFileError, aside
from lakesmith.sources.files.deliveries.ledger import Entry, encode
from lakesmith.sources.files.formats import FORMATS, load_format
from lakesmith.sources.files.formats.base import Stretch, Tail
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.places.place import Place
from lakesmith.sources.files.reading.contents import is_packed
from lakesmith.sources.files.reading.job import Job, told
from lakesmith.sources.files.reading.marks import marked
from lakesmith.sources.files.reading.opened import Opened
from lakesmith.sources.files.reading.tape import Tape
from lakesmith.sources.files.reading.whole import WholeReading

LINE_ENDS = (b"\n", b"\r")


def read_job(place: Place, stream: StreamSpec, job: Job) -> Iterator[Chunk]:
    """Yield the unread rows of one file.

    Raises:
        BrokenFileError: If the file cannot be read at all, and its stream stops there, or some of it was yielded.
        SourceDataError: If the file changed while it was read, or was rewritten and the stream's mode cannot take that.
        StorageUnavailableError: If the file cannot be read.
    """
    status = place.status(job.name)  # before the file is opened, so that one renamed over it in between is noticed
    with storage_errors(place.path(job.name)), place.open(job.name) as file, place.open(job.name) as head:
        opened = Opened(place, stream, job, status, file, head, dict.fromkeys(job.notices))
        grows = job.format in FORMATS and FORMATS[job.format].grows and not is_packed(job.name, head, stream.options)
        chunks = FileReading(opened).chunks() if grows else WholeReading(opened).chunks()
        yield from _or_aside(job, chunks) if stream.options.skips_broken_in(stream.mode) else chunks


def _or_aside(job: Job, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Yield chunks, or that of a file that goes aside; one that turns out to be broken later is for the load to begin anew without."""
    try:
        first = next(chunks, None)
    except BrokenFileError as error:
        yield aside(job, error.refusal)
        return
    if first is not None:
        yield first
    yield from chunks


class FileReading:
    """The reading of one open file that may have grown."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._stream, self._job = opened, opened.stream, opened.job
        self._file, self._head, self._status = opened.file, opened.head, opened.status
        self._notices = opened.notices
        self._waits = False

    def chunks(self) -> Iterator[Chunk]:
        """Yield a chunk for every stretch; the last one only once the file has proved to be the same as before."""
        known = self._job.known
        if known is None or not known.consumed:
            yield from self._read_on(None, Tape(self._file, self._stop(0)))
            return
        tape = Tape(self._file, self._stop(known.consumed))
        if self._goes_on_from(known, tape):
            yield from self._read_on(known, tape)
        elif self._opened.rewritten() == "ignore":
            yield self._opened.as_is(known)
        else:
            self._file.seek(0)
            yield from self._read_on(None, Tape(self._file, self._stop(0)))

    def _read_on(self, known: Entry | None, tape: Tape) -> Iterator[Chunk]:
        """Yield what lies behind what is known, which is where the tape stands."""
        if self._waits:
            self._tell_waiting()
        entry = known or Entry(0, 0, 0, "", 0, 0)
        options: FileStreamOptions = self._stream.options
        tail = Tail(self._job.name, self._head, options, entry.lines + 1, entry.notes)
        waiting: tuple[Stretch, Entry] | None = None
        for stretch in self._opened.judged(load_format(self._job.format).read(tail, tape)):
            if waiting is not None:
                yield self._chunk(*waiting)
            entry = self._advanced(entry, stretch)
            waiting = stretch, entry
        self._opened.check_unchanged(growing=True)
        if waiting is not None:
            yield self._chunk(*self._finished(waiting[0], entry, tape))
        elif self._notices:
            yield told(self._job, tuple(self._notices))

    def _stop(self, start: int) -> int:
        """Return where reading ends: before a last record that may still be written, which begins at or behind `start`."""
        size = self._status.size
        stop = whole_up_to(self._head, start, size) if self._job.may_grow and start <= size else size
        self._waits = stop < size
        return stop

    def _tell_waiting(self) -> None:
        self._notices[
            f"{self._job.name} may still be written: its last record has no end yet, and waits for a later run."
        ] = None

    def _goes_on_from(self, known: Entry, tape: Tape) -> bool:
        """Whether the file still begins with what was read of it; the tape stands behind that, if it does."""
        if self._status.size < known.consumed:
            return False
        tape.skip_to(known.consumed)
        same = tape.digest(known.consumed) == known.digest
        return same and (self._status.size == known.consumed or self._is_between_records(known.consumed))

    def _is_between_records(self, offset: int) -> bool:
        # the last record may have been loaded without a line end: then what follows must begin with one
        self._head.seek(offset - 1)
        before, after = self._head.read(1), self._head.read(1)
        return before in LINE_ENDS or after in LINE_ENDS

    def _advanced(self, entry: Entry, stretch: Stretch) -> Entry:
        return Entry(
            size=self._status.size,
            mtime_ns=self._status.mtime_ns,
            consumed=stretch.end,
            digest=stretch.digest,
            records=entry.records + stretch.records,
            lines=stretch.lines,
            is_done=False,
            notes=stretch.notes,
            version=self._status.version,
        )

    def _finished(self, stretch: Stretch, entry: Entry, tape: Tape) -> tuple[Stretch, Entry]:
        """Return the last stretch and the entry of a file that was read up to where it ends, or may be taken to end."""
        cut = False
        if self._job.may_grow and entry.consumed < tape.position:
            stretch, cut = without_last(stretch)
        if cut:
            entry = replace(entry, records=entry.records - 1)
            self._tell_waiting()
        if cut or self._waits:
            return stretch, entry
        tape.skip_to(self._status.size)
        whole = tape.digest(self._status.size) if entry.consumed < self._status.size else ""
        return stretch, replace(entry, is_done=True, whole=whole)

    def _chunk(self, stretch: Stretch, entry: Entry) -> Chunk:
        after = encode({**self._job.refreshed, self._job.name: entry})
        rejects = marked(stretch.rejects, self._head)
        notices = tuple(self._notices)
        return Chunk(stretch.rows, after, rejects, stretch.counted, origin=self._job.name, notices=notices)
