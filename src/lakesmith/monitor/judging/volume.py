"""Whether a table got the rows it should: by the day, and by several days where one is too small or too wild to tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lakesmith.monitor.judging.bands import Band, band_of, level_band
from lakesmith.monitor.judging.lasting import SPANS, Span, day_tells_half, span_of, stretch_of
from lakesmith.monitor.judging.series import LEAST_DAYS, SEEN_DAYS, Day, Expectation, Habits, learn
from lakesmith.monitor.judging.values import BAD, GOOD, LEARNING, UNKNOWN, WARN, Judgement

RULE = "volume"
HALF = 0.5
NEVER_EMPTY_ROWS = 6
REST = 0.1
"""A day that brings less of a usual one is a day of rest, and tells nothing that the others do not."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The days of a table, oldest first; the last one is judged by those before it.

    `missed` are days before the last one that a load was due on and none went through: what they would have brought came with it.
    `is_level` says that `rows` are those of the whole table and not those that came (`replace`).
    """

    subject: str
    days: tuple[Day, ...]
    missed: tuple[date, ...] = ()
    is_level: bool = False


def judge_volume(counted: Counted, *, at: datetime, event: str = "") -> Judgement:
    """Return what is thought of a table's last day.

    Args:
        counted: Its days.
        at: When it is judged.
        event: The name of a known event on that day; it is not judged then.
    """
    last = counted.days[-1]
    before = counted.days[:-1]
    habits = learn(before)
    if event:
        return _told(counted, at, UNKNOWN, f"{_rows(last.rows)} on {_day(last.day)}, not judged: {event}")
    if not last.teaches:
        return _told(
            counted,
            at,
            UNKNOWN,
            f"{_rows(last.rows)} on {_day(last.day)}, not judged: no load of news, or a known event",
        )
    if habits is None:
        return _told(counted, at, LEARNING, _blind(counted))
    missed = counted.missed if not counted.is_level else ()
    expected = habits.expect(last.day)
    band = level_band(last.rows, habits, expected) if counted.is_level else band_of(last.rows, expected)
    if missed:
        band = _with_missed(band, band_of(last.rows, _together([habits.expect(day) for day in (*missed, last.day)])))
    span = f"on {_day(last.day)}" + (
        f", with {len(missed)} missed {'day' if len(missed) == 1 else 'days'}" if missed else ""
    )
    is_off = is_empty(habits, last, expected) or not band.holds
    if is_off or counted.is_level or missed or is_told_by_day(habits, expected):
        return _judged(counted, at, band, span, is_off=is_off)
    several = span_of(counted.days)
    for found in (stretch_of(counted.days), several):
        if found is not None and not found.holds:
            first = f"{found.days} days from {_day(found.first)} to " if found.days > 1 else ""
            return _judged(counted, at, _band(found), f"on {first}{_day(last.day)}", is_off=True)
    return _judged(counted, at, band, span, is_off=False, blind=_blind_for(several, counted))


def days_to_tell(counted: Counted) -> int:
    """Return over how many days half of a table's rows is told from chance: 1 if each day tells, 0 if nothing does yet, or ever."""
    habits = learn(counted.days[:-1])
    if habits is None:
        return 0
    if counted.is_level or is_told_by_day(habits, habits.expect(counted.days[-1].day)):
        return 1
    several = span_of(counted.days)
    return several.days if several else 0


def never_whole(subject: str, until: date, *, at: datetime) -> Judgement:
    """Return what is thought of a table before its first whole day; `until` is the newest day that is whole."""
    words = f"learning, blind until {_short(until + timedelta(LEAST_DAYS + 1))}: 0 of {LEAST_DAYS} days seen"
    return Judgement(subject, RULE, LEARNING, words, at, bucket=until.isoformat())


def is_empty(habits: Habits, last: Day, expected: Expectation) -> bool:
    """Whether a day is empty in a table that never is, but for one day at most: the band of a small one reaches down to nothing."""
    rarely = habits.empty_days <= 1
    return last.rows == 0 and rarely and habits.usual >= NEVER_EMPTY_ROWS and expected.rows >= NEVER_EMPTY_ROWS / 2


def is_told_by_day(habits: Habits, expected: Expectation) -> bool:
    """Whether half of a day would be seen at once, or the day is one of rest and the others tell."""
    rests = expected.rows < habits.usual * REST
    return rests or day_tells_half(expected, band_of(0, expected).lower)


def sees_from(days: Sequence[Day]) -> date:
    """Return the first day that can be judged, if days go on to come as they did; `days` includes the newest."""
    taught = [one.day for one in days if one.teaches]
    lacking = LEAST_DAYS - max(len(taught) - 1, 0)
    gap = (taught[-1] - taught[0]).days / (len(taught) - 1) if len(taught) > 1 else 1.0
    return days[-1].day + timedelta(math.ceil(lacking * max(gap, 1.0)))


def _with_missed(one: Band, all_of_them: Band) -> Band:
    """Return the band from what a day alone brings to what it brings with the missed ones: nobody knows whether their rows still come."""
    return Band(one.rows, all_of_them.expected, one.lower, all_of_them.upper, all_of_them.score)


def _together(days: Sequence[Expectation]) -> Expectation:
    return Expectation(sum(one.rows for one in days), max(one.spread for one in days))


def _band(span: Span) -> Band:
    score = (span.rows - span.expected) / math.sqrt(span.wildness * max(span.expected, 1.0))
    return Band(span.rows, span.expected, span.lower, span.upper, score)


def _blind_for(several: Span | None, counted: Counted) -> str:
    """Return what one day does not tell, and what does instead."""
    if several is not None:
        rows = f"{_rows(several.rows)} since {_day(several.first)}"
        told = f"{rows}, {several.expected:,.0f} expected, {several.lower:,.0f} at least"
        return f"; half of one day cannot be told from chance, half of {several.days} days can: {told}"
    is_young = sum(one.teaches for one in counted.days) <= SPANS[-1] + LEAST_DAYS
    return f"; half of its rows cannot be told from chance {'yet' if is_young else f'even over {SPANS[-1]} days'}"


def _judged(counted: Counted, at: datetime, band: Band, span: str, *, is_off: bool, blind: str = "") -> Judgement:
    last = counted.days[-1]
    worse = BAD if band.rows < round(band.expected, 6) * HALF else WARN
    reason = f"{_rows(band.rows)} {span}, {band.expected:,.0f} expected ({band.lower:,.0f}–{band.upper:,.0f}){blind}"
    return Judgement(
        counted.subject,
        RULE,
        worse if is_off else GOOD,
        reason,
        at,
        bucket=last.day.isoformat(),
        value=float(band.rows),
        expected=round(band.expected, 1),
        lower=round(band.lower, 1),
        upper=round(band.upper, 1),
        score=round(band.score, 2),
        trained_on=min(sum(one.teaches for one in counted.days[:-1]), SEEN_DAYS),
    )


def _told(counted: Counted, at: datetime, verdict: str, reason: str) -> Judgement:
    last = counted.days[-1]
    taught = sum(one.teaches for one in counted.days[:-1])
    return Judgement(
        counted.subject,
        RULE,
        verdict,
        reason,
        at,
        bucket=last.day.isoformat(),
        value=float(last.rows),
        trained_on=taught,
    )


def _blind(counted: Counted) -> str:
    seen = sum(one.teaches for one in counted.days)
    day = sees_from(counted.days)
    return f"learning, blind until {_short(day)}: {seen} of {LEAST_DAYS} {'day' if seen == 1 else 'days'} seen"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"
