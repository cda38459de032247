"""What is wrong with a project file, each fault with its place, told all at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lakesmith.errors import ProjectFileError
from lakesmith.host.secrets import Secrets

Path = tuple[str | int, ...]
"""Keys and list positions from the root of the project to a value."""

_PLAIN_KEY = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A point in a file: `rank` orders the files of a project, `line` and `column` count from 1."""

    rank: int
    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong: where it is written, under which key, and what to change."""

    place: Place
    path: Path = field(compare=False)
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), spell_path(self.path), self.message) if part)


@dataclass(slots=True)
class Faults:
    """The faults found so far."""

    _found: dict[str, Fault] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Fault, ...]:
        """The faults in the order of the files."""
        return tuple(sorted(self._found.values()))

    def add(self, place: Place, path: Path, message: str) -> None:
        """Note a fault; the same one is noted once."""
        fault = Fault(place, path, message)
        self._found.setdefault(str(fault), fault)

    def error(self, secrets: Secrets) -> ProjectFileError:
        """Return all faults as one error, in the order of the files, secrets masked."""
        count = len(self._found)
        head = "The project file has a fault:" if count == 1 else f"The project file has {count} faults:"
        return ProjectFileError(secrets.mask("\n".join([head, *map(str, self.found)])))


def spell_path(path: Path) -> str:
    """Return a path as people write it.

    Examples:
        >>> spell_path(("sources", "app", "columns", "customers.email", "list", 0))
        'sources.app.columns."customers.email".list[0]'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _PLAIN_KEY.fullmatch(part) else f'"{part}"')
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean "…"?` for the closest known word, or nothing.

    Examples:
        >>> nearest("fliter", ["filter", "files"])
        ', did you mean "filter"?'
    """
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f', did you mean "{by_lower[close[0]]}"?' if close else ""


def spell_list(words: Sequence[str]) -> str:
    """Return words as a list for a sentence, or `none` without any."""
    return ", ".join(words) if words else "none"
