"""Salesforce's answers, read with a plain client and compared with the records."""

import csv
import datetime as dt
import io
from decimal import Decimal

import httpx
import pytest
from platform_books import at, crm_of_salesforce

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.salesforce import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, VERSION, Salesforce
from lakesmith.simulate.apis.salesforce_soql import SoqlError, parse
from lakesmith.simulate.apis.serving import ApiServer

FIELDS = "Id, Name, AnnualRevenue, NumberOfEmployees, SystemModstamp, Founded__c, Active__c, IsDeleted"
CLIENT = httpx.Client()
WORDS = {
    "throttled": (403, "REQUEST_LIMIT_EXCEEDED"),
    "token_expired": (401, "INVALID_SESSION_ID"),
    "token_revoked": (401, "INVALID_SESSION_ID"),
    "permission_missing": (400, "INVALID_TYPE"),
    "retired": (410, "GONE"),
    "error_body": (200, "UNKNOWN_EXCEPTION"),
}


@pytest.fixture
def crm():
    return crm_of_salesforce()


@pytest.fixture
def server(crm):
    with ApiServer(Salesforce(crm, page_rows=3)) as server:
        yield server


def token(server, **form):
    wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | form
    return CLIENT.post(f"{server.url}/services/oauth2/token", data=wanted)


def ask(server, path, *, method="GET", word="", **said):
    word = word or token(server).json()["access_token"]
    address = path if path.startswith("/") else f"/services/data/{VERSION}/{path}"
    return CLIENT.request(method, server.url + address, headers={"Authorization": f"Bearer {word}"}, **said)


def everything(server, soql, way="query"):
    found, said = [], ask(server, way, params={"q": soql}).json()
    while True:
        found += said["records"]
        if said["done"]:
            assert "nextRecordsUrl" not in said
            assert said["totalSize"] == len(found)
            return found
        said = ask(server, said["nextRecordsUrl"]).json()


def read(record):
    return {
        **{name: value for name, value in record.items() if name != "attributes"},
        "AnnualRevenue": None if record["AnnualRevenue"] is None else Decimal(str(record["AnnualRevenue"])),
        "SystemModstamp": dt.datetime.strptime(record["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z"),
        "Founded__c": dt.date.fromisoformat(record["Founded__c"]),
    }


def wanted(crm, fields=FIELDS):
    return [{name: row[name] for name in fields.split(", ")} for row in crm.records("Account")]


def test_a_query_is_paged_by_its_locator(server, crm):
    assert [read(one) for one in everything(server, f"SELECT {FIELDS} FROM Account ORDER BY Id", "queryAll")] == wanted(
        crm
    )
    shown = everything(server, "SELECT Id FROM Account")
    assert [one["Id"] for one in shown] == [row["Id"] for row in crm.records("Account") if not row["IsDeleted"]]
    assert shown[0]["attributes"]["type"] == "Account"


def test_an_open_cursor_keeps_what_it_saw(server, crm):
    said = ask(server, "query", params={"q": "SELECT Id FROM Account"}).json()
    crm.kinds["Account"] = []
    rest = ask(server, said["nextRecordsUrl"]).json()
    assert (said["totalSize"], len(said["records"]), len(rest["records"]), rest["done"]) == (6, 3, 3, True)
    gone = ask(server, f"query/{'01g' + '9' * 15}-2000")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (f"SystemModstamp >= {at(61):%Y-%m-%dT%H:%M:%SZ}", [2, 3, 4, 5, 6]),
        (f"SystemModstamp > {at(61):%Y-%m-%dT%H:%M:%SZ} AND NumberOfEmployees != 50", [4, 6]),
        ("(NumberOfEmployees = 10 OR NumberOfEmployees = 20) AND Active__c = false", [1]),
        ("AnnualRevenue = null", [2]),
        ("Founded__c < 1990-01-03", [0, 1]),
        ("Id > '001000000000004AAA'", [5, 6]),
    ],
)
def test_conditions(crm, where, ids):
    found = parse(f"SELECT Id FROM Account WHERE {where} ORDER BY Id").run(crm.records("Account"))
    assert [int(row["Id"][3:15]) for row in found] == ids


def test_order_goes_by_all_fields(crm):
    found = parse("select Id from Account order by SystemModstamp desc, Id limit 3").run(crm.records("Account"))
    assert [int(row["Id"][3:15]) for row in found] == [6, 4, 5]


@pytest.mark.parametrize(
    "soql", ["SELECT Id", "SELECT Id FROM Account WHERE Id", "SELECT Id FROM Account WHERE (Id = 'a'"]
)
def test_what_is_no_query_is_refused(soql):
    with pytest.raises(SoqlError, match="MALFORMED_QUERY"):
        parse(soql)


def test_fields_can_be_asked_for_by_their_kind(server):
    whole = ask(server, "query", params={"q": "SELECT FIELDS(ALL) FROM Account LIMIT 200"}).json()["records"][0]
    assert set(whole) == {"attributes", *FIELDS.split(", "), "CreatedDate"}
    assert "Active__c" not in everything(server, "SELECT FIELDS(STANDARD) FROM Account")[0]
    both = everything(server, "SELECT FIELDS(STANDARD), Active__c FROM Account")[0]
    assert set(whole) - set(both) == {"Founded__c"}
    refused = ask(server, "query", params={"q": "SELECT FIELDS(ALL) FROM Account"})
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"
    assert ask(server, "query", params={"q": "SELECT Nme FROM Account"}).json()[0]["errorCode"] == "INVALID_FIELD"
    assert ask(server, "query", params={"q": "SELECT Id FROM Car__c"}).json()[0]["errorCode"] == "INVALID_TYPE"
    kinds = {one["name"]: one["type"] for one in ask(server, "sobjects/Account/describe").json()["fields"]}
    assert (kinds["SystemModstamp"], kinds["AnnualRevenue"], kinds["Active__c"]) == ("datetime", "currency", "boolean")
    assert ask(server, "query", params={"q": "SELECT COUNT() FROM Account"}).json()["totalSize"] == 6


def order(server):
    query = {"operation": "queryAll", "query": f"SELECT {FIELDS} FROM Account"}
    return ask(server, "jobs/query", method="POST", json=query).json()["id"]


def test_a_bulk_job_gives_csv_by_its_locator(server, crm):
    number = order(server)
    assert ask(server, f"jobs/query/{number}/results").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    states = [ask(server, f"jobs/query/{number}").json() for _ in range(2)]
    assert [one["state"] for one in states] == ["InProgress", "JobComplete"]
    assert states[1]["numberRecordsProcessed"] == 7
    found, locator = [], {}
    while True:
        said = ask(server, f"jobs/query/{number}/results", params={"maxRecords": 3, **locator})
        rows = list(csv.DictReader(io.StringIO(said.text)))
        assert len(rows) == int(said.headers["Sforce-NumberOfRecords"])
        found += rows
        locator = {"locator": said.headers["Sforce-Locator"]}
        if locator["locator"] == "null":
            break
    assert [typed(row) for row in found] == wanted(crm)


def typed(row):
    return {
        **row,
        "AnnualRevenue": Decimal(row["AnnualRevenue"]) if row["AnnualRevenue"] else None,
        "NumberOfEmployees": int(row["NumberOfEmployees"]),
        "SystemModstamp": dt.datetime.fromisoformat(row["SystemModstamp"]),
        "Founded__c": dt.date.fromisoformat(row["Founded__c"]),
        "Active__c": {"true": True, "false": False}[row["Active__c"]],
        "IsDeleted": {"true": True, "false": False}[row["IsDeleted"]],
    }


def test_a_job_can_be_slow_fail_and_expire(server):
    number = order(server)
    server.spoil(Fault("report_slow", route="GET .*/jobs/query/", at=(1,), amount=2))
    states = [ask(server, f"jobs/query/{number}").json()["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]
    server.spoil(Fault("report_expires", route="results"))
    assert ask(server, f"jobs/query/{number}/results").status_code == 404
    server.spoil(Fault("report_fails", route="GET .*/jobs/query/"))
    assert ask(server, f"jobs/query/{order(server)}").json()["state"] == "Failed"


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_refusals_are_salesforces_own(server, kind):
    word = token(server).json()["access_token"]
    server.spoil(Fault(kind, at=(1,)))
    refused = ask(server, "query", word=word, params={"q": "SELECT Id FROM Lead"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == WORDS[kind]
    again = ask(server, "query", word=word, params={"q": "SELECT Id FROM Lead"})
    assert (again.status_code == 200) == (kind not in {"token_expired", "token_revoked"})
    assert token(server).status_code == (400 if kind == "token_revoked" else 200)


def test_tokens_are_given_for_what_is_right(server):
    assert token(server, client_secret="x").json()["error"] == "invalid_client"
    assert token(server, grant_type="refresh_token", refresh_token="x").json()["error"] == "invalid_grant"
    said = token(server, grant_type="refresh_token", refresh_token=REFRESH_TOKEN).json()
    assert said["instance_url"] == server.url
    assert "expires_in" not in said
