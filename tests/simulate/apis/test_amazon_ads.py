"""Amazon Ads as its server speaks it: lists, and reports that are ordered, waited for and fetched."""

import gzip
import json
from datetime import date

import httpx
import pytest

from lakesmith.simulate.apis.amazon_ads import REPORT_TYPE, AmazonAds
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.sample import ad_book
from lakesmith.simulate.apis.serving import ApiServer

CLIENT = httpx.Client(verify=False)
BOOK = ad_book(date(2026, 10, 1), 6)
LIST_TYPE = "application/vnd.spCampaign.v3+json"
COLUMNS = ["date", "campaignId", "impressions", "clicks", "cost", "purchases14d", "sales14d"]


@pytest.fixture
def server():
    with ApiServer(AmazonAds(BOOK, page_size=2, polls=2)) as server:
        yield server


def refreshed(server, **changed):
    settings = server.platform.settings(server.url)
    form = {name: settings[name] for name in ("client_id", "client_secret", "refresh_token")}
    return CLIENT.post(settings["token_url"], data={"grant_type": "refresh_token"} | form | changed)


def headers(server, **changed):
    usual = {
        "Authorization": f"Bearer {refreshed(server).json()['access_token']}",
        "Amazon-Advertising-API-ClientId": server.platform.settings("")["client_id"],
        "Amazon-Advertising-API-Scope": BOOK.account_id,
        "Content-Type": REPORT_TYPE,
    }
    return usual | changed


def listed(server, named=None, **body):
    named = named or headers(server, Accept=LIST_TYPE, **{"Content-Type": LIST_TYPE})
    return CLIENT.post(server.url + "/sp/campaigns/list", headers=named, json=body)


def ordered(server, since="2026-10-02", until="2026-10-03", group="campaign", named=None):
    configuration = {
        "adProduct": "SPONSORED_PRODUCTS",
        "groupBy": [group],
        "columns": COLUMNS,
        "reportTypeId": "spCampaigns",
        "timeUnit": "DAILY",
        "format": "GZIP_JSON",
    }
    body = {"name": "days", "startDate": since, "endDate": until, "configuration": configuration}
    return CLIENT.post(server.url + "/reporting/reports", headers=named or headers(server), json=body)


def polled(server, report, named=None):
    return CLIENT.get(f"{server.url}/reporting/reports/{report}", headers=named or headers(server)).json()


def test_lists_come_in_pages_with_their_total(server):
    first = listed(server, maxResults=100).json()
    second = listed(server, nextToken=first["nextToken"]).json()
    states = {"ENABLED": "ENABLED", "PAUSED": "PAUSED", "REMOVED": "ARCHIVED"}
    found = [
        (one["campaignId"], one["state"], one["budget"]["budget"])
        for one in [*first["campaigns"], *second["campaigns"]]
    ]
    assert found == [(one.id, states[one.status], one.budget_micros / 1e6) for one in BOOK.campaigns()]
    assert (first["totalResults"], "nextToken" in second) == (3, False)
    enabled = listed(server, stateFilter={"include": ["ENABLED"]}).json()
    assert [one["name"] for one in enabled["campaigns"]] == ["Brand"]
    assert listed(server, named=headers(server)).status_code == 415


def test_a_report_is_ordered_waited_for_and_fetched(server):
    report = ordered(server).json()["reportId"]
    assert ordered(server).json() == {
        "code": "425",
        "detail": f"The Request is a duplicate of : {report}",
        "requestId": "demo-request",
    }
    assert [polled(server, report)["status"] for _ in range(2)] == ["PROCESSING", "COMPLETED"]
    url = polled(server, report)["url"]
    assert (
        CLIENT.get(url, headers=headers(server)).status_code == 400
    )  # the store takes no credential beside its signature
    assert CLIENT.get(url.partition("&X-Amz-Signature")[0]).status_code == 403
    rows = json.loads(gzip.decompress(CLIENT.get(url).content))
    expected = []
    for day in (2, 3):
        for campaign in BOOK.campaigns():
            some = [
                one for one in BOOK.days(date(2026, 10, day), date(2026, 10, day)) if one.campaign_id == campaign.id
            ]
            sales = sum(one.conversion_value_micros for one in some) / 1e6
            expected.append(
                [
                    f"2026-10-0{day}",
                    int(campaign.id),
                    sum(one.impressions for one in some),
                    sum(one.clicks for one in some),
                    sum(one.cost_micros for one in some) / 1e6,
                    int(sum(one.conversions for one in some)),
                    sales,
                ]
            )
    assert [[row[name] for name in COLUMNS] for row in rows] == expected
    assert ordered(server).json()["reportId"] != report


def test_reports_go_wrong(server):
    assert "31 days" in ordered(server, "2026-09-01", "2026-10-02").json()["detail"]
    server.platform.today = date(2027, 1, 6)
    assert ordered(server, "2026-10-02", "2026-10-02").json()["detail"].endswith("not be earlier than 2026-10-03.")
    server.platform.today = date(2027, 1, 5)
    report = ordered(server, group="adGroup").json()["reportId"]
    server.spoil(Fault("report_slow", "GET /reporting", (1,), amount=3), Fault("report_expires", "download", (1,)))
    states = [polled(server, report)["status"] for _ in range(5)]
    assert states == ["PROCESSING"] * 4 + ["COMPLETED"]
    url = polled(server, report)["url"]
    expired = CLIENT.get(url)
    assert (expired.status_code, b"Request has expired" in expired.content) == (403, True)
    assert len(json.loads(gzip.decompress(CLIENT.get(url).content))) == 12
    server.spoil(Fault("report_fails", "GET /reporting", (1,)))
    failing = ordered(server, "2026-10-02", "2026-10-05").json()
    told = [polled(server, failing["reportId"]) for _ in range(2)]
    assert [(one["status"], bool(one["failureReason"])) for one in told] == [("FAILED", True)] * 2
    assert ordered(server, "2026-10-02", "2026-10-05").json()["reportId"] != failing["reportId"]


def test_who_may_not_ask_is_told_why(server):
    assert ordered(server, named=headers(server, Authorization="Bearer x")).json()["code"] == "UNAUTHORIZED"
    scoped = ordered(server, named=headers(server, **{"Amazon-Advertising-API-Scope": "5"}))
    assert (scoped.status_code, scoped.json()["details"]) == (401, "Not authorized to access scope")
    assert ordered(server, named=headers(server, **{"Amazon-Advertising-API-ClientId": ""})).status_code == 401
    assert refreshed(server, refresh_token="x").json()["error"] == "invalid_grant"
    assert refreshed(server, client_secret="x").json()["error"] == "invalid_client"


def test_faults_are_worded_as_amazon_words_them(server):
    named = headers(server)
    kinds = ("throttled", "permission_missing", "retired", "error_body", "token_expired")
    server.spoil(*(Fault(kind, "POST /reporting", (place,), retry_after=2) for place, kind in enumerate(kinds, 1)))
    answers = [ordered(server, named=named) for _ in kinds]
    assert [answer.status_code for answer in answers] == [429, 403, 404, 200, 401]
    assert (answers[0].headers["Retry-After"], answers[3].json()["code"]) == ("2", "500")
    server.spoil(Fault("token_revoked", "POST /reporting", (1,)))
    assert ordered(server).status_code == 401
    assert refreshed(server).json()["error"] == "invalid_grant"
