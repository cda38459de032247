"""Google Ads as its server speaks it; what it should say is computed from the book."""

from datetime import date

import httpx
import pytest

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.gaql import parse
from lakesmith.simulate.apis.google_ads import GoogleAds
from lakesmith.simulate.apis.sample import ad_book
from lakesmith.simulate.apis.serving import ApiServer

FIRST = date(2026, 10, 1)
CLIENT = httpx.Client(verify=False)
BOOK = ad_book(FIRST, 6)
DAYS = """SELECT segments.date, campaign.id, metrics.cost_micros, metrics.conversions, metrics.clicks
    FROM campaign WHERE segments.date BETWEEN '2026-10-02' AND '2026-10-04' ORDER BY segments.date, campaign.id"""


@pytest.fixture
def server():
    with ApiServer(GoogleAds(BOOK, manager_id="99", page_size=4)) as server:
        yield server


def refreshed(server, **changed):
    settings = server.platform.settings(server.url)
    form = {name: settings[name] for name in ("client_id", "client_secret", "refresh_token")}
    return CLIENT.post(settings["token_url"], data={"grant_type": "refresh_token"} | form | changed)


def headers(server, **changed):
    token = refreshed(server).json()["access_token"]
    usual = {"Authorization": f"Bearer {token}", "developer-token": server.platform.settings("")["developer_token"]}
    return usual | {"login-customer-id": "99"} | changed


def search(server, query, version="v25", named=None, **body):
    url = f"{server.url}/{version}/customers/1234567890/googleAds:search"
    return CLIENT.post(url, headers=named or headers(server), json={"query": query} | body)


def fault_of(answer):
    return answer.status_code, answer.json()["error"]["details"][0]["errors"][0]["errorCode"]


def pages(server, query):
    found, token, named = [], None, headers(server)
    while token != "":
        more = {"pageToken": token} if token else {}
        body = search(server, query, named=named, searchSettings={"returnTotalResultsCount": True}, **more).json()
        found += body.get("results", [])
        token = body.get("nextPageToken", "")
    return found, body


def test_days_of_campaigns_come_in_pages_with_whole_numbers_as_text(server):
    found, last = pages(server, DAYS)
    expected = []
    for day in range(2, 5):
        for campaign in BOOK.campaigns():
            some = [
                one for one in BOOK.days(date(2026, 10, day), date(2026, 10, day)) if one.campaign_id == campaign.id
            ]
            expected.append(
                {
                    "segments": {"date": f"2026-10-0{day}"},
                    "campaign": {"resourceName": f"customers/1234567890/campaigns/{campaign.id}", "id": campaign.id},
                    "metrics": {
                        "costMicros": str(sum(one.cost_micros for one in some)),
                        "conversions": float(sum(one.conversions for one in some)),
                        "clicks": str(sum(one.clicks for one in some)),
                    },
                }
            )
    assert found == expected
    assert last["totalResultsCount"] == "9"
    assert last["fieldMask"] == "segments.date,campaign.id,metrics.costMicros,metrics.conversions,metrics.clicks"
    assert len([heard for heard in server.heard if heard.asked.path.endswith("search")]) == 3


def test_campaigns_and_ad_groups_are_lists(server):
    query = "SELECT campaign.id, campaign.name, campaign_budget.amount_micros FROM campaign WHERE campaign.status != 'REMOVED'"
    found, _ = pages(server, query)
    expected = [(one.id, one.name, str(one.budget_micros)) for one in BOOK.campaigns() if one.status != "REMOVED"]
    assert [
        (one["campaign"]["id"], one["campaign"]["name"], one["campaignBudget"]["amountMicros"]) for one in found
    ] == expected
    groups, _ = pages(server, "SELECT ad_group.id, campaign.id FROM ad_group ORDER BY ad_group.id")
    named = sorted({(day.ad_group_id, day.campaign_id) for day in BOOK.days(FIRST, date(2026, 10, 6))})
    assert [(one["adGroup"]["id"], one["campaign"]["id"]) for one in groups] == named


def test_what_is_wrong_with_a_query_is_said(server):
    assert fault_of(search(server, "SELECT campaign.id")) == (400, {"queryError": "UNEXPECTED_INPUT"})
    assert fault_of(search(server, "SELECT campaign.nam FROM campaign")) == (400, {"queryError": "UNRECOGNIZED_FIELD"})
    assert fault_of(search(server, DAYS, pageSize=5)) == (400, {"requestError": "PAGE_SIZE_NOT_SUPPORTED"})
    token = search(server, DAYS).json()["nextPageToken"]
    assert fault_of(search(server, "SELECT campaign.id FROM campaign", pageToken=token))[0] == 400


def test_who_may_not_ask_is_told_why(server):
    assert search(server, DAYS, named=headers(server, Authorization="Bearer x")).status_code == 401
    refusals = [
        ({"developer-token": ""}, (401, {"authenticationError": "DEVELOPER_TOKEN_PARAMETER_MISSING"})),
        ({"developer-token": "x"}, (401, {"authenticationError": "DEVELOPER_TOKEN_INVALID"})),
        ({"login-customer-id": ""}, (403, {"authorizationError": "USER_PERMISSION_DENIED"})),
    ]
    for changed, fault in refusals:
        assert fault_of(search(server, DAYS, named=headers(server, **changed))) == fault
    assert fault_of(search(server, DAYS, version="v17")) == (400, {"requestError": "UNSUPPORTED_VERSION"})
    assert refreshed(server, refresh_token="x").json()["error"] == "invalid_grant"
    assert refreshed(server, client_secret="x").status_code == 401


def test_faults_are_worded_as_google_words_them(server):
    named = headers(server)
    kinds = ("throttled", "permission_missing", "retired", "error_body", "token_expired")
    server.spoil(*(Fault(kind, "search", (place,), retry_after=3) for place, kind in enumerate(kinds, 1)))
    answers = [search(server, DAYS, named=named) for _ in kinds]
    assert fault_of(answers[0]) == (429, {"quotaError": "RESOURCE_TEMPORARILY_EXHAUSTED"})
    details = answers[0].json()["error"]["details"][0]["errors"][0]["details"]
    assert (details["quotaErrorDetails"]["retryDelay"], answers[0].headers["Retry-After"]) == ("3s", "3")
    assert fault_of(answers[1]) == (403, {"authorizationError": "METRIC_ACCESS_DENIED"})
    assert fault_of(answers[2]) == (400, {"requestError": "UNSUPPORTED_VERSION"})
    assert (answers[3].status_code, answers[3].json()["error"]["code"]) == (200, 500)
    assert (answers[4].status_code, search(server, DAYS).status_code) == (401, 200)


def test_a_query_is_fields_a_resource_conditions_and_an_order():
    query = parse(
        "select a.b, c.d\nfrom campaign where a.b >= '1' and c.d between '2' and '3' and e.f != 'x' order by a.b desc, c.d"
    )
    assert (query.fields, query.resource, query.order) == (("a.b", "c.d"), "campaign", ("a.b", "c.d"))
    assert query.conditions == (("a.b", ">=", "1"), ("c.d", ">=", "2"), ("c.d", "<=", "3"), ("e.f", "!=", "x"))
    assert (query.bounds("c.d"), query.bounds("x.y")) == (("2", "3"), ("", ""))
    assert query.named() == {"a.b", "c.d", "e.f"}
    assert query.holds({"a.b": "1", "c.d": "2", "e.f": "y"})
    assert not query.holds({"a.b": "1", "c.d": "4", "e.f": "y"})
    for text in ("", "SELECT a.b FROM c WHERE a.b LIKE 'x'", "DELETE FROM campaign"):
        with pytest.raises(ValueError, match="not a"):
            parse(text)
