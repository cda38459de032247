"""Google Ads as a source: whole projects, against the book itself."""

from collections import defaultdict
from dataclasses import replace

import pytest
from ad_faults import Trial, passing
from ad_loads import Shop, ago, redirected

from lakesmith.errors import ConnectorOptionsError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.google_ads import GoogleAds
from lakesmith.simulate.apis.sample import ad_book
from lakesmith.simulate.apis.serving import ApiServer

SEARCH = ":search"
DAYS = 16
STREAMS = ["campaigns", "ad_groups", "campaign_days", "ad_group_days"]


@pytest.fixture
def book():
    return ad_book(ago(DAYS), DAYS)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path, "google_ads", dict.fromkeys(STREAMS), {"start": str(ago(DAYS))})


def figures(days) -> list:
    return [
        sum(day.impressions for day in days),
        sum(day.clicks for day in days),
        sum(day.cost_micros for day in days),
        float(sum(day.conversions for day in days)),
        sum(day.conversion_value_micros for day in days) / 1e6,
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
            (int(one.id),): [one.name, one.status, one.objective, one.budget_micros, one.currency]
            for one in book.campaigns()
        },
        "ad_groups": groups,
        "campaign_days": {key: figures(days) for key, days in by_campaign.items()},
        "ad_group_days": {key: figures(days) for key, days in by_group.items()},
    }


METRICS = ["impressions", "clicks", "cost_micros", "conversions", "conversions_value"]
COLUMNS = {
    "campaigns": (
        ["campaign_id"],
        [
            "campaign_name",
            "campaign_status",
            "campaign_advertising_channel_type",
            "campaign_budget_amount_micros",
            "customer_currency_code",
        ],
    ),
    "ad_groups": (["ad_group_id"], ["ad_group_name", "campaign_id"]),
    "campaign_days": (["segments_date", "campaign_id"], [f"metrics_{name}" for name in METRICS]),
    "ad_group_days": (["segments_date", "ad_group_id"], [f"metrics_{name}" for name in METRICS]),
}


def loaded(shop: Shop) -> dict[str, dict]:
    return {
        stream: {key: [row[name] for name in names] for key, row in shop.current(stream, *keys).items()}
        for stream, (keys, names) in COLUMNS.items()
        if stream in shop.streams
    }


def test_a_bad_day_and_the_next(shop, book):
    """One load among many faults brings every row; the next brings what was restated and what is gone."""
    faults = [
        Fault("status", "POST /token", (1,), status=503),
        Fault("throttled", SEARCH, (2,)),
        Fault("reset", SEARCH, (4,)),
        Fault("status", SEARCH, (6, 7), status=500),
        Fault("cut", SEARCH, (9,), amount=100),
        Fault("token_expired", SEARCH, (12,)),
        Fault("error_body", SEARCH, (15,)),
        Fault("empty_page", SEARCH, (18,)),
        Fault("login_page", SEARCH, (21,)),
        Fault("wrong_length", SEARCH, (24,), amount=4),
    ]
    with ApiServer(GoogleAds(book, manager_id="99", page_size=4), faults) as server:
        assert shop.reach(server, customer_id="123-456-7890", retries={"first_s": 0.001, "patience_min": 1}).run() == []
        assert loaded(shop) == said_by(book)
        assert shop.repeats() == 8
        assert [server.spoilt(fault.kind) for fault in faults][1:] == [1, 1, 3, 1, 1, 1, 1, 1, 1]
        assert server.platform.accounts.tokens.issued == 2
        book.told[-3] = replace(book.told[-3], clicks=777, cost_micros=9_007_199_254_740_993)
        book.listed[0] = replace(book.listed[0], name="Renamed", budget_micros=1)
        server.spoil()
        assert shop.on_the_next_day(server, customer_id="123-456-7890").run() == []
        assert loaded(shop) == said_by(book)
    words = shop.words()
    settings = server.platform.settings("")
    for secret in ("developer_token", "client_secret", "refresh_token"):
        assert settings[secret] not in words
    assert "access-1-of-this-run" not in words


ALL = {
    **passing(SEARCH),
    "repeated_page": Trial((Fault("repeated_page", SEARCH, (2,)),)),
    "skipped_page": Trial((Fault("skipped_page", SEARCH, (2,)),), "The API says that there are"),
    "cursor_loop": Trial((Fault("cursor_loop", SEARCH, (2,)),), "back to a page"),
    "empty_page": Trial((Fault("empty_page", SEARCH, (2,)),)),
    "total_changes": Trial((Fault("total_changes", SEARCH, (2,)),), "The API says that there are"),
    "no_content": Trial((Fault("no_content", SEARCH, (1, 2)),)),
    "permission_missing": Trial((Fault("permission_missing", SEARCH, (2,)),), "may not read this"),
    "retired": Trial((Fault("retired", SEARCH, (2,)),), "refuses the request"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_every_fault(shop, book, name):
    shop.streams = {"campaign_days": None}
    with ApiServer(GoogleAds(book, page_size=4), ALL[name].faults) as server:
        errors = shop.reach(server).run()
        assert server.spoilt(ALL[name].faults[0].kind) >= 1
        assert all(ALL[name].what and ALL[name].what in error.what for error in errors), errors
        server.spoil()
        assert shop.run() == []
    assert loaded(shop)["campaign_days"] == said_by(book)["campaign_days"]


@pytest.mark.long
def test_a_redirect_to_another_host_brings_nothing_and_takes_no_credential(shop, book):
    shop.streams = {"campaign_days": None}
    assert redirected(shop, GoogleAds(book, page_size=4), SEARCH)
    assert loaded(shop)["campaign_days"] == said_by(book)["campaign_days"]


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("changed", "what", "fix"),
    [
        ({"developer_token": "not-mine"}, "credentials", "API Center"),
        ({"developer_token": None}, "credentials", "API Center"),
        ({"refresh_token": "not-mine"}, "", "refresh_token"),
        ({"customer_id": "55"}, "may not read", "login_customer_id"),
        ({"version": "v17"}, "refuses the request", "version"),
    ],
)
def test_refusals_say_what_to_do(shop, book, changed, what, fix):
    shop.streams = {"campaigns": None}
    with ApiServer(GoogleAds(book)) as server:
        [error] = shop.reach(server, **changed).run()
    assert isinstance(error, ConnectorOptionsError)
    assert what in error.what
    assert fix in error.fix
    assert "not-mine" not in str(error)
