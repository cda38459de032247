"""The Data API of Google Analytics 4 as its server speaks it; what it should say is computed from the records."""

import base64
import json
import time
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.ga4 import SCOPE, Ga4
from lakesmith.simulate.apis.sample import ListedRecords, traffic
from lakesmith.simulate.apis.serving import ApiServer

DAY = date(2026, 10, 1)
CLIENT = httpx.Client(verify=False)
REPORT = "/v1beta/properties/123456789:runReport"


@pytest.fixture
def server():
    with ApiServer(Ga4(traffic(DAY, 9))) as server:
        yield server


def encoded(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def claim(server, **changed):
    """Return a service account's signed claim, as the key file of the server's settings makes it."""
    key = json.loads(server.platform.settings(server.url)["service_account"])
    now = int(time.time())
    claims = {"iss": key["client_email"], "scope": SCOPE, "aud": key["token_uri"], "iat": now, "exp": now + 3600}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims | changed))
    private = serialization.load_pem_private_key(key["private_key"].encode(), None)
    return f"{signed}.{encoded(private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def token_answer(server, assertion):
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return CLIENT.post(server.url + "/token", data=form)


def token(server):
    return token_answer(server, claim(server)).json()["access_token"]


def report(server, headers=None, **said):
    body = {"dateRanges": [{"startDate": "2026-10-02", "endDate": "2026-10-03"}], "metrics": [{"name": "sessions"}]}
    headers = headers or {"Authorization": f"Bearer {token(server)}"}
    return CLIENT.post(server.url + REPORT, headers=headers, json=body | said)


def dimensions(*names):
    return [{"name": name} for name in names]


def test_a_report_adds_up_what_it_groups_and_says_all_as_text(server):
    said = report(
        server, dimensions=dimensions("date", "sessionSource"), metrics=dimensions("sessions", "totalRevenue")
    )
    sums = defaultdict(lambda: [0, Decimal(0)])
    for record in traffic(DAY, 9).records("sessions"):
        if date(2026, 10, 2) <= record["date"] <= date(2026, 10, 3):
            key = (record["date"].strftime("%Y%m%d"), record["sessionSource"])
            sums[key] = [sums[key][0] + record["sessions"], sums[key][1] + record["totalRevenue"]]
    body = said.json()
    rows = {
        tuple(cell["value"] for cell in row["dimensionValues"]): [cell["value"] for cell in row["metricValues"]]
        for row in body["rows"]
    }
    assert rows == {key: [str(value) for value in values] for key, values in sums.items()}
    assert body["rowCount"] == len(rows) == 4
    assert [header["type"] for header in body["metricHeaders"]] == ["TYPE_INTEGER", "TYPE_CURRENCY"]
    assert body["metadata"] == {"currencyCode": "EUR", "timeZone": "Europe/Berlin"}


def test_pages_by_limit_and_offset_and_nothing_for_days_without_data(server):
    asked = {"dimensions": dimensions("date", "eventName"), "metrics": dimensions("eventCount")}
    parts = [report(server, **asked, limit="4", offset=str(start)).json() for start in (0, 4, 8)]
    assert [len(part.get("rows", [])) for part in parts] == [4, 2, 0]
    assert {part["rowCount"] for part in parts} == {6}
    whole = report(server, **asked).json()["rows"]
    assert [row for part in parts for row in part.get("rows", [])] == whole
    nothing = report(server, dateRanges=[{"startDate": "2027-01-01", "endDate": "2027-01-02"}]).json()
    assert "rows" not in nothing
    assert "rowCount" not in nothing


def test_small_rows_are_rolled_up_and_samples_are_said():
    kinds = {
        "sessions": [
            {"date": DAY + timedelta(days=day), "sessionSource": name, "sessions": count}
            for day in range(2)
            for name, count in (("a", 5), ("b", 9), ("c", 1), ("d", 2))
        ]
    }
    with ApiServer(Ga4(ListedRecords(kinds), other_beyond=2, sampled=(10, 100))) as server:
        body = report(
            server,
            dimensions=dimensions("date", "sessionSource"),
            dateRanges=[{"startDate": "2026-10-01", "endDate": "2026-10-02"}],
            returnPropertyQuota=True,
        ).json()
    rows = [tuple(cell["value"] for cell in [*row["dimensionValues"], *row["metricValues"]]) for row in body["rows"]]
    assert rows == [
        (day, *row) for day in ("20261001", "20261002") for row in (("(other)", "3"), ("a", "5"), ("b", "9"))
    ]
    assert body["metadata"]["dataLossFromOtherRow"] is True
    assert body["metadata"]["samplingMetadatas"] == [{"samplesReadCount": "10", "samplingSpaceSize": "100"}]
    assert body["propertyQuota"]["tokensPerHour"] == {"consumed": 10, "remaining": 39_990}


def test_who_may_not_ask_is_told_why(server):
    bad = report(server, headers={"Authorization": "Bearer nobody"})
    assert (bad.status_code, bad.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    other = CLIENT.post(
        server.url + REPORT.replace("123456789", "5"), headers={"Authorization": f"Bearer {token(server)}"}, json={}
    )
    assert (other.status_code, other.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert (
        report(server, metrics=dimensions("visits"))
        .json()["error"]["message"]
        .startswith("Field visits is not a valid")
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"iss": "somebody@else"}, "invalid_grant"), ({"scope": "email"}, "invalid_scope"), ({"exp": 1}, "invalid_grant")],
)
def test_claims_that_do_not_fit_get_no_token(server, changed, code):
    answer = token_answer(server, claim(server, **changed))
    assert (answer.status_code, answer.json()["error"]) == (400, code)


def test_a_claim_that_somebody_else_signed_gets_no_token(server):
    signed, _, signature = claim(server).rpartition(".")
    answer = token_answer(server, f"{signed}.{signature[:-6]}AAAAAA")
    assert answer.json() == {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    assert server.platform.accounts.tokens.issued == 0


def test_faults_are_worded_as_google_words_them(server):
    headers = {"Authorization": f"Bearer {token(server)}"}
    server.spoil(
        Fault("throttled", "runReport", (1,), retry_after=9),
        Fault("permission_missing", "runReport", (2,)),
        Fault("error_body", "runReport", (3,)),
        Fault("retired", "runReport", (4,)),
        Fault("token_expired", "runReport", (5,)),
    )
    answers = [report(server, headers) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [429, 403, 200, 404, 401, 401]
    assert answers[0].json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert answers[0].headers["Retry-After"] == "9"
    assert answers[2].json()["error"]["code"] == 500
    assert report(server).status_code == 200
    server.spoil(Fault("token_revoked", "runReport", (1,)))
    assert report(server).status_code == 401
    assert token_answer(server, claim(server)).json()["error"] == "invalid_grant"
