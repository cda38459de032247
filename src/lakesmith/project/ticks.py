"""The moments at which a schedule starts runs: a cron line in a time zone, or a fixed interval."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lakesmith.project.settings import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def cron_line(text: str) -> str:
    """Return a cron line in five fields.

    Examples:
        >>> cron_line("@daily")
        '0 0 * * *'
    """
    return _WORDS.get(text, text)


def ticks(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the starts of a schedule in UTC, in order: later than `after`, `until` included.

    A cron line follows the clock on the wall as Debian's cron does: what falls into the hour that summer time skips starts right after it,
    and what falls into the hour that comes twice starts once. An interval counts from midnight UTC on 1 January 1970.

    Args:
        schedule: Either `cron` or `every`.
        after: Aware; itself no part of the span.
        until: Aware.
    """
    if schedule.every is not None:
        number = (after.astimezone(UTC) - _EPOCH) // schedule.every + 1
        while (at := _EPOCH + number * schedule.every) <= until:
            yield at
            number += 1
        return
    from cronsim import CronSim, CronSimError

    try:
        moments = CronSim(cron_line(schedule.cron or ""), after.astimezone(ZoneInfo(schedule.timezone)))
    except CronSimError:
        return  # a day that no month has: 31 February
    for moment in moments:
        at = moment.astimezone(UTC)
        if at > until:
            return
        if at > after:
            yield at


def next_tick(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first start later than `after`; None if there is none within ten years."""
    return next(ticks(schedule, after, after + timedelta(days=3653)), None)


def last_tick(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the newest start at or before `now`, at most 400 days back; None if there is none."""
    for days in (1, 8, 32, 400):
        newest = deque(ticks(schedule, now - timedelta(days=days), now), maxlen=1)
        if newest:
            return newest[0]
    return None


def promised_at(schedule: Schedule, day_of: datetime) -> datetime | None:
    """Return when readers may rely on what a start of that moment brings: `ready_by` of its day in the schedule's zone, in UTC.

    A promise earlier in the day than the start is one of the next day. None where nothing is promised.
    """
    if schedule.ready_by is None:
        return None
    zone = ZoneInfo(schedule.timezone)
    local = day_of.astimezone(zone)
    hour, minute = map(int, schedule.ready_by.split(":"))
    promised = datetime.combine(local.date(), time(hour, minute), zone)
    if promised < local:
        promised = datetime.combine(local.date() + timedelta(days=1), time(hour, minute), zone)
    return promised.astimezone(UTC)
