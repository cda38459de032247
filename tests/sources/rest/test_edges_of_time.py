"""Days that were read before they were over, moments at the end of a day, clocks that go back, times in other zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from lakesmith.sources.rest.options import IncrementalOptions
from lakesmith.sources.rest.planning.position import Place
from lakesmith.sources.rest.planning.times import asked_since, window_places
from lakesmith.sources.rest.planning.windows import due
from lakesmith.sources.rest.reading.sifting import mark_of

DAY = timedelta(days=1)
FRIDAY = date(2026, 11, 20)


def options(**said):
    return IncrementalOptions.model_validate({"start": "2026-11-01"} | said)


@pytest.mark.parametrize("window", [1, 7])
@pytest.mark.parametrize("look_back", [None, 1, 3])
@pytest.mark.parametrize("gap", [1, 2, 5])
@pytest.mark.parametrize("still_today", [True, False])
def test_a_day_that_was_read_before_it_was_over_is_read_again(window, look_back, gap, still_today):
    place = Place(first=date(2026, 11, 1), until=FRIDAY, looked=FRIDAY, looked_until=FRIDAY)
    back = {"look_back": f"{look_back}d"} if look_back else {}
    said = options(window=f"{window}d", today=still_today, **back)
    came = due(said, place, FRIDAY + gap * DAY)
    days = {w.begin + n * DAY for w in came for n in range((w.end - w.begin).days + 1)}
    last = FRIDAY + (gap if still_today else gap - 1) * DAY
    assert {FRIDAY + n * DAY for n in range((last - FRIDAY).days + 1)} <= days
    assert max(days) == last


@pytest.mark.parametrize(
    ("form", "until"),
    [
        ("date", "2026-10-25"),
        ("%Y%m%d", "20261025"),
        ("iso", "2026-10-25T22:59:59.999999Z"),
        ("epoch", 1_792_969_199),
        ("epoch_ms", 1_792_969_199_999),
        ("%Y-%m-%d %H:%M:%S", "2026-10-25 23:59:59"),
    ],
)
def test_the_last_day_belongs_to_a_window_to_its_last_moment(form, until):
    places = window_places(options(format=form, timezone="Europe/Berlin"), date(2026, 10, 25), date(2026, 10, 25))
    assert places["until"] == until, "a day of 25 hours"


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Havana", "Europe/Berlin", "Pacific/Chatham", "UTC"])
def test_windows_lie_side_by_side_whatever_the_clocks_do(zone):
    said = options(format="epoch", until="excluded", timezone=zone)
    first = date(2026, 1, 1)
    places = [window_places(said, first + n * DAY, first + n * DAY) for n in range(365)]
    assert all(one["until"] == after["since"] for one, after in pairwise(places))
    assert all(22 * 3600 < one["until"] - one["since"] < 26 * 3600 for one in places)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("form", ["iso", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "date", "epoch"])
def test_a_cursor_is_asked_for_from_no_later_than_it_stood(zone, form):
    from zoneinfo import ZoneInfo

    said = IncrementalOptions.model_validate({"cursor": "at", "format": form, "timezone": zone})
    begin = datetime(2026, 10, 24, 20, 30, tzinfo=UTC)  # the clocks of Berlin go back in this night
    for number in range(24):
        at = begin + timedelta(hours=number / 2)
        last = at.astimezone(ZoneInfo("Asia/Tokyo")).isoformat()
        asked, mark = asked_since(said, last, FRIDAY)
        meant = datetime.fromtimestamp(asked, UTC) if form == "epoch" else datetime.fromisoformat(asked)
        latest = (meant if meant.tzinfo else meant.replace(tzinfo=ZoneInfo(zone), fold=1)).astimezone(UTC)
        assert latest <= at
        assert mark <= mark_of(last)


def test_cursors_are_compared_as_numbers_however_they_are_written():
    marks = [mark_of(value) for value in (-2, "-1.5", 9.5, "10", "10.5", 11, "1767225600.123456")]
    assert marks == sorted(marks)
    assert {mark[0] for mark in marks} == {0}
    assert mark_of("²") == (2, 0.0, "²")


@pytest.mark.parametrize(
    ("last", "form", "asked"),
    [
        ("1767225600.5", "epoch", 1_767_225_000),
        (9_007_199_254_740_993_123, "date", 9_007_199_254_740_992_523),
        ("9007199254740993123", "date", "9007199254740992523"),
        ("word", "date", "word"),
    ],
)
def test_a_look_back_from_a_number(last, form, asked):
    said = IncrementalOptions.model_validate({"cursor": "n", "look_back": "10m", "format": form})
    assert asked_since(said, last, FRIDAY)[0] == asked
