"""From loads and looks to the days of a table: what came on each, which of them teach, and which were missed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from lakesmith.monitor.judging.calendar import TEACHING, days_of
from lakesmith.monitor.judging.rows import Hour
from lakesmith.monitor.judging.series import Day
from lakesmith.monitor.judging.volume import Counted
from lakesmith.project.settings import Schedule
from lakesmith.project.ticks import last_tick, ticks


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a table is loaded: its schedule (None: by hand), the zone of its days, and whether a load is all of the table."""

    schedule: Schedule | None
    zone: tzinfo = UTC
    is_level: bool = False

    def day(self, at: datetime) -> date:
        """Return the day that a moment is part of."""
        return at.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        """Return the first moment of a day."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def newest_whole_day(rhythm: Rhythm, now: datetime, good_at: datetime | None) -> date:
    """Return the newest day that is whole: today once its last load is through, else yesterday.

    Args:
        rhythm: When the table is loaded.
        now: The time.
        good_at: When the newest run that went well for the table was meant to be.
    """
    today = rhythm.day(now)
    if rhythm.schedule is not None and good_at is not None and rhythm.day(good_at) == today:
        last = last_tick(rhythm.schedule, rhythm.start(today + timedelta(1)) - timedelta(seconds=1))
        if last is not None and rhythm.day(last) == today and good_at >= last - timedelta(minutes=1):
            return today
    return today - timedelta(1)


def days_of_table(
    subject: str,
    hours: Sequence[Hour],
    looked: Collection[date],
    rhythm: Rhythm,
    *,
    during: tuple[datetime, date],
    is_special: Callable[[date], bool] = lambda _day: False,
) -> Counted | None:
    """Return the days of a table up to `until`; None if it was neither loaded nor looked at on a whole day.

    Args:
        subject: The table.
        hours: What came into it.
        looked: The days on which a run went well that would have loaded it, had there been news.
        rhythm: When it is loaded.
        during: When it was loaded first (what came then is its past, and no day's rows), and the newest day that is whole.
        is_special: Whether a day is part of a known event.
    """
    first, until = during
    begin = rhythm.day(first)
    came = _came(hours, rhythm, first)
    present = sorted({day for day in (*came, *looked) if begin <= day <= until})
    if not present:
        return None
    due = _due(rhythm, present[0], until)
    days: list[Day] = []
    missed: tuple[date, ...] = ()
    level = 0
    for n, day in enumerate(present):
        rows, teaches, after = came.get(day, (0, True, None))
        level = level if after is None else after
        missed = tuple(sorted(due & set(days_of(present[n - 1], day)[1:-1]))) if n and day in came else ()
        is_usual = teaches and not is_special(day)
        # what came with missed days stands for several: it is judged as the last one, and teaches nobody
        is_one = rhythm.is_level or not missed or day == present[-1]
        days.append(Day(day, level if rhythm.is_level else rows, is_usual and is_one))
    return Counted(subject, tuple(days), missed, rhythm.is_level)


def _came(hours: Iterable[Hour], rhythm: Rhythm, first: datetime) -> dict[date, tuple[int, bool, int | None]]:
    """Return for each day the rows of news, whether there were any loads of news or none of another kind, and the table's rows after it."""
    found: dict[date, tuple[int, bool, int | None]] = {}
    for hour in hours:
        day = rhythm.day(hour.at)
        rows, teaches, level = found.get(day, (0, False, None))
        is_first = hour.reason == "first" or (hour.reason == "" and hour.at <= first < hour.at + timedelta(hours=1))
        is_news = hour.reason in TEACHING and not is_first
        found[day] = (
            rows + (hour.rows if is_news else 0),
            teaches or is_news or (rhythm.is_level and not is_first),
            hour.level if hour.level is not None else level,
        )
    return found


def _due(rhythm: Rhythm, first: date, last: date) -> set[date]:
    """Return the days on which a load was due; without a schedule none is."""
    if rhythm.schedule is None:
        return set()
    begin, end = rhythm.start(first), rhythm.start(last + timedelta(1))
    if rhythm.schedule.every is not None and rhythm.schedule.every < timedelta(days=1):
        return set(days_of(first, last))
    return {
        rhythm.day(tick) for tick in ticks(rhythm.schedule, begin - timedelta(seconds=1), end - timedelta(seconds=1))
    }
