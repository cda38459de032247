"""Groups, health, the calendar, and the days of a table."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from lakesmith.monitor.judging.calendar import event_on, watch_of
from lakesmith.monitor.judging.days import Rhythm, days_of_table, newest_whole_day
from lakesmith.monitor.judging.groups import group
from lakesmith.monitor.judging.health import WORST_FIRST, health_of, letters
from lakesmith.monitor.judging.rows import Hour
from lakesmith.monitor.judging.values import Judgement
from lakesmith.project.monitoring import KnownEvent, MonitorSettings, Watch
from lakesmith.project.settings import Schedule

AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
DAILY = Schedule(cron="0 6 * * *")


def volume(table, verdict, value=10.0, expected=100.0):
    return Judgement(table, "volume", verdict, "10 rows, 100 expected", AT, value=value, expected=expected)


def test_most_tables_of_a_source_together_are_one_thing():
    dropped = [volume(f"crm.t{n}", "bad") for n in range(4)]
    others = [volume("crm.t9", "good", 100.0), volume("shop.a", "bad")]
    found = group([*dropped, *others], ["crm", "shop"])
    assert (found[0].subject, found[0].verdict, found[0].value, found[0].expected) == ("crm.*", "bad", 40.0, 400.0)
    assert found[0].reason == "4 of 5 tables dropped together, crm.t0 for one: 10 rows, 100 expected"
    assert [one.reason.endswith("see crm.*") for one in found[1:]] == [True] * 4 + [False] * 2


def test_some_tables_or_different_ways_are_no_group():
    assert len(group([volume("crm.a", "bad"), volume("crm.b", "bad")], ["crm"])) == 2
    half = [volume(f"crm.t{n}", "bad" if n < 4 else "good") for n in range(8)]
    assert len(group(half, ["crm"])) == 8
    ways = [volume(f"crm.t{n}", "warn", 10.0 if n % 2 else 1000.0) for n in range(6)]
    assert len(group(ways, ["crm"])) == 6


PARTS = {"load": "load", "freshness": "age", "checks": "checks"}


@pytest.mark.parametrize("parts", list(product((*WORST_FIRST, None), repeat=3)))
def test_health_is_the_worst_part_and_what_was_not_looked_at_is_unknown(parts):
    told = [
        Judgement("a.b", rule, verdict, "", AT) for rule, verdict in zip(PARTS.values(), parts, strict=True) if verdict
    ]
    found = health_of("a.b", [*told, volume("other.table", "bad")])
    expected = tuple(part or "unknown" for part in parts)
    assert (found.load, found.freshness, found.checks) == expected
    assert found.verdict == min(expected, key=WORST_FIRST.index)
    assert (found.verdict == "good") == (set(parts) == {"good"})


def test_three_letters():
    found = health_of("a.b", [volume("a.b", "warn"), Judgement("a.b", "age", "good", "", AT)])
    assert letters(found) == "WG?"
    assert [one.rule for one in found.reasons] == ["volume"]


def test_known_events():
    calendar = (
        KnownEvent(name="black friday", first_day=date(2026, 11, 27), last_day=date(2026, 11, 30), select="shop.*"),
        KnownEvent(name="move", first_day=date(2026, 12, 5)),
    )
    days = [date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 5)]
    assert [event_on(calendar, "shop.orders", day) for day in days] == ["", "black friday", "black friday", "", "move"]
    assert event_on(calendar, "crm.people", date(2026, 11, 27)) == ""


def test_later_entries_win():
    tables = {"shop.*": Watch(owner="shop", max_age="26h"), "shop.orders": Watch(volume=False)}
    found = watch_of(MonitorSettings(tables=tables), "shop.orders")
    assert (found.owner, found.max_age, found.volume, found.columns) == ("shop", timedelta(hours=26), False, True)
    assert watch_of(MonitorSettings(tables=tables), "crm.x") == Watch()


def hour(day, at=6, rows=10, reason="news", level=None):
    return Hour("a.b", datetime(2026, 11, day, at, tzinfo=UTC), reason, rows, level)


def table(hours, looked=(), schedule=DAILY, first=10, until=17, **more):
    rhythm = Rhythm(schedule, more.pop("zone", UTC), more.pop("is_level", False))
    told = days_of_table(
        "a.b",
        hours,
        {date(2026, 11, day) for day in looked},
        rhythm,
        during=(datetime(2026, 11, first, 6, 5, tzinfo=UTC), date(2026, 11, until)),
        **more,
    )
    return [(one.day.day, one.rows, one.teaches) for one in told.days], [day.day for day in told.missed]


def test_a_day_on_which_a_run_looked_and_found_nothing_has_no_rows_and_one_without_a_run_is_missed():
    found, missed = table([hour(11), hour(12), hour(16, rows=40)], looked=[13, 16, 17])
    assert found == [(11, 10, True), (12, 10, True), (13, 0, True), (16, 40, False), (17, 0, True)]
    assert missed == []
    assert table([hour(11), hour(12), hour(16, rows=40)], looked=[13], until=16) == (
        [(11, 10, True), (12, 10, True), (13, 0, True), (16, 40, True)],
        [14, 15],
    )


def test_first_loads_rebuilds_and_backfills_do_not_teach():
    hours = [hour(10, rows=9000, reason="first"), hour(11), hour(12, reason="rebuild", rows=9000), hour(13, at=6)]
    hours.append(hour(13, at=9, reason="backfill", rows=5000))
    assert table(hours, until=13)[0] == [(10, 0, False), (11, 10, True), (12, 0, False), (13, 10, True)]


def test_days_are_those_of_the_zone():
    berlin = ZoneInfo("Europe/Berlin")
    found, _ = table([hour(11, at=22), hour(11, at=23)], schedule=None, zone=berlin, until=12)
    assert found == [(11, 10, True), (12, 10, True)]


def test_a_replaced_table_keeps_its_rows_on_days_without_a_load():
    found, missed = table([hour(11, level=500), hour(14, level=510)], looked=[12, 13], until=14, is_level=True)
    assert found == [(11, 500, True), (12, 500, True), (13, 500, True), (14, 510, True)]
    assert missed == []


def test_days_of_known_events_do_not_teach():
    found, _ = table([hour(11), hour(12), hour(13)], until=13, is_special=lambda day: day.day == 12)
    assert found == [(11, 10, True), (12, 10, False), (13, 10, True)]


def test_today_is_whole_once_its_last_load_is_through():
    twice = Rhythm(Schedule(cron="0 6,18 * * *"), UTC)
    morning, evening, night = (datetime(2026, 11, 18, hour, 30, tzinfo=UTC) for hour in (7, 17, 19))
    assert newest_whole_day(twice, morning, morning.replace(hour=6, minute=0)).day == 17
    assert newest_whole_day(twice, evening, evening.replace(hour=17)).day == 17
    assert newest_whole_day(twice, night, night.replace(hour=18, minute=0)).day == 18
    assert newest_whole_day(twice, night, None).day == 17
    assert newest_whole_day(Rhythm(None), night, night).day == 17
