"""Days and times as an API writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from lakesmith.sources.rest.options import IncrementalOptions
from lakesmith.sources.rest.reading.sifting import NUMBER, Mark, mark_of

DAY = timedelta(days=1)
EPOCHS = ("epoch", "epoch_ms")
MILLISECONDS = 10_000_000_000
"""Numbers from here on are milliseconds since 1970, smaller ones seconds: these reach to 2286, those back to April 1970."""


def written(at: datetime, form: str) -> str | int:
    """Return a time as an API wants it.

    Examples:
        >>> written(datetime(2024, 1, 31, 12, tzinfo=UTC), "iso"), written(datetime(2024, 1, 31, tzinfo=UTC), "epoch")
        ('2024-01-31T12:00:00Z', 1706659200)
    """
    if form == "date":
        return at.date().isoformat()
    if form == "iso":
        text = at.astimezone(UTC).isoformat(timespec="microseconds" if at.microsecond else "seconds")
        return text.replace("+00:00", "Z")
    if form == "epoch":
        return int(at.timestamp())
    if form == "epoch_ms":
        return int(at.timestamp()) * 1000 + at.microsecond // 1000
    return at.strftime(form)


def today(options: IncrementalOptions, now: datetime) -> date:
    """Return the day it is where the account is."""
    return now.astimezone(ZoneInfo(options.timezone)).date()


def first_day(options: IncrementalOptions, day: date) -> date | None:
    """Return the first day that is loaded, if the first load is on `day`."""
    start = options.start
    return day - start if isinstance(start, timedelta) else start


def window_places(options: IncrementalOptions, begin: date, end: date) -> dict[str, Any]:
    """Return what is put in the places of a window from day `begin` to day `end`, both in it."""
    zone = ZoneInfo(options.timezone)
    last = datetime.combine(end + DAY, time(), zone)
    if options.until == "included":
        last = datetime.combine(end, time(), zone) if is_of_days(options.format) else _before(last)
    ends = [datetime.combine(begin, time(), zone), last]
    return dict(zip(("since", "until"), (written(at, options.format) for at in ends), strict=True))


def is_of_days(form: str) -> bool:
    """Whether a format writes days without a time.

    Examples:
        >>> is_of_days("date"), is_of_days("%Y%m%d"), is_of_days("iso")
        (True, True, False)
    """
    noon = datetime(2001, 2, 3, 12, 34, 56, 789, tzinfo=UTC)
    return written(noon, form) == written(noon.replace(hour=0, minute=0, second=0, microsecond=0), form)


def _before(midnight: datetime) -> datetime:
    """Return the last moment of the day that ends at a midnight."""
    return (midnight.astimezone(UTC) - timedelta(microseconds=1)).astimezone(midnight.tzinfo)


def asked_since(options: IncrementalOptions, last: Any, day: date) -> tuple[Any, Mark | None]:
    """Return from where on a cursor is asked for, as the API writes it, and what it is compared by; None for everything.

    Args:
        options: What the project file says.
        last: The cursor's last value, None before the first load.
        day: The day of the load, from which a start is counted back.
    """
    zone = ZoneInfo(options.timezone)
    if last is None:
        begin = first_day(options, day)
        if begin is None:
            return None, None
        text: Any = written(datetime.combine(begin, time(), zone), options.format)
        return text, None  # records from before it were never loaded: they are welcome
    at = _instant(last, options.format)
    if at is None:  # a number, or a word that only the API understands
        value = _back(last, int(options.look_back.total_seconds())) if options.look_back else last
        return value, mark_of(value)
    asked = written(_unmistakable((at - (options.look_back or timedelta())).astimezone(zone)), options.format)
    return asked, _mark_as(mark_of(last), _meant(asked, options.format, zone))


def _back(value: Any, by: int) -> Any:
    """Return a number, be it written as text, that is less by so much; a word stays what it is."""
    if isinstance(value, int):
        return value - by
    return str(Decimal(value) - by) if NUMBER.fullmatch(str(value)) else value


def _unmistakable(at: datetime) -> datetime:
    """Return a local time, or an earlier one: when clocks go back an hour comes twice, and the API may take it for the second."""
    late = at.replace(fold=1).astimezone(UTC) - at.astimezone(UTC)
    return at - late if late > timedelta() else at


def _instant(value: Any, form: str) -> datetime | None:
    """Return the time that a cursor's value is, None if it is a number or a word that only the API understands."""
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    if form not in EPOCHS:
        return None
    number = float(value)
    return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS else number, UTC)


def _meant(text: Any, form: str, zone: ZoneInfo) -> datetime:
    """Return what a written time means, which may be less exact than the one that was written."""
    if form == "date":
        return datetime.combine(date.fromisoformat(text), time(), zone)
    if form in EPOCHS:
        return datetime.fromtimestamp(text / (1000 if form == "epoch_ms" else 1), UTC)
    at = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - the zone may be in it
    return at if at.tzinfo else at.replace(tzinfo=UTC if form == "iso" else zone)


def _mark_as(like: Mark | None, at: datetime) -> Mark:
    """Return what a time is compared by, beside values that are written as `like` is."""
    seconds = at.timestamp()
    if like is not None and like[0] == 0:
        return (0, seconds * 1000 if like[1] >= MILLISECONDS else seconds, "")
    return (1, seconds, "")
