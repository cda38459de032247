"""Files in a folder, here or far away, as a source."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import ClassVar

from lakesmith.errors import ConnectorOptionsError, SourceDataError, SourceMissingError
from lakesmith.host.clock import Clock, SystemClock
from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import (
    Ask,
    Chunk,
    Finding,
    Kept,
    Position,
    Replay,
    SourceContext,
    Split,
    StreamSpec,
    canonical,
)
from lakesmith.sources.files.deliveries.broken import BrokenFileError, Refusal, aside, stand_in
from lakesmith.sources.files.deliveries.ledger import Book, Ledger, decode, encode, read_plain
from lakesmith.sources.files.deliveries.patterns import BadPatternError, Pattern, parse_pattern
from lakesmith.sources.files.deliveries.planning import Comparing, in_order, tell_gone
from lakesmith.sources.files.deliveries.splitting import Splitting
from lakesmith.sources.files.options import FilesOptions, FileStreamOptions
from lakesmith.sources.files.places import open_place
from lakesmith.sources.files.places.place import Found
from lakesmith.sources.files.reading.growing import read_job
from lakesmith.sources.files.reading.job import Job, half_written, told

NANOS = 1_000_000_000


class FilesSource:
    """Reads families of files below one folder; every new, grown or changed file is a split.

    The position is a ledger of what was read of each file. A file that grew is read on from where it was left; one that was only
    touched is not read; one that was rewritten is read anew by streams that know their newest rows, and refused by the others.
    """

    Options: ClassVar[type[FilesOptions]] = FilesOptions
    StreamOptions: ClassVar[type[FileStreamOptions]] = FileStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe", "replace")

    def __init__(self, context: SourceContext, clock: Clock | None = None) -> None:
        self._context, self._clock = context, clock or SystemClock()
        options: FilesOptions = context.options
        self._place = open_place(options, context)

    def check(self) -> Iterator[Finding]:
        """Say of each stream which files it has and what they look like."""
        from lakesmith.sources.files.survey import survey

        for stream in self._context.streams:
            yield from survey(self._place, stream, self.find)

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return a split for every file that is new, grown or changed; all files, if any came, changed or went and `replace` is asked.

        Files that vanished, or came back as they were, are one more split without rows, before the others. A load that resumes is
        told of them by name instead: it cannot go on with what it has.

        Raises:
            ConnectorOptionsError: If the root, a pattern or its folder is wrong, or a file's format is not known.
            SourceMissingError: If a file that is named without wildcards has never been there.
        """
        self._refuse_idle_policy(stream)
        ledger = Book(ask.since)
        found = self.find(stream, ledger.names())
        asked = [file for file in found if _is_asked(file, ask)]
        news = Comparing(self._place, stream.options, self._patterns(stream), ledger).news(found, asked)
        splitting = Splitting(
            self._place,
            stream,
            self._clock.now(),
            stream.where or self._context.where,
            self._skips(stream) and any(stream.options.format_of(file.name) for file in found),
        )
        if ask.resumes:
            gone = (Split(stream.id, name) for name in news.gone)
            return [*gone, *splitting.of(news.changed, ledger, news.refreshed)]
        if stream.mode != "replace":
            noted = (
                splitting.noted(ledger, news) if ask.from_day is None else []
            )  # a rebuild of some days is of those files alone
            return [*noted, *splitting.of(news.changed, ledger, {} if noted else news.refreshed)]
        if not (news.changed or news.gone):
            return []
        notices: tuple[str, ...] = ()
        if news.gone:
            self._refuse_emptied(stream, found, news.gone)
            notices = (tell_gone(news.gone, stays=False),)
        return splitting.of([file for file in asked if file.size], {}, {}, notices)

    def keep_before(self, stream: StreamSpec, position: Position, since: date) -> Kept:
        """Return what stays when every file from a day on is loaded anew: the day in its path, else the day it was written (UTC).

        Files that are not there any more stay: nobody could load them anew.
        """
        ledger = decode(position)
        anew = {file.name for file in self.find(stream, ledger) if _day_of(file) >= since}
        stays = {name: entry for name, entry in ledger.items() if name not in anew}
        members = (f"{name}/{member}" for name, entry in stays.items() for member in entry.members)
        origins = frozenset(stays).union(members)
        return Kept(encode(stays), origins, frozenset(anew))

    def gone(self, stream: StreamSpec, position: Position) -> list[str]:
        """Return the files that were loaded and are not there any more: what a load from the start would lose."""
        ledger = decode(position)
        return _gone(ledger, self.find(stream, ledger))

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - the split says it all
        """Yield the rows of one file that the ledger did not have when the split was made.

        Raises:
            BrokenFileError: If the file cannot be read at all, and its stream stops there, or some of it was yielded.
            SourceDataError: If the file changed while it was read, or was rewritten and the stream's mode cannot take that.
            StorageUnavailableError: If the file cannot be read.
        """
        job = Job.from_json(json.loads(split.token))
        if job.broken and job.known is not None:
            return iter([aside(job, Refusal(job.name, job.broken, job.known))])
        return read_job(self._place, stream, job) if job.format else iter([told(job, job.notices)])

    def go_on(self, stream: StreamSpec, splits: Sequence[Split], error: SourceDataError) -> Sequence[Split] | None:
        """Return splits in which the file that an error is about goes aside; None if the stream stops there."""
        if not isinstance(error, BrokenFileError):
            return None
        refusal = error.refusal
        at = next((number for number, split in enumerate(splits) if split.name == refusal.name), None)
        if at is None:
            return None
        job = Job.from_json(json.loads(splits[at].token))
        if (
            job.may_grow
        ):  # read up to where it is broken, and changed only now: nothing of it is kept, and nothing noted
            job = replace(job, format="", may_grow=False, notices=(*job.notices, half_written(refusal.name)))
        elif self._skips(stream):
            job = stand_in(job, refusal)
        else:
            return None
        return [*splits[:at], replace(splits[at], token=canonical(job.as_json())), *splits[at + 1 :]]

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        """Return the ledger with the file's new entry in it."""
        return self.advance_all(position, [(split, after)])

    def advance_all(self, position: Position | None, steps: Sequence[tuple[Split, Position]]) -> Position:
        """Return the ledger with the new entries of many files in it, decoded and encoded once."""
        ledger = read_plain(position)
        for _, after in steps:
            ledger.update(read_plain(after))
        return canonical(ledger)

    def replay(self, stream: StreamSpec, records: Sequence[QuarantinedRow]) -> Iterator[Replay]:
        """Yield what becomes of records of quarantine by today's settings."""
        from lakesmith.sources.files.reading.replaying import replay

        return replay(self._place, stream, records)

    def find(self, stream: StreamSpec, ledger: Collection[str] = ()) -> list[Found]:
        """Return the files of a stream, in reading order.

        Raises:
            ConnectorOptionsError: If the root or a pattern is wrong, or the folder it starts in does not exist.
            SourceMissingError: If a file that is named without wildcards is not there, nor in the `ledger`.
            SourceDataError: If the name of a file is not text.
        """
        patterns = self._patterns(stream)
        for pattern in patterns:
            self._need_folder(stream, pattern)
        found = in_order(self._place.find(patterns), stream.options.order)
        self._refuse_unwritable(stream, found)
        present = {file.name for file in found}
        for pattern in patterns:
            if pattern.literal and pattern.text not in present and pattern.text not in ledger:
                raise SourceMissingError(
                    f"The file `{pattern.text}` is not there.",
                    where=f"stream {stream.id}, {stream.where or self._context.where}",
                    fix=f"put it at {self._place.path(pattern.text)}, or correct `files:`",
                )
        return found

    def _skips(self, stream: StreamSpec) -> bool:
        skips: bool = stream.options.skips_broken_in(stream.mode)
        return skips

    def _refuse_idle_policy(self, stream: StreamSpec) -> None:
        if stream.mode == "replace" and stream.options.on_rewrite not in (None, "reload"):
            raise ConnectorOptionsError(
                f"`on_rewrite` has no meaning for {stream.id}: a `replace` stream reads all files anew whenever one changed.",
                where=stream.where or self._context.where,
                fix="leave it out, or give the stream another `mode`",
            )

    def _refuse_emptied(self, stream: StreamSpec, files: Sequence[Found], gone: Sequence[str]) -> None:
        """Refuse to empty a table because its files went away: somebody moved a folder, more often than a system has no record left."""
        if any(file.size for file in files):
            return
        raise SourceMissingError(
            f"All files of {stream.id} are gone, among them `{gone[0]}`. Its table stays as it was.",
            where=f"stream {stream.id}, {stream.where or self._context.where}",
            fix="bring them back; if the table is meant to be empty, deliver a file that has no records and rebuild the stream",
        )

    def _refuse_unwritable(self, stream: StreamSpec, found: Iterable[Found]) -> None:
        """Refuse names that are no text: the ledger, `_ls_source` and every message could not say which file is meant."""
        for file in found:
            if not file.name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in file.name):
                raise SourceDataError(
                    f"The name of a file is not valid UTF-8: {os.fsencode(file.name)!r}.",
                    where=f"stream {stream.id}, {stream.where or self._context.where}",
                    fix="rename the file, or narrow `files:` so that it does not match",
                )

    def _patterns(self, stream: StreamSpec) -> list[Pattern]:
        patterns = []
        for text in stream.options.patterns:
            try:
                patterns.append(parse_pattern(text))
            except BadPatternError as error:
                raise ConnectorOptionsError(
                    f"`{text}` is no pattern for files: {error}.",
                    where=stream.where or self._context.where,
                    fix="correct `files:`",
                ) from error
        return patterns

    def _need_folder(self, stream: StreamSpec, pattern: Pattern) -> None:
        missing = self._place.lacks(pattern.folder)
        if missing is not None:
            raise ConnectorOptionsError(
                f"The {missing} that `{pattern.text}` starts from does not exist.",
                where=stream.where or self._context.where,
                fix=f"create {self._place.path(pattern.folder)}, or correct `files:` or `root:`",
            )


def _gone(ledger: Ledger, files: Iterable[Found]) -> list[str]:
    """Return the names that the ledger has and the folder has not, or has as empty files."""
    return sorted(ledger.keys() - {file.name for file in files if file.size})


def _day_of(file: Found) -> date:
    return file.day or datetime.fromtimestamp(file.mtime_ns / NANOS, UTC).date()


def _is_asked(file: Found, ask: Ask) -> bool:
    if file.day is None:
        return True
    return (ask.from_day is None or ask.from_day <= file.day) and (ask.until_day is None or file.day <= ask.until_day)
