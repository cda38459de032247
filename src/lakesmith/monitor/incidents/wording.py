"""Times and spans as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY = 60, 3600, 86_400


def lasted(span: timedelta) -> str:
    """Return how long something was.

    Examples:
        >>> lasted(timedelta(seconds=40)), lasted(timedelta(minutes=90)), lasted(timedelta(days=2, hours=3))
        ('40 s', '1 h 30 min', '2 d 3 h')
    """
    seconds = max(int(span.total_seconds()), 0)
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return " ".join(filter(None, (f"{seconds // HOUR} h", _rest(seconds % HOUR // MINUTE, "min"))))
    return " ".join(filter(None, (f"{seconds // DAY} d", _rest(seconds % DAY // HOUR, "h"))))


def _rest(count: int, unit: str) -> str:
    return f"{count} {unit}" if count else ""


def day_and_time(at: datetime) -> str:
    """Return a time, in UTC.

    Examples:
        >>> day_and_time(datetime(2026, 11, 17, 6, 5, tzinfo=UTC))
        'Tue 17 Nov 06:05 UTC'
    """
    return f"{at.astimezone(UTC):%a} {at.astimezone(UTC).day} {at.astimezone(UTC):%b %H:%M} UTC"


def counted(count: int, thing: str, things: str = "") -> str:
    """Return a number of things.

    Examples:
        >>> counted(1, "model"), counted(1200, "model")
        ('1 model', '1,200 models')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
