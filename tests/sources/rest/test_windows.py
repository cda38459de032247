"""Windows of days: each is read once it is over, those of the look-back once a day again, and nothing is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from rest_api import figures

from lakesmith.errors import ConnectorOptionsError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.streams import Ask
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.sources.rest.options import IncrementalOptions
from lakesmith.sources.rest.planning.position import Open, Place
from lakesmith.sources.rest.planning.times import window_places
from lakesmith.sources.rest.planning.windows import due

DAYS = {
    "path": "days",
    "params": {"since": "{since}", "until": "{until}"},
    "records": "rows",
    "paging": {"type": "cursor", "param": "after", "next": "next"},
}


def windows(said, day, place=None):
    options = IncrementalOptions.model_validate(said)
    return [(w.begin.isoformat()[5:], w.end.isoformat()[5:], w.name) for w in due(options, place or Place(), day)]


def test_windows_end_with_the_last_day_that_is_over():
    assert windows({"start": "2026-11-01", "window": "3d"}, date(2026, 11, 6)) == [
        ("11-01", "11-03", "2026-11-01..2026-11-03"),
        ("11-04", "11-05", "2026-11-04..2026-11-05"),
    ]


def test_a_window_that_is_read_again_keeps_its_name_and_grows():
    said = {"start": "2026-11-01", "window": "7d", "look_back": "2d"}
    place = Place(
        first=date(2026, 11, 1), until=date(2026, 11, 9), looked=date(2026, 11, 10), looked_until=date(2026, 11, 9)
    )
    assert windows(said, date(2026, 11, 10), place) == []
    assert windows(said, date(2026, 11, 11), place) == [("11-08", "11-10", "2026-11-08..2026-11-14")]


@pytest.mark.parametrize("window", [1, 2, 7, 30])
@pytest.mark.parametrize("look_back", [None, 1, 3, 28])
def test_no_day_is_left_out_and_every_day_of_the_look_back_is_read_again(window, look_back):
    said = {"start": "2026-01-01", "window": f"{window}d"} | ({"look_back": f"{look_back}d"} if look_back else {})
    options, place, read = IncrementalOptions.model_validate(said), Place(), []
    for day in (date(2026, 1, 1) + timedelta(days=number) for number in (1, 2, 3, 9, 10, 41, 42)):
        came = due(options, place, day)
        days = [w.begin + timedelta(days=n) for w in came for n in range((w.end - w.begin).days + 1)]
        assert len(set(days)) == len(days)
        assert not days or max(days) == day - timedelta(days=1)
        wanted = [day - timedelta(days=n + 1) for n in range(look_back or 0)]
        assert {one for one in wanted if one >= date(2026, 1, 1)} <= set(days)
        read += days
        last = day - timedelta(days=1)
        place = Place(first=date(2026, 1, 1), until=last, looked=day, looked_until=last)
        assert due(options, place, day) == []
    assert set(read) == {date(2026, 1, 1) + timedelta(days=number) for number in range(42)}
    assert look_back or len(read) == 42


def test_a_start_that_is_so_long_ago_stays_where_it_was():
    said = {"start": "3d"}
    first = windows(said, date(2026, 11, 10))
    assert [name for *_, name in first] == ["2026-11-07", "2026-11-08", "2026-11-09"]
    place = Place(first=date(2026, 11, 7), until=date(2026, 11, 9), looked=date(2026, 11, 10))
    assert next(name for *_, name in windows(said, date(2026, 11, 20), place)) == "2026-11-10"


def _told(one):
    """Return the notices of a load, and how many rows it brought."""
    chunks = one.read()
    return [notice for chunk in chunks for notice in chunk.notices], sum(chunk.rows.num_rows for chunk in chunks)


EARLIER = "`start` of api.things is 2026-11-10, and was 2026-11-17 when it was loaded first"


def _starts(one, start):
    incremental = one.spec.options.incremental.model_copy(update={"start": start})
    one.spec = replace(one.spec, options=one.spec.options.model_copy(update={"incremental": incremental}))


def test_a_start_that_is_earlier_than_at_the_first_load_is_told_at_once_and_by_each_load_with_news(desk, shelf):
    shelf.days = figures([f"2026-11-{day}" for day in range(10, 23)])
    one = desk(DAYS | {"incremental": {"start": "2026-11-17"}}, mode="append")
    assert _told(one) == ([], 16)
    _starts(one, date(2026, 11, 10))
    (told,), rows = _told(one)
    assert (told.partition(":")[0], rows) == (EARLIER, 0)
    assert told.endswith("lakesmith rebuild api.things")
    assert one.source.splits(one.spec, Ask(one.position)) == []
    one.clock.set(datetime(2026, 11, 22, 9, tzinfo=UTC))
    (told,), rows = _told(one)
    assert (told.partition(":")[0], rows) == (EARLIER, 4)
    one.position = None  # as a rebuild does
    assert _told(one) == ([], 48)
    _starts(one, date(2026, 11, 18))
    one.clock.set(datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert _told(one) == ([], 4)


def test_a_start_of_a_cursor_that_is_earlier_than_at_the_first_load_is_told(desk, shelf):
    shelf.records = [{"id": day, "seen": f"2026-11-{day}"} for day in range(10, 21)]
    stream = {
        "path": "changed",
        "params": {"since": "{since}"},
        "records": "rows",
        "paging": {"type": "cursor", "param": "after", "next": "next"},
        "incremental": {"cursor": "seen", "format": "date", "start": "2026-11-17"},
    }
    one = desk(stream, mode="append")
    assert _told(one) == ([], 4)
    assert _told(one) == ([], 0)
    _starts(one, date(2026, 11, 10))
    (told,), rows = _told(one)
    assert (told.partition(":")[0], rows) == (EARLIER, 0)


def test_a_start_that_is_so_long_ago_is_not_told_where_a_clock_went_back(desk, shelf):
    shelf.days = figures(["2026-11-19", "2026-11-20"])
    one = desk(DAYS | {"incremental": {"start": "2d"}}, mode="append")
    assert _told(one) == ([], 8)
    one.clock.set(datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert _told(one) == ([], 0)
    one.clock.set(datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert _told(one) == ([], 0)
    _starts(one, timedelta(days=9))
    (told,), _ = _told(one)
    assert "is 2026-11-13, and was 2026-11-19" in told


def test_what_tells_of_an_earlier_start_is_committed_once(desk, shelf, tmp_path):
    shelf.days = figures(["2026-11-20"])
    one = desk(DAYS | {"incremental": {"start": "2026-11-20"}}, mode="append")

    def load():
        table = Lake(tmp_path / "lake", Host()).table(one.spec.id)
        return load_stream(LoadJob(one.spec, one.source, table, Host()))

    assert load().counts.written == 4
    _starts(one, date(2026, 11, 10))
    told = load()
    assert (told.counts.read, [notice[:7] for notice in told.notices]) == (0, ["`start`"])
    assert load().state == "nothing_new"


def test_days_end_where_the_account_is():
    options = IncrementalOptions.model_validate(
        {"start": "2026-03-28", "timezone": "Europe/Berlin", "format": "epoch", "until": "excluded"}
    )
    places = window_places(options, date(2026, 3, 29), date(2026, 3, 29))  # the clocks go forward on this day
    assert places["until"] - places["since"] == 23 * 3600
    assert datetime.fromtimestamp(places["since"], UTC) == datetime(2026, 3, 28, 23, tzinfo=UTC)


def test_restated_days_come_again_and_bear_the_same_origin(desk, shelf):
    stream = DAYS | {"incremental": {"start": "2026-11-17", "look_back": "2d"}}
    one = desk(stream, mode="dedupe", key=("day", "campaign"))
    shelf.days = figures([f"2026-11-{day}" for day in range(17, 23)])
    assert len(one.read()) == 8  # four days of two pages
    shelf.days = figures([f"2026-11-{day}" for day in range(17, 23)], clicks=5)
    assert one.read() == []
    one.clock.set(datetime(2026, 11, 22, 9, tzinfo=UTC))
    chunks = one.read()
    came = {(row["day"], row["clicks"] // row["campaign"]) for chunk in chunks for row in chunk.rows.to_pylist()}
    assert came == {("2026-11-20", 5), ("2026-11-21", 5)}
    assert {chunk.origin for chunk in chunks} == {"things 2026-11-20", "things 2026-11-21"}


LOOKING_BACK = {"start": "2026-11-08", "window": "7d", "look_back": "14d"}
READ = Place(
    first=date(2026, 11, 8), until=date(2026, 11, 20), looked=date(2026, 11, 21), looked_until=date(2026, 11, 20)
)  # fmt: skip
WEEKS = ["2026-11-08..2026-11-14", "2026-11-15..2026-11-21"]


def restated(desk, *, place=READ, day=22, mode="dedupe", incremental=LOOKING_BACK, **more):
    """Return which windows of a load on a day of November restate what was read before."""
    one = desk(DAYS | {"expects": "rows", "incremental": incremental, **more}, mode=mode, key=("day", "campaign"))
    one.clock.set(datetime(2026, 11, day, 9, tzinfo=UTC))
    splits = one.source.splits(one.spec, Ask(place.encode()))
    assert {split.restates for split in splits} <= {f"things {split.name}" for split in splits} | {""}
    return [split.name for split in splits if split.restates]


def test_a_window_that_was_read_before_restates_its_origin(desk):
    assert restated(desk) == WEEKS
    assert restated(desk, place=Place()) == []
    assert restated(desk, place=READ, day=24) == WEEKS, "that of the 22nd is new"
    assert restated(desk, incremental={"start": "2026-11-08", "window": "7d", "today": True}, day=21) == WEEKS[1:]


def test_a_clock_that_went_back_restates_no_day_that_it_does_not_ask_for(desk):
    assert restated(desk, day=18) == WEEKS[:1]


def test_a_window_that_goes_on_at_a_page_restates_nothing(desk):
    place = Place(first=READ.first, until=READ.until, looked=READ.looked, open=Open(WEEKS[0], {"next": {"after": "3"}}))
    assert restated(desk, place=place) == WEEKS[1:]


def test_only_answers_that_prove_themselves_restate(desk):
    assert restated(desk, expects=None) == []
    assert restated(desk, expects=".", records=".") == []
    assert restated(desk, format="csv") == []
    job = {"submit": {"path": "reports", "method": "POST"}, "id": "id", "poll": {"path": "reports/{job.id}"}}
    job |= {"state": "status", "done": "DONE", "url": "url"}
    assert restated(desk, expects=".", records=".", jobs=job) == WEEKS


def test_what_a_rebuild_or_a_comparison_of_keys_reads_restates_nothing(desk):
    one = desk(DAYS | {"expects": "rows", "incremental": LOOKING_BACK}, mode="dedupe", key=("day", "campaign"))
    assert not [split for split in one.source.planning(one.spec).whole(READ) if split.restates]
    assert restated(desk, mode="replace") == []


@pytest.mark.parametrize(
    ("mode", "more"),
    [("append", {"look_back": "2d"}), ("append", {"today": True}), ("dedupe", {"look_back": "2d"})],
)
def test_what_would_be_there_twice_is_refused(mode, more, desk):
    one = desk(DAYS | {"incremental": {"start": "2026-11-17", **more}}, mode=mode)
    with pytest.raises(ConnectorOptionsError, match="would be there twice"):
        one.source.splits(one.spec, Ask())


def test_a_whole_that_is_added_each_time_is_refused(desk):
    one = desk({"path": "link"}, mode="append")
    with pytest.raises(ConnectorOptionsError, match="would add all of it each time"):
        one.source.splits(one.spec, Ask())


def test_a_window_goes_on_at_its_page(desk, shelf, server):
    shelf.days = figures(["2026-11-20"])
    one = desk(DAYS | {"incremental": {"start": "2026-11-20"}}, mode="append")
    [split] = one.source.splits(one.spec, Ask())
    chunks = one.source.read(one.spec, split, Ask())
    first = next(iter(chunks))
    position = one.source.advance(None, split, first.after)
    [rest] = one.source.splits(one.spec, Ask(position))
    before = len(server.heard)
    rows = [row for chunk in one.source.read(one.spec, rest, Ask(position)) for row in chunk.rows.to_pylist()]
    assert first.rows.to_pylist() + rows == shelf.days
    assert len(server.heard) == before + 1
