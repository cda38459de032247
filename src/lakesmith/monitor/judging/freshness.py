"""Four clocks of freshness: was the run begun, was the table loaded, did something happen in it, can readers rely on it.

Where nobody promises an age, the schedule does: one start may be missed before it is late (warn), two before it is bad.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from lakesmith.monitor.judging.values import BAD, GOOD, UNKNOWN, WARN, Judgement
from lakesmith.project.settings import Schedule
from lakesmith.project.ticks import last_tick as find_last_tick
from lakesmith.project.ticks import next_tick as find_next_tick
from lakesmith.project.ticks import promised_at

SCHEDULE, AGE, EVENT_AGE, PUBLICATION = "schedule", "age", "event_age", "publication"
GRACE = timedelta(minutes=5)
"""How late a run may begin before anybody speaks of it."""
last_tick, next_tick = lru_cache(4096)(find_last_tick), lru_cache(4096)(find_next_tick)
"""Most tables of a project have the same schedule and were loaded by the same runs: each moment is asked about once."""
NO_PROMISE = "nothing promises how old it may be: it has no schedule and no `max_age`"


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised of a table: its schedule, the oldest it may get, the time of day it is ready by. None: nothing.

    `run_s` is how long runs take, all but the longest twentieth. `zone` is the one that times are said in.
    """

    schedule: Schedule | None = None
    max_age: timedelta | None = None
    run_s: float = 0.0
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a table's runs: when the newest that was about it began, and the newest that went well for it.

    `is_running` says that one goes on. `news_at` is when rows came last, `event_at` the newest time that a row says it happened at.
    """

    began_at: datetime | None = None
    good_at: datetime | None = None
    is_running: bool = False
    news_at: datetime | None = None
    event_at: datetime | None = None


def judge_schedule(subject: str, looked: Looked, promise: Promise, *, at: datetime) -> Judgement | None:
    """Return whether the run that was due last has begun; None without a schedule."""
    tick = last_tick(promise.schedule, at - GRACE) if promise.schedule else None
    if promise.schedule is None:
        return None
    if tick is None:
        return Judgement(subject, SCHEDULE, UNKNOWN, "its schedule never starts a run", at)
    said = _said(tick, promise.zone)
    if looked.is_running or (looked.began_at is not None and looked.began_at >= tick - GRACE):
        return Judgement(subject, SCHEDULE, GOOD, f"the run due at {said} has begun", at, bucket=_bucket(tick))
    if looked.began_at is None:
        return Judgement(subject, SCHEDULE, UNKNOWN, "no run about it has ever begun", at, bucket=_bucket(tick))
    late = (at - tick).total_seconds()
    after = next_tick(promise.schedule, looked.began_at)
    is_second = after is not None and after < tick
    words = f"the run due at {said} has not begun; the newest began at {_said(looked.began_at, promise.zone)}"
    return Judgement(subject, SCHEDULE, BAD if is_second else WARN, words, at, bucket=_bucket(tick), value=late)


def judge_age(subject: str, looked: Looked, promise: Promise, *, at: datetime, rule: str = AGE) -> Judgement:
    """Return whether the newest run that went well for a table is young enough: by `max_age`, `ready_by` and the schedule.

    A run that looked and found nothing new counts: whether something should have been new is the volume's question.
    """
    good = looked.good_at
    if good is None:
        return Judgement(subject, rule, UNKNOWN, "was never loaded with success", at)
    age_s = (at - good).total_seconds()
    told: dict[str, Any] = {"value": age_s, "bucket": at.date().isoformat()}
    verb = "built" if rule == PUBLICATION else "loaded"
    last = f"last {verb} with success {span(age_s)} ago, at {_said(good, promise.zone)}"
    if promise.max_age is not None:
        limit = promise.max_age.total_seconds()
        verdict, words = (BAD, f"{last}; {span(limit)} is the oldest it may be") if age_s > limit else (GOOD, last)
        return Judgement(subject, rule, verdict, words, at, upper=limit, **told)
    if promise.schedule is None:
        return Judgement(subject, rule, UNKNOWN, NO_PROMISE, at, **told)
    broken = _broken_promise(good, promise, at)
    if broken is not None:
        return Judgement(subject, rule, BAD, f"{last}; promised by {_said(broken, promise.zone)}", at, **told)
    return _by_schedule(subject, rule, last, (good, at), promise)


def judge_event_age(subject: str, looked: Looked, promise: Promise, *, at: datetime) -> Judgement | None:
    """Return whether the newest event in a table is young enough: rows may come and tell of nothing new. None if it is not watched.

    By the schedule, one start more may be missed than by the age of the load: what is loaded today happened yesterday.
    """
    event = looked.event_at
    if event is None:
        return None
    age_s = (at - event).total_seconds()
    last = f"the newest event is {span(age_s)} old"
    told: dict[str, Any] = {"value": age_s, "bucket": at.date().isoformat()}
    if promise.max_age is not None:
        limit = promise.max_age.total_seconds()
        words = last if age_s <= limit else f"{last}; {span(limit)} is the oldest it may be"
        return Judgement(subject, EVENT_AGE, BAD if age_s > limit else GOOD, words, at, upper=limit, **told)
    first = next_tick(promise.schedule, event) if promise.schedule else None
    if first is None:
        return Judgement(subject, EVENT_AGE, UNKNOWN, NO_PROMISE, at, **told)
    return _by_schedule(subject, EVENT_AGE, last, (first, at), promise)


def judge_publication(subject: str, looked: Looked, promise: Promise, *, at: datetime) -> Judgement:
    """Return whether readers have a young enough version of a mart: one that was tested and swapped in."""
    return judge_age(subject, looked, promise, at=at, rule=PUBLICATION)


def span(seconds: float) -> str:
    """Return a length of time in its largest units.

    Examples:
        >>> span(50), span(5400), span(200000)
        ('50 s', '1 h 30 min', '2 d 7 h')
    """
    whole = int(seconds)
    for unit, size, part, least in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "", 1)):
        if whole >= size:
            rest = whole % size // least
            return f"{whole // size} {unit}" + (f" {rest} {part}" if part and rest else "")
    return f"{whole} s"


def _by_schedule(subject: str, rule: str, last: str, times: tuple[datetime, datetime], promise: Promise) -> Judgement:
    """Judge by the starts that were due since: after the first and a run's length it is late, after the second bad."""
    since, at = times
    told: dict[str, Any] = {"value": (at - since).total_seconds(), "bucket": at.date().isoformat()}
    length = timedelta(seconds=promise.run_s) + GRACE
    schedule = promise.schedule
    first = next_tick(schedule, since) if schedule else None
    second = next_tick(schedule, first) if schedule and first else None
    if first is None or at <= first + length:
        return Judgement(subject, rule, GOOD, last, at, **told)
    verdict = BAD if second is not None and at > second + length else WARN
    due = "two starts have been missed since" if verdict == BAD else f"a load was due at {_said(first, promise.zone)}"
    return Judgement(subject, rule, verdict, f"{last}; {due}", at, **told)


def _broken_promise(good: datetime, promise: Promise, at: datetime) -> datetime | None:
    """Return the time of day that was promised for the newest start and went by without a good run; None if none did."""
    schedule = promise.schedule
    if schedule is None or schedule.ready_by is None:
        return None
    tick = last_tick(schedule, at)
    while tick is not None and tick > good:
        by = promised_at(schedule, tick)
        if by is not None and at > by:
            return by
        tick = last_tick(schedule, tick - timedelta(seconds=1))
    return None


def _said(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%H:%M} on {local:%a} {local.day} {local:%b}"


def _bucket(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
