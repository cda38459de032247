"""A file that is being read, however it is read: whether it is still the one it was, and what is done with one that was rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, TypeVar

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Chunk, StreamSpec
from lakesmith.sources.files.deliveries.broken import BrokenFileError, Refusal, reason_of, refused
from lakesmith.sources.files.deliveries.ledger import Entry
from lakesmith.sources.files.places.place import Place, Status
from lakesmith.sources.files.reading.job import Job, told
from lakesmith.sources.files.reading.tape import digest_of
from lakesmith.sources.files.settings.delivery import Policy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open twice: to go through it, and to look back; and what its place said of it before.

    `notices` gathers what a person should be told, each once, in order.
    """

    place: Place
    stream: StreamSpec
    job: Job
    status: Status
    file: BinaryIO
    head: BinaryIO
    notices: dict[str, None] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The file and its stream, for messages."""
        at = f", {self.stream.where}" if self.stream.where else ""
        return f"{self.job.name} (stream {self.stream.id}{at})"

    def tell(self, notice: str) -> None:
        """Take note of something a person should be told."""
        self.notices[notice] = None

    def rewritten(self) -> Policy:
        """Return what is done with a file that was read and has other content now.

        Raises:
            SourceDataError: If somebody has to look at it first.
        """
        name = self.job.name
        policy: Policy = self.stream.options.on_rewrite_in(self.stream.mode)
        if policy == "ignore":
            self.tell(f"{name} was rewritten; what was read of it before stays, as `on_rewrite: ignore` says.")
        elif policy == "reload" and self.stream.mode == "append":
            self.tell(
                f"{name} was rewritten and is loaded again: the rows of the version before stay, and `_ls_batch` tells them apart."
            )
        elif policy == "refuse":
            raise SourceDataError(
                "A file that was already loaded has been rewritten; loading it again would double its rows. None of it was loaded.",
                where=self.where,
                fix=(
                    "deliver changed data under a new name, give the stream a `key` and `mode: dedupe`, or say with `on_rewrite` what is "
                    "meant; a file that only grows, and whose last record ends with a line end, is read on from there"
                ),
            )
        return policy

    def as_is(self, known: Entry) -> Chunk:
        """Return a chunk without rows that notes how the file is now, so that it is looked at again only when it changes again."""
        self.head.seek(0)
        whole = digest_of(self.head, self.status.size)
        seen = replace(known, size=self.status.size, mtime_ns=self.status.mtime_ns, version=self.status.version)
        entry = replace(seen, whole=whole, is_done=True, is_gone=False, refused="")
        return told(self.job, tuple(self.notices), {self.job.name: entry})

    def judged(self, stretches: Iterator[T]) -> Iterator[T]:
        """Yield what a format makes of the file.

        Raises:
            BrokenFileError: If it cannot be read at all.
            SourceDataError: If it was changed meanwhile, which may be why.
        """
        try:
            yield from stretches
        except SourceDataError as error:
            self.check_unchanged(growing=False)
            raise BrokenFileError(error, self._refusal(error)) from error

    def _refusal(self, error: SourceDataError) -> Refusal:
        now, whole = self.status, ""
        if not (now.mtime_ns or now.version):  # nothing else tells whether it is another one the next time
            self.head.seek(0)
            whole = digest_of(self.head, now.size)
        seen = Entry(now.size, now.mtime_ns, 0, "", 0, 0, whole=whole, version=now.version)
        entry = refused(self.job.known, seen, self.stream.options)
        return Refusal(self.job.name, reason_of(error, self.job.name), entry)

    def check_unchanged(self, *, growing: bool) -> None:
        """Refuse a file that was rewritten meanwhile. Where it is `growing`, one that only grew was read up to where it ended.

        A file rewritten in place and larger passes for one that grew; the hash of what was read gives it away the next time.

        Raises:
            SourceDataError: If it is another one now.
        """
        now, known = self.place.status(self.job.name), self.status
        grew = growing and bool(now.identity) and now.identity == known.identity and now.size > known.size
        if not grew and (now.size, now.mtime_ns, now.version) != (known.size, known.mtime_ns, known.version):
            raise SourceDataError(
                "A file was changed while it was being read.",
                where=self.where,
                fix="run again once it is complete; a delivery that is renamed into place when whole is never caught half-way",
            )
