"""Durations, times of day and cron lines as people write them."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from lakesmith.project.faults import nearest

_DURATION = re.compile(r"(\d{1,5})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MACROS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


def parse_duration(text: object) -> timedelta:
    """Return a duration such as `30m`, `2h`, `30d`, `2w`.

    Raises:
        ValueError: If it is not one, or is zero.

    Examples:
        >>> parse_duration("2h")
        datetime.timedelta(seconds=7200)
    """
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("should be a duration such as 30m, 2h or 30d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def check_look_back(value: str | float) -> str | float:
    """Return how far to look back as it is: a duration for times, or a number for numbers.

    Raises:
        ValueError: If it is no duration, or no number above 0.
    """
    if isinstance(value, str):
        parse_duration(value)
    elif not (math.isfinite(value) and value > 0):
        raise ValueError("should be a number above 0")
    return value


def check_time(text: str) -> str:
    """Return a time of day as it is.

    Raises:
        ValueError: If it is not `HH:MM` on a 24-hour clock.
    """
    if not _TIME.fullmatch(text):
        raise ValueError('should be a time of day such as "07:30"')
    return text


def check_timezone(name: str) -> str:
    """Return the name of a time zone as it is.

    Raises:
        ValueError: If no time zone has that name.
    """
    try:
        ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError, a folder's name an OSError
        known = False
    except KeyError:
        known = False
    else:
        known = True
    if not known:
        raise ValueError(f"is not a time zone such as Europe/Berlin or UTC{nearest(name, available_timezones())}")
    return name


def check_cron(text: str) -> str:
    """Return a cron line as it is.

    Raises:
        ValueError: If it is not five fields or a word such as `@daily`; the text names the field.

    Examples:
        >>> check_cron("0 6 * * mon-fri")
        '0 6 * * mon-fri'
    """
    if text.startswith("@"):
        if text not in _MACROS:
            raise ValueError(f"is not a cron line: known words are {', '.join(_MACROS)}")
        return text
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f'is not a cron line: it needs 5 fields such as "0 6 * * *", and has {len(parts)}')
    for part, (name, low, high, words) in zip(parts, _FIELDS, strict=True):
        if not all(_fits(item, low, high, words) for item in part.split(",")):
            raise ValueError(f"is not a cron line: the field for {name} takes {low}-{high}, *, lists, ranges and steps")
    return text


def _fits(item: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(item)
    if match is None or match["step"] == "0" or (match["first"] == "*" and match["last"]):
        return False
    if match["first"] == "*":
        return True
    first = _number(match["first"], low, words)
    last = _number(match["last"], low, words) if match["last"] else first
    return first is not None and last is not None and low <= first <= last <= high


def _number(text: str, low: int, words: tuple[str, ...]) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text)
    return words.index(text.lower()) + low if text.lower() in words else None
