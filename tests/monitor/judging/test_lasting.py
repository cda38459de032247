"""Several days together, where one is too small or too wild to tell."""

import math
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from lakesmith.monitor.judging.lasting import POWER_SPREADS, RARE, RARE_SPREADS, end, span_of, stretch_of
from lakesmith.monitor.judging.series import Day
from lakesmith.monitor.judging.volume import Counted, days_to_tell, judge_volume

AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
TUESDAY = date(2026, 11, 17)


def counts(mean, seed, days=100, wild=1):
    """Days whose rows are as chance brings them, by waiting times; `wild` rows come at once."""
    luck, rows = Random(seed), [0] * days
    at = luck.expovariate(mean / wild)
    while at < days:
        rows[int(at)] += wild
        at += luck.expovariate(mean / wild)
    return tuple(Day(TUESDAY - timedelta(days - 1 - n), count) for n, count in enumerate(rows))


def last(days, rows):
    """The same days, the last of them with these rows."""
    kept = len(days) - len(rows)
    return (*days[:kept], *(Day(one.day, count) for one, count in zip(days[kept:], rows, strict=True)))


def judged(days, **more):
    return judge_volume(Counted("shop.orders", days, **more), at=AT)


def chance_of_at_most(count, mean):
    """The distribution itself, summed up."""
    return sum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count + 1))


@pytest.mark.parametrize("mean", [8, 20, 56, 112, 400, 3000])
def test_the_ends_are_those_of_chance(mean):
    lower = math.floor(end(mean, 1, -RARE_SPREADS))
    assert chance_of_at_most(lower, mean) <= RARE * 1.05
    assert chance_of_at_most(lower + 2, mean) > RARE
    assert 0.93 <= chance_of_at_most(round(end(mean, 1, POWER_SPREADS)), mean) <= 0.97
    assert end(mean * 4, 4, -RARE_SPREADS) == pytest.approx(4 * end(mean, 1, -RARE_SPREADS))


@pytest.mark.parametrize(("mean", "few", "many"), [(8, 14, 28), (12, 7, 28), (18, 7, 14), (40, 2, 7), (400, 1, 1)])
def test_the_smaller_the_days_the_more_of_them_tell(mean, few, many):
    found = sorted(days_to_tell(Counted("a.b", counts(mean, seed))) for seed in range(12))
    assert few <= found[2] <= found[9] <= many


def test_wild_days_need_more_of_them_and_a_handful_of_rows_never_tell():
    calm, wild = (
        sorted(days_to_tell(Counted("a.b", counts(60, seed, wild=wild))) for seed in range(8)) for wild in (1, 8)
    )
    assert calm[-1] <= 2
    assert wild[4] >= 7
    assert days_to_tell(Counted("a.b", counts(0.5, 1))) == 0
    assert judged(counts(0.5, 1)).reason.endswith("; half of its rows cannot be told from chance even over 28 days")


def test_half_that_lasts_is_told_with_the_days_it_took():
    days = counts(12, 3)
    before = judged(days)
    found = span_of(days)
    assert before.verdict == "good"
    assert f"half of one day cannot be told from chance, half of {found.days} days can: " in before.reason
    assert f"{sum(one.rows for one in days[-found.days :])} rows since {found.first:%a} " in before.reason
    half = last(days, [one.rows // 2 for one in days[-found.days :]])
    after = judged(half)
    rows = sum(one.rows for one in half[-found.days :])
    assert (after.verdict, after.value, after.bucket) == (
        "bad" if rows < after.expected / 2 else "warn",
        rows,
        "2026-11-17",
    )
    assert after.reason.startswith(f"{rows} rows on {found.days} days from ")
    assert after.lower > rows
    assert judged(last(days, [6])).verdict == "good"


def test_days_without_rows_are_off_once_so_many_are_rare():
    days = counts(4, 5)
    found = [judged(last(days, [0] * empty)).verdict for empty in range(1, 6)]
    first = found.index("bad")
    assert 1 <= first <= 3
    assert found == ["good"] * first + ["bad"] * (5 - first)
    told = judged(last(days, [0] * (first + 1)))
    assert told.reason.startswith(f"0 rows on {first + 1} days from ")
    assert stretch_of(days) is None or days[-1].rows == 0


def test_what_does_not_teach_is_in_no_span():
    days = counts(12, 3)
    spoilt = [Day(one.day, 900, teaches=False) if n in (92, 95, 97) else one for n, one in enumerate(days)]
    found = span_of(spoilt)
    taught = [one for one in spoilt if one.teaches]
    assert found.rows == sum(one.rows for one in taught[-found.days :])
    assert found.first == taught[-found.days].day


def test_a_young_table_says_that_it_cannot_tell_yet():
    found = judged(counts(8, 2, days=20))
    assert (found.verdict, "cannot be told from chance yet" in found.reason) == ("good", True)


def test_days_of_rest_tell_nothing_of_their_own():
    days = [Day(one.day, 1000 + n * 7919 % 41 if one.day.weekday() < 5 else 0) for n, one in enumerate(counts(1, 1))]
    for back in range(7):
        counted = Counted("a.b", tuple(days[: len(days) - back]))
        assert days_to_tell(counted) == 1
        assert "chance" not in judged(counted.days).reason


def test_a_table_that_is_replaced_has_no_chance_in_its_rows():
    days = tuple(Day(one.day, 6) for one in counts(1, 1))
    found = {rows: judged(last(days, [rows]), is_level=True).verdict for rows in (8, 6, 5, 4, 3, 2, 0)}
    assert found == {8: "good", 6: "good", 5: "good", 4: "good", 3: "warn", 2: "bad", 0: "bad"}


def test_growth_that_is_no_chance_is_followed_over_weeks():
    luck = Random(7)
    grown = [Day(one.day, round(12 * 1.01**n + luck.uniform(-2, 2))) for n, one in enumerate(counts(1, 1))]
    found = span_of(grown)
    assert found.expected == pytest.approx(found.rows, rel=0.1)
    assert judged(tuple(grown)).verdict == "good"


def test_a_table_of_one_value_and_one_that_was_another_are_judged():
    assert judged(tuple(Day(one.day, 0) for one in counts(1, 1))).verdict == "good"
    jumps = tuple(Day(one.day, 3 if n < 80 else 20) for n, one in enumerate(counts(1, 1)))
    assert judged(jumps).verdict in ("good", "warn")


def test_full_days_now_and_then_are_matters_of_their_own():
    days = counts(12, 3)
    full = [Day(one.day, 200) if n in (89, 95) else one for n, one in enumerate(days)]
    found = judged(tuple(full))
    assert found.verdict == "good"
    twice = last(days, [2 * one.rows + 4 for one in days[-span_of(days).days :]])
    assert judged(twice).verdict == "warn"


def test_a_table_that_is_often_empty_is_not_off_for_it():
    luck = Random(5)
    found = [Day(one.day, 0 if luck.random() < 1 / 3 else one.rows) for one in counts(12, 3, days=140)]
    verdicts = [judged(tuple(found[n - 99 : n + 1])).verdict for n in range(100, 140)]
    assert verdicts.count("good") >= 39
