from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.project.settings import Schedule
from lakesmith.project.ticks import ticks
from lakesmith.schedule.deciding import MERGED, MISSED, decide, retry_at
from lakesmith.schedule.duties import Duty


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC)


def hourly(**said):
    return Duty("orders", Schedule(cron="@hourly", **said))


def test_nothing_is_due_before_its_time():
    decision = decide(hourly(), at("22T06:00"), at("22T05:00"), at("22T06:59:59"))
    assert (decision.start, decision.left) == (None, ())


def test_a_start_is_due_at_its_time():
    decision = decide(hourly(), at("22T06:00"), at("22T05:00"), at("22T07:00"))
    assert (decision.start, decision.left, decision.is_late) == (at("22T07:00"), (), False)


def test_starts_that_waited_for_another_run_become_one():
    decision = decide(hourly(), at("22T06:00"), at("22T05:00"), at("22T09:10"))
    assert (decision.start, decision.is_late) == (at("22T09:00"), False)
    assert [(left.nominal_at, left.state) for left in decision.left] == [
        (at("22T07:00"), MERGED),
        (at("22T08:00"), MERGED),
    ]


def test_after_downtime_the_newest_start_is_caught_up_with():
    decision = decide(hourly(), at("22T06:00"), at("22T09:30"), at("22T09:31"))
    assert (decision.start, decision.is_late) == (at("22T09:00"), True)
    assert [left.state for left in decision.left] == [MERGED, MERGED]


def test_all_of_them_come_one_after_the_other_where_that_is_the_policy():
    duty, handled, begun = hourly(catch_up="all"), at("22T06:00"), []
    while (decision := decide(duty, handled, at("22T09:30"), at("22T10:05"))).start is not None:
        assert decision.left == ()
        begun.append((f"{decision.start:%H:%M}", decision.is_late))
        handled = decision.start
    assert begun == [("07:00", True), ("08:00", True), ("09:00", True), ("10:00", False)]


def test_none_of_them_comes_where_that_is_the_policy_but_what_came_while_awake_does():
    decision = decide(hourly(catch_up="none"), at("22T06:00"), at("22T08:30"), at("22T09:10"))
    assert (decision.start, decision.is_late) == (at("22T09:00"), False)
    assert [(left.nominal_at, left.state) for left in decision.left] == [
        (at("22T07:00"), MISSED),
        (at("22T08:00"), MISSED),
    ]


moments = st.integers(0, 14 * 24 * 60).map(lambda minutes: at("01T00:00") + timedelta(minutes=minutes))


@settings(deadline=None, max_examples=60)
@given(
    policy=st.sampled_from(["last", "all", "none"]),
    every=st.sampled_from(["1h", "5h", "1d"]),
    handled=moments,
    awake=moments,
    turns=st.lists(moments, min_size=1, max_size=12),
)
def test_every_start_is_settled_once_whenever_somebody_looks(policy, every, handled, awake, turns):
    duty = Duty("orders", Schedule(every=every, catch_up=policy))
    begin, settled = handled, []
    for now in sorted(turns):
        for _ in range(3000):
            decision = decide(duty, handled, awake, now)
            settled += [left.nominal_at for left in decision.left]
            if decision.start is not None:
                settled.append(decision.start)
            if settled:
                handled = max(handled, settled[-1])
            if decision.start is None:
                break
    expected = list(ticks(duty.schedule, begin, max(*turns, begin)))
    assert settled == expected


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 5), (2, 10), (3, 20), (4, None)])
def test_the_pause_doubles_until_no_attempt_is_left(attempt, minutes):
    duty, now = Duty("orders", Schedule(every="1h", retries=3)), at("22T06:00")
    assert retry_at(duty, now, attempt) == (None if minutes is None else now + timedelta(minutes=minutes))
