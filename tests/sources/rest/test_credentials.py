"""Credentials: had, renewed once for all who ask, and never shown."""

from __future__ import annotations

import base64
import json
import threading

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from rest_api import TOKEN
from test_paging import PAGINGS

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Ask
from lakesmith.simulate.apis.faults import Fault

LINK = PAGINGS["link"]
DAYS = {
    "path": "days",
    "params": {"since": "{since}", "until": "{until}"},
    "records": "rows",
    "paging": {"type": "cursor", "param": "after", "next": "next"},
    "incremental": {"start": "2026-11-01"},
}


def refresh(server, **more):
    told = {"type": "oauth_refresh", "token_url": f"{server.url}/token", "client_id": "me"}
    return told | {"client_secret": "client-canary", "refresh_token": "refresh-canary"} | more


def test_a_token_for_a_refresh_token(desk, server, shelf):
    assert desk(LINK, auth=refresh(server)).rows() == shelf.records
    assert [heard.asked.path for heard in server.heard].count("/token") == 1
    form = server.heard[0].asked.form()
    assert (form["grant_type"], form["refresh_token"], form["client_secret"]) == (
        "refresh_token",
        "refresh-canary",
        "client-canary",
    )


def test_a_token_for_a_client_in_the_header(desk, server, shelf):
    auth = {"type": "oauth_client", "token_url": f"{server.url}/token", "client_id": "me", "client_secret": "cs-canary", "scope": "read", "in_header": True}  # fmt: skip
    assert desk(LINK, auth=auth).rows() == shelf.records
    asked = server.heard[0].asked
    assert asked.form() == {"grant_type": "client_credentials", "scope": "read"}
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"me:cs-canary"


def test_a_token_that_ends_in_the_middle(desk, server, shelf):
    server.spoil(Fault("token_expired", route="/link", at=(3,)))
    assert desk(LINK, auth=refresh(server)).rows() == shelf.records
    assert shelf.issued == 2


def test_a_token_that_is_about_to_end_is_renewed_before(desk, server, shelf):
    one = desk(LINK, auth=refresh(server))
    one.rows()
    one.clock.waited.append(3599)
    assert one.rows() == shelf.records
    assert shelf.issued == 2
    assert all(heard.status == 200 for heard in server.heard)


def test_windows_side_by_side_renew_once(desk, server, shelf):
    """Eight threads meet the same 401, and one token is asked for."""
    shelf.days = [{"day": f"2026-11-{day:02d}", "n": day} for day in range(1, 21)]
    one = desk(DAYS, auth=refresh(server), mode="append", rate={"requests": 1000, "per_s": 1, "concurrent": 8})
    splits = one.source.splits(one.spec, Ask())
    next(iter(one.source.read(one.spec, splits[0], Ask())))
    shelf.token = "voided"
    rows, lock = [], threading.Lock()

    def read(split) -> None:
        for chunk in one.source.read(one.spec, split, Ask()):
            with lock:
                rows.extend(chunk.rows.to_pylist())

    threads = [threading.Thread(target=read, args=(split,)) for split in splits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rows, key=lambda row: row["n"]) == shelf.days
    assert shelf.issued == 2


def test_a_grant_that_was_revoked(desk, server):
    with pytest.raises(ConnectorOptionsError, match="the grant was revoked") as caught:
        desk(LINK, auth=refresh(server, refresh_token="taken-back-canary")).rows()
    assert "canary" not in str(caught.value)
    assert len(server.heard) == 1


def test_a_token_that_is_refused(desk):
    with pytest.raises(ConnectorOptionsError, match="does not accept the credentials") as caught:
        desk(LINK, auth={"type": "bearer", "token": "wrong-canary-token"}).rows()
    assert "wrong-canary" not in str(caught.value)


def test_keys_and_passwords(desk, server):
    for auth, name, value in (
        ({"type": "key", "header": "X-Key", "value": "k-canary"}, "x-key", "k-canary"),
        ({"type": "basic", "user": "me", "password": "p-canary"}, "authorization", "Basic bWU6cC1jYW5hcnk="),
        ({"type": "bearer", "token": "t-canary", "scheme": "Token"}, "authorization", "Token t-canary"),
    ):
        with pytest.raises(ConnectorOptionsError, match="does not accept the credentials"):
            desk(LINK, auth=auth).rows()
        assert server.heard[-1].asked.headers[name] == value


def test_a_key_in_the_address_is_in_no_position(desk, server, shelf):
    one = desk(PAGINGS["next_url"], auth={"type": "key", "query": "key", "value": "q-canary"}, headers={"Authorization": f"Bearer {TOKEN}"})  # fmt: skip
    chunks = one.read()
    assert [row for chunk in chunks for row in chunk.rows.to_pylist()] == shelf.records
    assert {heard.asked.query["key"] for heard in server.heard} == {"q-canary"}
    assert "q-canary" not in str([chunk.after for chunk in chunks])


def test_a_service_account(desk, server, shelf):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    known = {
        "client_email": "robot@example.com",
        "private_key": text.decode(),
        "token_uri": f"{server.url}/token",
        "private_key_id": "k1",
    }
    auth = {"type": "service_account", "key": json.dumps(known), "scope": "read", "subject": "ann@example.com"}
    assert desk(LINK, auth=auth).rows() == shelf.records
    note = server.heard[0].asked.form()["assertion"]
    head, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in note.split("."))
    key.public_key().verify(signature, note.rpartition(".")[0].encode(), padding.PKCS1v15(), hashes.SHA256())
    told = json.loads(claims)
    assert json.loads(head) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert (told["iss"], told["sub"], told["aud"], told["exp"] - told["iat"]) == (
        "robot@example.com",
        "ann@example.com",
        known["token_uri"],
        3600,
    )


def test_a_key_that_is_none(desk):
    with pytest.raises(ConnectorOptionsError, match="key of the service account cannot be used"):
        desk(LINK, auth={"type": "service_account", "key": '{"client_email": "x"}', "scope": "read"}).rows()


def test_a_key_among_the_parameters_is_in_no_position(desk, server, shelf):
    chunks = desk(PAGINGS["next_url"], params={"key": "p-canary", "size": 3}).read()
    assert [row for chunk in chunks for row in chunk.rows.to_pylist()] == shelf.records
    assert {heard.asked.query["key"] for heard in server.heard} == {"p-canary"}
    assert "p-canary" not in str([chunk.after for chunk in chunks])
