from datetime import UTC, date, datetime, timedelta

import pytest

from lakesmith.monitor.judging.series import Day, learn
from lakesmith.monitor.judging.volume import Counted, band_of, judge_volume, never_whole, sees_from

AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
TUESDAY = date(2026, 11, 17)


def days(*rows, until=TUESDAY):
    """Days with these rows, the last one on `until`."""
    return tuple(Day(until - timedelta(len(rows) - 1 - n), count) for n, count in enumerate(rows))


def steady(count, *last, rows=1020):
    """So many days of about `rows`, and then those given."""
    return days(*(rows + (n * 7919 % 41 - 20) * rows // 1000 for n in range(count)), *last)


def judged(all_days, **more):
    return judge_volume(Counted("shop.orders", all_days, **more), at=AT)


def test_an_empty_day_says_what_was_expected():
    found = judged(steady(60, 0))
    assert (found.verdict, found.rule, found.bucket) == ("bad", "volume", "2026-11-17")
    assert found.reason == "0 rows on Tue 17 Nov, 1,032 expected (826–1,290)"
    assert (found.value, found.trained_on) == (0.0, 60)


@pytest.mark.parametrize(
    ("rows", "verdict"), [(1020, "good"), (850, "good"), (700, "warn"), (480, "bad"), (2400, "warn")]
)
def test_less_than_half_is_bad_and_more_is_a_warning(rows, verdict):
    assert judged(steady(60, rows)).verdict == verdict


def test_a_young_table_says_until_when_it_is_blind():
    found = judged(steady(4, 0))
    assert (found.verdict, found.reason) == ("learning", "learning, blind until 27 Nov: 5 of 14 days seen")
    assert never_whole("a.b", TUESDAY, at=AT).reason == "learning, blind until 2 Dec: 0 of 14 days seen"


@pytest.mark.parametrize("count", range(1, 15))
def test_it_sees_from_the_day_it_said_and_not_before(count):
    young = steady(count)
    first = sees_from(young)
    lacking = [Day(young[-1].day + timedelta(n), 1020) for n in range(1, (first - young[-1].day).days)]
    assert judged((*young, *lacking, Day(first, 0))).verdict == "bad"
    *before, newest = *young, *lacking
    assert judged((*before, Day(newest.day, 0))).verdict == "learning"


def test_a_table_loaded_on_working_days_is_blind_for_as_many_working_days():
    workdays = [TUESDAY - timedelta(n) for n in range(8) if (TUESDAY - timedelta(n)).weekday() < 5][::-1]
    assert sees_from([Day(day, 100) for day in workdays]) > TUESDAY + timedelta(14 - len(workdays) + 1)


def test_a_small_table_is_judged_empty_at_once_and_half_by_as_many_days_as_tell():
    assert judged(steady(60, 0, rows=8)).verdict == "bad"
    assert judged(steady(60, 4, rows=8)).verdict == "good"
    half = judged(days(*[8] * 60, *[4] * 14))
    assert half.verdict == "warn"
    assert half.reason.startswith("56 rows on 14 days from Wed 4 Nov to Tue 17 Nov, 112 expected")


def test_a_table_that_is_empty_now_and_then_may_be():
    sometimes = [0 if n % 9 == 0 else 8 for n in range(60)]
    assert judged(days(*sometimes, 0)).verdict == "good"


def test_weekends_without_rows_are_as_usual_and_a_working_day_without_is_not():
    def rows(day):
        return 1000 + day.day if day.weekday() < 5 else 0

    span = [TUESDAY + timedelta(n) for n in range(-60, 1)]
    for judged_day, verdict in ((TUESDAY - timedelta(2), "good"), (TUESDAY - timedelta(3), "good"), (TUESDAY, "good")):
        upto = tuple(Day(day, rows(day)) for day in span if day <= judged_day)
        assert judged(upto).verdict == verdict
    assert judged((*(Day(day, rows(day)) for day in span[:-1]), Day(TUESDAY, 0))).verdict == "bad"


def test_the_end_of_a_month_is_expected_once_it_was_seen_twice():
    def rows(day):
        return 4000 if (day + timedelta(1)).day == 1 else 1000 + day.toordinal() * 7919 % 41

    end = date(2026, 10, 31)
    for back, verdict in ((80, "good"), (35, "warn")):
        upto = tuple(Day(end - timedelta(n), rows(end - timedelta(n))) for n in range(back, -1, -1))
        assert judged(upto).verdict == verdict
    missing = tuple(Day(end - timedelta(n), rows(end - timedelta(n)) if n else 1000) for n in range(80, -1, -1))
    assert judged(missing).verdict == "bad"


def test_days_that_do_not_teach_are_left_out():
    spoilt = [Day(one.day, one.rows * 50, teaches=False) if n % 3 == 0 else one for n, one in enumerate(steady(60))]
    found = judged((*spoilt, Day(TUESDAY + timedelta(1), 1020)))
    assert (found.verdict, found.trained_on) == ("good", 40)
    assert 990 <= found.expected <= 1050


def test_a_day_after_missed_ones_may_bring_their_rows_or_not():
    missed = (TUESDAY - timedelta(2), TUESDAY - timedelta(1))
    before = tuple(Day(one.day - timedelta(3), one.rows) for one in steady(60))
    for rows, verdict in ((1020, "good"), (3050, "good"), (4600, "warn"), (300, "bad")):
        assert judged((*before, Day(TUESDAY, rows)), missed=missed).verdict == verdict


def test_a_table_that_is_replaced_is_judged_by_its_rows():
    found = judged(steady(60, 0), is_level=True)
    assert found.verdict == "bad"


def test_a_known_event_is_not_judged_and_never_green():
    found = judge_volume(Counted("shop.orders", steady(60, 9000)), at=AT, event="black friday")
    assert (found.verdict, found.reason) == ("unknown", "9,000 rows on Tue 17 Nov, not judged: black friday")


def test_the_band_is_never_narrower_than_a_fifth_or_ten_rows():
    habits = learn(steady(60))
    expected = habits.expect(TUESDAY + timedelta(1))
    band = band_of(1020, expected)
    assert band.lower <= expected.rows * 0.8
    assert band.upper >= expected.rows * 1.25
    tiny = band_of(3, learn(days(*[12] * 60)).expect(TUESDAY))
    assert (tiny.lower <= 2, tiny.upper >= 22) == (True, True)


def test_growth_is_followed_and_a_new_level_is_accepted_within_a_week_and_a_half():
    grown = days(*(round(1000 * 1.01**n) for n in range(80)), round(1000 * 1.01**80))
    assert judged(grown).verdict == "good"
    shifted = [1000 + n * 7919 % 41 for n in range(60)] + [2000 + n * 7919 % 41 for n in range(12)]
    assert judged(days(*shifted[:61])).verdict == "warn"
    assert judged(days(*shifted)).verdict == "good"
