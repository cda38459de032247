"""Which files a stream is made of: patterns of their names, and the days in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

WILD = re.compile(r"[*?{}]")
BRACES = re.compile(r"\{date:[^{}]*\}?|\{[^{}/]*\}?|\}")
DATE = re.compile(r"\{date(?::([^{}]*))?\}")
PARTS = re.compile(r"\{[Yymd]\}|\*|\?|[^*?{}]+")
NUMBERS = {"Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{2}", "d": r"\d{2}"}
USUAL = "%Y-%m-%d"
CENTURY, THIS_CENTURY = 100, 2000

Part = re.Pattern[str] | None
"""What one name between two `/` must look like; None: any number of folders."""

Numbers = Mapping[str, str]
"""What was read of a day on the way to a file: year (`Y`, or `y` without its century), month and day."""


class BadPatternError(ValueError):
    """A pattern that cannot be meant; the text says why. The source adds which stream it stands in."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in pieces: the folders before the first wildcard, and one regular expression for each part after them.

    A pattern without wildcards has only its own name after the folders, and is `literal`.
    """

    text: str
    folder: str
    parts: tuple[Part, ...]
    literal: bool


def parse_pattern(text: str) -> Pattern:
    """Return a pattern in pieces.

    Raises:
        BadPatternError: If the pattern is empty, absolute, leaves the root, or has a wildcard nobody knows.
    """
    if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:|[a-z0-9]+://", text):
        raise BadPatternError("a pattern is relative to `root`")
    segments = _spelled_out(text).split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise BadPatternError("a pattern is made of names with `/` between them, without empty parts, `.` or `..`")
    if segments[-1] == "**":
        raise BadPatternError("`**` stands for folders: add the names of the files, such as `**/*.csv`")
    fixed = next((place for place, segment in enumerate(segments) if WILD.search(segment)), len(segments) - 1)
    parts = tuple(_part(segment) for segment in segments[fixed:])
    return Pattern(text, "/".join(segments[:fixed]), parts, WILD.search(text) is None)


def match_part(part: re.Pattern[str], name: str, seen: Numbers) -> Numbers | None:
    """Return what is known of the day once a name was matched; None if the name does not fit, or tells another day than before."""
    match = part.match(name)
    if match is None:
        return None
    if not part.groups:
        return seen
    told = match.groupdict()
    if any(seen.get(key, value) != value for key, value in told.items()):
        return None
    return {**seen, **told}


def day_of(seen: Numbers) -> tuple[bool, date | None]:
    """Return whether what was read of a day makes sense, and the day; None where a path has none.

    Examples:
        >>> day_of({"Y": "2026", "y": "26", "m": "10", "d": "02"})
        (True, datetime.date(2026, 10, 2))
        >>> day_of({"Y": "2026", "m": "02", "d": "30"})
        (False, None)
    """
    if not seen:
        return True, None
    year = int(seen["Y"]) if "Y" in seen else THIS_CENTURY + int(seen["y"])
    if year % CENTURY != int(seen.get("y", year % CENTURY)):
        return False, None
    try:
        return True, date(year, int(seen["m"]), int(seen["d"]))
    except ValueError:
        return False, None


def match_name(pattern: Pattern, name: str) -> tuple[bool, date | None]:
    """Return whether a whole name, relative to the root, is what a pattern means, and the day in it.

    Examples:
        >>> match_name(parse_pattern("raw/{date}/*.csv"), "raw/2026-10-02/a.csv")
        (True, datetime.date(2026, 10, 2))
    """
    if pattern.folder and not name.startswith(f"{pattern.folder}/"):
        return False, None
    rest = name[len(pattern.folder) + 1 :] if pattern.folder else name
    for seen in _matches(pattern.parts, tuple(rest.split("/")), {}):
        fits, day = day_of(seen)
        if fits:
            return True, day
    return False, None


def _matches(parts: tuple[Part, ...], names: tuple[str, ...], seen: Numbers) -> Iterator[Numbers]:
    """Yield what is known of the day, for every way in which the names fit the parts."""
    if not parts or not names:
        if not parts and not names:
            yield seen
        return
    part = parts[0]
    if part is None:
        yield from _matches(parts[1:], names, seen)
        if not names[0].startswith("."):
            yield from _matches(parts, names[1:], seen)
        return
    told = match_part(part, names[0], seen)
    if told is not None:
        yield from _matches(parts[1:], names[1:], told)


def _spelled_out(text: str) -> str:
    """Return a pattern whose days are written as year, month and day, each in braces."""
    for found in BRACES.findall(text):
        if not DATE.fullmatch(found):
            raise BadPatternError(
                f"`{found}` is no wildcard: known are `*`, `**`, `?`, `{{date}}` and days of another spelling, such as `{{date:%Y%m%d}}`"
            )
    return DATE.sub(lambda match: _day_spelled_out(match[1] or USUAL), text)


def _day_spelled_out(spelling: str) -> str:
    letters = re.findall(r"%(.?)", spelling)
    if {*letters} not in ({"Y", "m", "d"}, {"y", "m", "d"}) or len(letters) != 3 or WILD.search(spelling):  # noqa: PLR2004 - year, month, day
        raise BadPatternError(
            f"`{{date:{spelling}}}` does not spell a day: it needs `%Y` (or `%y`), `%m` and `%d`, each once, and nothing else after a `%`"
        )
    return re.sub(r"%(.)", r"{\1}", spelling)


def _part(segment: str) -> Part:
    if segment == "**":
        return None
    if "**" in segment:
        raise BadPatternError("`**` stands alone between two `/`")
    expression = "" if segment.startswith(".") else r"(?!\.)"
    seen: set[str] = set()
    for piece in PARTS.findall(segment):
        letter = piece[1:2] if piece.startswith("{") else ""
        if letter:
            expression += f"(?P={letter})" if letter in seen else f"(?P<{letter}>{NUMBERS[letter]})"
            seen.add(letter)
        else:
            expression += {"*": ".*", "?": "."}.get(piece) or re.escape(piece)
    return re.compile(expression + r"\Z", re.DOTALL)
