"""Which files a stream is made of: patterns, and the walk that finds what they match."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

WILD = re.compile(r"[*?{}]")
PARTS = re.compile(r"\{date\}|\{[^}]*\}?|\}|\*|\?|[^*?{}]+")
DAY = r"(?P<date>\d{4}-\d{2}-\d{2})"


class BadPatternError(ValueError):
    """A pattern that cannot be meant; the text says why. The source adds which stream it stands in."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in pieces: the folders before the first wildcard, and one regular expression for each part after them.

    In `parts`, None stands for `**`. A pattern without wildcards has only its own name after the folders, and is `literal`.
    """

    text: str
    folder: str
    parts: tuple[re.Pattern[str] | None, ...]
    literal: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A file that belongs to a stream: its path relative to the root, which pattern found it, the day in its path, size and time."""

    name: str
    pattern: int
    day: date | None
    size: int
    mtime_ns: int


def parse_pattern(text: str) -> Pattern:
    """Return a pattern in pieces.

    Raises:
        BadPatternError: If the pattern is empty, absolute, leaves the root, or has a wildcard nobody knows.
    """
    segments = text.split("/")
    if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:|[a-z0-9]+://", text):
        raise BadPatternError("a pattern is relative to `root`")
    if any(segment in ("", ".", "..") for segment in segments):
        raise BadPatternError("a pattern is made of names with `/` between them, without empty parts, `.` or `..`")
    if segments[-1] == "**":
        raise BadPatternError("`**` stands for folders: add the names of the files, such as `**/*.csv`")
    fixed = next((place for place, segment in enumerate(segments) if WILD.search(segment)), len(segments) - 1)
    parts = tuple(_part(segment) for segment in segments[fixed:])
    return Pattern(text, "/".join(segments[:fixed]), parts, WILD.search(text) is None)


def find(root: Path, patterns: Iterable[Pattern]) -> list[Found]:
    """Return the files that the patterns match, each once, in the order they are read: by day, by pattern, by name.

    Files without a day in their path come before those with one.
    """
    found: dict[str, Found] = {}
    for place, pattern in enumerate(patterns):
        for name, day, entry in _walk(root / pattern.folder, pattern.folder, pattern.parts, None):
            if name not in found:
                status = entry.stat()
                found[name] = Found(name, place, day, status.st_size, status.st_mtime_ns)
    return sorted(found.values(), key=lambda file: (file.day or date.min, file.pattern, file.name))


def _part(segment: str) -> re.Pattern[str] | None:
    if segment == "**":
        return None
    if "**" in segment:
        raise BadPatternError("`**` stands alone between two `/`")
    hidden = "" if segment.startswith(".") else r"(?!\.)"
    seen_day = False
    expression = ""
    for piece in PARTS.findall(segment):
        if piece.startswith(("{", "}")) and piece != "{date}":
            raise BadPatternError(f"`{piece}` is no wildcard: known are `*`, `**`, `?` and `{{date}}`")
        expression += (
            ("(?P=date)" if seen_day else DAY)
            if piece == "{date}"
            else {"*": ".*", "?": "."}.get(piece) or re.escape(piece)
        )
        seen_day = seen_day or piece == "{date}"
    return re.compile(hidden + expression + r"\Z", re.DOTALL)


def _walk(
    folder: Path, prefix: str, parts: tuple[re.Pattern[str] | None, ...], day: date | None
) -> Iterator[tuple[str, date | None, os.DirEntry[str]]]:
    part, others = parts[0], parts[1:]
    if part is None:
        yield from _walk(folder, prefix, others, day)
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}/{entry.name}" if prefix else entry.name
            if part is None:
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    yield from _walk(Path(entry.path), name, parts, day)
                continue
            match = part.match(entry.name)
            fits, new_day = _day_of(match, day)
            if fits and not others and entry.is_file():
                yield name, new_day, entry
            elif fits and others and entry.is_dir():
                yield from _walk(Path(entry.path), name, others, new_day)


def _day_of(match: re.Match[str] | None, day: date | None) -> tuple[bool, date | None]:
    """Return whether a name fits, and the day known after it; a day must exist, and be the same wherever it is written."""
    if match is None or "date" not in match.re.groupindex:
        return match is not None, day
    try:
        written = date.fromisoformat(match["date"])
    except ValueError:
        return False, day
    return day is None or day == written, written
