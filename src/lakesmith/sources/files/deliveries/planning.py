"""What is new at a place: its files against the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lakesmith.host.files import storage_errors
from lakesmith.sources.files.deliveries.broken import digest_of_settings
from lakesmith.sources.files.deliveries.ledger import Book, Entry, Ledger
from lakesmith.sources.files.deliveries.patterns import Pattern, match_name
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.places.place import Found, Place
from lakesmith.sources.files.reading.tape import digest_of

NAMED = 3
"""How many files a notice names before it only counts."""


@dataclass(slots=True)
class News:
    """What is to be done: files to read, in reading order; entries to note; files that are gone, or there again.

    `refreshed` are entries of files that were only touched.
    """

    changed: list[Found] = field(default_factory=list)
    refreshed: Ledger = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    back: Ledger = field(default_factory=dict)


def in_order(found: Iterable[Found], order: str) -> list[Found]:
    """Return files in the order they are read: by day, pattern and name, those without a day first; or by time and name."""
    if order == "time":
        return sorted(found, key=lambda file: (file.mtime_ns, file.name))
    return sorted(found, key=lambda file: (file.day or date.min, file.pattern, file.name))


class Comparing:
    """The files of a stream, held against what its ledger says of them."""

    def __init__(self, place: Place, options: FileStreamOptions, patterns: Sequence[Pattern], ledger: Book) -> None:
        self._place, self._patterns, self._ledger = place, patterns, ledger
        self._look_back_days = options.look_back_days
        self._settings = digest_of_settings(options)

    def news(self, found: Sequence[Found], asked: Sequence[Found]) -> News:
        """Return what is new.

        Args:
            found: All files that are there.
            asked: Those of them that a load asks for.

        Raises:
            StorageUnavailableError: If a file that was touched cannot be read.
        """
        news = News()
        oldest = self._oldest(found)
        for file in asked:
            if not file.size or self._ledger.is_as_read(file.name, file.size, file.mtime_ns, file.version):
                continue
            known = self._ledger.get(file.name)
            if known is not None and known.is_done and not known.refused and _is_before(file.day, oldest):
                continue
            if self._is_changed(file, known, news.refreshed):
                news.changed.append(file)
            elif known is not None and known.is_gone:
                news.back[file.name] = replace(news.refreshed.pop(file.name, known), is_gone=False)
        there = {file.name for file in found if file.size}
        missing = [name for name in self._ledger.names() - there if not self._ledger[name].is_gone]
        news.gone = sorted(name for name in missing if oldest is None or not _is_before(self._day(name), oldest))
        return news

    def _oldest(self, found: Iterable[Found]) -> date | None:
        """Return the first day that is looked at again; None for every day."""
        if self._look_back_days is None:
            return None
        newest = max((file.day for file in found if file.day is not None), default=None)
        return None if newest is None else newest - timedelta(days=min(self._look_back_days, (newest - date.min).days))

    def _day(self, name: str) -> date | None:
        matches = (match_name(pattern, name) for pattern in self._patterns)
        return next((day for fits, day in matches if fits), None)

    def _is_changed(self, file: Found, known: Entry | None, refreshed: Ledger) -> bool:
        """Whether there may be something to read; a file that was only touched is noted in `refreshed` instead."""
        if known is None or not known.is_done or file.size != known.size or (file.fault and not known.refused):
            return True
        has_mark = file.version and known.version
        is_same = file.version == known.version if has_mark else file.mtime_ns and file.mtime_ns == known.mtime_ns
        if known.refused and (known.refused != self._settings or (file.mtime_ns and not is_same)):
            return True  # by other settings, or touched by somebody who wants it to be tried again
        if is_same:
            return False
        with storage_errors(self._place.path(file.name)), self._place.open(file.name) as content:
            if digest_of(content, file.size) != (known.whole or known.digest):
                return True
        refreshed[file.name] = replace(known, mtime_ns=file.mtime_ns, version=file.version)
        return False


def _is_before(day: date | None, oldest: date | None) -> bool:
    return day is not None and oldest is not None and day < oldest


def tell_gone(names: Sequence[str], *, stays: bool) -> str:
    """Return the notice for files that vanished, or became empty."""
    them = "it" if len(names) == 1 else "them"
    rest = f"what was read of {them} before stays" if stays else f"the table is loaded without {them}"
    return f"{_counted(names)} not there any more, or empty: {rest}."


def tell_back(names: Sequence[str]) -> str:
    """Return the notice for files that were gone and are as they were before."""
    return f"{_counted(names)} there again as before."


def _counted(names: Sequence[str]) -> str:
    """Return files as the subject of a sentence.

    Examples:
        >>> _counted(["a.csv", "b.csv", "c.csv", "d.csv"])
        '4 files (a.csv, b.csv, c.csv, …) are'
    """
    shown = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return f"{shown} is" if len(names) == 1 else f"{len(names):,} files ({shown}) are"
