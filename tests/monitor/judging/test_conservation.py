from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lakesmith.monitor.judging.conservation import Moved, judge_continuity, judge_law

AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
LOAD = Moved("r2", AT, 100, 90, 6, 4, 90, kind="load", reason="news", rows_before=1000, rows_after=1090)
BEFORE = replace(LOAD, run_id="r1", finished_at=AT - timedelta(days=1), rows_before=900, rows_after=1000, added=100)


def judged(*loads, **more):
    return judge_continuity("shop.orders", loads, at=AT, **more)


def test_the_row_law():
    assert judge_law("a.b", LOAD, at=AT).verdict == "good"
    lost = judge_law("a.b", replace(LOAD, written=89), at=AT)
    assert (lost.verdict, lost.reason) == (
        "bad",
        "100 rows read, 89 written, 6 quarantined, 4 filtered: 1 of them are missing",
    )
    assert "1 are too many" in judge_law("a.b", replace(LOAD, written=91), at=AT).reason
    assert "cannot count them another way" in judge_law("a.b", replace(LOAD, is_proven=False), at=AT).reason


def test_a_table_has_what_it_had_and_got():
    assert judged(BEFORE, LOAD).verdict == "good"
    short = judged(BEFORE, replace(LOAD, rows_after=1089))
    assert (short.verdict, short.value, short.expected) == ("bad", 1089.0, 1090.0)
    assert "1 fewer than it had and got" in short.reason


def test_derived_rows_are_rows_too():
    assert judged(BEFORE, replace(LOAD, added=93, rows_after=1093)).verdict == "good"


@pytest.mark.parametrize(("found", "verdict"), [(1005, "warn"), (995, "bad")])
def test_a_table_that_changed_between_loads_was_changed_outside(found, verdict):
    judgement = judged(BEFORE, replace(LOAD, rows_before=found, rows_after=found + 90))
    assert judgement.verdict == verdict
    assert "changed outside the platform" in judgement.reason


def test_what_a_lost_run_had_committed_is_no_alarm_and_what_is_missing_is_one():
    more, less = (replace(LOAD, rows_before=count, rows_after=count + 90) for count in (1100, 900))
    assert judged(BEFORE, more, was_lost=True).verdict == "good"
    assert judged(BEFORE, less, was_lost=True).verdict == "bad"


def test_a_new_generation_has_its_own_rows_alone():
    swap = replace(LOAD, kind="swap", rows_before=1000, rows_after=90)
    assert judged(BEFORE, swap).verdict == "good"
    assert judged(BEFORE, replace(swap, rows_after=91)).verdict == "bad"
    assert judged(BEFORE, replace(swap, rows_after=500, reason="rebuild")).verdict == "good"  # rebuilt since a day


def test_rollbacks_are_taken_as_they_come():
    assert judged(BEFORE, replace(LOAD, kind="rollback", reason="rollback", rows_after=12)).verdict == "good"


def test_what_was_not_counted_is_not_judged():
    assert judged() is None
    assert judged(replace(LOAD, rows_after=None)) is None
    assert judged(replace(BEFORE, rows_after=None), LOAD).verdict == "good"
