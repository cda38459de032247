"""Reading a file that is read whole or not at all: one that cannot grow by its format, and one that is packed, with all it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Chunk
from lakesmith.sources.files.deliveries.ledger import MEMBERS, Entry, encode
from lakesmith.sources.files.formats import load_format
from lakesmith.sources.files.formats.base import Stretch, Tail, reject
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.contents import Content, Handles, contents_of
from lakesmith.sources.files.reading.job import half_written, told
from lakesmith.sources.files.reading.marks import marked
from lakesmith.sources.files.reading.opened import Opened
from lakesmith.sources.files.reading.tape import WholeTape, digest_of

if TYPE_CHECKING:
    import pyarrow as pa

NO_FORMAT = "the name of the member does not tell its format: set `format:`, or name the members to read by `members:`"


class WholeReading:
    """The reading of one open file as a whole: its ledger entry is its size and the hash of all of it."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._job, self._status = opened, opened.job, opened.status
        self._options: FileStreamOptions = opened.stream.options
        self._tape = WholeTape(opened.file, opened.status.size)

    def chunks(self) -> Iterator[Chunk]:
        """Yield a chunk for every stretch; the last one only once all of the file has proved to be sound, and the same as before."""
        known = self._job.known
        if known is not None and known.consumed and (self._is_same(known) or self._opened.rewritten() == "ignore"):
            yield self._opened.as_is(known)
        elif self._job.may_grow:
            yield from self._unless_half_written(self._all())
        else:
            yield from self._all()

    def _unless_half_written(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield chunks, or a notice where the file cannot be read at all and may still be written."""
        try:
            first = next(chunks)
        except SourceDataError:
            yield told(self._job, (half_written(self._job.name),))
            return
        yield first
        yield from chunks

    def _all(self) -> Iterator[Chunk]:
        entry = Entry(
            self._status.size, self._status.mtime_ns, 0, "", 0, 0, is_done=False, version=self._status.version
        )
        waiting = Chunk(_no_rows(), b"", counted=0, origin=self._job.name)
        members: dict[str, None] = {}
        for content, stretch in self._opened.judged(self._stretches()):
            origin = f"{content}/{stretch.part}" if stretch.part else content
            for notice in stretch.notices:
                self._opened.tell(notice)
            if waiting.after:
                yield waiting
            members[origin] = None
            entry = replace(entry, records=entry.records + stretch.records)
            waiting = Chunk(stretch.rows, self._after(entry), stretch.rejects, stretch.counted, origin)
        self._tape.skip_to(self._status.size)
        digest = self._tape.digest(self._status.size)
        self._opened.check_unchanged(growing=False)
        inside = f"{self._job.name}/"
        known = self._job.known
        earlier = (
            known.members if known is not None else ()
        )  # rows of an earlier version are in the table under these names
        now = (origin.removeprefix(inside) for origin in members if origin.startswith(inside))
        inner = dict.fromkeys((*earlier, *now))
        notes = {MEMBERS: "\n".join(inner)} if inner else {}
        done = replace(entry, consumed=self._status.size, digest=digest, is_done=True, notes=notes)
        yield replace(waiting, after=self._after(done), notices=tuple(self._opened.notices))

    def _is_same(self, known: Entry) -> bool:
        size, digest = (known.consumed, known.digest) if known.refused else (known.size, known.whole or known.digest)
        if size != self._status.size:
            return False
        self._opened.head.seek(0)
        return digest_of(self._opened.head, size) == digest

    def _after(self, entry: Entry) -> bytes:
        return encode({**self._job.refreshed, self._job.name: entry})

    def _stretches(self) -> Iterator[tuple[str, Stretch]]:
        """Yield what was read, with the file or member it was read from."""
        handles = Handles(self._job.name, self._job.format, self._status.size, self._opened.head, self._tape)
        for content in contents_of(handles, self._options):
            fault = content.fault or ("" if content.format else NO_FORMAT)
            if fault and not content.packings:
                raise SourceDataError(
                    "The name of a file does not tell its format.", where=self._opened.where, fix="set `format:`"
                )
            if fault:
                yield content.origin, Stretch(_no_rows(), (reject(fault, content.origin, 1, b""),), 1)
            elif content.format and not content.is_blank:
                yield from self._read(content, content.format)

    def _read(self, content: Content, format_: str) -> Iterator[tuple[str, Stretch]]:
        tail = Tail(content.origin, content.head, self._options)
        for stretch in load_format(format_).read(tail, content.tape):
            rejects = marked(stretch.rejects, content.head)
            yield content.origin, replace(stretch, rejects=rejects)


def _no_rows() -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=pa.schema([]))
