"""Web servers that send on, lie, send without end or not at all: what they get of us, and what is said of them."""

import itertools
import time
from base64 import b64encode

import pytest
import requests
from hostile_web import HostileServer, answer

from lakesmith.errors import ConnectorOptionsError, StorageUnavailableError
from lakesmith.sources.files.places.faults import UnreachableFaultError
from lakesmith.sources.files.places.web import _Body

FILE = b"k\n1\n"


def serves(body=FILE, **headers):
    """Answers as an honest server does."""

    def honest(method, _head):
        yield answer("200 OK", body if method == "GET" else b"", **{"Content_Length": str(len(body)), **headers})

    return honest


def far(web, url, **storage):
    web.root = url
    web.options = {"storage": storage} if storage else {}
    return web.stream("a.csv")


def fails(web, stream, kind, why):
    with pytest.raises(kind, match=why) as caught:
        web.load(stream)
    return str(caught.value)


@pytest.mark.parametrize("login", [{"token": "t0p"}, {"user": "me", "password": "s3cr3t"}])
def test_credentials_are_not_sent_on_to_another_server(web, login):
    with HostileServer(serves()) as other:

        def sends_on(_method, _head):
            yield answer("302 Found", Location=f"{other.url}/a.csv", Content_Length="0")

        with HostileServer(sends_on) as first:
            assert web.load(far(web, first.url, **login)).rows == [("1",)]
    assert first.heads
    assert other.heads
    assert all("\nauthorization:" in head.lower() for head in first.heads)
    assert not any("authorization" in head.lower() for head in other.heads)
    assert not any("t0p" in head or "s3cr3t" in head for head in other.heads)


@pytest.mark.parametrize(
    ("where", "kind", "why"),
    [
        ("{url}/a.csv", ConnectorOptionsError, "from one address to the next without end"),
        ("file:///etc/passwd", ConnectorOptionsError, "cannot be used"),
        ("http://[::1/a", ConnectorOptionsError, "an address that is none"),
        ("/\xff\xfe", ConnectorOptionsError, "an address that is none"),
    ],
)
def test_an_address_that_leads_nowhere_is_said(web, where, kind, why):
    def sends_on(_method, _head):
        yield answer("302 Found", Location=where.format(url=server.url), Content_Length="0")

    with HostileServer(sends_on) as server:
        told = fails(web, far(web, server.url, token="t0p"), kind, why)
    assert "t0p" not in told
    assert len(server.heads) <= 31


@pytest.mark.parametrize("size", ["-1", "1e3", "9" * 5_000, "", "\xb2"])
def test_a_size_that_makes_no_sense_is_no_size(web, size):
    with HostileServer(serves(Content_Length=size)) as server:
        fails(
            web,
            far(web, server.url),
            (ConnectorOptionsError, StorageUnavailableError),
            "cannot be read|does not answer",
        )


def test_a_file_is_as_long_as_it_was_said_to_be_whatever_else_is_sent(web):
    def without_end(method, _head):
        yield answer("200 OK", **({"Content_Length": "4"} if method == "HEAD" else {"X": "y"}))
        yield from itertools.chain([FILE], itertools.repeat(b"2\n" * 50_000)) if method == "GET" else ()

    with HostileServer(without_end) as server:
        assert web.load(far(web, server.url)).rows == [("1",)]
        web.options = {"index": "index.txt"}
        assert web.load(web.stream("*.csv")).rows == []
    assert server.sent < 50_000_000


@pytest.mark.long
def test_a_file_that_ends_early_each_time_is_not_a_file(web):
    with HostileServer(serves(Content_Length="1000")) as server:
        fails(web, far(web, server.url), StorageUnavailableError, "does not answer as it should")


def test_a_server_that_sends_drop_by_drop_is_given_up():
    def drips(_method, _head):
        yield answer("200 OK", Content_Length="1000000")
        for _ in range(1_000):
            time.sleep(0.02)
            yield b"."

    with HostileServer(drips) as server, requests.get(server.url, stream=True, timeout=5) as response:
        body = _Body(response, slow_s=0.2)
        with pytest.raises(UnreachableFaultError, match="less than 1024 bytes"):
            list(iter(lambda: body.read(1_000_000), b""))
    assert server.sent < 200


@pytest.mark.parametrize("token", ["s3cr3t\n", "s3cr3t\r\nX-Evil: 1", " s3cr3t", "s3cr3t\u20ac", "s3cr3t\0"])
def test_a_token_that_no_request_can_carry_is_to_be_corrected(web, token):
    with HostileServer(serves()) as server:
        told = fails(web, far(web, server.url, token=token), ConnectorOptionsError, "`token` has a character")
    assert "s3cr3t" not in told
    assert "lakesmith.yml:3" in told
    assert not server.heads


def test_user_and_password_may_have_any_letters(web):
    with HostileServer(serves()) as server:
        web.load(far(web, server.url, user="zo\u00eb", password="p\u20ac\n"))
    wanted = b64encode("zo\u00eb:p\u20ac\n".encode()).decode()
    assert all(f"Basic {wanted}" in head for head in server.heads)
