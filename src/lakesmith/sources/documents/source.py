"""Documents in a folder as a source."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import ClassVar

from lakesmith.errors import ConnectorOptionsError, LakesmithError, SourceDataError, SourceMissingError
from lakesmith.host.processors import processors
from lakesmith.model.streams import Ask, Chunk, Finding, Kept, Position, SourceContext, Split, StreamSpec, canonical
from lakesmith.sources.documents.crew import Crew
from lakesmith.sources.documents.options import DocumentsOptions, DocumentStreamOptions
from lakesmith.sources.documents.retrying import may_succeed
from lakesmith.sources.files.deliveries.ledger import Entry, Ledger, decode, encode
from lakesmith.sources.files.deliveries.patterns import BadPatternError, Pattern, parse_pattern
from lakesmith.sources.files.places import open_place
from lakesmith.sources.files.places.place import Found
from lakesmith.sources.files.reading.tape import digest_of

NANOS = 1_000_000_000
SPLIT_DOCUMENTS, SPLIT_BYTES = 64, 256 * 1024 * 1024
MOST_WORKERS = 4


class DocumentsSource:
    """Reads documents below one folder, each one row; every new or changed document is read, as a whole.

    Several documents are one split, so that several processes have something to read. The position is a ledger of what was read of
    each file. With `key: path` and `mode: dedupe` a changed document takes the place of its older row; with `append` both stay.
    """

    Options: ClassVar[type[DocumentsOptions]] = DocumentsOptions
    StreamOptions: ClassVar[type[DocumentStreamOptions]] = DocumentStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe", "replace")

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        options: DocumentsOptions = context.options
        self._place = open_place(options, context)
        self._crew = Crew(options.workers or processors(MOST_WORKERS))

    def check(self) -> Iterator[Finding]:
        """Say of each stream how many documents of which kind it has, and what is missing to read them."""
        from lakesmith.sources.documents.survey import survey

        for stream in self._context.streams:
            yield from survey(self._place, stream, self.find)

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return splits of the documents that are new or changed; all documents, if any came, changed or went and `replace` is asked.

        Raises:
            ConnectorOptionsError: If the root, a pattern or its folder is wrong.
            SourceMissingError: If a file that is named without wildcards has never been there, or all that was loaded is gone.
        """
        ledger = decode(ask.since)
        found = self.find(stream, ledger)
        files = [file for file in found if _is_asked(file, ask)]
        refreshed: Ledger = {}
        changed = [file for file in files if self._is_changed(stream, file, ledger.get(file.name), refreshed)]
        gone = sorted(ledger.keys() - {file.name for file in found})
        if ask.resumes:
            return [*(Split(stream.id, name) for name in gone), *_packed(stream, changed, ledger, refreshed)]
        if stream.mode != "replace" or not (changed or gone):
            return _packed(stream, changed, ledger, refreshed)
        if not found:
            raise SourceMissingError(
                f"All documents of {stream.id} are gone, among them `{gone[0]}`. Its table stays as it was.",
                where=f"stream {stream.id}, {stream.where or self._context.where}",
                fix="bring them back, or correct `files:`",
            )
        return _packed(stream, files, {}, {})

    def keep_before(self, stream: StreamSpec, position: Position, since: date) -> Kept:
        """Return what stays when every document from a day on is loaded anew: the day in its path, else the day it was written (UTC)."""
        ledger = decode(position)
        anew = {file.name for file in self.find(stream, ledger) if _day_of(file) >= since}
        stays = {name: entry for name, entry in ledger.items() if name not in anew}
        return Kept(encode(stays), frozenset(stays), frozenset(anew))

    def gone(self, stream: StreamSpec, position: Position) -> list[str]:
        """Return the documents that were loaded and are not there any more."""
        ledger = decode(position)
        return sorted(ledger.keys() - {file.name for file in self.find(stream, ledger)})

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - the split says it all
        """Yield a row for every document of a split: what it says, or why it cannot be read."""
        from lakesmith.sources.documents.reading import Job, SplitReading

        return SplitReading(self._place, stream, Job.from_json(json.loads(split.token))).chunks(self._crew)

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - `after` names its files
        """Return the ledger with the new entries in it."""
        return encode({**decode(position), **decode(after)})

    def find(self, stream: StreamSpec, ledger: Iterable[str] = ()) -> list[Found]:
        """Return the documents of a stream, in reading order: by day, by pattern, by name.

        Raises:
            ConnectorOptionsError: If the root or a pattern is wrong, or the folder it starts in does not exist.
            SourceMissingError: If a file that is named without wildcards is not there, nor in the `ledger`.
            SourceDataError: If the name of a file is not text.
        """
        patterns = [self._pattern(stream, text) for text in stream.options.patterns]
        found = sorted(self._place.find(patterns), key=lambda file: (file.day or date.min, file.pattern, file.name))
        where = f"stream {stream.id}, {stream.where or self._context.where}"
        for file in found:
            if any("\ud800" <= letter <= "\udfff" for letter in file.name):
                raise SourceDataError(
                    f"The name of a file is not valid UTF-8: {os.fsencode(file.name)!r}.",
                    where=where,
                    fix="rename the file, or narrow `files:` so that it does not match",
                )
        present = {file.name for file in found}.union(ledger)
        for pattern in patterns:
            if pattern.literal and pattern.text not in present:
                raise SourceMissingError(
                    f"The file `{pattern.text}` is not there.",
                    where=where,
                    fix=f"put it at {self._place.path(pattern.text)}, or correct `files:`",
                )
        return found

    def _pattern(self, stream: StreamSpec, text: str) -> Pattern:
        where = stream.where or self._context.where
        try:
            pattern = parse_pattern(text)
        except BadPatternError as error:
            raise ConnectorOptionsError(
                f"`{text}` is no pattern for files: {error}.", where=where, fix="correct `files:`"
            ) from error
        missing = self._place.lacks(pattern.folder)
        if missing is not None:
            raise ConnectorOptionsError(
                f"The {missing} that `{text}` starts from does not exist.",
                where=where,
                fix=f"create {self._place.path(pattern.folder)}, or correct `files:` or `root:`",
            )
        return pattern

    def _is_changed(self, stream: StreamSpec, file: Found, known: Entry | None, refreshed: Ledger) -> bool:
        """Whether there may be something to read; a document that was only touched is noted in `refreshed` instead."""
        if known is None or not known.is_done or file.size != known.size or may_succeed(stream.options, known.notes):
            return True
        if file.version or file.mtime_ns == known.mtime_ns:
            return file.version != known.version  # a place that marks contents need not be asked for them
        try:
            with self._place.open(file.name) as content:
                if digest_of(content, file.size) != known.digest:
                    return True
        except LakesmithError:
            return True  # reading it makes a row that says why it cannot be opened
        refreshed[file.name] = replace(known, mtime_ns=file.mtime_ns)
        return False


def _packed(stream: StreamSpec, files: Sequence[Found], ledger: Ledger, refreshed: Ledger) -> list[Split]:
    """Return splits of documents that follow one another, of at most 64 of them and 256 MB."""
    splits: list[Split] = []
    pack: list[Found] = []
    for file in files:
        if pack and (len(pack) >= SPLIT_DOCUMENTS or sum(one.size for one in pack) + file.size > SPLIT_BYTES):
            splits.append(_split(stream, pack, ledger, {} if splits else refreshed))
            pack = []
        pack.append(file)
    return [*splits, _split(stream, pack, ledger, {} if splits else refreshed)] if pack else splits


def _split(stream: StreamSpec, pack: Sequence[Found], ledger: Ledger, refreshed: Ledger) -> Split:
    names = [file.name for file in pack]
    name = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)} documents)"
    begun = {one: ledger[one].as_json() for one in names if one in ledger and not ledger[one].is_done}
    token = {"names": names, "begun": begun, "refreshed": {one: entry.as_json() for one, entry in refreshed.items()}}
    return Split(stream.id, name, size_bytes=sum(file.size for file in pack), token=canonical(token))


def _day_of(file: Found) -> date:
    return file.day or datetime.fromtimestamp(file.mtime_ns / NANOS, UTC).date()


def _is_asked(file: Found, ask: Ask) -> bool:
    if file.day is None:
        return True
    return (ask.from_day is None or ask.from_day <= file.day) and (ask.until_day is None or file.day <= ask.until_day)
