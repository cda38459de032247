"""A folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from lakesmith.errors import SourceMissingError
from lakesmith.host.files import storage_errors
from lakesmith.sources.files.deliveries.patterns import Numbers, Part, Pattern, day_of, match_part
from lakesmith.sources.files.places.place import Found, Status


class LocalPlace:
    """A folder, walked by `os.scandir` no deeper than the patterns ask."""

    is_atomic = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, patterns: Iterable[Pattern]) -> list[Found]:
        """Return the files that the patterns match, each once, as found by the first pattern that matches."""
        found: dict[str, Found] = {}
        with storage_errors(self._root):
            for place, pattern in enumerate(patterns):
                days: Numbers | None = None
                fits, day = True, None
                for name, seen, entry in _walk(str(self._root / pattern.folder), pattern.folder, pattern.parts, {}):
                    if seen is not days:  # all files of a folder share what is known of their day
                        days, (fits, day) = seen, day_of(seen)
                    if fits and name not in found:
                        status = entry.stat()
                        found[name] = Found(name, place, day, status.st_size, status.st_mtime_ns)
        return list(found.values())

    def status(self, name: str) -> Status:
        """Return size, time and inode of a file."""
        path = self._root / name
        with storage_errors(path):
            try:
                status = path.stat()
            except FileNotFoundError as error:
                raise _missing(path) from error
        return Status(status.st_size, status.st_mtime_ns, identity=f"{status.st_dev}:{status.st_ino}")

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        path = self._root / name
        with storage_errors(path):
            try:
                return path.open("rb")
            except FileNotFoundError as error:
                raise _missing(path) from error

    def path(self, name: str) -> str:
        """Return the absolute path."""
        return str(self._root / name)

    def lacks(self, folder: str) -> str | None:
        """Return what is missing of a folder that a pattern starts from, in words; None if it is there."""
        if not self._root.is_dir():
            return "root"
        return None if (self._root / folder).is_dir() else f"folder `{folder}`"


def _missing(path: Path) -> SourceMissingError:
    return SourceMissingError(
        "The file is not there any more.", where=str(path), fix="bring it back, or run again: what is left is loaded"
    )


def _walk(
    folder: str, prefix: str, parts: tuple[Part, ...], seen: Numbers
) -> Iterator[tuple[str, Numbers, os.DirEntry[str]]]:
    part, others = parts[0], parts[1:]
    if part is None:
        yield from _walk(folder, prefix, others, seen)
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}/{entry.name}" if prefix else entry.name
            if part is None:
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    yield from _walk(entry.path, name, parts, seen)
                continue
            told = match_part(part, entry.name, seen)
            if told is not None and not others and entry.is_file():
                yield name, told, entry
            elif told is not None and others and entry.is_dir():
                yield from _walk(entry.path, name, others, told)
