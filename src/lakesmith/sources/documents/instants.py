"""Times as documents write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PDF = re.compile(r"D:(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(Z|[+-]\d{2}'?\d{2}|[+-]\d{2})")


def instant_of(text: str | None) -> str | None:
    """Return an instant in UTC as ISO text; None for no text, for no time, and for a time that does not say its offset.

    Examples:
        >>> instant_of("2026-01-02T03:04:05Z"), instant_of("2026-01-02 03:04:05"), instant_of(None)
        ('2026-01-02T03:04:05+00:00', None, None)
    """
    try:
        return _in_utc(datetime.fromisoformat((text or "").strip()))
    except ValueError:
        return None


def instant_of_mail(text: str | None) -> str | None:
    """Return the instant in the `Date` of a mail; None if it says none, or `-0000`, which is an unknown offset.

    Examples:
        >>> instant_of_mail("Fri, 16 Dec 2022 17:04:16 -0500")
        '2022-12-16T22:04:16+00:00'
    """
    try:
        return _in_utc(parsedate_to_datetime((text or "").strip()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def instant_of_pdf(text: str | None) -> str | None:
    """Return the instant in a date of a PDF.

    Examples:
        >>> instant_of_pdf("D:20260102030405+02'00'"), instant_of_pdf("D:20260102030405")
        ('2026-01-02T01:04:05+00:00', None)
    """
    match = _PDF.match(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    offset = zone.replace("'", "") if zone != "Z" else "+0000"
    offset = offset if len(offset) == len("+0000") else offset + "00"
    return instant_of(f"{year}-{month}-{day}T{hour}:{minute}:{second}{offset}")


def _in_utc(when: datetime) -> str | None:
    try:
        return when.astimezone(UTC).isoformat() if when.tzinfo is not None else None
    except OverflowError:
        return None
