"""Answers and settings that nobody means: each ends in full contents, or in an error that a person can act on, never in less."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError
from rest_loading import Desk

from lakesmith.errors import ConnectorOptionsError, LakesmithError, SkippableError, SourceDataError
from lakesmith.simulate.apis.serving import Answer, ApiServer
from lakesmith.sources.rest.options import RestStreamOptions

CURSOR = {"path": "a", "records": "r", "paging": {"type": "cursor", "next": "n"}}
NEXT = {"path": "a", "records": "r", "paging": {"type": "next_url", "next": "n"}}
DEEP = b"[" * 50_000 + b"]" * 50_000
JOB = {
    "jobs": {"submit": {"path": "s"}, "id": "id", "poll": {"path": "p"}, "state": "s", "done": "D", "url": "result.url"}
}
json_of = Answer.json


class Told:
    """Answers by a function of the request and its number."""

    faults: frozenset[str] = frozenset()

    def __init__(self, tell):
        self.tell, self.asked = tell, []

    def answer(self, asked):
        self.asked.append(asked)
        return self.tell(asked, len(self.asked))


@pytest.fixture
def told(tmp_path):
    """Return a stream of an API that answers by a function, and what it was asked."""
    open_ones = []

    def make(tell, stream, **more):
        api = Told(tell)
        server = ApiServer(api).__enter__()
        one = Desk(server.url, tmp_path, stream, **({"auth": None} | more))
        open_ones.append((server, one))
        return one, api.asked

    yield make
    for server, one in open_ones:
        one.source.close()
        server.__exit__(None, None, None)


def test_empty_pages_are_no_end_where_the_api_says_that_there_is_more(told):
    def tell(_asked, number):
        return json_of({"r": [] if 2 <= number <= 6 else [{"i": number}], "m": number < 8})

    one, _ = told(tell, {"path": "a", "records": "r", "paging": {"type": "page", "more": "m"}})
    assert [row["i"] for row in one.rows()] == [1, 7, 8]


def test_only_empty_pages_though_there_is_more(told):
    one, asked = told(
        lambda *_: json_of({"r": [], "m": True}), {"path": "a", "records": "r", "paging": {"type": "page", "more": "m"}}
    )
    with pytest.raises(SourceDataError, match="100 empty pages"):
        one.rows()
    assert len(asked) == 100


def test_an_answer_in_the_middle_without_the_list_is_told(told):
    one, _ = told(lambda _, n: json_of({} if n == 2 else {"r": [{"i": n}], "n": f"x{n}"}), CURSOR)
    assert [notice for chunk in one.read() for notice in chunk.notices] == [
        "1 answer has nothing at `records: r`, others have. `expects:` says what every good answer has."
    ]


@pytest.mark.parametrize(
    "rule", [{"status": 404, "as": "empty"}, {"status": 404, "path": "message", "as": "empty"}, {"status": 200, "path": "message", "as": "empty"}]
)  # fmt: skip
def test_the_body_of_an_answer_that_means_nothing_is_no_record(told, rule):
    one, _ = told(lambda *_: json_of({"message": "nobody"}, rule["status"]), {"path": "a", "errors": [rule]})
    [chunk] = one.read()
    assert (chunk.rows.num_rows, chunk.counted) == (0, 0)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_error_in_the_place_of_lines(told, form):
    one, _ = told(lambda *_: json_of({"error": {"message": "quota"}}), {"path": "a", "format": form})
    with pytest.raises(SourceDataError, match='says "quota"'):
        one.rows()


def test_a_rule_finds_its_words_in_an_error_in_the_place_of_lines(told):
    stream = {
        "path": "a",
        "format": "csv",
        "errors": [{"status": 200, "path": "code", "matches": "^7$", "as": "retry"}],
    }
    one, _ = told(lambda _, n: json_of({"code": 7}) if n < 3 else Answer(200, b"a,b\n1,2\n"), stream)
    assert one.rows() == [{"a": "1", "b": "2"}]


def test_an_answer_that_is_not_ready(told):
    one, _ = told(lambda _, n: json_of({"status": "soon"}, 202) if n < 3 else json_of({"r": [{"i": 1}]}), CURSOR)
    assert one.rows() == [{"i": 1}]


@pytest.mark.parametrize("url", ["http://[::1", "ftp://a.example.com/x", "https://", "http://a:b:c/x"])
def test_a_next_page_at_an_address_that_is_none(told, url):
    one, _ = told(lambda *_: json_of({"r": [{"i": 1}], "n": url}), NEXT)
    with pytest.raises(LakesmithError, match=r"none|cannot be reached") as raised:
        one.rows()
    assert url not in str(raised.value)


def test_the_words_of_a_next_address_stay_as_they_are_written(told):
    def tell(_asked, number):
        return json_of({"r": [{"i": number}], "n": "/a?c=%FFx&flag&k=a+b%20c" if number < 2 else None})

    one, _ = told(tell, NEXT, params={"own": "z"})
    sent = []
    real, one.source._reach().line._send = one.source._reach().line._send, None
    one.source._reach().line._send = lambda request: (sent.append(request.url.rpartition("?")[2]), real(request))[1]
    assert [row["i"] for row in one.rows()] == [1, 2]
    assert sent == ["own=z", "c=%FFx&flag&k=a+b%20c&own=z"]


def test_another_host_that_a_next_page_is_at_gets_neither_headers_nor_body(told):
    other, heard = told(lambda *_: json_of({"r": [{"i": 2}]}), CURSOR)
    elsewhere = other.options.base_url.replace("127.0.0.1", "localhost")
    stream = NEXT | {"method": "POST", "headers": {"x-key": "canary"}, "body": {"secret": "canary"}}
    one, _ = told(lambda *_: json_of({"r": [{"i": 1}], "n": f"{elsewhere}/b"}), stream, allow_hosts=["127.0.0.1", "localhost"])  # fmt: skip
    assert [row["i"] for row in one.rows()] == [1, 2]
    [asked] = heard
    assert "x-key" not in asked.headers
    assert b"canary" not in asked.body


@pytest.mark.parametrize("header", ["²", "NaN", "inf", "-5", "Mon, 01 Jan 2024 00:00:00 +99999999", "9" * 400])
def test_waits_that_make_no_sense(told, header):
    one, _ = told(lambda _, n: Answer(429, b"{}", {"Retry-After": header}) if n < 2 else json_of({"r": [{"i": 1}]}), CURSOR)  # fmt: skip
    try:
        assert one.rows() == [{"i": 1}]
    except LakesmithError as error:
        assert "asks to wait" in error.what  # noqa: PT017 - one of both is right
    assert all(0 <= wait <= 3600 for wait in one.waits)


def test_a_wait_in_the_body_that_is_no_number(told):
    stream = CURSOR | {"errors": [{"status": 429, "as": "throttle", "wait": "w"}]}
    one, _ = told(lambda _, n: Answer(429, b'{"w": NaN}') if n < 2 else json_of({"r": [{"i": 1}]}), stream)
    assert one.rows() == [{"i": 1}]
    assert one.waits == [0.5]


def test_a_total_of_thousands_of_digits_is_none(told):
    stream = {"path": "a", "records": "r", "paging": {"type": "page", "total": "t"}}
    one, _ = told(lambda _, n: json_of({"r": [{"i": n}] if n < 3 else [], "t": "9" * 5000}), stream)
    assert [row["i"] for row in one.rows()] == [1, 2]


@pytest.mark.parametrize(
    ("more", "mode", "key"),
    [
        ({"incremental": {"cursor": "seen"}}, "append", ()),
        ({"paging": {"type": "page", "pages": "p"}}, "dedupe", ("id",)),
    ],
)
def test_a_record_that_is_nested_too_deep_is_put_aside_alone(told, more, mode, key):
    body = b'{"p": 1, "r": [{"id": 1, "seen": "2024-01-01"}, {"id": 2, "seen": "2024-01-02", "d": ' + DEEP + b"}]}"
    one, _ = told(lambda *_: Answer(200, body), {"path": "a", "records": "r"} | more, mode=mode, key=key)
    chunks = one.read()
    assert [row["id"] for chunk in chunks for row in chunk.rows.to_pylist()] == [1]
    assert sum(len(chunk.rejects) for chunk in chunks) == 1
    assert sum(chunk.counted for chunk in chunks) == 2


def test_a_last_record_that_says_how_to_go_on_and_cannot_be_read(told):
    body = b'{"r": [{"id": 1}, {"id": ' + b"9" * 5000 + b"}]}"
    one, _ = told(lambda *_: Answer(200, body), {"path": "a", "records": "r", "paging": {"type": "cursor", "next": "last:id"}})  # fmt: skip
    with pytest.raises(SourceDataError, match="cannot be read"):
        one.rows()


@pytest.mark.parametrize("answer", [{"id": "1", "s": "D"}, {"id": "1", "s": "D", "result": {}}, {"id": "1", "s": "D", "result": {"url": ""}}])  # fmt: skip
def test_a_report_that_is_nowhere(told, answer):
    one, _ = told(lambda *_: json_of(answer), JOB)
    with pytest.raises(SkippableError, match="does not say where it is"):
        one.rows()


def test_a_report_that_the_api_says_is_empty(told):
    one, _ = told(lambda *_: json_of({"id": "1", "s": "D", "result": {"url": None}}), JOB)
    assert one.rows() == []


@pytest.mark.parametrize("value", ["canary-secret\n", "canary-secrét"])
def test_a_header_that_cannot_be_sent(told, value):
    one, _ = told(lambda *_: json_of({"r": []}), CURSOR, headers={"x-key": value})
    with pytest.raises(ConnectorOptionsError, match="cannot be sent") as raised:
        one.rows()
    assert "canary" not in f"{raised.value!r} {raised.value}"


def test_a_header_with_braces_is_sent_as_it_is(told):
    one, asked = told(lambda *_: json_of({"r": []}), CURSOR, headers={"x-key": "se{cr}et"})
    one.rows()
    assert asked[0].headers["x-key"] == "se{cr}et"


def test_a_parameter_of_the_source_with_a_place_that_nobody_knows(told):
    one, _ = told(lambda *_: json_of({"r": []}), CURSOR, params={"x": "{since}"})
    with pytest.raises(ConnectorOptionsError, match=r"place `\{since\}`"):
        one.rows()


@pytest.mark.parametrize(("body", "param"), [({"f": []}, "f.0.v"), ({"f": "text"}, "f.v"), ([1], "f")])
def test_a_body_without_a_place_for_the_next_page(told, body, param):
    stream = {"path": "a", "records": "r", "method": "POST", "body": body}
    stream["paging"] = {"type": "cursor", "into": "body", "param": param, "next": "n"}
    one, _ = told(lambda *_: json_of({"r": [{"i": 1}], "n": "x"}), stream)
    with pytest.raises(ConnectorOptionsError, match="has no place"):
        one.rows()


def test_what_is_needed_and_too_long_to_be_kept_is_no_end(told):
    long = {"pad": "x" * (1024 * 1024), "next": "c2"}
    rows = [{"i": number, "pad": "y" * 1000} for number in range(4000)]
    body = json.dumps({"r": rows, "meta": long}).encode()
    one, _ = told(lambda *_: Answer(200, body), {"path": "a", "records": "r", "paging": {"type": "cursor", "next": "meta.next"}}, retries={"attempts": 1})  # fmt: skip
    with pytest.raises(SourceDataError, match="too long to be read"):
        one.rows()


def test_an_object_in_the_place_of_a_list_is_not_taken_into_memory(told):
    body = b'{"data": [' + b",".join([b'{"a": "' + b"x" * 1000 + b'"}'] * 9000) + b"]}"
    one, _ = told(lambda *_: Answer(200, body), {"path": "a"}, retries={"attempts": 1})
    with pytest.raises(SourceDataError, match="an object of more than 8 MB"):
        one.rows()


def test_much_beside_the_records_is_not_taken_into_memory(told):
    body = json.dumps({f"k{number}": "x" * 1000 for number in range(17_500)}).encode()
    one, _ = told(lambda *_: Answer(200, body), {"path": "a", "records": "r"}, retries={"attempts": 1})
    with pytest.raises(SourceDataError, match="16 MB beside its records"):
        one.rows()


WINDOWS = {"path": "a", "incremental": {"start": "2026-01-01"}}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (WINDOWS, "each window would bring all records"),
        (
            WINDOWS | {"params": {"day": "{since}"}, "incremental": {"start": "2026-01-01", "format": "iso8601"}},
            "pattern",
        ),
        (
            WINDOWS | {"params": {"day": "{since}"}, "incremental": {"start": "2026-01-01", "format": "%Y-%m"}},
            "pattern",
        ),
        ({"path": "a", "parent": {"stream": "b", "fields": {"b_id": "id"}}}, r"write \{parent.id\}"),
        ({"path": "a", "body": [1], "body_as": "form"}, "needs a `body` of names"),
        (JOB | {"jobs": JOB["jobs"] | {"same": {"path": "d", "matches": "duplicate"}}}, "needs a group"),
    ],
)
def test_settings_that_would_bring_wrong_rows_are_refused(said, why):
    with pytest.raises(ValidationError, match=why):
        RestStreamOptions.model_validate(said)


@pytest.mark.parametrize(
    "more",
    [
        {"path": "a/{since}"}, {"params": {"q": ["until:{until}"]}}, {"body": {"a": [{"b": "{since}"}]}}, {"headers": {"x": "{until}"}},
        {"incremental": {"start": "2026-01-01", "asks_all": True}}, JOB | {"jobs": JOB["jobs"] | {"submit": {"body": {"d": "{since}"}}}},
    ],
)  # fmt: skip
def test_windows_that_are_asked_for_somewhere(more):
    assert RestStreamOptions.model_validate(WINDOWS | more).incremental


def test_a_masked_column_is_not_kept_in_plain_beside_itself(told):
    from dataclasses import replace

    one, _ = told(lambda *_: json_of([{"email": "a"}]), {"path": "a", "keep_responses": True})
    one.spec = replace(one.spec, columns={"email": {"mask": "hash"}})
    with pytest.raises(ConnectorOptionsError, match="masks email"):
        one.rows()


def test_a_parent_that_is_listed_twice_is_asked_for_once(told):
    from dataclasses import replace

    from lakesmith.model.streams import Ask, StreamId

    def tell(asked, _number):
        return json_of([{"id": 1, "day": 1}, {"id": 1, "day": 2}, {"id": 2, "day": 1}] if asked.path == "/p" else [{"v": asked.path}])  # fmt: skip

    one, _ = told(tell, {"path": "{parent.id}/c", "parent": {"stream": "p", "fields": {"of": "id"}}})
    parent = replace(one.spec, id=StreamId("api", "p"), options=RestStreamOptions())
    one.source._context = replace(one.context, streams=(one.spec, parent))
    [split] = one.source.splits(one.spec, Ask())
    rows = [row for chunk in one.source.read(one.spec, split, Ask()) for row in chunk.rows.to_pylist()]
    assert rows == [{"of": 1, "v": "/1/c"}, {"of": 2, "v": "/2/c"}]


def test_a_setting_in_a_header_is_no_secret_of_addresses(told):
    def tell(_asked, number):
        return json_of({"r": [{"i": number}], "n": "/a?version=2024-01&page=2" if number < 2 else None})

    one, asked = told(tell, NEXT, headers={"Api-Version": "2024-01", "X-Api-Key": "canary-key-1"})
    assert len(one.rows()) == 2
    assert asked[1].query == {"version": "2024-01", "page": "2"}
