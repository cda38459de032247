"""Whether a column is as it used to be: nulls, distinct values, range and categories, each by the loads before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lakesmith.monitor.judging.series import median
from lakesmith.monitor.judging.values import BAD, GOOD, LEARNING, WARN, Judgement

NULLS, DISTINCT, RANGE, CATEGORIES = "nulls", "distinct", "range", "categories"
RULES = (NULLS, DISTINCT, RANGE, CATEGORIES)
LEAST_LOADS, LEAST_SPAN, FEW_LOADS = 14, timedelta(days=7), 5
LEAST_ROWS = 50
"""Loads of fewer rows neither teach nor are judged: shares of a handful say nothing."""
SPREADS = 5.0
NULL_JUMP, NULL_FLOOR = 0.05, 0.01
TIMES = 3.0
MAGNITUDE = 10.0
UNIQUE, NO_LONGER_UNIQUE = 0.99, 0.9
SHARE = 0.05
ALWAYS = 0.95


@dataclass(frozen=True, slots=True)
class Profile:
    """What one load brought in one column. `categories` are shares by keyed hash; None is unknown. `lowest` and `highest` are rounded."""

    seen_at: datetime
    rows: int
    nulls: int | None = None
    distinct: int | None = None
    lowest: float | None = None
    highest: float | None = None
    categories: Mapping[str, float] | None = None
    run_id: str = ""

    @property
    def null_share(self) -> float | None:
        """The share of nulls, from 0 to 1."""
        return None if self.nulls is None or not self.rows else self.nulls / self.rows

    @property
    def distinct_share(self) -> float | None:
        """Distinct values by values that are there."""
        there = self.rows - (self.nulls or 0)
        return None if self.distinct is None or there <= 0 else min(self.distinct / there, 1.0)


def judge_column(subject: str, column: str, profiles: Sequence[Profile], *, at: datetime) -> list[Judgement]:
    """Return what is thought of the newest profile of a column by those before it, oldest first; nothing of too small a load."""
    if not profiles or profiles[-1].rows < LEAST_ROWS:
        return []
    last = profiles[-1]
    taught = [one for one in profiles[:-1] if one.rows >= LEAST_ROWS]
    told: dict[str, Any] = {
        "column": column,
        "bucket": last.run_id[:32],
        "run_id": last.run_id or None,
        "trained_on": len(taught),
    }
    if not sees([*taught, last]):
        words = f"learning: {len(taught) + 1} of {LEAST_LOADS} loads seen"
        return [Judgement(subject, NULLS, LEARNING, words, at, **told)]
    found = [one for judge in (_nulls, _distinct, _range) for one in judge(taught, last)]
    return [
        Judgement(subject, one.rule, one.verdict, one.reason, at, value=one.value, expected=one.expected, **told)
        for one in (*found, *_categories(taught, last))
    ]


def sees(profiles: Sequence[Profile]) -> bool:
    """Whether there is enough to judge by: 14 loads before, or a week of at least five."""
    before = profiles[:-1]
    if len(before) >= LEAST_LOADS:
        return True
    return len(before) >= FEW_LOADS and profiles[-1].seen_at - before[0].seen_at >= LEAST_SPAN


@dataclass(frozen=True, slots=True)
class _Thought:
    rule: str
    verdict: str
    reason: str
    value: float | None = None
    expected: float | None = None


def _nulls(taught: Sequence[Profile], last: Profile) -> Iterator[_Thought]:
    before = [share for one in taught if (share := one.null_share) is not None]
    share = last.null_share
    if share is None or not before:
        return
    usual, spread = _usual(before, NULL_FLOOR)
    chance = math.sqrt(max(usual * (1 - usual), 1 / last.rows) / last.rows)
    off = abs(share - usual) > max(NULL_JUMP, SPREADS * max(spread, chance))
    words = f"{_percent(share)} of the values are missing, {_percent(usual)} usually"
    all_gone = share == 1.0 and usual < 1.0
    yield _Thought(NULLS, (BAD if all_gone else WARN) if off else GOOD, words, round(share, 4), round(usual, 4))


def _distinct(taught: Sequence[Profile], last: Profile) -> Iterator[_Thought]:
    shares = [share for one in taught if (share := one.distinct_share) is not None]
    counts = [one.distinct for one in taught if one.distinct]
    share = last.distinct_share
    if share is None or not last.distinct or not shares or not counts:
        return
    if median(shares) >= UNIQUE:
        words = f"{_percent(share)} of the values are different ones, {_percent(median(shares))} usually"
        yield _Thought(DISTINCT, WARN if share < NO_LONGER_UNIQUE else GOOD, words, round(share, 4), median(shares))
        return
    usual, spread = _usual([math.log(one) for one in counts], 0.1)
    usual_share, spread_share = _usual([math.log(max(one, 1e-9)) for one in shares], 0.1)
    apart = (math.log(last.distinct) - usual, spread), (math.log(max(share, 1e-9)) - usual_share, spread_share)
    # more rows bring more different values, or only more of the same: what fits one of the two is as usual
    is_off = all(abs(off) > max(math.log(TIMES), SPREADS * by) for off, by in apart)
    words = f"{last.distinct:,} different values, {math.exp(usual):,.0f} usually"
    yield _Thought(DISTINCT, WARN if is_off else GOOD, words, float(last.distinct), round(math.exp(usual), 1))


def _range(taught: Sequence[Profile], last: Profile) -> Iterator[_Thought]:
    """Compare magnitudes alone: the ends of a range are rounded, and no message says them."""
    before = [
        max(abs(one.lowest), abs(one.highest)) for one in taught if one.lowest is not None and one.highest is not None
    ]
    if last.lowest is None or last.highest is None or not before:
        return
    reach, usual = max(abs(last.lowest), abs(last.highest)), median(before)
    if reach > MAGNITUDE * max(before) and max(before) > 0:
        yield _Thought(RANGE, WARN, f"values reach {reach / max(before):,.0f} times as far as they ever did")
    elif reach * MAGNITUDE < min(before):
        yield _Thought(
            RANGE,
            WARN,
            f"values reach a {usual / max(reach, 1e-12):,.0f}th of what is usual" if reach else "all values are 0",
        )
    elif last.lowest < 0 <= min(one.lowest for one in taught if one.lowest is not None):
        yield _Thought(RANGE, WARN, "values below 0, and there never was one")
    else:
        yield _Thought(RANGE, GOOD, "values reach as far as they used to")


def _categories(taught: Sequence[Profile], last: Profile) -> Iterator[_Thought]:
    before = [one.categories for one in taught if one.categories is not None]
    if last.categories is None or len(before) < FEW_LOADS:
        return
    known = {key for one in before for key in one}
    new = [share for key, share in last.categories.items() if key not in known and share >= SHARE]
    gone = [
        shares
        for key in known
        if key not in last.categories
        and sum(key in one for one in before) >= ALWAYS * len(before)
        and (shares := median([one.get(key, 0.0) for one in before])) >= SHARE
    ]
    words = []
    if new:
        words.append(f"{_many(len(new))} never seen before {_makes(len(new))} {_percent(sum(new))} of the rows")
    if gone:
        words.append(
            f"{_many(len(gone))} that used to make {_percent(sum(gone))} of the rows {'is' if len(gone) == 1 else 'are'} gone"
        )
    yield _Thought(CATEGORIES, WARN if words else GOOD, "; ".join(words) or "the categories are the usual ones")


def _usual(values: Sequence[float], floor: float) -> tuple[float, float]:
    usual = median(values)
    return usual, max(1.4826 * median([abs(one - usual) for one in values]), floor)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share in (0.0, 1.0) or share >= 0.1 else f"{share:.1%}"  # noqa: PLR2004


def _many(count: int) -> str:
    return "a category" if count == 1 else f"{count} categories"


def _makes(count: int) -> str:
    return "makes" if count == 1 else "make"
