from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lakesmith.monitor.judging.freshness import (
    Looked,
    Promise,
    judge_age,
    judge_event_age,
    judge_publication,
    judge_schedule,
)
from lakesmith.project.settings import Schedule

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Promise(Schedule(cron="0 6 * * *"), run_s=1200.0)
WORKDAYS = Promise(Schedule(cron="0 6 * * mon-fri"), run_s=1200.0)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def age(good, now, promise=DAILY):
    return judge_age("shop.orders", Looked(good_at=at(good)), promise, at=at(now))


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        ("2026-11-18T05:59", "good"),
        ("2026-11-18T06:24", "good"),  # the run takes its usual length
        ("2026-11-18T06:26", "warn"),
        ("2026-11-19T06:24", "warn"),
        ("2026-11-19T06:26", "bad"),
    ],
)
def test_without_a_promise_one_start_may_be_missed_and_not_two(now, verdict):
    assert age("2026-11-17T06:00", now).verdict == verdict


@pytest.mark.parametrize(
    ("now", "verdict"), [("2026-11-16T05:59", "good"), ("2026-11-16T06:30", "warn"), ("2026-11-17T06:30", "bad")]
)
def test_a_weekend_without_starts_makes_nothing_old(now, verdict):
    assert age("2026-11-13T06:00", now, WORKDAYS).verdict == verdict


def test_an_oldest_age_is_a_promise_of_its_own():
    promise = Promise(None, timedelta(hours=26))
    assert age("2026-11-17T06:00", "2026-11-18T08:00", promise).verdict == "good"
    late = age("2026-11-17T06:00", "2026-11-18T08:01", promise)
    assert (late.verdict, late.upper) == ("bad", 26 * 3600)
    assert (
        late.reason == "last loaded with success 1 d 2 h ago, at 06:00 on Tue 17 Nov; 1 d 2 h is the oldest it may be"
    )


def test_nothing_promised_is_unknown_and_never_loaded_too():
    found = age("2026-11-17T06:00", "2026-11-18T08:00", Promise())
    assert (found.verdict, found.reason) == (
        "unknown",
        "nothing promises how old it may be: it has no schedule and no `max_age`",
    )
    assert judge_age("a.b", Looked(), DAILY, at=at("2026-11-18T08:00")).verdict == "unknown"


def test_a_time_of_day_is_promised_in_the_zone_of_the_schedule():
    promise = Promise(Schedule(cron="0 6 * * *", timezone="Europe/Berlin", ready_by="07:30"), zone=BERLIN)
    assert (
        age("2026-11-17T05:00", "2026-11-18T06:29", promise).verdict == "warn"
    )  # 07:29 in Berlin, the start was missed
    late = age("2026-11-17T05:00", "2026-11-18T06:31", promise)
    assert (late.verdict, late.reason) == (
        "bad",
        "last loaded with success 1 d 1 h ago, at 06:00 on Tue 17 Nov; promised by 07:30 on Wed 18 Nov",
    )
    summer = age("2026-07-17T04:00", "2026-07-18T05:31", promise)
    assert summer.verdict == "bad"
    assert age("2026-07-18T04:00", "2026-07-18T05:31", promise).verdict == "good"


def test_the_start_of_a_run_has_a_clock_of_its_own():
    def begun(began, now, **more):
        looked = Looked(began_at=at(began) if began else None, **more)
        return judge_schedule("shop.orders", looked, DAILY, at=at(now))

    assert begun("2026-11-18T06:00", "2026-11-18T07:00").verdict == "good"
    assert begun("2026-11-17T06:00", "2026-11-18T06:04").verdict == "good"  # five minutes of grace
    late = begun("2026-11-17T06:00", "2026-11-18T06:06")
    assert (late.verdict, late.value) == ("warn", 360.0)
    assert late.reason == "the run due at 06:00 on Wed 18 Nov has not begun; the newest began at 06:00 on Tue 17 Nov"
    assert begun("2026-11-16T06:00", "2026-11-18T06:06").verdict == "bad"
    assert begun("2026-11-16T06:00", "2026-11-18T06:06", is_running=True).verdict == "good"
    assert begun(None, "2026-11-18T06:06").verdict == "unknown"
    assert judge_schedule("a.b", Looked(), Promise(), at=at("2026-11-18T06:06")) is None


def test_events_may_be_a_period_older_than_the_load():
    def events(event, now, promise=DAILY):
        return judge_event_age("shop.orders", Looked(event_at=at(event)), promise, at=at(now))

    assert events("2026-11-16T23:59", "2026-11-18T05:59").verdict == "good"
    assert events("2026-11-16T23:59", "2026-11-18T06:30").verdict == "warn"
    assert events("2026-11-16T23:59", "2026-11-19T06:30").verdict == "bad"
    assert events("2026-11-16T23:59", "2026-11-19T06:30", Promise()).verdict == "unknown"
    assert judge_event_age("a.b", Looked(), DAILY, at=at("2026-11-19T06:30")) is None


def test_a_mart_is_as_old_as_its_last_good_build():
    found = judge_publication("marts.x", Looked(good_at=at("2026-11-16T06:00")), DAILY, at=at("2026-11-18T07:00"))
    assert (found.rule, found.verdict) == ("publication", "bad")
    assert found.reason.startswith("last built with success 2 d 1 h ago")
