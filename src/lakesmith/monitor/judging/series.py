"""What the rows of a day are expected to be: a robust line through weeks of days, with the habits of weekdays and of the month.

Everything is done in logarithms of rows + 1, so that a half and a double are equally far away and growth is a straight line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

SEEN_DAYS = 84
"""So many days back are learned from: twelve of each weekday, and at least two ends of a month."""
LEAST_DAYS = 14
LEVEL_DAYS = 10
TREND_LAGS = (14, 21, 28)
TREND_NEEDS = 42
HABIT_PULL = 2.5
OUTLYING = 2.5
ORDINARY = 1.05
"""What the spread of the values within `OUTLYING` spreads is multiplied with, to be that of all of them."""
LEAST_SPREAD = 0.03
SPIKE = 3.6
LIVELY = math.log1p(0.5)
WEEK = 7


@dataclass(frozen=True, slots=True)
class Day:
    """One bucket: the rows that a table got on a day. `teaches` is False for days that are not as usual."""

    day: date
    rows: int
    teaches: bool = True


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a day should bring: `rows`, and how far off (in logarithms) is ordinary."""

    rows: float
    spread: float

    @property
    def log(self) -> float:
        """The logarithm of rows + 1."""
        return math.log1p(self.rows)


@dataclass(frozen=True)
class Habits:
    """What was learned from the days of a table, oldest first; see `learn`."""

    days: tuple[Day, ...]
    weekdays: tuple[float, ...]
    seen: tuple[int, ...]
    slope: float
    level: float
    spread: float
    off: tuple[float, ...]

    def expect(self, day: date) -> Expectation:
        """Return what `day` should bring, given that the days before it went on as they did."""
        count = max(self.seen[day.weekday()], 2)
        spread = self.spread * math.sqrt((count + 1) / (count - 1))
        log = self.line(day)
        extra, width = self._of_the_month(day)
        rows = max(math.expm1(log + extra), 0.0)
        return Expectation(rows, max(spread, width, LEAST_SPREAD, 1 / math.sqrt(max(rows, 1.0))))

    def line(self, day: date) -> float:
        """Return the logarithm of rows + 1 of a day by level, growth and weekday alone."""
        return self.level + self.slope * day.toordinal() + self.weekdays[day.weekday()]

    def _of_the_month(self, day: date) -> tuple[float, float]:
        """Return what the place of a day in its month adds, and how much that varies: bookings at the end of a month."""
        limit = SPIKE * max(self.spread, LEAST_SPREAD)
        for place, offs in self._by_place.items():
            here = offs.get(place(day), ())
            if len(here) > 1 and (min(here) > limit or max(here) < -limit):
                return median(here), (max(here) - min(here)) / 2
        return 0.0, 0.0

    @cached_property
    def _by_place(self) -> dict[Callable[[date], int], dict[int, list[float]]]:
        """How far off days were, by their place from the end and from the start of a month."""
        found: dict[Callable[[date], int], dict[int, list[float]]] = {_from_the_end: {}, _from_the_start: {}}
        for place, offs in found.items():
            for one, off in zip(self.days, self.off, strict=True):
                offs.setdefault(place(one.day), []).append(off)
        return found

    @cached_property
    def usual(self) -> float:
        """The rows of a usual day, from the last four weeks."""
        last = self.days[-4 * WEEK :]
        return math.expm1(median([math.log1p(one.rows) - self.weekdays[one.day.weekday()] for one in last]))

    @cached_property
    def empty_days(self) -> int:
        """How many of the days learned from brought nothing."""
        return sum(one.rows == 0 for one in self.days)


def learn(days: Sequence[Day]) -> Habits | None:
    """Return what is learned from days, oldest first; None if fewer than 14 of them teach."""
    taught = tuple(one for one in days if one.teaches)[-SEEN_DAYS:]
    return _learned(taught) if len(taught) >= LEAST_DAYS else None


@lru_cache(maxsize=8)
def _learned(taught: tuple[Day, ...]) -> Habits:
    """Return what days teach; the same are asked about several times."""
    logs = [math.log1p(one.rows) for one in taught]
    places = [one.day.weekday() for one in taught]
    rough, _ = _by_weekday(logs, places, _smooth(logs, 3, median), median)
    flat = [log - rough[place] for log, place in zip(logs, places, strict=True)]
    around = _smooth(flat, 6, middle)
    weekdays, seen = _by_weekday(logs, places, around, middle)
    weekdays = _pulled(weekdays, seen, logs, places, around)
    flat = [log - weekdays[place] for log, place in zip(logs, places, strict=True)]
    at = [one.day.toordinal() for one in taught]
    slope = _slope(flat, at)
    straight = [value - slope * when for value, when in zip(flat, at, strict=True)]
    ahead = [straight[n] - middle(straight[n - LEVEL_DAYS : n]) for n in range(LEVEL_DAYS, len(straight))]
    level = middle(straight[-LEVEL_DAYS:])
    # days on which nothing is ever expected have no spread, and would make that of the others look small
    lively = [
        off
        for n, off in enumerate(ahead, LEVEL_DAYS)
        if taught[n].rows or level + slope * at[n] + weekdays[places[n]] > LIVELY
    ]
    missing = [straight[n] - middle(straight[:LEVEL_DAYS]) for n in range(LEVEL_DAYS)]
    told = (weekdays, tuple(seen), slope, level, _spread(lively or ahead), (*missing, *ahead))
    return Habits(taught, *told)


def _smooth(values: Sequence[float], reach: int, pick: Callable[[Sequence[float]], float]) -> list[float]:
    """Return what is usual around each value: of as many before it as after it, at the ends of what is nearest."""
    whole = [pick(values[n - reach : n + reach + 1]) for n in range(reach, len(values) - reach)]
    return [*[whole[0]] * reach, *whole, *[whole[-1]] * reach]


def _by_weekday(
    logs: Sequence[float], places: Sequence[int], around: Sequence[float], pick: Callable[[Sequence[float]], float]
) -> tuple[tuple[float, ...], list[int]]:
    """Return how far each weekday is from what is usual around it, and how often it was seen."""
    found: list[list[float]] = [[] for _ in range(WEEK)]
    for log, place, usual in zip(logs, places, around, strict=True):
        found[place].append(log - usual)
    return tuple(pick(one) if one else 0.0 for one in found), [len(one) for one in found]


def _pulled(
    weekdays: Sequence[float],
    seen: Sequence[int],
    logs: Sequence[float],
    places: Sequence[int],
    around: Sequence[float],
) -> tuple[float, ...]:
    """Pull weekdays that differ by chance towards the others: what is no habit must not be learned as one."""
    rest = [abs(log - usual - weekdays[place]) for log, usual, place in zip(logs, around, places, strict=True)]
    noise, usual = (1.4826 * median(rest)) ** 2, median([w for w, count in zip(weekdays, seen, strict=True) if count])
    kept = []
    for weekday, count in zip(weekdays, seen, strict=True):
        apart = weekday - usual
        share = 1.0 - HABIT_PULL * noise / max(count, 1) / apart**2 if apart else 0.0
        kept.append(usual + apart * max(share, 0.0))
    return tuple(kept)


def _slope(values: Sequence[float], at: Sequence[int]) -> float:
    """Return the growth per day, by the median of what whole weeks apart differ; none is seen before six weeks."""
    if len(values) < TREND_NEEDS:
        return 0.0
    return median(
        [(values[n + lag] - values[n]) / (at[n + lag] - at[n]) for lag in TREND_LAGS for n in range(len(values) - lag)]
    )


def _spread(off: Sequence[float]) -> float:
    """Return how far an ordinary day is off: of all but those that are far outside."""
    first = 1.4826 * median([abs(one) for one in off])
    squares = [one * one for one in off if abs(one) <= OUTLYING * first]
    return max(first / 2, math.sqrt(sum(squares) / len(squares)) * ORDINARY) if first else 0.0


def median(values: Sequence[float]) -> float:
    """Return the median.

    Examples:
        >>> median([3, 1, 2]), median([1, 2])
        (2, 1.5)
    """
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def middle(values: Sequence[float]) -> float:
    """Return the mean of the middle half: as steady as a mean, and deaf to a few wild values.

    Examples:
        >>> middle([0, 1, 2, 900])
        1.5
    """
    ordered, cut = sorted(values), len(values) // 4
    kept = ordered[cut : len(ordered) - cut]
    return sum(kept) / len(kept)


@lru_cache(maxsize=512)
def _from_the_end(day: date) -> int:
    return ((day.replace(day=28) + timedelta(4)).replace(day=1) - day).days


def _from_the_start(day: date) -> int:
    return day.day
