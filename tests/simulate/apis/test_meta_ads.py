"""Meta's answers, read with a plain client and compared with the book."""

import datetime as dt
import json
from decimal import Decimal

import httpx
import pytest
from platform_books import FIRST_DAY, SmallAds

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.meta_ads import TOKEN, VERSION, MetaAds
from lakesmith.simulate.apis.serving import ApiServer

EVERY = json.dumps(["ACTIVE", "PAUSED", "ARCHIVED", "DELETED"])
SPAN = json.dumps({"since": str(FIRST_DAY), "until": str(FIRST_DAY + dt.timedelta(2))})
FIGURES = "campaign_id,adset_id,impressions,clicks,spend,actions,action_values"
CLIENT = httpx.Client()
WORDS = {
    "throttled": (400, 80004),
    "token_expired": (401, 190),
    "token_revoked": (401, 190),
    "permission_missing": (403, 200),
    "retired": (400, 2635),
    "error_body": (200, 2),
}


@pytest.fixture
def book():
    return SmallAds.make()


@pytest.fixture
def server(book):
    with ApiServer(MetaAds(book)) as server:
        yield server


def ask(server, path, *, token=TOKEN, method="GET", **params):
    return CLIENT.request(method, f"{server.url}/{VERSION}/{path}", params={"access_token": token, **params})


def everything(server, path, **params):
    found, address = [], ask(server, path, **params)
    while True:
        found += address.json()["data"]
        if "next" not in address.json().get("paging", {}):
            return found
        address = CLIENT.get(address.json()["paging"]["next"])


def test_campaigns_are_all_there_where_deleted_ones_are_asked_for(server, book):
    said = everything(
        server, "act_4711/campaigns", fields="name,daily_budget,effective_status", limit=2, effective_status=EVERY
    )
    words = {"ENABLED": "ACTIVE", "PAUSED": "PAUSED", "REMOVED": "DELETED"}
    assert said == [
        {
            "id": c.id,
            "name": c.name,
            "daily_budget": str(c.budget_micros // 10_000),
            "effective_status": words[c.status],
        }
        for c in book.campaigns()
    ]
    unasked = everything(server, "act_4711/campaigns", fields="name")
    assert [one["id"] for one in unasked] == [c.id for c in book.campaigns() if c.status != "REMOVED"]


def test_insights_are_the_book_in_texts(server, book):
    said = everything(
        server, "act_4711/insights", fields=FIGURES, level="adset", time_range=SPAN, time_increment="1", limit=7
    )
    rows = [row for row in book.days(FIRST_DAY, FIRST_DAY + dt.timedelta(2)) if row.impressions]
    assert len(said) == len(rows) == 30
    assert {(row["date_start"], row["adset_id"]): read(row) for row in said} == {
        (str(row.day), row.ad_group_id): {
            "impressions": row.impressions,
            "clicks": row.clicks,
            "cost_micros": row.cost_micros,
            "conversions": row.conversions,
            "value_micros": row.conversion_value_micros,
        }
        for row in rows
    }


def read(row):
    actions = {one["action_type"]: Decimal(one["value"]) for one in row.get("actions", [])}
    values = {one["action_type"]: Decimal(one["value"]) for one in row.get("action_values", [])}
    return {
        "impressions": int(row["impressions"]),
        "clicks": int(row["clicks"]),
        "cost_micros": int(Decimal(row["spend"]) * 1_000_000),
        "conversions": actions.get("purchase", Decimal(0)),
        "value_micros": int(values.get("purchase", Decimal(0)) * 1_000_000),
    }


def test_days_nobody_saw_have_no_row_and_campaigns_are_sums(server, book):
    first = book.days_[0]
    book.days_[0] = type(first)(**{name: getattr(first, name) for name in first.__slots__} | {"impressions": 0})
    sets = everything(server, "act_4711/insights", fields="adset_id", level="adset", time_range=SPAN)
    assert len(sets) == 29
    whole = everything(server, "act_4711/insights", fields="campaign_id,clicks", level="campaign", time_range=SPAN)
    assert len(whole) == 15
    of_one = [row for row in book.days_ if row.day == FIRST_DAY and row.campaign_id == whole[1]["campaign_id"]]
    assert int(whole[1]["clicks"]) == sum(row.clicks for row in of_one)


def test_a_report_is_ordered_waited_for_and_fetched(server):
    server.spoil(Fault("report_slow", route=r"GET /v26.0/\d+\?", at=(1,), amount=2))
    wanted = {"fields": "campaign_id", "level": "campaign", "time_range": SPAN}
    number = ask(server, "act_4711/insights", method="POST", **wanted).json()["report_run_id"]
    assert ask(server, f"{number}/insights").status_code == 400
    states = [ask(server, number).json()["async_status"] for _ in range(3)]
    assert states == ["Job Running", "Job Running", "Job Completed"]
    fetched = everything(server, f"{number}/insights", limit=4)
    assert fetched == everything(server, "act_4711/insights", **wanted)
    server.spoil(Fault("report_expires", route="insights"))
    assert ask(server, f"{number}/insights").json()["error"]["code"] == 100


def test_a_report_can_fail(server):
    server.spoil(Fault("report_fails", route=r"GET /v26.0/\d+\?"))
    number = ask(server, "act_4711/insights", method="POST", fields="clicks", time_range=SPAN).json()["report_run_id"]
    assert ask(server, number).json()["async_status"] == "Job Failed"


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_refusals_are_metas_own(server, kind):
    server.spoil(Fault(kind, at=(1,), retry_after=7))
    refused = ask(server, "act_4711/campaigns")
    assert (refused.status_code, refused.json()["error"]["code"]) == WORDS[kind]
    good_again = ask(server, "act_4711/campaigns").status_code == 200
    assert good_again == (kind not in {"token_expired", "token_revoked"})
    assert refused.headers.get("retry-after") == ("7" if kind == "throttled" else None)


def test_a_wrong_token_or_account_or_version_gets_nothing(server):
    assert ask(server, "act_4711/campaigns", token="other").json()["error"]["code"] == 190
    assert ask(server, "act_1/campaigns").json()["error"]["error_subcode"] == 33
    assert CLIENT.get(f"{server.url}/v24.0/act_4711/campaigns").json()["error"]["code"] == 2635
