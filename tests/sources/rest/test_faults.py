"""Whatever goes wrong on the way, either all records come, each once, or an error says what to do; nothing in between."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest
from test_paging import PAGINGS

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError, SourceDataError, SourceMissingError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.serving import ApiServer

WIRE = [
    Fault("cut", at=(2,), amount=20),
    Fault("cut_chunk", at=(2,), amount=20),
    Fault("reset", at=(2, 3)),
    Fault("slow", at=(2,), amount=100),
    Fault("wrong_length", at=(2,), amount=7),
    Fault("wrong_length", at=(2,), amount=-7),
    Fault("status", at=(2, 3, 4), status=500),
    Fault("status", at=(1, 2), status=502),
    Fault("status", at=(1,), status=503, retry_after=7),
    Fault("login_page", at=(2,)),
    Fault("throttled", at=(2, 3), retry_after=11),
    Fault("throttled", at=(2,)),
    Fault("error_body", at=(2,)),
]


@pytest.mark.parametrize("kind", ["offset", "cursor", "link"])
@pytest.mark.parametrize("fault", WIRE, ids=lambda fault: f"{fault.kind}-{fault.at}-{fault.amount}")
def test_faults_that_pass(fault, kind, desk, server, shelf):
    server.spoil(fault)
    assert desk(PAGINGS[kind]).rows() == shelf.records
    assert server.spoilt(fault.kind) == len(fault.at)


@pytest.mark.parametrize("kind", ["page", "offset", "cursor", "next_url"])
@pytest.mark.parametrize("fault", ["repeated_page", "skipped_page", "empty_page"])
def test_pages_that_come_wrongly_once(fault, kind, desk, server, shelf):
    server.spoil(Fault(fault, route="GET", at=(2,)))
    one = desk(PAGINGS[kind])
    if fault == "skipped_page" and kind in ("cursor", "next_url"):
        assert len(one.rows()) == len(shelf.records) - 3  # no total, and the way on leads past it: nobody can know
    else:
        assert one.rows() == shelf.records


def test_a_skipped_page_is_noticed_where_there_is_a_total(desk, server):
    server.spoil(Fault("skipped_page", at=(2,)))
    stream = PAGINGS["page"] | {"paging": PAGINGS["page"]["paging"] | {"stable": True}}
    with pytest.raises(LakesmithError, match=r"same page twice|records, and"):
        desk(stream).rows()


def test_a_server_that_knows_one_page_only(desk, server):
    server.spoil(Fault("repeated_page", at=tuple(range(2, 99))))
    with pytest.raises(LakesmithError, match=r"same page twice\. Nothing of it was loaded"):
        desk(PAGINGS["page_until_empty"]).rows()


def test_a_cursor_that_leads_in_circles(desk, server):
    server.spoil(Fault("cursor_loop", at=tuple(range(2, 99))))
    with pytest.raises(SourceDataError, match="read before, without end"):
        desk(PAGINGS["cursor"]).rows()


def test_a_total_that_is_wrong_for_good(desk, server):
    server.spoil(Fault("total_changes", amount=2))
    with pytest.raises(RetriableError, match="there are 13 records, and 11 came"):
        desk(PAGINGS["offset"]).rows()


def test_a_total_that_is_wrong_once(desk, server, shelf):
    server.spoil(Fault("total_changes", at=(4,), amount=2))
    assert desk(PAGINGS["offset"]).rows() == shelf.records


def test_records_that_move_between_pages(desk, server, shelf):
    server.spoil(Fault("rows_move", at=(3, 4), amount=1))
    one = desk(PAGINGS["offset"], key=("id",))
    assert one.rows() == shelf.records
    assert len(server.heard) > 4


def test_records_that_always_move(desk, server):
    server.spoil(Fault("rows_move", route="offset=[36]", amount=4))
    with pytest.raises(RetriableError, match="Records moved from page to page"):
        desk(PAGINGS["offset"], key=("id",)).rows()


def test_how_long_is_waited(desk, server):
    server.spoil(Fault("throttled", at=(1, 2), retry_after=11), Fault("status", at=(3, 4, 5), status=500))
    one = desk(PAGINGS["link"])
    one.rows()
    assert one.waits == [
        11,
        11,
        2,
        4,
        8,
    ]  # what the API asks for; then by chance (one half, here) of what has doubled meanwhile


def test_a_date_to_wait_for(desk, server):
    server.spoil(Fault("throttled", at=(1,), retry_after=datetime(2036, 1, 1, tzinfo=UTC)))
    with pytest.raises(RetriableError, match=r"asks to wait \d+ minutes"):
        desk(PAGINGS["link"]).rows()


def test_a_storm_that_does_not_pass(desk, server):
    server.spoil(Fault("status", status=500))
    one = desk(PAGINGS["link"])
    with pytest.raises(RetriableError, match=r"(?s)HTTP 500.*things, lakesmith.yml:9"):
        one.rows()
    assert one.waits == [0.5, 1, 2, 4, 8]


def test_nothing_in_the_place_of_a_page(desk, server):
    server.spoil(Fault("no_content", at=(2,)))
    with pytest.raises(RetriableError, match="there are 11 records, and 3 came"):
        desk(PAGINGS["page"] | {"paging": PAGINGS["page"]["paging"] | {"stable": True}}).rows()


def test_a_login_page_for_good(desk, server):
    server.spoil(Fault("login_page"))
    with pytest.raises(ConnectorOptionsError, match="web page in the place of records"):
        desk(PAGINGS["link"]).rows()
    assert len(server.heard) == 2


def test_an_error_with_status_200_for_good(desk, server):
    server.spoil(Fault("error_body"))
    with pytest.raises(SourceDataError, match="try again, ••••") as caught:
        desk(PAGINGS["cursor"]).rows()
    assert "ann@example.com" not in str(caught.value)


def test_an_error_with_status_200_by_a_rule(desk, server):
    server.spoil(Fault("error_body", at=(2,)))
    rules = [
        {"status": 200, "path": "error.code", "matches": "^17$", "as": "permission", "fix": "ask Ann for the right"}
    ]
    with pytest.raises(ConnectorOptionsError, match="may not read this") as caught:
        desk(PAGINGS["cursor"] | {"errors": rules}).rows()
    assert caught.value.fix == "ask Ann for the right"


def test_nothing_at_the_path(desk):
    with pytest.raises(SourceMissingError, match="HTTP 404"):
        desk({"path": "nowhere"}).rows()


def test_records_that_are_not_where_they_are_said_to_be(desk):
    chunks = desk(PAGINGS["cursor"] | {"records": "result"}).read()
    assert sum(chunk.rows.num_rows for chunk in chunks) == 0
    assert "nothing at `records: result`" in chunks[-1].notices[0]


def test_nobody_there(desk):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        one = desk(PAGINGS["link"], base_url=url)
        with pytest.raises(RetriableError, match="cannot be reached"):
            one.rows()


def test_a_redirect_to_another_host_takes_no_credentials(desk, server, shelf):
    with ApiServer(shelf) as other:
        server.spoil(Fault("redirect", at=(1,), to=f"{other.url}/link?key=1"))
        with pytest.raises(ConnectorOptionsError, match="does not accept the credentials"):
            desk(PAGINGS["link"], headers={"X-Secret": "header-secret"}, params={"tenant": "param-secret"}).rows()
        sent = str([heard.asked for heard in other.heard])
    assert len(other.heard) == 1
    assert not any(secret in sent for secret in ("canary-token", "header-secret", "param-secret"))


def test_a_redirect_within_the_api(desk, server, shelf):
    server.spoil(Fault("redirect", at=(1,), to="/link?from=0"))
    assert desk(PAGINGS["link"]).rows() == shelf.records


def test_redirects_in_circles(desk, server):
    server.spoil(Fault("redirect", to="/link?again=1"))
    with pytest.raises(ConnectorOptionsError, match="from one address to the next without end"):
        desk(PAGINGS["link"]).rows()
    assert len(server.heard) == 2


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://127.0.0.1/", "https://", "//[::"])
def test_a_redirect_to_what_is_no_address(to, desk, server):
    server.spoil(Fault("redirect", to=to))
    with pytest.raises(ConnectorOptionsError, match="address that is none"):
        desk(PAGINGS["link"]).rows()
