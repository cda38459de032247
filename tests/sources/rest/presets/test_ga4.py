"""Google Analytics 4 as a source: whole projects, against the records themselves."""

import json
from decimal import Decimal

import pytest
from ad_faults import Trial, passing
from ad_loads import Shop, ago, redirected

import lakesmith
from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.ga4 import Ga4
from lakesmith.simulate.apis.sample import ListedRecords, traffic
from lakesmith.simulate.apis.serving import ApiServer

REPORT = "runReport"
DAYS = 17
SESSIONS = ("sessionSource", "sessionMedium", "sessionCampaignName")
FIGURES = ("sessions", "engagedSessions", "totalUsers", "screenPageViews", "keyEvents", "totalRevenue")
KEY = ("date", "session_source", "session_medium", "session_campaign_name")


@pytest.fixture
def records():
    return traffic(ago(DAYS), DAYS)


@pytest.fixture
def shop(tmp_path):
    paging = {"paging": {"size": 5}}
    return Shop(tmp_path, "ga4", {"sessions": paging, "events": paging}, {"start": str(ago(DAYS))})


def said_by(records: ListedRecords) -> dict:
    """Return the rows that bronze should have, by key, from the records alone."""
    return {
        (one["date"], *(one[name] for name in SESSIONS)): [one[name] for name in FIGURES]
        for one in records.records("sessions")
    }


def loaded(shop: Shop) -> dict:
    names = ("sessions", "engaged_sessions", "total_users", "screen_page_views", "key_events", "total_revenue")
    return {key: [row[name] for name in names] for key, row in shop.current("sessions", *KEY).items()}


def events(shop: Shop) -> dict:
    return {key: row["event_count"] for key, row in shop.current("events", "date", "event_name").items()}


def test_a_bad_day_and_the_next(shop, records):
    """One load among many faults brings every row; the next brings what was restated, and nothing else changes."""
    faults = [
        Fault("reset", "POST /token", (1,)),
        Fault("throttled", REPORT, (2,), retry_after=0),
        Fault("status", REPORT, (4, 5), status=502),
        Fault("cut", REPORT, (7,), amount=100),
        Fault("token_expired", REPORT, (9,)),
        Fault("error_body", REPORT, (12,)),
        Fault("login_page", REPORT, (14,)),
        Fault("repeated_page", REPORT, (17,)),
        Fault("empty_page", REPORT, (20,)),
        Fault("wrong_length", REPORT, (23,), amount=7),
    ]
    with ApiServer(Ga4(records), faults) as server:
        assert shop.reach(server).run() == []
        assert loaded(shop) == said_by(records)
        assert events(shop) == {(one["date"], one["eventName"]): one["eventCount"] for one in records.records("events")}
        assert all(load.counts.proven for load in shop.loads.values())
        assert shop.repeats() == 7
        assert [server.spoilt(fault.kind) for fault in faults] == [1, 1, 2, 1, 1, 1, 1, 1, 1, 1]
        assert server.platform.accounts.tokens.issued == 3  # the first was lost with its connection
        restated = records.kinds["sessions"][-4]
        restated["sessions"] += 11
        restated["totalRevenue"] += Decimal("99.99")
        server.spoil()
        assert shop.on_the_next_day(server).run() == []
    assert loaded(shop) == said_by(records)
    rows = shop.rows("sessions")
    assert {type(rows[0][name]).__name__ for name in ("date", "total_revenue")} == {"date", "Decimal"}
    secret = json.loads(server.platform.settings("")["service_account"])["private_key"].splitlines()[3]
    words = shop.words()
    assert secret not in words
    assert "access-1-of-this-run" not in words


@pytest.mark.long
def test_rolled_up_and_sampled_figures_are_said(shop, records):
    with ApiServer(Ga4(records, other_beyond=2, sampled=(1, 10))) as server:
        assert shop.reach(server).run() == []
    said, found = said_by(records), loaded(shop)
    smallest = {day: min(figures[0] for key, figures in said.items() if key[0] == day) for day, *_ in said}
    assert {key: row for key, row in found.items() if key[1] != "(other)"} == {
        key: figures for key, figures in said.items() if figures[0] > smallest[key[0]]
    }
    assert {key[0]: row[0] for key, row in found.items() if key[1:] == ("(other)",) * 3} == smallest
    notices = " ".join(shop.loads["sessions"].notices)
    assert "rows named (other)" in notices
    assert "from a sample" in notices
    assert "write `timezone: Europe/Berlin`" in notices


ALL = {
    **passing(REPORT),
    "skipped_page": Trial((Fault("skipped_page", REPORT, (2,)),)),
    "repeated_page": Trial((Fault("repeated_page", REPORT, (2,)),)),
    "empty_page": Trial((Fault("empty_page", REPORT, (2,)),)),
    "total_changes": Trial((Fault("total_changes", REPORT, (2,)),)),
    "rows_move": Trial((Fault("rows_move", REPORT, (2,)),)),
    "no_content": Trial((Fault("no_content", REPORT, (1, 2)),)),
    "permission_missing": Trial((Fault("permission_missing", REPORT, (2,)),), "may not read this"),
    "retired": Trial((Fault("retired", REPORT, (2,)),), "HTTP 404"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_every_fault(shop, records, name):
    with ApiServer(Ga4(records), ALL[name].faults) as server:
        errors = shop.reach(server).run()
        assert server.spoilt(ALL[name].faults[0].kind) >= 1
        assert all(ALL[name].what and ALL[name].what in error.what for error in errors), errors
        server.spoil()
        assert shop.run() == []
    assert loaded(shop) == said_by(records)


@pytest.mark.long
def test_a_redirect_to_another_host_brings_nothing_and_takes_no_credential(shop, records):
    assert redirected(shop, Ga4(records), REPORT)
    assert loaded(shop) == said_by(records)


def test_refusals_say_what_to_do(shop, records):
    with ApiServer(Ga4(records), [Fault("token_revoked", REPORT, (1,))]) as server:
        [error, *_] = shop.reach(server).run()
        assert isinstance(error, ConnectorOptionsError)
        assert "service" in error.fix
    with ApiServer(Ga4(records), [Fault("throttled", REPORT)]) as server:
        [error, *_] = shop.reach(server).run()
        assert isinstance(error, RetriableError)
        assert "quota of tokens" in error.fix


@pytest.mark.long
def test_a_report_of_ones_own_names_its_dimensions_and_figures(tmp_path, records):
    own = {
        "key": ["date", "sessionMedium"],
        "body": {
            "dimensions": [{"name": "date"}, {"name": "sessionMedium"}],
            "metrics": [{"name": "sessions"}, {"name": "totalRevenue"}],
            "orderBys": [{"dimension": {"dimensionName": "date"}}, {"dimension": {"dimensionName": "sessionMedium"}}],
        },
        "types": {"totalRevenue": "decimal(18, 2)"},
    }
    shop = Shop(tmp_path, "ga4", {"mediums": own}, {"start": "10d"})
    with ApiServer(Ga4(records)) as server:
        assert shop.reach(server).run() == []
    sums = {}
    for one in records.records("sessions"):
        if one["date"] >= ago(10):
            before = sums.get((one["date"], one["sessionMedium"]), (0, 0))
            sums[one["date"], one["sessionMedium"]] = (before[0] + one["sessions"], before[1] + one["totalRevenue"])
    found = shop.current("mediums", "date", "session_medium")
    assert {key: (row["sessions"], row["total_revenue"]) for key, row in found.items()} == sums


def test_check_says_what_is_needed_and_how_to_get_it(shop, records):
    with ApiServer(Ga4(records)) as server:
        shop.reach(server)
        assert not [finding for finding in shop.check() if finding.level == "error"]
        server.spoil(Fault("permission_missing", REPORT))
        faults = [finding for finding in shop.check() if finding.level == "error"]
        assert {finding.subject for finding in faults} == {"ads.sessions", "ads.events"}
        assert all("Property access management" in finding.fix for finding in faults)
        (shop.root / "service_account.txt").write_text("{}")
        [fault, _] = [finding for finding in shop.check() if finding.level == "error"]
        assert "IAM & Admin, Service accounts" in fault.fix


@pytest.mark.long
def test_a_row_that_google_takes_back_is_gone(shop, records):
    """Sessions may be given to another campaign later: a row of a day that is read again is gone then, and so is its sum."""
    shop.streams = {"sessions": None}
    with ApiServer(Ga4(records)) as server:
        assert shop.reach(server).run() == []
        assert shop.loads["sessions"].counts.derived == 0
        gone = records.kinds["sessions"].pop(-3)
        assert shop.on_the_next_day(server).run() == []
        assert shop.loads["sessions"].counts.derived == 1
        said, found = said_by(records), loaded(shop)
        assert found == said
        assert [sum(row[at] for row in found.values()) for at in range(6)] == [
            sum(one[name] for one in records.kinds["sessions"]) for name in FIGURES
        ]
        [row] = [row for row in shop.rows("sessions") if row["_ls_op"] == "d"]
        assert [row[name] for name in KEY] == [gone["date"], *(gone[name] for name in SESSIONS)]
        assert lakesmith.open(shop.root).reconcile("ads.sessions").vanished == 0


def test_a_day_that_google_empties_is_gone(shop, records):
    shop.streams = {"sessions": None}
    with ApiServer(Ga4(records)) as server:
        assert shop.reach(server).run() == []
        before = records.kinds["sessions"]
        week = {one["date"] for one in before} - {ago(day) for day in range(DAYS - 6, DAYS + 1)}
        assert week
        records.kinds["sessions"] = [one for one in before if one["date"] in week]
        assert shop.on_the_next_day(server).run() == []
        assert shop.loads["sessions"].counts.derived == len(before) - len(records.kinds["sessions"]) > 0
    assert loaded(shop) == said_by(records)
