"""Meta Ads as a source: whole projects, against the book itself."""

import datetime as dt
import hmac
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest
from ad_faults import Trial, passing
from ad_loads import EARLY, LATE, ago
from platform_books import SmallAds
from platform_loads import Project, sent_elsewhere

from lakesmith.errors import ConnectorOptionsError, ProjectFileError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.meta_ads import TOKEN, MetaAds
from lakesmith.simulate.apis.serving import ApiServer
from lakesmith.simulate.apis.tokens import Tokens

DAYS = 9
INSIGHTS, CAMPAIGNS, REPORT = "GET .*act_4711/insights", "GET .*act_4711/campaigns", r"GET /v26.0/\d+/insights"
ADSETS, POLL = "GET .*act_4711/adsets", r"GET /v26.0/\d+\?"
WAITS = {"jobs": {"first_wait_s": 0.001, "longest_wait_s": 0.01}}
STREAMS = {"campaigns": None, "adsets": None, "campaign_days": None, "adset_days": WAITS}
STATUSES = {"ENABLED": "ACTIVE", "PAUSED": "PAUSED", "REMOVED": "DELETED"}


@pytest.fixture
def book():
    return SmallAds.make(first=ago(DAYS), days=DAYS)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path, "meta_ads", dict(STREAMS))


def reach(project, server, **settings):
    return project.reach(server, start=str(ago(DAYS)), **{"timezone": EARLY} | settings)


def figures(days):
    total = {name: sum(getattr(day, name) for day in days) for name in ("impressions", "reach", "clicks")}
    conversions = sum(day.conversions for day in days)
    said = total | {"spend": Decimal(sum(day.cost_micros for day in days)).scaleb(-6)}
    if total["clicks"]:
        said["actions"] = [("link_click", Decimal(total["clicks"]))]
    if conversions:
        said["actions"] = [*said.get("actions", []), ("purchase", conversions)]
        value = Decimal(sum(day.conversion_value_micros for day in days)).scaleb(-6)
        said["action_values"] = [("purchase", value)]
    return said


def said_by(book):
    """Return what bronze should hold, by stream and key, from the book alone."""
    named = {one.id: one for one in book.campaigns()}
    by_campaign, by_set, sets = defaultdict(list), defaultdict(list), {}
    for day in book.days_:
        by_campaign[day.day, day.campaign_id].append(day)
        by_set[day.day, day.ad_group_id].append(day)
        sets[day.ad_group_id] = day

    def about(day):
        one = named[day.campaign_id]
        return {
            "account_id": "4711",
            "campaign_id": one.id,
            "campaign_name": one.name,
            "account_currency": "EUR",
            "date_start": day.day,
            "date_stop": day.day,
        }

    return {
        "campaigns": {
            one.id: {
                "id": one.id,
                "account_id": "4711",
                "name": one.name,
                "status": STATUSES[one.status],
                "effective_status": STATUSES[one.status],
                "objective": one.objective,
                "daily_budget": one.budget_micros // 10_000,
                "start_time": dt.datetime.combine(one.started_on, dt.time(), dt.UTC),
            }
            for one in book.campaigns()
        },
        "adsets": {
            number: {
                "id": number,
                "account_id": "4711",
                "campaign_id": day.campaign_id,
                "name": day.ad_group_name,
                "status": STATUSES[named[day.campaign_id].status],
                "effective_status": STATUSES[named[day.campaign_id].status],
            }
            for number, day in sets.items()
        },
        "campaign_days": {key: about(days[0]) | figures(days) for key, days in by_campaign.items()},
        "adset_days": {
            key: about(days[0]) | {"adset_id": key[1], "adset_name": days[0].ad_group_name} | figures(days)
            for key, days in by_set.items()
        },
    }


KEYS = {
    "campaigns": ["id"],
    "adsets": ["id"],
    "campaign_days": ["date_start", "campaign_id"],
    "adset_days": ["date_start", "adset_id"],
}


def loaded(project):
    found = {stream: project.current(stream, *KEYS[stream]) for stream in project.streams}
    for rows in found.values():
        for row in rows.values():
            for name in ("actions", "action_values"):
                if name in row:
                    row[name] = [(one["action_type"], Decimal(one["value"])) for one in row[name]]
    return found


@pytest.mark.long
def test_a_bad_day_and_the_next(project, book):
    """One load among many faults brings every row; the next brings what was restated, renamed and new."""
    faults = [
        Fault("throttled", INSIGHTS, (2,)),
        Fault("reset", CAMPAIGNS, (1,)),
        Fault("empty_page", ADSETS, (2,)),
        Fault("status", INSIGHTS, (4, 5), status=500),
        Fault("cut", INSIGHTS, (7,), amount=100),
        Fault("error_body", INSIGHTS, (9,)),
        Fault("login_page", REPORT, (2,)),
        Fault("report_slow", POLL, (1,), amount=2),
        Fault("report_fails", POLL, (4,)),
        Fault("report_expires", REPORT, (5,)),
    ]
    with ApiServer(MetaAds(book, page_rows=9), faults) as server:
        assert reach(project, server).run() == []
        assert [server.spoilt(fault.kind) for fault in faults] == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1]
        assert "requests were made again" in " ".join(project.loads["campaign_days"].notices)
        assert loaded(project) == said_by(book)
        assert all(len(project.rows(stream)) == len(rows) for stream, rows in said_by(book).items())
        server.spoil()
        book.restate(ago(3))
        book.campaigns_[0] = replace(book.campaigns_[0], name="Renamed", budget_micros=50_000)
        assert reach(project, server, timezone=LATE).run() == []
        assert loaded(project) == said_by(book)


ALL = {
    **{name: trial for name, trial in passing(INSIGHTS).items() if name != "token_expired"},
    "repeated_page": Trial((Fault("repeated_page", INSIGHTS, (2,)),)),
    "cursor_loop": Trial((Fault("cursor_loop", INSIGHTS, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", INSIGHTS, (2,)),)),
    "no_content": Trial((Fault("no_content", INSIGHTS, (2, 3)),)),
    "permission_missing": Trial((Fault("permission_missing", INSIGHTS, (2,)),), "may not read this"),
    "token_revoked": Trial((Fault("token_revoked", INSIGHTS, (2,)),), "credentials"),
    "retired": Trial((Fault("retired", INSIGHTS, (2,)),), "refuses the request"),
}
OF_REPORTS = {
    **{name: trial for name, trial in passing(REPORT).items() if name != "token_expired"},
    "report_slow": Trial((Fault("report_slow", POLL, (1,), amount=3),)),
    "report_fails": Trial((Fault("report_fails", POLL, (1,)),)),
    "report_expires": Trial((Fault("report_expires", REPORT, (2,)),)),
    "report_always_fails": Trial((Fault("report_fails", POLL),), "ordered 3 times"),
    "throttled_order": Trial((Fault("throttled", "POST .*/insights", (1,)),)),
}
OF_LISTS = {
    "skipped_page": Trial((Fault("skipped_page", ADSETS, (2,)),), "The API says that there are"),
    "total_changes": Trial((Fault("total_changes", ADSETS, (3,)),), "The API says that there are"),
    "empty_page": Trial((Fault("empty_page", ADSETS, (2,)),)),
}
CASES = {
    **{f"insights, {name}": ("campaign_days", trial) for name, trial in ALL.items()},
    **{f"a report, {name}": ("adset_days", trial) for name, trial in OF_REPORTS.items()},
    **{f"a list, {name}": ("adsets", trial) for name, trial in OF_LISTS.items()},
}


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_every_fault(project, book, name):
    stream, trial = CASES[name]
    project.streams = {stream: STREAMS[stream]}
    with ApiServer(MetaAds(book, page_rows=4), trial.faults) as server:
        errors = reach(project, server).run()
        assert server.spoilt(trial.faults[0].kind) >= 1
        assert bool(errors) == bool(trial.what), errors
        assert all(trial.what in error.what for error in errors), errors
        assert errors or loaded(project) == {stream: said_by(book)[stream]}
        server.spoil()
        server.platform.tokens.is_revoked = False
        assert project.run() == []
    assert loaded(project) == {stream: said_by(book)[stream]}


def test_a_token_that_has_ended_is_named_and_the_next_load_goes_on(project, book):
    project.streams = {"campaign_days": None}
    with ApiServer(MetaAds(book, page_rows=20), [Fault("token_expired", INSIGHTS, (2,))]) as server:
        [error] = reach(project, server).run()
        assert isinstance(error, ConnectorOptionsError)
        assert "System users" in error.fix
        server.platform.tokens = Tokens(TOKEN)
        assert project.run() == []
    assert loaded(project) == {"campaign_days": said_by(book)["campaign_days"]}


REFUSED = {
    "token": ({"access_token": "not-mine"}, (), "System users"),
    "account": ({"account_id": "act_55"}, (), "account_id"),
    "permission": ({}, (Fault("permission_missing", INSIGHTS),), "ads_read"),
    "version": ({}, (Fault("retired", INSIGHTS),), "version"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_check_says_what_to_do(project, book, name):
    changed, faults, fix = REFUSED[name]
    project.streams = {"campaign_days": None}
    with ApiServer(MetaAds(book), faults) as server:
        reach(project, server, **changed)
        [finding] = [one for one in project.check() if one.level == "error"]
    assert fix in finding.fix
    assert "not-mine" not in str(finding)


def test_requests_are_signed_where_the_app_demands_it(project, book):
    project.streams = {"campaigns": None}
    with ApiServer(MetaAds(book)) as server:
        assert reach(project, server, app_secret="secret-of-the-app").run() == []
        signed = {heard.asked.query["appsecret_proof"] for heard in server.heard}
    assert signed == {hmac.new(b"secret-of-the-app", TOKEN.encode(), "sha256").hexdigest()}


@pytest.mark.long  # the fast suite asks this of HubSpot
def test_no_credential_goes_to_another_host(project, book):
    project.streams = {"campaign_days": None}
    with ApiServer(MetaAds(book, page_rows=20)) as server:
        zone = {"start": str(ago(DAYS)), "timezone": EARLY}
        assert sent_elsewhere(project, server, INSIGHTS, **zone)
        assert project.run() == []
    assert loaded(project) == {"campaign_days": said_by(book)["campaign_days"]}


def test_a_missing_credential_is_named_with_the_way_to_it(project, book):
    with ApiServer(MetaAds(book)) as server:
        project.reach(server, access_token=None)
    with pytest.raises(ProjectFileError, match="System users > Generate token"):
        project.check()
