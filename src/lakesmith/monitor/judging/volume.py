"""Whether a table got the rows it should: by the day, and by the week where days are too small to tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lakesmith.monitor.judging.series import LEAST_DAYS, SEEN_DAYS, WEEK, Day, Expectation, Habits, learn, median
from lakesmith.monitor.judging.values import BAD, GOOD, LEARNING, UNKNOWN, WARN, Judgement

RULE = "volume"
SPREADS = 3.6
"""So many ordinary spreads off is not ordinary. Measured by `bench/detectors.py`."""
LEAST_SHARE = 0.8
"""Less is a drop; its inverse, a quarter more, is a surge: what is nearer to the expectation troubles nobody."""
LEAST_ROWS = 10
HALF = 0.5
NEVER_EMPTY_ROWS = 6
SMALL = 50
"""Tables whose usual day has fewer rows are judged by the week as well."""
LEAST_WEEKS = 5
LEAST_WEEK_SPREAD = 0.06


@dataclass(frozen=True, slots=True)
class Band:
    """What is ordinary: `lower` to `upper` rows around `expected`; `score` says how many spreads `rows` is off."""

    rows: int
    expected: float
    lower: float
    upper: float
    score: float

    @property
    def holds(self) -> bool:
        """Whether the rows are within."""
        return self.lower <= self.rows <= self.upper


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
    band = band_of(last.rows, expected)
    if missed:
        band = _with_missed(band, band_of(last.rows, _together([habits.expect(day) for day in (*missed, last.day)])))
    span = f"on {_day(last.day)}" + (
        f", with {len(missed)} missed {'day' if len(missed) == 1 else 'days'}" if missed else ""
    )
    is_off = is_empty(habits, last, expected) or not band.holds
    if not is_off and not counted.is_level and habits.usual < SMALL:
        week = by_week(counted.days)
        if week is not None and not week.holds:
            return _judged(counted, at, week, f"in the 7 days to {_day(last.day)}", is_off=True)
    return _judged(counted, at, band, span, is_off=is_off)


def never_whole(subject: str, until: date, *, at: datetime) -> Judgement:
    """Return what is thought of a table before its first whole day; `until` is the newest day that is whole."""
    words = f"learning, blind until {_short(until + timedelta(LEAST_DAYS + 1))}: 0 of {LEAST_DAYS} days seen"
    return Judgement(subject, RULE, LEARNING, words, at, bucket=until.isoformat())


def band_of(rows: int, expected: Expectation, spreads: float = SPREADS) -> Band:
    """Return the band around an expectation: what is outside is off by many spreads, by a fifth or more, and by ten rows or more."""
    off = spreads * expected.spread
    lower = min(math.expm1(expected.log - off), expected.rows * LEAST_SHARE, expected.rows - LEAST_ROWS)
    upper = max(math.expm1(expected.log + off), expected.rows / LEAST_SHARE, expected.rows + LEAST_ROWS)
    return Band(rows, expected.rows, max(lower, 0.0), upper, (math.log1p(rows) - expected.log) / expected.spread)


def is_empty(habits: Habits, last: Day, expected: Expectation) -> bool:
    """Whether a day is empty in a table that never is, but for one day at most: the band of a small one reaches down to nothing."""
    rarely = habits.empty_days <= 1
    return last.rows == 0 and rarely and habits.usual >= NEVER_EMPTY_ROWS and expected.rows >= NEVER_EMPTY_ROWS / 2


def by_week(days: Sequence[Day]) -> Band | None:
    """Return the band of the last seven days by the weeks before them; None before there are five such weeks."""
    end = days[-1].day
    sums: dict[int, list[int]] = {}
    for one in days[-SEEN_DAYS - 1 :]:
        if one.teaches:
            sums.setdefault((end - one.day).days // WEEK, []).append(one.rows)
    fullest = max(len(week) for week in sums.values())
    whole = {ago: sum(week) for ago, week in sums.items() if len(week) == fullest}
    logs = [math.log1p(rows) for ago, rows in sorted(whole.items()) if ago]
    if 0 not in whole or len(logs) < LEAST_WEEKS:
        return None
    usual = median(logs)
    spread = 1.4826 * median([abs(log - usual) for log in logs]) * math.sqrt((len(logs) + 1) / (len(logs) - 1))
    rows = math.expm1(usual)
    return band_of(whole[0], Expectation(rows, max(spread, LEAST_WEEK_SPREAD, 1 / math.sqrt(max(rows, 1.0)))))


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


def _judged(counted: Counted, at: datetime, band: Band, span: str, *, is_off: bool) -> Judgement:
    last = counted.days[-1]
    worse = BAD if band.rows < round(band.expected, 6) * HALF else WARN
    reason = f"{_rows(band.rows)} {span}, {band.expected:,.0f} expected ({band.lower:,.0f}–{band.upper:,.0f})"
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
