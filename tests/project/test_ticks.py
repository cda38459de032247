from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from lakesmith.project.settings import Schedule
from lakesmith.project.ticks import last_tick, next_tick, promised_at, ticks


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def starts(schedule, after, until):
    return [f"{tick:%d %H:%M}" for tick in ticks(schedule, at(after), at(until))]


def test_a_cron_line_starts_by_the_clock_on_the_wall_before_and_after_summer_time():
    berlin = Schedule(cron="0 6 * * *", timezone="Europe/Berlin")
    assert starts(berlin, "2026-10-23T12:00", "2026-10-26T12:00") == ["24 04:00", "25 05:00", "26 05:00"]
    assert starts(berlin, "2026-03-27T12:00", "2026-03-30T12:00") == ["28 05:00", "29 04:00", "30 04:00"]


def test_a_start_in_the_skipped_hour_comes_right_after_it_and_one_in_the_doubled_hour_comes_once():
    berlin = Schedule(cron="30 2 * * *", timezone="Europe/Berlin")
    assert starts(berlin, "2026-03-28T12:00", "2026-03-30T12:00") == ["29 01:00", "30 00:30"]
    assert starts(berlin, "2026-10-24T12:00", "2026-10-26T12:00") == ["25 00:30", "26 01:30"]


def test_every_quarter_of_an_hour_goes_on_through_the_doubled_hour():
    berlin = Schedule(cron="*/15 * * * *", timezone="Europe/Berlin")
    found = list(ticks(berlin, at("2026-10-25T00:00"), at("2026-10-25T03:00")))
    assert [b - a for a, b in pairwise(found)] == [timedelta(minutes=15)] * 11


@pytest.mark.parametrize(("every", "first"), [("2h", "22 08:00"), ("1d", "23 00:00"), ("7m", "22 07:06")])
def test_an_interval_counts_from_the_same_beginning_whenever_one_asks(every, first):
    schedule = Schedule(every=every)
    assert f"{next_tick(schedule, at('2026-11-22T07:05')):%d %H:%M}" == first
    assert next_tick(schedule, at("2026-11-22T07:05:01")) == next_tick(schedule, at("2026-11-22T07:05"))


def test_the_span_leaves_its_beginning_out_and_takes_its_end_in():
    hourly = Schedule(cron="@hourly")
    assert starts(hourly, "2026-11-22T07:00", "2026-11-22T09:00") == ["22 08:00", "22 09:00"]
    assert starts(Schedule(every="1h"), "2026-11-22T07:00", "2026-11-22T09:00") == ["22 08:00", "22 09:00"]


def test_the_last_start_is_found_however_rare_it_is():
    yearly = Schedule(cron="0 3 1 1 *")
    assert last_tick(yearly, at("2026-11-22T07:05")) == at("2026-01-01T03:00")
    assert last_tick(Schedule(cron="*/5 * * * *"), at("2026-11-22T07:05")) == at("2026-11-22T07:05")


def test_a_day_that_no_month_has_never_comes():
    never = Schedule(cron="0 0 31 2 *")
    assert next_tick(never, at("2026-11-22T07:05")) is None
    assert last_tick(never, at("2026-11-22T07:05")) is None


def test_a_promise_is_of_the_day_of_its_start_or_of_the_next_one_where_the_day_is_over_by_then():
    morning = Schedule(cron="0 6 * * *", timezone="Europe/Berlin", ready_by="07:30")
    assert promised_at(morning, at("2026-11-22T05:00")) == at("2026-11-22T06:30")
    night = Schedule(cron="0 23 * * *", timezone="Europe/Berlin", ready_by="07:30")
    assert promised_at(night, at("2026-11-22T22:00")) == at("2026-11-23T06:30")
    assert promised_at(Schedule(every="1h"), at("2026-11-22T22:00")) is None
