"""What the source needs of a place where files lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from lakesmith.sources.files.deliveries.patterns import Pattern


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
    """A file that belongs to a stream: its path relative to the root, which pattern found it, the day in its path, and its status.

    A `fault` says why it cannot be read whatever is in it; then it may be a folder, too, and the status is that of the link.
    """

    name: str
    pattern: int
    day: date | None
    size: int
    mtime_ns: int
    version: str = ""
    fault: str = ""


class Place(Protocol):
    """A folder, however far away. Names are relative to it, with `/` between their parts."""

    @property
    def is_atomic(self) -> bool:
        """Whether a file is seen only once it is whole, so that none can be caught while it is written."""
        ...

    def lacks(self, folder: str) -> str | None:
        """Return what is missing of a folder that a pattern starts from, in words; None if it is there, or need not be."""
        ...

    def find(self, patterns: Iterable[Pattern]) -> list[Found]:
        """Return the files that match, each once, in no order that means anything.

        Raises:
            SourceMissingError: If the folder that a pattern starts from is not there.
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
            SourceDataError: If it must not be opened, see `Found.fault`.
            SourceMissingError: If it is not there.
            StorageUnavailableError: If it cannot be opened.
        """
        ...

    def path(self, name: str) -> str:
        """Return where a file lies, as messages name it: an absolute path or a URL without user and password."""
        ...
