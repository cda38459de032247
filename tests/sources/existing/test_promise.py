"""What a look at a table means: on every day of a year with two changes of the clock, and never fresh where nothing is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.streams import StreamId
from lakesmith.model.watching import Seen
from lakesmith.sources.existing.options import ExistingOptions
from lakesmith.sources.existing.promise import Moment, Promise, judge, longest_age

TABLE = StreamId("legacy", "customers")
BERLIN = ZoneInfo("Europe/Berlin")
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 364 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
SPANS = st.timedeltas(timedelta(minutes=1), timedelta(days=4))
PROMISES = st.builds(
    Promise,
    st.none() | TIMES,
    TIMES,
    st.none() | SPANS,
    st.none() | st.timedeltas(timedelta(minutes=1), timedelta(hours=3)),
    may_be_empty=st.booleans(),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def oracle(promise: Promise, loaded: datetime, now: datetime) -> bool:
    """Whether the last time of day that has come is served by a load from its own window or later, counted in wall time."""
    wall = now.astimezone(BERLIN).replace(tzinfo=None)
    due = datetime.combine(wall.date(), promise.fresh_by)
    if datetime.combine(wall.date(), promise.fresh_by, tzinfo=BERLIN).astimezone(UTC) > now:
        due -= timedelta(days=1)
    start = datetime.combine(due.date(), promise.since)
    start -= timedelta(days=promise.since >= promise.fresh_by)
    return loaded >= start.replace(tzinfo=BERLIN).astimezone(UTC)


@given(TIMES, TIMES, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_table_is_fresh_as_long_as_the_last_time_of_day_is_served(fresh_by, since, now, age):
    promise = Promise(fresh_by, since)
    verdict = judge(promise, Seen(TABLE, 1, now - age), Moment(now, BERLIN))
    assert verdict.state == ("fresh" if oracle(promise, now - age, now) else "late")


@given(
    PROMISES,
    INSTANTS,
    st.none() | st.integers(0, 3),
    st.none() | INSTANTS,
    st.sampled_from(["", "cannot be read"]),
    st.booleans(),
)
def test_nothing_is_fresh_that_is_not_known_or_older_than_any_promise_allows(
    promise, now, rows, loaded, fault, patient
):
    moment = Moment(now, BERLIN, now - timedelta(minutes=3) if patient else None)
    verdict = judge(promise, Seen(TABLE, rows, loaded, fault), moment)
    hour = timedelta(hours=1)  # a day in autumn has one more
    if verdict.state == "fresh":
        assert not fault
        assert rows or (rows == 0 and promise.may_be_empty)
        assert loaded <= now + timedelta(minutes=5)
        assert now - loaded <= longest_age(promise) + hour
    if verdict.until is not None:
        assert patient
        assert now < verdict.until <= moment.began + max(promise.wait or timedelta(0), timedelta(minutes=30))
    if loaded is not None and loaded > now + timedelta(minutes=5):
        assert verdict.state == "unknown"


@pytest.mark.parametrize(
    ("loaded", "now", "state"),
    [
        ("2026-03-02 23:40", "2026-03-03 06:00", "fresh"),
        ("2026-03-02 21:59", "2026-03-03 06:00", "late"),
        ("2026-03-02 21:59", "2026-03-03 05:00", "fresh"),  # it is not due yet
        ("2026-03-03 08:00", "2026-03-03 09:00", "fresh"),  # late, but here
    ],
)
def test_a_tool_that_loads_at_night_may_begin_on_the_evening_before(loaded, now, state):
    promise = Promise(time(5, 30), time(22))
    assert judge(promise, Seen(TABLE, 1, at(loaded)), Moment(at(now), BERLIN)).state == state


def test_it_is_worth_waiting_only_for_a_time_that_is_near():
    promise, seen = Promise(time(17, 30)), Seen(TABLE, 1, at("2026-03-02 12:00"))
    for now, until in (
        ("2026-03-03 16:59", None),
        ("2026-03-03 17:00", "2026-03-03 17:30"),
        ("2026-03-03 17:31", None),
    ):
        verdict = judge(promise, seen, Moment(at(now), BERLIN, at(now)))
        assert verdict.until == (until and at(until))
    assert (
        judge(promise, seen, Moment(at("2026-03-03 17:10"), BERLIN)).state == "fresh"
    )  # nobody waits: it is not due yet


def test_options_say_what_goes_together():
    with pytest.raises(ValueError, match="`fresh_since` goes with a `fresh_by`"):
        ExistingOptions(fresh_since="22:00")
    assert longest_age(Promise(time(5, 30), time(22))) == timedelta(hours=31, minutes=30)
    assert date(2026, 3, 29).weekday() == 6  # the day without 02:30 in Berlin is among those above
