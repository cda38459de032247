"""A folder of this machine. Partners may write to it, so a link in it must not lead anywhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from lakesmith.errors import SourceDataError, SourceMissingError
from lakesmith.host.files import storage_errors
from lakesmith.sources.files.deliveries.patterns import Numbers, Pattern, day_of
from lakesmith.sources.files.places.place import Found, Status
from lakesmith.sources.files.places.walking import FAULTS, OUTSIDE, Walk, is_below

NO_FILE = "it is something else than a file"
READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Whatever took the file's place since it was looked at is neither followed nor waited for."""


class LocalPlace:
    """A folder, walked by `os.scandir` no deeper than the patterns ask.

    The folder itself may be a link. Links in it are followed as long as they stay in it: whoever delivers files may make links too,
    and could have any file of this machine read otherwise.
    """

    is_atomic = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, patterns: Iterable[Pattern]) -> list[Found]:
        """Return the files that the patterns match, each once, as found by the first pattern that matches.

        Files and folders that cannot be read for reasons of their own are among them, with a `fault`.
        """
        found: dict[str, Found] = {}
        real = os.path.realpath(self._root)
        for place, pattern in enumerate(patterns):
            days: Numbers | None = None
            fits, day = day_of({})
            for hit in Walk(self._root, real, pattern).hits():
                if hit.seen is not days:  # all files of a folder share what is known of their day
                    days, (fits, day) = hit.seen, day_of(hit.seen)
                if fits and hit.name not in found:
                    size, mtime_ns = hit.status.st_size, hit.status.st_mtime_ns
                    found[hit.name] = Found(hit.name, place, day, size, mtime_ns, fault=hit.fault)
        return list(found.values())

    def status(self, name: str) -> Status:
        """Return size, time and inode of a file; of a link that must not be followed, its own."""
        path = self._root / name
        with storage_errors(path):
            try:
                _, fault = self._resolved(path)
                found = path.stat(follow_symlinks=not fault)
            except FileNotFoundError as error:
                raise _missing(path) from error
        return Status(found.st_size, found.st_mtime_ns, identity=f"{found.st_dev}:{found.st_ino}")

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            SourceDataError: If it is a link that must not be followed, or no file.
        """
        path = self._root / name
        with storage_errors(path):
            try:
                real, fault = self._resolved(path)
                if fault:
                    raise _unreadable(path, fault)
                file = os.fdopen(_opened(path, real), "rb")
            except FileNotFoundError as error:
                raise _missing(path) from error
        return file

    def path(self, name: str) -> str:
        """Return the absolute path."""
        return str(self._root / name)

    def lacks(self, folder: str) -> str | None:
        """Return what is missing of a folder that a pattern starts from, in words; None if it is there."""
        if not self._root.is_dir():
            return "root"
        return None if (self._root / folder).is_dir() else f"folder `{folder}`"

    def _resolved(self, path: Path) -> tuple[str, str]:
        """Return a path without links, and why it must not be read, "" if it may."""
        try:
            real = os.path.realpath(path, strict=True)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno not in FAULTS:
                raise
            return str(path), FAULTS[error.errno]
        return real, "" if is_below(real, os.path.realpath(self._root)) else OUTSIDE


def _opened(path: Path, real: str) -> int:
    """Return a descriptor of a file by its path without links; `path` is the one that messages name."""
    descriptor = os.open(real, READING)
    if stat.S_ISREG(os.fstat(descriptor).st_mode) and os.path.realpath(real) == real:
        return descriptor
    os.close(descriptor)
    raise _unreadable(path, NO_FILE)


def _missing(path: Path) -> SourceMissingError:
    return SourceMissingError(
        "The file is not there any more.", where=str(path), fix="bring it back, or run again: what is left is loaded"
    )


def _unreadable(path: Path, fault: str) -> SourceDataError:
    return SourceDataError(
        f"A file cannot be read: {fault}.",
        where=str(path),
        fix="have the file itself delivered in its place; a folder elsewhere can be the `root:` of a source of its own",
    )
