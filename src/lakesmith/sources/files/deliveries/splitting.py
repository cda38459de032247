"""Splits out of what is new: one for each file to read, and one for what is only to be noted and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import Split, StreamSpec, canonical
from lakesmith.sources.files.deliveries.broken import NO_FORMAT, Refusal, refused, stand_in
from lakesmith.sources.files.deliveries.ledger import Entry, Ledger
from lakesmith.sources.files.deliveries.planning import News, tell_back, tell_gone
from lakesmith.sources.files.formats import is_read_on
from lakesmith.sources.files.places.place import Found, Place
from lakesmith.sources.files.reading.job import NOTES_ALONE, Job

NANOS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Splitting:
    """Makes the splits of one stream; `where` is its place in the project file.

    `goes_on` says that files whose format nobody knows go aside; otherwise they are refused.
    """

    place: Place
    stream: StreamSpec
    now: datetime
    where: str
    goes_on: bool = False

    def noted(self, ledger: Mapping[str, Entry], news: News) -> list[Split]:
        """Return the split that notes and tells which files went or came back; none if nothing of that kind happened."""
        if not (news.gone or news.back):
            return []
        gone = {name: replace(ledger[name], is_gone=True) for name in news.gone}
        notices = (
            *([tell_gone(news.gone, stays=True)] if news.gone else ()),
            *([tell_back(sorted(news.back))] if news.back else ()),
        )
        job = Job(NOTES_ALONE, "", refreshed={**news.refreshed, **gone, **news.back}, notices=notices)
        return [Split(self.stream.id, NOTES_ALONE, size_bytes=0, token=canonical(job.as_json()))]

    def of(
        self, files: Iterable[Found], ledger: Mapping[str, Entry], refreshed: Ledger, notices: tuple[str, ...] = ()
    ) -> list[Split]:
        """Return a split for each file; the first one also brings what is to be noted and told."""
        splits = []
        for file in files:
            splits.append(self._split(file, Job(file.name, "", ledger.get(file.name), refreshed, notices=notices)))
            refreshed, notices = {}, ()
        return splits

    def _split(self, file: Found, job: Job) -> Split:
        format_ = self.stream.options.format_of(file.name)
        if (format_ is None or file.fault) and self.goes_on:
            seen = Entry(file.size, file.mtime_ns, 0, "", 0, 0, version=file.version)
            entry = refused(job.known, seen, self.stream.options)
            job = stand_in(job, Refusal(file.name, file.fault or NO_FORMAT, entry))
            return Split(self.stream.id, file.name, size_bytes=0, token=canonical(job.as_json()))
        if file.fault:
            raise SourceDataError(
                f"A file cannot be read: {file.fault}. Nothing of the stream was loaded.",
                where=self.place.path(file.name),
                fix="have the file itself delivered in its place, or narrow `files:` so that it does not match",
            )
        if format_ is None:
            raise ConnectorOptionsError(
                f"The name of `{file.name}` does not tell its format.",
                where=self.where,
                fix=f"set `format:` for the stream {self.stream.id}",
            )
        known = job.known
        job = replace(job, format=format_, may_grow=self._may_grow(file))
        rest = file.size - (known.consumed if known is not None and known.consumed <= file.size else 0)
        resumable = is_read_on(format_, file.name)
        return Split(self.stream.id, file.name, resumable, size_bytes=rest, token=canonical(job.as_json()))

    def _may_grow(self, file: Found) -> bool:
        """Whether a file was changed so recently that it may still be written; one dated in the future is taken as it is.

        Where every load is the whole table, a part that waits would be missing from it: there a file is read or refused.
        """
        if self.stream.mode == "replace" or self.place.is_atomic:
            return False
        age_s = self.now.timestamp() - file.mtime_ns / NANOS
        settle_s: float = self.stream.options.settle_s
        return 0 <= age_s < settle_s
