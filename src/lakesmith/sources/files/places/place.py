"""What the source needs of a place where files lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from lakesmith.sources.files.patterns import Pattern


@dataclass(frozen=True, slots=True)
class Status:
    """What a place says of one file: bytes, time of the last change in ns since 1970, the place's own mark of the content, "" where it has none.

    `identity` tells whether a name still means the same file after it was renamed over; "" where the place cannot say.
    """

    size: int
    mtime_ns: int
    version: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that belongs to a stream: its path relative to the root, which pattern found it, the day in its path, and its status."""

    name: str
    pattern: int
    day: date | None
    size: int
    mtime_ns: int
    version: str = ""


class Place(Protocol):
    """A folder, however far away. Names are relative to it, with `/` between their parts."""

    def find(self, patterns: Iterable[Pattern]) -> list[Found]:
        """Return the files that match, each once.

        Raises:
            StorageUnavailableError: If the place cannot be looked at.
        """
        ...

    def status(self, name: str) -> Status:
        """Return what the place says of a file now.

        Raises:
            SourceMissingError: If it is not there.
            StorageUnavailableError: If the place cannot be looked at.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Return a handle for reading that can seek.

        Raises:
            SourceMissingError: If it is not there.
            StorageUnavailableError: If it cannot be opened.
        """
        ...
