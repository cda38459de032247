"""Files in a local folder as a source."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar

from lakesmith.errors import ConnectorOptionsError, SourceDataError, SourceMissingError
from lakesmith.host.files import storage_errors
from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import Ask, Chunk, Finding, Kept, Position, Replay, SourceContext, Split, StreamSpec
from lakesmith.sources.files.ledger import Entry, Ledger, canonical, decode, encode
from lakesmith.sources.files.options import FilesOptions, FileStreamOptions
from lakesmith.sources.files.patterns import BadPatternError, Found, Pattern, find, parse_pattern
from lakesmith.sources.files.reading import Job, read_job
from lakesmith.sources.files.tape import digest_of

NANOS = 1_000_000_000


class FilesSource:
    """Reads families of files below one folder; every new, grown or changed file is a split.

    The position is a ledger of what was read of each file. A file that grew is read on from where it was left; one that was only
    touched is not read; one that was rewritten is read anew by streams that know their newest rows, and refused by the others.
    """

    Options: ClassVar[type[FilesOptions]] = FilesOptions
    StreamOptions: ClassVar[type[FileStreamOptions]] = FileStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe", "replace")

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        options: FilesOptions = context.options
        self._root = context.root / Path(options.root).expanduser()

    def check(self) -> Iterator[Finding]:
        """Say of each stream which files it has and what they look like."""
        from lakesmith.sources.files.survey import survey

        for stream in self._context.streams:
            yield from survey(self._root, stream, self.find)

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return a split for every file that is new, grown or changed; all files, if any came, changed or went and `replace` is asked.

        A load that resumes is also told of files that it has read and that are gone: it cannot go on with what it has.

        Raises:
            ConnectorOptionsError: If the root, a pattern or its folder is wrong, or a file's format is not known.
            SourceMissingError: If a file that is named without wildcards has never been there.
        """
        ledger = decode(ask.since)
        found = self.find(stream, ledger)
        files = [file for file in found if _is_asked(file, ask)]
        refreshed: Ledger = {}
        changed = [file for file in files if file.size and self._is_changed(file, ledger.get(file.name), refreshed)]
        splits = [self._split(stream, file, ledger.get(file.name), refreshed) for file in changed]
        gone = _gone(ledger, found)
        if ask.resumes:
            return [*(Split(stream.id, name) for name in gone), *splits]
        if stream.mode != "replace" or not (changed or gone):
            return splits
        if gone:
            self._refuse_emptied(stream, found, gone)
        return [self._split(stream, file, None, {}) for file in files if file.size]

    def keep_before(self, stream: StreamSpec, position: Position, since: date) -> Kept:
        """Return what stays when every file from a day on is loaded anew: the day in its path, else the day it was written (UTC).

        Files that are not there any more stay: nobody could load them anew.
        """
        ledger = decode(position)
        anew = {file.name for file in self.find(stream, ledger) if _day_of(file) >= since}
        stays = {name: entry for name, entry in ledger.items() if name not in anew}
        return Kept(encode(stays), frozenset(stays), frozenset(anew))

    def gone(self, stream: StreamSpec, position: Position) -> list[str]:
        """Return the files that were loaded and are not there any more: what a load from the start would lose."""
        ledger = decode(position)
        return _gone(ledger, self.find(stream, ledger))

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - the split says it all
        """Yield the rows of one file that the ledger did not have when the split was made.

        Raises:
            SourceDataError: If the file changed while it was read, or was rewritten and the stream's mode cannot take that.
            StorageUnavailableError: If the file cannot be read.
        """
        return read_job(self._root, stream, Job.from_json(json.loads(split.token)))

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - `after` names its file
        """Return the ledger with the file's new entry in it."""
        return encode({**decode(position), **decode(after)})

    def replay(self, stream: StreamSpec, records: Sequence[QuarantinedRow]) -> Iterator[Replay]:
        """Yield what becomes of records of quarantine by today's settings."""
        from lakesmith.sources.files.replaying import replay

        return replay(self._root, stream, records)

    def find(self, stream: StreamSpec, ledger: Iterable[str] = ()) -> list[Found]:
        """Return the files of a stream, in reading order.

        Raises:
            ConnectorOptionsError: If the root or a pattern is wrong, or the folder it starts in does not exist.
            SourceMissingError: If a file that is named without wildcards is not there, nor in the `ledger`.
            SourceDataError: If the name of a file is not text.
        """
        patterns = [self._pattern(stream, text) for text in stream.options.patterns]
        with storage_errors(self._root):
            found = find(self._root, patterns)
        self._refuse_unwritable(stream, found)
        present = {file.name for file in found}.union(ledger)
        for pattern in patterns:
            if pattern.literal and pattern.text not in present:
                raise SourceMissingError(
                    f"The file `{pattern.text}` is not there.",
                    where=f"stream {stream.id}, {stream.where or self._context.where}",
                    fix=f"put it below {self._root}, or correct `files:`",
                )
        return found

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

    def _pattern(self, stream: StreamSpec, text: str) -> Pattern:
        where = stream.where or self._context.where
        try:
            pattern = parse_pattern(text)
        except BadPatternError as error:
            raise ConnectorOptionsError(
                f"`{text}` is no pattern for files: {error}.", where=where, fix="correct `files:`"
            ) from error
        folder = self._root / pattern.folder
        if not self._root.is_dir() or not folder.is_dir():
            missing = "root" if not self._root.is_dir() else f"folder `{pattern.folder}`"
            raise ConnectorOptionsError(
                f"The {missing} that `{text}` starts from does not exist.",
                where=where,
                fix=f"create {folder}, or correct `files:` or `root:`",
            )
        return pattern

    def _is_changed(self, file: Found, known: Entry | None, refreshed: Ledger) -> bool:
        """Whether there may be something to read; a file that was only touched is noted in `refreshed` instead."""
        if known is None or not known.is_done or file.size != known.size:
            return True
        if file.mtime_ns == known.mtime_ns:
            return False
        with storage_errors(file.name), (self._root / file.name).open("rb") as content:
            if digest_of(content, file.size) != (known.whole or known.digest):
                return True
        refreshed[file.name] = replace(known, mtime_ns=file.mtime_ns)
        return False

    def _split(self, stream: StreamSpec, file: Found, known: Entry | None, refreshed: Ledger) -> Split:
        format_ = stream.options.format_of(file.name)
        if format_ is None:
            raise ConnectorOptionsError(
                f"The name of `{file.name}` does not tell its format.",
                where=stream.where or self._context.where,
                fix=f"set `format:` for the stream {stream.id}",
            )
        token = canonical(Job(file.name, format_, known, refreshed).as_json())
        rest = file.size - (known.consumed if known is not None and known.consumed <= file.size else 0)
        return Split(stream.id, file.name, size_bytes=rest, token=token)


def _gone(ledger: Ledger, files: Iterable[Found]) -> list[str]:
    """Return the names that the ledger has and the folder has not, or has as empty files."""
    return sorted(ledger.keys() - {file.name for file in files if file.size})


def _day_of(file: Found) -> date:
    return file.day or datetime.fromtimestamp(file.mtime_ns / NANOS, UTC).date()


def _is_asked(file: Found, ask: Ask) -> bool:
    if file.day is None:
        return True
    return (ask.from_day is None or ask.from_day <= file.day) and (ask.until_day is None or file.day <= ask.until_day)
