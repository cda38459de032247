"""Shopify's answers, read with a plain client and compared with the records."""

import datetime as dt
import json
from decimal import Decimal

import httpx
import pytest
from platform_books import at, shop

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.serving import ApiServer
from lakesmith.simulate.apis.shopify import CLIENT_ID, CLIENT_SECRET, TOKEN, VERSION, Shopify

CLIENT = httpx.Client()
WORDS = {
    "throttled": (429, "Exceeded 2 calls"),
    "token_expired": (401, "Invalid API key or access token"),
    "token_revoked": (401, "Invalid API key or access token"),
    "permission_missing": (403, "read_orders scope"),
    "error_body": (200, "Internal error"),
}


@pytest.fixture
def records():
    return shop()


@pytest.fixture
def server(records):
    with ApiServer(Shopify(records)) as server:
        yield server


def ask(server, path, *, token=TOKEN, **params):
    address = path if path.startswith("http") else f"{server.url}/admin/api/{VERSION}/{path}"
    return CLIENT.get(address, headers={"X-Shopify-Access-Token": token}, params=params or None)


def everything(server, path, **params):
    said, name = ask(server, path, **params), path.split(".")[0]
    found = said.json()[name]
    while "next" in said.links:
        said = ask(server, said.links["next"]["url"])
        found += said.json()[name]
    return found


def read(value):
    if isinstance(value, dict):
        return {
            name: Decimal(inner)
            if name in {"total_price", "price"}
            else dt.datetime.fromisoformat(inner)
            if name.endswith("_at") and inner
            else read(inner)
            for name, inner in value.items()
        }
    return [read(inner) for inner in value] if isinstance(value, list) else value


def test_all_orders_come_by_links(server, records):
    said = everything(server, "orders.json", status="any", limit=2, order="updated_at asc")
    assert [read(one) for one in said] == records.records("orders")
    assert said[1]["total_price"] == "19.90"
    assert len(server.heard) == 4


def test_only_open_orders_come_unasked(server):
    assert [one["name"] for one in everything(server, "orders.json")] == ["#1000", "#1003", "#1006"]
    assert [one["name"] for one in everything(server, "orders.json", status="closed")] == ["#1001", "#1004"]


def test_orders_come_by_the_time_of_their_change(server):
    some = everything(server, "orders.json", status="any", updated_at_min=at(62).isoformat(), limit=2)
    assert [one["name"] for one in some] == ["#1004", "#1005", "#1006"]
    few = everything(
        server, "orders.json", status="any", updated_at_min=at(62).isoformat(), updated_at_max=at(62).isoformat()
    )
    assert [one["name"] for one in few] == ["#1004", "#1005"]
    assert ask(server, "orders/count.json", status="any", updated_at_min=at(62).isoformat()).json() == {"count": 3}


def test_a_page_takes_no_other_condition(server):
    said = ask(server, "orders.json", status="any", limit=2)
    refused = ask(server, said.links["next"]["url"] + "&status=any")
    assert (refused.status_code, refused.json()["errors"]) == (
        400,
        {"status": "status cannot be passed when page_info is present."},
    )


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_refusals_are_shopifys_own(server, kind):
    server.spoil(Fault(kind, at=(1,), retry_after=2))
    refused = ask(server, "orders.json")
    status, words = WORDS[kind]
    assert refused.status_code == status
    assert words in refused.json()["errors"]
    assert refused.headers.get("retry-after") == ("2.0" if kind == "throttled" else None)
    assert (ask(server, "orders.json").status_code == 200) == (kind not in {"token_expired", "token_revoked"})


def test_a_version_that_is_gone_is_answered_by_another(server, records):
    server.spoil(Fault("retired"))
    said = ask(server, "products.json")
    assert said.headers["X-Shopify-API-Version"] != VERSION
    assert [one["title"] for one in said.json()["products"]] == [one["title"] for one in records.records("products")]


def test_a_token_of_a_day_is_given_for_id_and_secret(server):
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    said = CLIENT.post(f"{server.url}/admin/oauth/access_token", data=form).json()
    assert said["expires_in"] == 86_399
    assert ask(server, "products.json", token=said["access_token"]).status_code == 200
    refused = CLIENT.post(f"{server.url}/admin/oauth/access_token", data=form | {"client_secret": "x"})
    assert refused.status_code == 400
    assert ask(server, "themes.json").status_code == 404
    assert ask(server, "orders.json", token="x").status_code == 401


def test_a_bulk_operation_is_ordered_waited_for_and_fetched(server, records):
    graphql = f"{server.url}/admin/api/{VERSION}/graphql.json"
    header = {"X-Shopify-Access-Token": TOKEN}

    def ask_graphql(query):
        return CLIENT.post(graphql, headers=header, json={"query": query}).json()

    inner = '"""{ products { edges { node { id title } } } }"""'
    made = ask_graphql(f"mutation {{ bulkOperationRunQuery(query: {inner}) {{ bulkOperation {{ id status }} }} }}")
    number = made["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]
    states = [ask_graphql(f'query {{ node(id: "{number}") {{ id }} }}')["data"]["node"] for _ in range(2)]
    assert [one["status"] for one in states] == ["RUNNING", "COMPLETED"]
    lines = [json.loads(line) for line in CLIENT.get(states[1]["url"]).text.splitlines()]
    assert lines == [
        {"id": f"gid://shopify/Product/{row['id']}", "title": row["title"]} for row in records.records("products")
    ]
    assert CLIENT.get(states[1]["url"], headers=header).status_code == 403
    server.spoil(Fault("throttled", at=(1,)))
    assert ask_graphql("query { shop }")["errors"][0]["extensions"]["code"] == "THROTTLED"
