"""Whether a table is fresh, by its promise. Pure. What is not known is never fresh."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from lakesmith.model.watching import FRESH, LATE, UNKNOWN, UNWATCHED, Seen, Verdict

SKEW = timedelta(minutes=5)
"""How far a server's clock may be ahead of ours before nothing it says is believed."""

DEFAULT_WAIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Promise:
    """When a table has to be fresh. `fresh_by` and `since` are times of day in `zone`; None: nothing of the kind is promised."""

    fresh_by: time | None = None
    since: time = time(0)
    max_age: timedelta | None = None
    wait: timedelta | None = None
    may_be_empty: bool = False

    @property
    def is_made(self) -> bool:
        """Whether anything is promised."""
        return self.fresh_by is not None or self.max_age is not None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a table is judged: `now` (aware), when the run `began` to wait (None: nobody waits), and the zone of times of day."""

    now: datetime
    zone: tzinfo = UTC
    began: datetime | None = None


def judge(promise: Promise, seen: Seen, at: Moment) -> Verdict:
    """Return what a look at a table means."""
    doubt = _doubt(promise, seen, at.now)
    if doubt:
        return Verdict(UNKNOWN, doubt, _until(promise, at))
    if seen.rows == 0 and promise.may_be_empty and seen.loaded_at is None:
        return Verdict(UNWATCHED, "is empty, as it may be")
    if seen.loaded_at is None or not promise.is_made:
        loaded = f", loaded last {_words(seen.loaded_at, at.zone)}" if seen.loaded_at else ""
        return Verdict(UNWATCHED, f"nothing is promised: no `fresh_by`, no `max_age`{loaded}")
    for complaint in (_late_by_time(promise, seen.loaded_at, at), _late_by_age(promise, seen.loaded_at, at)):
        if complaint:
            return Verdict(LATE, complaint, _until(promise, at))
    return _fresh(promise, seen.loaded_at, at)


def longest_age(promise: Promise) -> timedelta | None:
    """Return how old the newest load can get while the promise is kept; None where nothing is promised."""
    ages = [] if promise.max_age is None else [promise.max_age]
    if promise.fresh_by is not None:
        minutes = (promise.fresh_by.hour - promise.since.hour) * 60 + promise.fresh_by.minute - promise.since.minute
        window = minutes if minutes > 0 else minutes + 24 * 60
        ages.append(timedelta(days=1, minutes=window))
    return min(ages, default=None)


def _doubt(promise: Promise, seen: Seen, now: datetime) -> str:
    """Say why nothing can be said of the table; empty if something can."""
    if seen.fault and (promise.is_made or seen.rows is None):
        return seen.fault
    if seen.rows is None:
        return "has rows that nobody could count"
    if seen.rows == 0 and not promise.may_be_empty:
        return "is empty"
    if seen.loaded_at is not None and seen.loaded_at > now + SKEW:
        return (
            f"says it was loaded {_words(seen.loaded_at, UTC)} UTC, which is in the future: one of the clocks is wrong"
        )
    if seen.loaded_at is None and seen.rows != 0 and promise.is_made:
        return "has no row that says when it was loaded"
    return ""


def _late_by_time(promise: Promise, loaded_at: datetime, at: Moment) -> str:
    if promise.fresh_by is None:
        return ""
    last, following = _deadlines(promise.fresh_by, at)
    if loaded_at >= _start(promise, following, at.zone):
        return ""
    newest = f"was loaded last {_words(loaded_at, at.zone)}"
    if loaded_at < _start(promise, last, at.zone):
        return f"{newest}, and was due by {_words(last, at.zone)}"
    if at.began is not None and following - at.began <= _patience(promise):
        return f"{newest}, and is due by {_words(following, at.zone)}"
    return ""


def _late_by_age(promise: Promise, loaded_at: datetime, at: Moment) -> str:
    if promise.max_age is None or at.now - loaded_at <= promise.max_age:
        return ""
    return f"was loaded last {_words(loaded_at, at.zone)}, and may be {_span(promise.max_age)} old at most"


def _fresh(promise: Promise, loaded_at: datetime, at: Moment) -> Verdict:
    ends = [] if promise.max_age is None else [loaded_at + promise.max_age]
    if promise.fresh_by is not None:
        _, following = _deadlines(promise.fresh_by, at)
        while loaded_at >= _start(promise, following, at.zone):
            following = _on(promise.fresh_by, following, at.zone, days=1)
        ends.append(following)
    return Verdict(FRESH, f"loaded last {_words(loaded_at, at.zone)}, next due by {_words(min(ends), at.zone)}")


def _until(promise: Promise, at: Moment) -> datetime | None:
    """Return how long it is worth waiting: for a time of day that is near, or as long as the project says."""
    if at.began is None:
        return None
    ends = []
    if promise.fresh_by is not None:
        _, following = _deadlines(promise.fresh_by, Moment(at.began, at.zone))
        if following - at.began <= _patience(promise):
            ends.append(following)
    if promise.max_age is not None and promise.wait is not None:
        ends.append(at.began + promise.wait)
    end = max(ends, default=None)
    return end if end is not None and end > at.now else None


def _patience(promise: Promise) -> timedelta:
    return DEFAULT_WAIT if promise.wait is None else promise.wait


def _deadlines(fresh_by: time, at: Moment) -> tuple[datetime, datetime]:
    """Return the last time of day that has come, and the next one."""
    today = _on(fresh_by, at.now, at.zone)
    return (
        (today, _on(fresh_by, at.now, at.zone, days=1))
        if at.now >= today
        else (
            _on(fresh_by, at.now, at.zone, days=-1),
            today,
        )
    )


def _start(promise: Promise, deadline: datetime, zone: tzinfo) -> datetime:
    """Return from when on a load counts for a deadline."""
    is_evening = promise.fresh_by is not None and promise.since >= promise.fresh_by
    return _on(promise.since, deadline, zone, days=-1 if is_evening else 0)


def _on(clock: time, day: datetime, zone: tzinfo, *, days: int = 0) -> datetime:
    """Return a time of day on the day of an instant, or so many days later, as an instant."""
    date = day.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(date, clock, tzinfo=zone).astimezone(UTC)


def _words(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _span(span: timedelta) -> str:
    """Return a span as people write it.

    Examples:
        >>> _span(timedelta(hours=26)), _span(timedelta(minutes=90))
        ('26h', '90m')
    """
    seconds = int(span.total_seconds())
    return next(f"{seconds // size}{unit}" for unit, size in (("h", 3600), ("m", 60), ("s", 1)) if seconds % size == 0)
