"""HubSpot's answers, read with a plain client and compared with the records."""

import datetime as dt
from decimal import Decimal

import httpx
import pytest
from platform_books import at, crm_of_hubspot

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.hubspot import CLIENT_SECRET, REFRESH_TOKEN, TOKEN, HubSpot
from lakesmith.simulate.apis.serving import ApiServer

CONTACTS = "/crm/v3/objects/contacts"
PEOPLE = ["email", "firstname", "lastname"]
CLIENT = httpx.Client()
WORDS = {
    "throttled": (429, "RATE_LIMIT"),
    "token_expired": (401, "EXPIRED_AUTHENTICATION"),
    "token_revoked": (401, "INVALID_AUTHENTICATION"),
    "permission_missing": (403, "MISSING_SCOPES"),
    "retired": (410, "DEPRECATED"),
    "error_body": (200, "INTERNAL_ERROR"),
}


@pytest.fixture
def crm():
    return crm_of_hubspot()


@pytest.fixture
def server(crm):
    with ApiServer(HubSpot(crm, search_ends_at=20)) as server:
        yield server


def ask(server, path=CONTACTS, *, token=TOKEN, method="GET", **said):
    return CLIENT.request(method, server.url + path, headers={"Authorization": f"Bearer {token}"}, **said)


def everything(server, path=CONTACTS, **params):
    found, after = [], {}
    while True:
        said = ask(server, path, params=params | after).json()
        found += said["results"]
        if "paging" not in said:
            return found
        after = {"after": said["paging"]["next"]["after"]}


def search(server, path="contacts", **body):
    return ask(server, f"/crm/v3/objects/{path}/search", method="POST", json=body)


def read(one):
    shown = one["properties"]
    return {
        "hs_object_id": int(shown["hs_object_id"]),
        "createdate": dt.datetime.fromisoformat(shown["createdate"]),
        "lastmodifieddate": dt.datetime.fromisoformat(shown["lastmodifieddate"]),
        "archived": one["archived"],
        **{name: shown[name] for name in PEOPLE},
    }


def test_contacts_are_listed_and_archived_ones_apart(server, crm):
    said = everything(server, limit=2, properties=",".join(PEOPLE))
    gone = everything(server, archived="true", properties=",".join(PEOPLE))
    assert [read(one) for one in said] == [row for row in crm.records("contacts") if not row["archived"]]
    assert [read(one) for one in gone] == [row for row in crm.records("contacts") if row["archived"]]
    assert said[0]["id"] == "500"
    assert everything(server, "/crm/objects/2026-03/contacts", limit=2, properties=",".join(PEOPLE)) == said
    assert set(everything(server, "/crm/v3/objects/deals", properties="dealname")[0]["properties"]) == {
        "dealname", "createdate", "hs_lastmodifieddate", "hs_object_id"
    }  # fmt: skip


def test_a_search_goes_by_filters_and_order(server):
    since = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(int(at(62).timestamp() * 1000))}
    by_id = {"propertyName": "hs_object_id", "operator": "GT", "value": "505"}
    sorts = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    said = search(server, filterGroups=[{"filters": [since]}], sorts=sorts, limit=200).json()
    assert (said["total"], [one["id"] for one in said["results"]]) == (2, ["506", "505"])
    said = search(server, filterGroups=[{"filters": [since, by_id]}], sorts=sorts).json()
    assert [one["id"] for one in said["results"]] == ["506"]
    money = {"propertyName": "amount", "operator": "BETWEEN", "value": "1999.9", "highValue": "3999.80"}
    said = search(server, "deals", filterGroups=[{"filters": [money]}]).json()
    assert [Decimal(one["properties"]["amount"]) for one in said["results"]] == [Decimal("1999.90"), Decimal("3999.80")]
    empty = {"propertyName": "lastname", "operator": "NOT_HAS_PROPERTY"}
    assert search(server, filterGroups=[{"filters": [empty]}]).json()["total"] == 1


def test_a_search_has_an_end(server, crm):
    first = crm.records("contacts")[0]
    crm.kinds["contacts"] = [first | {"hs_object_id": n} for n in range(30)]
    said = search(server, limit=10)
    assert (said.json()["total"], said.json()["paging"]["next"]["after"]) == (30, "10")
    assert search(server, limit=10, after="10").status_code == 200
    assert search(server, limit=10, after="20").json()["category"] == "VALIDATION_ERROR"
    assert search(server, limit=201).status_code == 400
    assert ask(server, params={"limit": 101}).status_code == 400


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_refusals_are_hubspots_own(server, kind):
    server.spoil(Fault(kind, at=(1,)))
    refused = ask(server)
    said = refused.json()
    assert (refused.status_code, said.get("category", said.get("errorType"))) == WORDS[kind]
    assert (ask(server).status_code == 200) == (kind not in {"token_expired", "token_revoked"})


def test_tokens_are_renewed_until_the_grant_is_gone(server):
    form = {
        "grant_type": "refresh_token",
        "client_id": "c",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
    }
    said = CLIENT.post(f"{server.url}/oauth/v1/token", data=form).json()
    assert said["expires_in"] == 1800
    assert ask(server, token=said["access_token"]).status_code == 200
    assert CLIENT.post(f"{server.url}/oauth/v3/token", data=form | {"client_secret": "x"}).status_code == 400
    server.spoil(Fault("token_revoked", route="objects", at=(1,)))
    assert ask(server).status_code == 401
    assert CLIENT.post(f"{server.url}/oauth/v1/token", data=form).json()["status"] == "BAD_REFRESH_TOKEN"
    assert ask(server, "/crm/v3/objects/geese").status_code in {401, 404}
