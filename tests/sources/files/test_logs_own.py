"""Logs of nginx in JSON, logs that the project describes, and logs whose format nobody named."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pyarrow as pa
import pytest
from file_reading import chunks_of, filled, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import TEXT_KEY
from lakesmith.sources.files.formats.base import Tail
from lakesmith.sources.files.formats.logs import auto

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NGINX = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time $cookie_id'
NGINX_LINE = '::1 - - [01/Mar/2026:13:00:00 +0100] "GET /a?b HTTP/2.0" 200 5 "-" "a \\"b\\" \\x22" 0.012 0.1, 0.2 k,1'
NGINX_ROW = {
    "client_ip": "::1", "requested_at": NOON, "request": "GET /a?b HTTP/2.0", "method": "GET", "path": "/a", "query": "b",
    "protocol": "HTTP/2.0", "status": 200, "bytes": 5, "user_agent": 'a \\"b\\" \\x22', "request_time_s": 0.012,
    "upstream_response_time": "0.1, 0.2", "cookie_id": "k,1",
}  # fmt: skip


JSON = [
    ('{"time_iso8601":"2026-03-01T13:00:00+01:00","remote_addr":"::1","status":"200","request_time":"0.5","request":"GET /a?b=c HTTP/1.1"}',
        {"requested_at": NOON, "client_ip": "::1", "status": 200, "request_time_s": 0.5, "request": "GET /a?b=c HTTP/1.1", "method": "GET",
            "path": "/a", "query": "b=c", "protocol": "HTTP/1.1"}),
    ('{"msec":1772366400.250,"status":404,"http_user_agent":"a \\"b\\" \\u00e4","upstream_status":"502, 200"}',
        {"requested_at": NOON.replace(microsecond=250000), "status": 404, "user_agent": 'a "b" ä', "upstream_status": "502, 200"}),
    ('{"time_local":"01/Mar/2026:13:00:00 +0100","msec":"1772366400","http_user_agent":"\\x22\\xC3","bytes_sent":"-"}',
        {"requested_at": NOON, "msec": NOON, "user_agent": "\\x22\\xC3"}),
    ('{"status":"","geo":{"lat":1.5},"ok":true,"n":7,"ratio":1e400,"tag":"x","request":"\\u0016\\u0003"}',
        {"geo": '{"lat": 1.5}', "ok": True, "n": 7, "ratio": "1e400", "tag": "x", "request": "\x16\x03"}),
]  # fmt: skip


@pytest.mark.few(4)
@pytest.mark.parametrize(("line", "expected"), JSON)
@pytest.mark.parametrize("options", [{}, {"format": "nginx_json"}])
def test_a_json_line_in_full(delivery, line, expected, options) -> None:
    rows, rejects = read(delivery, "w.log", f"{line}\n", **options)
    assert ([filled(row) for row in rows], rejects) == ([expected], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "the line is no JSON object"),
        ('{"status": "200"', "the line is no JSON object"),
        ('{"status": NaN}', "the line is no JSON object"),
        ('{"a": 1, "a": 2}', "a key stands twice in the JSON object"),
        ('{"status": "OK"}', "status is no whole number"),
        ('{"status": 200.5}', "status is no whole number"),
        ('{"time_iso8601": "2026-02-30T00:00:00Z"}', "the line has a time that does not exist"),
        ('{"n": ' + "9" * 5000 + "}", "the line is no JSON object"),
        ("[" * 20000, "the line is no JSON object"),
    ],
)
def test_a_json_line_out_of_format_waits(delivery, line, reason) -> None:
    rows, rejects = read(delivery, "w.log", f'{{"status":"1"}}\n\n{line}\n{{"status":"2"}}', format="nginx_json")
    assert [row["status"] for row in rows] == [1, 2]
    assert [(told.reason, told.where, told.raw) for told in rejects] == [(reason, "w.log:3", line)]


def test_other_keys_have_the_narrowest_type(delivery) -> None:
    lines = (
        '{"i":1,"f":1,"m":1,"t":"1","b":true,"client_ip":"x","remote_addr":"y"}\n{"i":null,"f":1.5,"m":"x","b":false}\n'
    )
    (chunk,) = chunks_of(delivery, "w.log", lines, format="nginx_json")
    types = {field.name: (field.type, TEXT_KEY in (field.metadata or {})) for field in chunk.rows.schema}
    assert types == {
        "client_ip": (pa.string(), False), "i": (pa.int64(), False), "f": (pa.float64(), False), "m": (pa.string(), True),
        "t": (pa.string(), True), "b": (pa.bool_(), False), "client_ip_2": (pa.string(), True),
    }  # fmt: skip
    assert chunk.rows.to_pylist()[0] == {
        "client_ip": "y",
        "i": 1,
        "f": 1.0,
        "m": "1",
        "t": "1",
        "b": True,
        "client_ip_2": "x",
    }


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        (NGINX, NGINX_LINE, NGINX_ROW),
        ('%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i" %D %{X-Id}o',
            'www.e.com:443 ::1 - ann [01/Mar/2026:13:00:00 +0100] "GET /a HTTP/1.1" 200 5 "-" "x y" 12 q-1',
            {"host": "www.e.com", "port": 443, "client_ip": "::1", "user_name": "ann", "requested_at": NOON, "request": "GET /a HTTP/1.1",
                "method": "GET", "path": "/a", "protocol": "HTTP/1.1", "status": 200, "bytes_sent": 5, "user_agent": "x y",
                "request_time_us": 12, "x_id_o": "q-1"}),
        ("[%{%Y-%m-%d %H:%M:%S %z}t] %% %a %{sec}t", "[2026-03-01 13:00:00 +0100] % 10.0.0.1 1772366400",
            {"requested_at": NOON, "client_ip": "10.0.0.1", "t": NOON}),
        ("$remote_addr|$time_iso8601|$request_method|$uri", "1.1.1.1|2026-03-01T12:00:00+00:00|GET|/a b",
            {"client_ip": "1.1.1.1", "requested_at": NOON, "method": "GET", "uri": "/a b"}),
        (r"(?<who>[^ ]+) (?P<n>\d+) (?P<rest_of_it>.*)", "- 007 - a", {"who": "-", "n": "007", "rest_of_it": "- a"}),
        (" ".join(f"$arg_{number}" for number in range(40)), " ".join(map(str, range(40))),
            {f"arg_{number}": str(number) for number in range(40)}),
    ],
)  # fmt: skip
def test_lines_that_the_project_describes(delivery, pattern, line, expected) -> None:
    rows, rejects = read(delivery, "w.log", f"{line}\nno\n", format="log", pattern=pattern)
    assert [filled(row) for row in rows] == [expected]
    assert [told.reason for told in rejects] == ["the line is not in the format that `pattern:` describes"]


@pytest.mark.parametrize(
    ("format_", "written", "zone"),
    [
        ("%Y-%m-%d %H:%M:%S", "2026-03-01 12:00:00", "UTC"),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-03-01 12:00:00.000", "UTC"),
        ("%d.%m.%Y %H:%M:%S", "01.03.2026 13:00:00", "Europe/Berlin"),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-03-01T13:00:00+0100", "Europe/Berlin"),
        ("epoch", "1772366400", "Europe/Berlin"),
    ],
)
def test_times_of_a_pattern(delivery, format_, written, zone) -> None:
    options = {"pattern": "(?P<at>[^|]*)[|](?P<n>.*)", "time_formats": {"at": format_}, "time_zone": zone}
    (chunk,) = chunks_of(delivery, "w.log", f"{written}|1\nx|2\n|3\n", **options)
    assert chunk.rows.to_pylist() == [{"at": NOON, "n": "1"}]
    assert [told.where for told in chunk.rejects] == ["w.log:2", "w.log:3"]
    assert chunk.rows.schema.field("n").metadata == {TEXT_KEY: b"1"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pattern": "(?P<a>x"}, "not a regular expression"),
        ({"pattern": "(?P<a>x)(?=y)"}, "cannot look around"),
        ({"pattern": r"(?P<a>x)\1"}, "cannot look around, refer back"),
        ({"time_zone": "Mars/Olympus"}, "no time zone that is known"),
        ({"time_formats": {"a": "%Y"}}, "`time_formats` belongs to a `pattern`"),
    ],
)
def test_patterns_that_cannot_be_meant(delivery, options, reason) -> None:
    with pytest.raises(ValidationError, match=re.escape(reason)):
        delivery.stream("w.log", **options)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pattern": "$remote_addr$status"}, "nothing stands between the value of `client_ip` and the next one"),
        ({"pattern": "$status", "time_formats": {"at": "%Y"}}, "`at` is no column of the pattern"),
        ({"pattern": "no variable"}, "the pattern has no columns"),
    ],
)
def test_patterns_without_a_reading(delivery, options, reason) -> None:
    with pytest.raises(ConnectorOptionsError, match=re.escape(reason)):
        read(delivery, "w.log", "x\n", **options)


def test_a_grown_log_keeps_the_format_it_began_with(delivery) -> None:
    delivery.put("w.log", '{"status":"1"}\n')
    stream = delivery.stream("w.log")
    first = delivery.load(stream)
    line = '1.1.1.1 - - [01/Mar/2026:13:00:00 +0100] "GET / HTTP/1.1" 200 5\n'
    delivery.put("w.log", '{"status":"1"}\n' + line * 3)
    second = delivery.load(stream, first.position)
    assert (first.rows, second.rows) == ([(1,)], [])
    assert [told.reason for told in second.rejects] == ["the line is no JSON object"] * 3


def test_check_says_which_formats_fit_the_first_lines(delivery) -> None:
    options = delivery.stream("w.log").options
    line = b'1.1.1.1 - - [01/Mar/2026:13:00:00 +0100] "GET / HTTP/1.1" 200 5\n'
    sight = auto.FORMAT.look(BytesIO(line * 3 + b"x\n"), options, "w.log")
    assert sight.text.startswith(
        "recognised as combined (`format: combined` pins it; of the first 4 lines fit: combined 3), columns"
    )
    assert sight.doubt == "1 of the first 4 lines are not in the format"
    nothing = auto.FORMAT.look(BytesIO(b"x\ny\n"), options, "w.log")
    assert (nothing.text, nothing.doubt) == (
        "read as combined",
        "no log format fits any of the first 2 lines",
    )


@pytest.mark.parametrize(
    ("file", "options", "line", "expected"),
    [
        ('{"status":1}\n', {}, '{"status":2}', [{"status": 2}]),
        ("#Fields: sc-status\n1\n", {}, "2", [{"status": 2}]),
        ("1;a\n", {"pattern": "(?P<n>[0-9]+);(?P<t>.*)"}, "2;b", [{"n": "2", "t": "b"}]),
        ('{"status":1}\n', {}, "x", []),
    ],
)
def test_a_rejected_line_is_read_again_as_its_file_is(delivery, file, options, line, expected) -> None:
    tail = Tail("w.log", BytesIO(file.encode()), delivery.stream(**options).options)
    (stretch,) = auto.FORMAT.again(line.encode(), tail)
    assert stretch.rows.to_pylist() == expected
    assert [told.reason for told in stretch.rejects] == ([] if expected else ["the line is no JSON object"])


bits = [
    '{"status"',
    ':"200"',
    "}",
    "#Fields:",
    " c-ip",
    " date time",
    "\n",
    "\r\n",
    "2026-01-01",
    "00:00:00",
    " ",
    '"',
    "\\",
    "x",
    "-",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from(bits), max_size=30).map("".join),
    st.integers(0, 200),
    st.sampled_from(["w3c", "nginx_json", "combined"]),
)
def test_any_text_in_two_parts_is_counted_like_the_whole(delivery, content, cut, format_) -> None:
    (delivery.root / "w.log").unlink(missing_ok=True)
    stream = delivery.stream("w.log", format=format_)
    head = content[:cut].rpartition("\n")
    delivery.put("w.log", head[0] + head[1])
    first = delivery.load(stream)
    delivery.put("w.log", content)
    second = delivery.load(stream, first.position)
    whole = delivery.load(stream)
    assert (first.counted + second.counted, len(first.rows) + len(second.rows)) == (whole.counted, len(whole.rows))


def test_a_last_line_without_end_may_change_a_type(delivery) -> None:
    rows, rejects = read(delivery, "w.log", '{"status":1,"n":1}\n{"status":2,"n":"x"}', format="nginx_json")
    assert (rows, rejects) == ([{"status": 1, "n": "1"}, {"status": 2, "n": "x"}], [])
