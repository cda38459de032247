"""The server that speaks for platforms: exactly the faults of its script, and on the wire what they say."""

import io
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import urlsplit

import pytest

from lakesmith.simulate.apis.faults import PAGES, PLAIN, WIRE, Fault
from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Answer, ApiServer, Asked

BODY = {"rows": list(range(50))}


class Echo:
    faults = frozenset({"throttled"})

    def answer(self, asked):
        if asked.path == "/broken":
            raise KeyError(asked.path)
        if asked.is_spoilt("throttled"):
            return Answer.json({"slow": "down"}, 429, **asked.fault.headers())
        return Answer.json(BODY)


def get(server, path="/list", **headers):
    request = urllib.request.Request(server.url + path, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers, answer.read()


def status_of(server, path="/list"):
    try:
        return get(server, path)[0]
    except urllib.error.HTTPError as error:
        return error.code


def test_an_answer_is_the_platforms_own_and_the_request_is_remembered():
    with ApiServer(Echo()) as server:
        status, headers, body = get(server, "/list?a=1&b=", Authorization="Bearer t")
        asked = server.heard[0].asked
    assert (status, json.loads(body)) == (200, BODY)
    assert headers["Content-Type"].startswith("application/json")
    assert (asked.number, asked.method, asked.path, asked.query) == (1, "GET", "/list", {"a": "1", "b": ""})
    assert asked.bearer() == "t"
    assert server.heard[0].status == 200


def test_faults_happen_at_the_requests_of_their_route_and_nowhere_else():
    faults = [Fault("status", "GET /list", (2, 3), status=502), Fault("throttled", r"/list\?page=2", retry_after=7)]
    with ApiServer(Echo(), faults) as server:
        assert [status_of(server) for _ in range(4)] == [200, 502, 502, 200]
        assert [status_of(server, "/other") for _ in range(2)] == [200, 200]
        with pytest.raises(urllib.error.HTTPError, match="429") as refused:
            get(server, "/list?page=2")
        assert refused.value.headers["Retry-After"] == "7"
        assert (server.spoilt("status"), server.spoilt("throttled")) == (2, 1)


def test_retry_after_can_be_a_date_and_a_new_script_counts_anew():
    with ApiServer(Echo(), [Fault("status", at=(1,), status=429)]) as server:
        assert status_of(server) == 429
        server.spoil(Fault("throttled", at=(1,), retry_after=datetime(2026, 11, 2, 8, 0, 5, tzinfo=UTC)))
        with pytest.raises(urllib.error.HTTPError, match="429") as refused:
            get(server)
    assert refused.value.headers["Retry-After"] == "Mon, 02 Nov 2026 08:00:05 GMT"


def raw(server, path="/list"):
    with socket.create_connection(urlsplit(server.url).netloc.split(":"), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        found = io.BytesIO()
        while piece := connection.recv(65_536):
            found.write(piece)
    return found.getvalue()


def test_the_wire_breaks_as_the_script_says():
    whole = json.dumps(BODY).encode()
    with ApiServer(Echo(), [Fault("cut", at=(1,), amount=9), Fault("wrong_length", at=(2,), amount=-4)]) as server:
        head, _, body = raw(server).partition(b"\r\n\r\n")
        assert (b"Content-Length: %d" % len(whole) in head, body) == (True, whole[:9])
        assert get(server)[2] == whole[:-4]
        server.spoil(
            Fault("wrong_length", at=(1,), amount=3), Fault("cut_chunk", at=(2,), amount=5), Fault("slow", amount=40)
        )
        with pytest.raises(IncompleteRead, match="3 more expected"):
            get(server)
        assert raw(server).endswith(b"\r\n\r\n%x\r\n" % len(whole) + whole[:5])
        assert get(server)[2] == whole
        server.spoil(Fault("reset", at=(1,)))
        connection = HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", "/list")
        with pytest.raises(ConnectionResetError, match="reset by peer"):
            connection.getresponse()
        connection.close()


def test_others_answer_in_the_place_of_the_api():
    with ApiServer(Echo(), [Fault("login_page", at=(1,)), Fault("no_content", at=(2,))]) as server:
        assert get(server)[2].startswith(b"<!DOCTYPE html>")
        assert get(server)[::2] == (204, b"")
        with ApiServer(Echo()) as other:
            server.spoil(Fault("redirect", to=other.url + "/elsewhere"))
            assert json.loads(get(server)[2]) == BODY
            assert other.heard[0].asked.path == "/elsewhere"


def test_a_fault_that_cannot_happen_is_refused():
    with pytest.raises(ValueError, match="unknown fault 'trottled'"):
        Fault("trottled")
    with pytest.raises(ValueError, match="Echo cannot do 'report_slow'"):
        ApiServer(Echo(), [Fault("report_slow")])
    ApiServer(Echo(), [Fault(kind) for kind in sorted(WIRE | PLAIN)])


def test_a_broken_platform_fails_the_test_that_uses_it():
    with pytest.raises(KeyError, match="/broken"), ApiServer(Echo()) as server:
        assert status_of(server, "/broken") == 500


ROWS = list("abcdefg")


def walked(kind="", at=0, amount=1):
    """Return what a client collects that follows the pages, three rows each, with a fault at one page."""
    found, start, ways = [], 0, []
    while start is not None and len(ways) < 6:
        fault = Fault(kind, amount=amount) if kind and len(ways) == at else None
        part = page(ROWS, start, 3, Asked(1, "GET", "/", {}, {}, b"", "", fault))
        found += part.rows
        start = part.next
        ways.append((part.next, part.total))
    return "".join(found), ways


@pytest.mark.parametrize(
    ("kind", "found", "ways"),
    [
        ("", "abcdefg", [(3, 7), (6, 7), (None, 7)]),
        ("repeated_page", "abcabcg", [(3, 7), (6, 7), (None, 7)]),
        ("skipped_page", "abcg", [(3, 7), (None, 7)]),
        ("cursor_loop", "abcdefdefg", [(3, 7), (3, 7), (6, 7), (None, 7)]),
        ("empty_page", "abcdefg", [(3, 7), (3, 7), (6, 7), (None, 7)]),
        ("total_changes", "abcdefg", [(3, 7), (6, 8), (None, 7)]),
        ("rows_move", "abcefgg", [(3, 7), (6, 7), (None, 7)]),
    ],
)
def test_pages_go_wrong_as_they_are_told(kind, found, ways):
    assert walked(kind, at=1) == (found, ways)
    assert not kind or kind in PAGES


def test_servers_run_as_a_process_of_their_own():
    words = [sys.executable, "-m", "lakesmith.simulate.apis", "amazon_ads", "google_ads"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        told = json.loads(process.stdout.readline())
        assert sorted(told) == ["amazon_ads", "google_ads"]
        request = urllib.request.Request(
            told["google_ads"]["base_url"] + "/v25/customers/1/googleAds:search", data=b"{}"
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)
        process.stdin.close()
        assert process.wait(10) == 0
