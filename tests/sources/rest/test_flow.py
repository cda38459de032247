"""Flows without any network: what is asked, and what is decided, answer by answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lakesmith.errors import ConnectorOptionsError, RetriableError, SkippableError, SourceDataError
from lakesmith.sources.rest.driving.rate import Bucket
from lakesmith.sources.rest.flow.asking import Asking
from lakesmith.sources.rest.flow.pages import flow
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.values import Failure, Held, Page, Renew, Request, Response, Restart, Wait
from lakesmith.sources.rest.options import RestStreamOptions, RetryOptions
from lakesmith.sources.rest.scrub import Scrubber

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
BASE = "https://api.example.com/v1"


def plan(stream, *, key=(), secrets=(), **retries):
    scrub = Scrubber(secrets)
    return Plan(
        "things", Asking(BASE, scrub=scrub), RestStreamOptions.model_validate(stream), RetryOptions(**retries), lambda: 0.5, scrub, key=key, where="here"
    )  # fmt: skip


def ok(value, status=200, **headers):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status, {name.replace("_", "-"): text for name, text in headers.items()}, Held(content), AT, 1)


def played(one, *answers, since=None):
    """Return all steps of a flow to which requests are answered in turn."""
    steps, going, left, answer = [], flow(one, since), list(answers), None
    while True:
        try:
            step = going.send(answer)
        except StopIteration as done:
            return steps, done.value
        steps.append(step)
        answer = left.pop(0) if isinstance(step, Request) else None


def urls(steps):
    return [step.url.removeprefix(BASE) for step in steps if isinstance(step, Request)]


def waits(steps):
    return [(step.seconds, step.shared) for step in steps if isinstance(step, Wait)]


CURSOR = {"path": "a", "records": "r", "paging": {"type": "cursor", "next": "n"}}
OFFSET = {"path": "a", "records": "r", "paging": {"type": "offset", "size": 2, "total": "t"}}


def test_each_page_says_where_reading_goes_on():
    steps, told = played(plan(CURSOR), ok({"r": [1, 2], "n": "x"}), ok({"r": [3], "n": None}))
    assert urls(steps) == ["/a", "/a?cursor=x"]
    pages = [step for step in steps if isinstance(step, Page)]
    assert [page.after for page in pages] == [
        {"part": 0, "records": 2, "next": {"cursor": "x"}},
        {"part": 0, "records": 3, "done": True},
    ]
    assert (told.pages, told.records) == (2, 3)
    again, _ = played(plan(CURSOR), ok({"r": [3]}), since=pages[0].after)
    assert urls(again) == ["/a?cursor=x"]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7), ("2.5", 2.5), ("Sat, 21 Nov 2026 08:01:30 GMT", 90), ("Sat, 21 Nov 2026 07:00:00 GMT", 0),
        (str(int(AT.timestamp()) + 40), 40), ("soon", 0.5), ("-5", 0.5),
    ],
)  # fmt: skip
def test_what_the_api_asks_to_wait(told, seconds):
    steps, _ = played(plan(CURSOR), ok(b"", 429, retry_after=told), ok({"r": []}))
    assert waits(steps) == [(seconds, True)]


def test_a_date_is_seen_from_the_servers_own_clock():
    wrong = {"date": "Sat, 21 Nov 2026 09:00:00 GMT", "retry_after": "Sat, 21 Nov 2026 09:00:20 GMT"}
    steps, _ = played(plan(CURSOR), ok(b"", 503, **wrong), ok({"r": []}))
    assert waits(steps) == [(20, False)]


def test_waits_double_up_to_a_limit_and_chance_says_how_much_of_them():
    answers = [Failure("timeout"), ok(b"", 500), ok(b"no json"), Failure("broken_off"), ok({"r": []})]
    steps, _ = played(plan(CURSOR, first_s=2, longest_s=10), *answers)
    assert [seconds for seconds, _ in waits(steps)] == [1, 2, 4, 5]


@pytest.mark.parametrize("told", ["7200", "9" * 30])
def test_more_patience_than_there_is(told):
    with pytest.raises(RetriableError, match=r"asks to wait \d+ minutes"):
        played(plan(CURSOR), ok(b"", 429, retry_after=told))


def test_new_credentials_once_for_each_request():
    steps, _ = played(plan(CURSOR), ok(b"", 401), ok({"r": [1], "n": "x"}), ok(b"", 401), ok({"r": []}))
    assert [step.credential for step in steps if isinstance(step, Renew)] == [1, 1]
    with pytest.raises(ConnectorOptionsError, match="not even new ones"):
        played(plan(CURSOR), ok(b"", 401), ok({"error": "invalid_token"}, 401))


def test_what_the_api_says_is_scrubbed():
    body = {"error": {"message": "key s3cr3t-key of ann@example.com, order 123456789: " + "no " * 400}}
    with pytest.raises(ConnectorOptionsError, match="refuses the request") as caught:
        played(plan(CURSOR, secrets=["s3cr3t-key"]), ok(body, 400))
    text = str(caught.value)
    assert not any(word in text for word in ("s3cr3t", "ann@", "123456789"))
    assert "key •••• of ••••, order ••••: no no" in text
    assert len(text) < 500


def test_a_secret_is_masked_before_the_message_is_cut():
    secret = "s3cr3t-" * 10
    body = {"message": "x " * 140 + secret}
    with pytest.raises(ConnectorOptionsError, match="refuses the request") as caught:
        played(plan(CURSOR, secrets=[secret]), ok(body, 400))
    assert "s3cr3t" not in str(caught.value)


def test_the_next_address_is_kept_without_secrets():
    scrub = Scrubber(["s3cr3t"], ["api_key"])
    stream = RestStreamOptions.model_validate({"records": "r", "paging": {"type": "next_url", "next": "n"}})
    one = Plan("things", Asking(BASE, scrub=scrub), stream, RetryOptions(), lambda: 0.5, scrub)
    steps, _ = played(one, ok({"r": [1], "n": "/v1/things?p=2&api_key=any&sig=s3cr3t"}), ok({"r": []}))
    assert urls(steps) == ["/things", "/things?p=2"]
    assert "s3cr3t" not in str([step.after for step in steps if isinstance(step, Page)])


def test_an_address_elsewhere_is_not_trusted():
    stream = {"records": "r", "paging": {"type": "next_url", "next": "n"}}
    steps, _ = played(plan(stream), ok({"r": [1], "n": "https://elsewhere.example.com/x"}), ok({"r": []}))
    requests = [step for step in steps if isinstance(step, Request)]
    assert [request.is_trusted for request in requests] == [True, False]


@pytest.mark.parametrize("near", ["https://api.example.com:444/v1/b", "http://api.example.com/v1/b", "https://api.example.com.evil.org/v1/b"])  # fmt: skip
def test_what_only_looks_like_the_api(near):
    assert not Asking(BASE).to(near, Request("GET", "")).is_trusted


def test_a_post_that_is_sent_elsewhere_takes_nothing_along():
    stream = {"method": "POST", "body": {"secret": 1}, "records": "r"}
    away = ok(b"", 307, location="https://elsewhere.example.com/x")
    steps, _ = played(plan(stream), away, ok({"r": []}))
    request = [step for step in steps if isinstance(step, Request)][1]
    assert (request.body, request.is_trusted) == (None, False)


def test_from_https_to_http_is_refused():
    with pytest.raises(ConnectorOptionsError, match="others can read along"):
        played(plan(CURSOR), ok(b"", 302, location="http://api.example.com/v1/a"))


def test_a_total_that_changes_is_read_again_and_given_up_then():
    first = [ok({"r": [1, 2], "t": 3}), ok({"r": [3], "t": 3})]
    moved = [ok({"r": [1, 2], "t": 4}), ok({"r": [], "t": 4}), ok({"r": [], "t": 4}), ok({"r": [], "t": 4})]
    steps, told = played(plan(OFFSET), *moved, *first)
    assert [type(step) for step in steps].count(Restart) == 1
    assert told.records == 3
    with pytest.raises(RetriableError, match="there are 4 records, and 2 came"):
        played(plan(OFFSET), *moved * 3)


def test_records_that_come_while_pages_are_read_are_no_fault():
    steps, told = played(
        plan(OFFSET, key=("id",)), ok({"r": [{"id": 1}, {"id": 2}], "t": 2 + 1}), ok({"r": [{"id": 3}], "t": 3})
    )
    assert told.records == 3
    assert not any(isinstance(step, Restart) for step in steps)


def test_more_pages_than_there_may_be():
    stream = CURSOR | {"paging": CURSOR["paging"] | {"max_pages": 2}}
    with pytest.raises(SourceDataError, match="more than 2 pages"):
        played(plan(stream), ok({"r": [1], "n": "a"}), ok({"r": [2], "n": "b"}), ok({"r": [3]}))


def test_more_without_a_way_on():
    stream = CURSOR | {"paging": CURSOR["paging"] | {"more": "m"}}
    with pytest.raises(SourceDataError, match="not how to get it"):
        played(plan(stream), ok({"r": [1], "m": True}))


def test_empty_pages_in_the_middle_are_no_end():
    steps, told = played(plan(CURSOR), ok({"r": [], "n": "a"}), ok({"r": [], "n": "b"}), ok({"r": [1]}))
    assert told.records == 1
    assert urls(steps)[-1] == "/a?cursor=b"


def test_paging_in_a_body():
    stream = {
        "path": "q", "method": "POST", "body": {"f": [{"v": ""}], "q": "{ shop { name } }"}, "records": "r",
        "paging": {"type": "cursor", "into": "body", "param": "f.0.v", "next": "last:id", "first_value": "0", "size": 2, "size_param": "limit"},
    }  # fmt: skip
    steps, _ = played(plan(stream), ok({"r": [{"id": 5}]}), ok({"r": []}))
    sent = [json.loads(step.body) for step in steps if isinstance(step, Request)]
    assert [body["f"] for body in sent] == [[{"v": "0"}], [{"v": 5}]]
    assert sent[0]["q"] == "{ shop { name } }"
    assert sent[0]["limit"] == 2


REPORT = {
    "path": "unused",
    "jobs": {
        "submit": {"path": "reports", "method": "POST", "body": {"x": 1}},
        "id": "id",
        "poll": {"path": "reports/{job.id}"},
        "state": "s",
        "done": "DONE",
        "failed": "BAD",
        "url": "url",
        "same": {"status": 425, "path": "detail", "matches": r"of : (\S+)"},
    },
}


def test_a_report_is_ordered_waited_for_and_fetched():
    steps, told = played(
        plan(REPORT), ok({"id": 7}), ok({"s": "RUN"}), ok({"s": "DONE", "url": "https://files.example.com/r?sig=1"}), ok([1, 2])
    )  # fmt: skip
    requests = [step for step in steps if isinstance(step, Request)]
    assert [request.url for request in requests][1:] == [
        f"{BASE}/reports/7",
        f"{BASE}/reports/7",
        "https://files.example.com/r?sig=1",
    ]
    assert [request.is_trusted for request in requests] == [True, True, True, False]
    assert waits(steps) == [(2, False), (3, False)]
    assert told.records == 2


def test_a_report_that_fails_or_expires_is_ordered_again():
    done = ok({"s": "DONE", "url": "https://files.example.com/r"})
    order = [ok({"id": 7}), ok({"s": "BAD"}), ok({"id": 8}), done, ok(b"<Error/>", 403), ok({"id": 9}), done, ok([1])]
    steps, told = played(plan(REPORT), *order)
    assert [type(step) for step in steps].count(Restart) == 2
    assert told.records == 1
    with pytest.raises(RetriableError, match="ordered 3 times"):
        played(plan(REPORT), *[ok({"id": 7}), ok({"s": "BAD"})] * 3)


def test_a_report_that_is_being_made_already():
    same = ok({"detail": "The Request is a duplicate of : abc-1"}, 425)
    steps, _ = played(plan(REPORT), same, ok({"s": "DONE", "url": "https://files.example.com/r"}), ok([]))
    assert urls(steps)[1] == "/reports/abc-1"


def test_a_bucket_is_shared_and_held_for_all():
    bucket = Bucket(2, 1)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0.5, 1]
    bucket.hold(1, 30)
    assert bucket.take(11) == 20
    assert bucket.take(31) == 0


def test_a_clock_that_stands_gives_no_permits_away():
    bucket = Bucket(1, 1)
    assert [bucket.take(5), bucket.take(4), bucket.take(6)] == [0, 1, 1]


def test_a_place_that_nobody_knows():
    with pytest.raises(ConnectorOptionsError, match=r"a place `\{account\}`"):
        played(plan({"path": "x/{account}"}))


@pytest.mark.parametrize("value", ["..", "."])
def test_a_value_that_would_lead_elsewhere(value):
    one = Asking(BASE, places={"id": value})
    with pytest.raises(ConnectorOptionsError, match="a place"):
        one.request(RestStreamOptions(path="x/{id}/y"), {})


def test_what_is_put_into_a_path_is_escaped():
    one = Asking(BASE, places={"id": "a/../b?c"})
    assert one.request(RestStreamOptions(path="x/{id}"), {}).url == f"{BASE}/x/a%2F..%2Fb%3Fc"


def test_a_next_page_does_not_lead_from_https_to_http():
    stream = {"path": "a", "records": "r", "paging": {"type": "next_url", "next": "n"}}
    with pytest.raises(SourceDataError, match="from https to http"):
        played(plan(stream), ok({"r": [1], "n": "http://api.example.com/v1/a?page=2"}))


def test_a_report_is_not_fetched_by_http():
    job = {"submit": {"path": "s"}, "id": "id", "poll": {"path": "p"}, "state": "s", "done": "D", "url": "url"}
    with pytest.raises(SkippableError, match="from https to http"):
        played(plan({"jobs": job}), ok({"id": 1}), ok({"s": "D", "url": "http://files.example.com/report"}))


def test_a_page_of_another_host_leads_back_as_a_stranger():
    stream = {"path": "a", "records": "r", "paging": {"type": "next_url", "next": "n"}, "headers": {"x": "1"}}
    steps, _ = played(plan(stream), ok({"r": [1], "n": "https://b.example.com/a"}), ok({"r": [2], "n": None}))
    trusted = [(step.is_trusted, dict(step.headers)) for step in steps if isinstance(step, Request)]
    assert trusted == [(True, {"x": "1"}), (False, {})]
