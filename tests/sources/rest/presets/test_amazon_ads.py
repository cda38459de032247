"""Amazon Ads as a source: whole projects, against the book itself."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from ad_faults import Trial, passing
from ad_loads import Shop, ago, redirected

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import SourceContext
from lakesmith.simulate.apis.amazon_ads import AmazonAds
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.sample import ad_book
from lakesmith.simulate.apis.serving import ApiServer
from lakesmith.sources.rest.presets.amazon_ads import AmazonAdsOptions, AmazonAdsSource

CREATE, POLL, DOWNLOAD, LIST = "POST /reporting", "GET /reporting", "GET /report-download", "POST /sp/"
DAYS = 30
STATES = {"ENABLED": "ENABLED", "PAUSED": "PAUSED", "REMOVED": "ARCHIVED"}
QUICK = {"jobs": {"first_wait_s": 0.001, "longest_wait_s": 0.01}}


@pytest.fixture
def book():
    return ad_book(ago(DAYS), DAYS)


@pytest.fixture
def shop(tmp_path):
    streams = {"campaigns": None, "ad_groups": None, "campaign_days": QUICK, "ad_group_days": QUICK}
    return Shop(tmp_path, "amazon_ads", streams, {"start": str(ago(DAYS))})


def money(micros: int) -> Decimal:
    return Decimal(micros) / 1_000_000


def figures(days) -> list:
    return [
        sum(day.impressions for day in days),
        sum(day.clicks for day in days),
        money(sum(day.cost_micros for day in days)),
        int(sum(day.conversions for day in days)),
        money(sum(day.conversion_value_micros for day in days)),
    ]


def said_by(book) -> dict[str, dict]:
    """Return what bronze should hold, by stream and key, from the book alone."""
    by_campaign, by_group, groups = defaultdict(list), defaultdict(list), {}
    for day in book.days(ago(400), ago(1)):
        by_campaign[day.day, int(day.campaign_id)].append(day)
        by_group[day.day, int(day.ad_group_id)].append(day)
        groups[int(day.ad_group_id),] = [day.ad_group_name, int(day.campaign_id)]
    return {
        "campaigns": {
            (int(one.id),): [one.name, STATES[one.status], one.started_on, money(one.budget_micros)]
            for one in book.campaigns()
        },
        "ad_groups": groups,
        "campaign_days": {key: figures(days) for key, days in by_campaign.items()},
        "ad_group_days": {key: figures(days) for key, days in by_group.items()},
    }


METRICS = ["impressions", "clicks", "cost", "purchases14d", "sales14d"]
COLUMNS = {
    "campaigns": (["campaign_id"], ["name", "state", "start_date", "budget_budget"]),
    "ad_groups": (["ad_group_id"], ["name", "campaign_id"]),
    "campaign_days": (["date", "campaign_id"], METRICS),
    "ad_group_days": (["date", "ad_group_id"], METRICS),
}


def loaded(shop: Shop) -> dict[str, dict]:
    return {
        stream: {key: [row[name] for name in names] for key, row in shop.current(stream, *keys).items()}
        for stream, (keys, names) in COLUMNS.items()
        if stream in shop.streams
    }


@pytest.mark.long
def test_a_bad_day_and_the_next(shop, book):
    """One load among many faults brings every row; the next brings what was restated."""
    faults = [
        Fault("reset", "POST /auth", (1,)),
        Fault("throttled", LIST, (2,), retry_after=0),
        Fault("empty_page", LIST, (4,)),
        Fault("status", CREATE, (1, 2), status=500),
        Fault("token_expired", CREATE, (4,)),
        Fault("throttled", POLL, (2,)),
        Fault("report_slow", POLL, (3,), amount=3),
        Fault("report_fails", POLL, (9,)),
        Fault("cut", DOWNLOAD, (1,), amount=70),
        Fault("report_expires", DOWNLOAD, (3,)),
        Fault("reset", DOWNLOAD, (5,)),
    ]
    with ApiServer(AmazonAds(book, page_size=2, polls=2), faults) as server:
        assert shop.reach(server).run() == []
        assert loaded(shop) == said_by(book)
        kinds = {fault.kind: sum(one.kind == fault.kind for one in faults) for fault in faults} | {"status": 2}
        assert shop.repeats() == 6
        assert {kind: server.spoilt(kind) for kind in kinds} == kinds
        assert server.platform.tokens.issued == 3  # the first was lost with its connection
        downloads = [heard.asked for heard in server.heard if heard.asked.path.startswith("/report-download")]
        assert not any({"authorization", "amazon-advertising-api-clientid"} & set(asked.headers) for asked in downloads)
        book.told[-3] = replace(book.told[-3], clicks=777, cost_micros=123_456_780)
        server.spoil()
        assert shop.on_the_next_day(server).run() == []
        assert loaded(shop) == said_by(book)
    words = shop.words()
    settings = server.platform.settings("")
    for secret in (settings["client_secret"], settings["refresh_token"], "access-1-of-this-run", "signature-report"):
        assert secret not in words


LISTS = {
    **passing(LIST),
    "repeated_page": Trial((Fault("repeated_page", LIST, (2,)),)),
    "skipped_page": Trial((Fault("skipped_page", LIST, (1,)),), "The API says that there are"),
    "cursor_loop": Trial((Fault("cursor_loop", LIST, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", LIST, (2,)),)),
    "total_changes": Trial((Fault("total_changes", LIST, (2,)),), "The API says that there are"),
    "no_content": Trial((Fault("no_content", LIST, (1,)),)),
    "permission_missing": Trial((Fault("permission_missing", LIST, (2,)),), "may not read this"),
    "retired": Trial((Fault("retired", LIST, (2,)),), "refuses the request"),
}
REPORTS = {
    **{f"order_{name}": trial for name, trial in passing(CREATE, 1).items()},
    **{f"poll_{name}": trial for name, trial in passing(POLL, 1).items()},
    **{
        f"download_{name}": trial
        for name, trial in passing(DOWNLOAD, 1).items()
        if trial.faults[0].kind not in ("throttled", "token_expired", "error_body")
    },
    "slow": Trial((Fault("report_slow", POLL, (1,), amount=12),)),
    "fails_once": Trial((Fault("report_fails", POLL, (1,)),)),
    "fails_always": Trial((Fault("report_fails", POLL),), "A report could not be had"),
    "expires_once": Trial((Fault("report_expires", DOWNLOAD, (1,)),)),
}


@pytest.mark.long
@pytest.mark.parametrize("name", LISTS)
def test_every_fault_of_a_list(shop, book, name):
    shop.streams = {"campaigns": None}
    trial(shop, AmazonAds(book, page_size=1), LISTS[name])
    assert loaded(shop)["campaigns"] == said_by(book)["campaigns"]


@pytest.mark.long
@pytest.mark.parametrize("name", REPORTS)
def test_every_fault_of_a_report(shop, book, name):
    shop.streams = {"campaign_days": QUICK}
    trial(shop, AmazonAds(book, polls=2), REPORTS[name])
    assert loaded(shop)["campaign_days"] == said_by(book)["campaign_days"]


@pytest.mark.long
@pytest.mark.parametrize(("stream", "route"), [("campaigns", LIST), ("campaign_days", CREATE), ("campaign_days", POLL)])
def test_a_redirect_to_another_host_brings_nothing_and_takes_no_credential(shop, book, stream, route):
    shop.streams = {stream: shop.streams[stream]}
    assert redirected(shop, AmazonAds(book, page_size=1), route)
    assert loaded(shop)[stream] == said_by(book)[stream]


def trial(shop: Shop, platform: AmazonAds, tried: Trial) -> None:
    with ApiServer(platform, tried.faults) as server:
        errors = shop.reach(server).run()
        assert server.spoilt(tried.faults[0].kind) >= 1
        assert all(tried.what and tried.what in error.what for error in errors), errors
        server.spoil()
        assert shop.run() == []


def test_a_report_that_is_being_made_already_is_waited_for(shop, book):
    """The answer to an order is lost on its way: the report is made, and the next order is refused as its duplicate."""
    shop.streams = {"campaign_days": QUICK}
    with ApiServer(AmazonAds(book), [Fault("cut", CREATE, (1,), amount=5)]) as server:
        assert shop.reach(server).run() == []
        assert 425 in [heard.status for heard in server.heard]
    assert loaded(shop)["campaign_days"] == said_by(book)["campaign_days"]


@pytest.mark.parametrize(
    ("changed", "fix"),
    [({"refresh_token": "not-mine"}, "refresh_token"), ({"profile_id": "55"}, "profile_id")],
)
def test_refusals_say_what_to_do(shop, book, changed, fix):
    shop.streams = {"campaigns": None}
    with ApiServer(AmazonAds(book)) as server:
        [error] = shop.reach(server, **changed).run()
    assert isinstance(error, ConnectorOptionsError)
    assert fix in error.fix
    assert "not-mine" not in str(error)


@pytest.mark.long
def test_what_may_not_be_read_does_not_stop_the_rest(shop, book):
    with ApiServer(AmazonAds(book), [Fault("permission_missing", "adGroups")]) as server:
        [error] = shop.reach(server).run()
        assert "ads.ad_groups" in error.where
        assert "Access and settings" in error.fix
        said = said_by(book) | {"ad_groups": {}}
        assert loaded(shop) == said
        [finding] = [finding for finding in shop.check() if finding.level == "error"]
        assert (finding.subject, "Access and settings" in finding.fix) == ("ads.ad_groups", True)


def test_the_region_says_which_host_is_asked():
    hosts = {region: AmazonAdsOptions(region=region, **MINE).region_url for region in ("na", "eu", "fe")}
    assert hosts == {
        "na": "https://advertising-api.amazon.com",
        "eu": "https://advertising-api-eu.amazon.com",
        "fe": "https://advertising-api-fe.amazon.com",
    }
    context = SourceContext("ads", AmazonAdsOptions(region="fe", **MINE), Path())
    assert AmazonAdsSource(context).api().base_url == hosts["fe"]


MINE = {"profile_id": "1", "client_id": "c", "client_secret": "s", "refresh_token": "r"}


@pytest.mark.long
def test_days_that_amazon_has_no_more_are_refused_with_the_way_out(shop, book):
    shop.streams = {"campaign_days": QUICK}
    with ApiServer(AmazonAds(book, today=ago(0))) as server:
        [error] = shop.reach(server, start=str(ago(100))).run()
        assert isinstance(error, ConnectorOptionsError)
        assert "95 days" in error.fix
        assert shop.reach(server, start="90d").run() == []
    assert loaded(shop)["campaign_days"] == said_by(book)["campaign_days"]
