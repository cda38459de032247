"""The way through a folder of this machine to the files that a pattern matches, links and locked doors included."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lakesmith.host.files import storage_errors
from lakesmith.sources.files.deliveries.patterns import Numbers, Part, Pattern, match_part

OUTSIDE = "it is a link that leads out of the folder of its source"
FAULTS = {
    errno.ELOOP: "it is a link that leads round in a circle",
    errno.EACCES: "this user may not look into it",
    errno.EPERM: "this user may not look into it",
    errno.ENAMETOOLONG: "its path is longer than this system can open",
}
"""What is wrong with one entry alone, by the system's number for it. Whatever else the system says is wrong with the whole place."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that a pattern matches, and what its path tells of the day; with a `fault` it is a file or folder that cannot be read."""

    name: str
    seen: Numbers
    status: os.stat_result
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """A folder to look into: its path, its name below the root, the parts of the pattern that are left, what is known of the day."""

    path: str
    name: str
    parts: tuple[Part, ...]
    seen: Numbers


def is_below(path: str, root: str) -> bool:
    """Return whether a path is a folder, or lies in it; both are real paths, without links.

    Examples:
        >>> is_below("/in/a.csv", "/in"), is_below("/internal/a.csv", "/in")
        (True, False)
    """
    return path == root or path.startswith(f"{root.rstrip(os.sep)}{os.sep}")


class Walk:
    """A walk through the folder `root` after the files of one pattern; `real` is its path without links.

    Folders that are still to be looked into wait in a list: they may lie deeper in each other than a program may call itself.
    """

    def __init__(self, root: Path, real: str, pattern: Pattern) -> None:
        self._real = real
        self._named = pattern.text if pattern.literal else pattern.folder
        self._start = _Step(str(root / pattern.folder), pattern.folder, pattern.parts, {})
        self._steps: list[_Step] = []

    def hits(self) -> Iterator[Hit]:
        """Yield what the pattern matches.

        Raises:
            StorageUnavailableError: If the folder cannot be looked at.
        """
        if not is_below(os.path.realpath(self._start.path), self._real):
            with storage_errors(self._start.path):
                yield Hit(self._named, {}, os.lstat(self._start.path), OUTSIDE)
            return
        self._add(self._start)
        while self._steps:
            step = self._steps.pop()
            with storage_errors(step.path):
                listed = self._listed(step)
            if isinstance(listed, Hit):
                yield listed
                continue
            for entry in listed:
                with storage_errors(entry.path):
                    hit = self._taken(step, entry)
                if hit is not None:
                    yield hit

    def _add(self, step: _Step) -> None:
        """Note a folder to look into; for `**` also as the last of any number of folders."""
        self._steps.append(step)
        while step.parts[0] is None:
            step = replace(step, parts=step.parts[1:])
            self._steps.append(step)

    def _listed(self, step: _Step) -> list[os.DirEntry[str]] | Hit:
        """Return what lies in a folder; nothing if it is gone by now."""
        try:
            with os.scandir(step.path) as entries:
                return list(entries)
        except OSError as error:
            if step.path == self._start.path:
                raise
            if isinstance(error, FileNotFoundError):
                return []
            if error.errno not in FAULTS:
                raise
            return Hit(step.name, {}, os.lstat(step.path), FAULTS[error.errno])

    def _taken(self, step: _Step, entry: os.DirEntry[str]) -> Hit | None:
        """Return an entry that is a file to read, or cannot be read; note a folder to look into."""
        part, others = step.parts[0], step.parts[1:]
        name = f"{step.name}/{entry.name}" if step.name else entry.name
        if part is None:  # any number of folders, but no links to some: they may lead round
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                self._add(_Step(entry.path, name, step.parts, step.seen))
            return None
        seen = match_part(part, entry.name, step.seen)
        return None if seen is None else self._matched(_Step(entry.path, name, others, seen), entry)

    def _matched(self, step: _Step, entry: os.DirEntry[str]) -> Hit | None:
        """Return an entry whose name a pattern matches, or note the folder; None also for what is neither file nor folder, or gone."""
        try:
            if not (entry.is_dir() if step.parts else entry.is_file()):
                return None
            fault = "" if self._stays(entry) else OUTSIDE
            if not step.parts or fault:
                return Hit(step.name, step.seen, entry.stat(follow_symlinks=not fault), fault)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno not in FAULTS:
                raise
            return Hit(step.name, step.seen, os.lstat(entry.path), FAULTS[error.errno])
        self._add(step)
        return None

    def _stays(self, entry: os.DirEntry[str]) -> bool:
        return not entry.is_symlink() or is_below(os.path.realpath(entry.path), self._real)
