"""What lasts: several days together, where half of one day cannot be told from chance because days are small or wild.

A table is looked at in three ways at most, and they share what it may alarm wrongly: 0.5 % of its days. The day itself takes 0.2 % (both ends of
its band), the one span of days that is long enough 0.2 % (`RARE` at its lower end, and no more at its upper one, which is further out since
small tables grow), and days without any rows 0.1 % (`RARE`). Only one span is judged, the shortest that tells half, so that
no table has more looks than another.

Counts are taken as chance would bring them (Poisson), as many times wilder as the days before were, one by one or week by week.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from lakesmith.monitor.judging.series import LEVEL_DAYS, SPIKE, Day, Expectation, Habits, learn

SPANS = (2, 3, 7, 14, 28)
"""Days that are put together, the fewest that tell."""
RARE = 0.001
RARE_SPREADS = 3.09
"""Of a bell curve, `RARE` lies further away than so many spreads on one side."""
WILD_SPREADS, SURGE_SPREADS = 3.6, 4.5
SMALL = 50
"""Days of fewer rows are small. Larger ones are wild: of chance alone they are no picture, and days show a surge of theirs soon enough."""
POWER_SPREADS = 1.645
"""As many spreads above the middle of a bell curve lie 95 % of it: of halved spans, so many have to be seen."""
TAUGHT_DAYS = 56
LEAST_TOLD = 30
"""Of fewer rows half is never told from chance, even if what is looked at is half already: spans of 68 are the smallest that tell."""
LEAST_SPANS = 3
"""How wild spans are is not asked of fewer."""
NEAREST = 0.8
SLOPE_PULL, SLOPE_ERROR = 4.0, 1.3
"""Growth of less than two errors may be chance; the error is that of a straight line, and somewhat more since it is a robust one."""
LEAST_WEIGHT = 0.01
RECENT_DAYS, NOW_AND_THEN = 28, 1
TAME = 3


@dataclass(frozen=True, slots=True)
class Span:
    """The last `days` of a table together, from `first` on: their `rows`, what is `expected`, and how wild that is.

    `tame` are the rows without what single days have beyond three times a day's: such a day is a matter of its own.
    """

    first: date
    days: int
    rows: int
    tame: float
    expected: float
    wildness: float

    @property
    def is_small(self) -> bool:
        """Whether its days are small, and not wild."""
        return self.expected < SMALL * self.days

    @property
    def lower(self) -> float:
        """Fewer rows than this are not chance."""
        spreads = RARE_SPREADS if self.is_small else WILD_SPREADS
        by_chance = max(end(self.expected, self.wildness, -spreads), 1.0) if self.tells_nothing else 0.0
        return max(min(by_chance, self.expected * NEAREST), 0.0)

    @property
    def upper(self) -> float:
        """More rows than this are not chance."""
        return max(end(self.expected, self.wildness, SURGE_SPREADS), self.expected / NEAREST)

    @property
    def holds(self) -> bool:
        """Whether the rows are chance."""
        return self.lower <= self.rows and (self.tame <= self.upper or not self.is_small)

    @property
    def tells_half(self) -> bool:
        """Whether half the rows would be seen, 95 times out of 100."""
        return end(self.expected / 2, self.wildness, POWER_SPREADS) < self.lower

    @property
    def tells_nothing(self) -> bool:
        """Whether no rows at all would be rare."""
        return self.expected / self.wildness >= -math.log(RARE)


def day_tells_half(expected: Expectation, lower: float) -> bool:
    """Return whether half of a day would be below its band, 95 times out of 100; `lower` is the end of the band."""
    wildness = max(expected.spread**2 * expected.rows, 1.0)
    return end(expected.rows / 2, wildness, POWER_SPREADS) < lower


def span_of(days: Sequence[Day]) -> Span | None:
    """Return the shortest span up to the last of these days that tells half from chance; None if none does."""
    taught = [one for one in days if one.teaches]
    usual = sum(one.rows for one in taught[-TAUGHT_DAYS:]) / max(len(taught[-TAUGHT_DAYS:]), 1)
    spans = (_last(taught, count) for count in SPANS if count * usual >= LEAST_TOLD)
    return next((span for span in spans if span and span.tells_half), None)


def stretch_of(days: Sequence[Day]) -> Span | None:
    """Return the days without rows that the last of these days ends, if so many are rare, and more than there ever were; else None."""
    taught = [one for one in days if one.teaches]
    runs = [len(list(run)) for has_rows, run in groupby(taught, key=lambda one: one.rows > 0) if not has_rows]
    if not taught or taught[-1].rows or runs[-1] <= max(runs[:-1], default=0):
        return None
    span = _last(taught, runs[-1])
    return span if span and span.tells_nothing else None


def end(mean: float, wildness: float, spreads: float) -> float:
    """Return the count that lies so many spreads from a mean, by chance alone and its skew, or as many times wilder.

    Examples:
        >>> round(end(56, 1, -RARE_SPREADS), 1)  # 0.1 % of counts with a mean of 56 are 33 or fewer
        33.8
    """
    calm = mean / wildness
    return wildness * (calm + spreads * math.sqrt(calm) + (spreads**2 - 1) / 6 - 0.5)


def _last(taught: Sequence[Day], count: int) -> Span | None:
    """Return the last days together by those before them; None if those are too few to learn from."""
    habits = learn(taught[:-count])
    if habits is None:
        return None
    usual, last = _Usual(habits), taught[-count:]
    expected = usual.expect(last)
    # what is expected is known no better than the days before tell it, and their growth
    wildness = usual.wildness(count) * (1 + count / usual.known)
    wildness += expected * (usual.error * (usual.known + count) / 2) ** 2
    rows = [one.rows for one in last]
    tame = sum(min(one, TAME * expected / count) for one in rows) if count > TAME else sum(rows)
    return Span(last[0].day, count, sum(rows), tame, expected, wildness)


class _Usual:
    """What the days before a span say: how many rows a day of weight 1 brings, and how wildly."""

    def __init__(self, habits: Habits) -> None:
        self.habits, self.error = _steady(habits)
        days = habits.days[-TAUGHT_DAYS:]
        lines = [self.habits.line(one.day) for one in days]
        told = [(one.rows, max(math.expm1(log), LEAST_WEIGHT)) for one, log in zip(days, lines, strict=True)]
        off = [
            abs(math.log1p(one.rows) - log) > SPIKE * max(habits.spread, math.exp(-log / 2))
            for one, log in zip(days, lines, strict=True)
        ]
        # what is off now and then, or lies before the rows came to be what they are, says nothing; what often is belongs to the table
        if sum(off[-RECENT_DAYS:]) <= NOW_AND_THEN:
            told = [one for one, is_off in zip(told, off, strict=True) if not is_off] or told
        self.known = len(told)
        self.scale = sum(rows for rows, _ in told) / sum(weight for _, weight in told)
        self.off = [rows - weight * self.scale for rows, weight in told]
        self.rows = sum(rows for rows, _ in told) / len(told)

    def expect(self, days: Sequence[Day]) -> float:
        """Return what days bring together; logarithms make small counts smaller, but all of them alike."""
        return self.scale * sum(max(self.habits.expect(one.day).rows, LEAST_WEIGHT) for one in days)

    def wildness(self, count: int) -> float:
        """Return how many times more than by chance the rows vary, of days or of spans up to `count` days."""
        found = [1.0]
        for length in (1, *SPANS):
            if length > count or self.known < LEAST_SPANS * length or not self.rows:
                break
            sums = [sum(self.off[n : n + length]) for n in range(self.known - length + 1)]
            spread = sum(one * one for one in sums) / len(sums)
            found.append(spread / (length * self.rows * (1 - length / self.known)))
        return max(found)


def _steady(habits: Habits) -> tuple[Habits, float]:
    """Return habits without growth that may be chance, since over weeks it would carry far, and the error a day of what is kept of it."""
    spread = max(habits.spread, 1 / math.sqrt(max(habits.usual, 1.0)))
    error = SLOPE_ERROR * spread * math.sqrt(12 / len(habits.days) ** 3)
    kept = max(1 - SLOPE_PULL * (error / habits.slope) ** 2, 0.0) if habits.slope else 0.0
    middle_of_level = sum(one.day.toordinal() for one in habits.days[-LEVEL_DAYS:]) / LEVEL_DAYS
    level = habits.level + (1 - kept) * habits.slope * middle_of_level
    return replace(habits, slope=habits.slope * kept, level=level), error if kept else 0.0
