"""Logs whose `#Fields:` say what the columns are: IIS and CloudFront."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from file_reading import filled, read

from lakesmith.model.streams import TEXT_KEY, Ask
from lakesmith.sources.files.formats.base import Tail
from lakesmith.sources.files.formats.logs import cloudfront, w3c

IIS = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-03-01 00:00:01
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2026-03-01 00:00:01 10.0.0.4 GET /a+b id=1&q=%20 443 - 2001:db8::7 Mozilla/5.0+(X11;+Linux) https://www.example.com/ 200 0 0 15
2026-03-01 00:00:02 10.0.0.4 POST /c - 443 CORP\\ann 192.0.2.1 - - 404 0 2 -
#Software: Microsoft Internet Information Services 10.0
#Fields: time date cs-method c-ip sc-status x-trace(Id) sc-bytes
23:59:59 2026-03-02 GET 192.0.2.2 304 abc 18446744073709551615
23:59:59 2026-03-02 GET 192.0.2.2 304 abc 10
24:00:00 2026-03-02 GET 192.0.2.2 304 abc 10
GET 192.0.2.2
"""
CLOUDFRONT = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port "
    "time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end\n"
)
VIEW = (
    "2019-12-04\t21:02:31\tLAX1\t392\t2001:db8::1\tGET\td1.cloudfront.net\t/a%2520b.html\t200\thttps://r.com/?q=x%2520y\t{}\tq=%2522\t-\t"
    "Hit\tSOX4==\td1.cloudfront.net\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE\tHit\tHTTP/2.0\t-\t-\t11040\t0.001\tHit\ttext/html\t78\t-\t-\n"
)


@pytest.mark.parametrize("options", [{}, {"format": "w3c"}])
def test_columns_change_in_mid_file(delivery, options) -> None:
    rows, rejects = read(delivery, "w.log", IIS.replace("\n", "\r\n"), **options)
    assert [filled(row) for row in rows] == [
        {
            "requested_at": datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC), "server_ip": "10.0.0.4", "method": "GET", "path": "/a+b",
            "query": "id=1&q=%20", "port": 443, "client_ip": "2001:db8::7", "user_agent": "Mozilla/5.0 (X11; Linux)",
            "referrer": "https://www.example.com/", "status": 200, "substatus": 0, "win32_status": 0, "time_taken": 15.0,
        },
        {
            "requested_at": datetime(2026, 3, 1, 0, 0, 2, tzinfo=UTC), "server_ip": "10.0.0.4", "method": "POST", "path": "/c",
            "port": 443, "user_name": "CORP\\ann", "client_ip": "192.0.2.1", "status": 404, "substatus": 0, "win32_status": 2,
        },
        {
            "requested_at": datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC), "method": "GET", "client_ip": "192.0.2.2", "status": 304,
            "x_trace_id": "abc", "bytes": 10,
        },
    ]  # fmt: skip
    assert [(told.where, told.reason) for told in rejects] == [
        ("w.log:9", "bytes is no whole number"),
        ("w.log:11", "the line has a time that does not exist"),
        ("w.log:12", "the line is not in the W3C format with the columns that `#Fields:` names"),
    ]


@pytest.mark.long
def test_a_grown_file_keeps_its_columns(delivery) -> None:
    """Wherever the file was cut, also inside a directive, the rows are those of the whole file."""
    stream = delivery.stream("w.log")
    delivery.put("w.log", IIS)
    whole = delivery.load(stream)
    for cut in range(IIS.index("#Fields"), len(IIS), 67):
        delivery.put("w.log", IIS[:cut])
        first = delivery.load(stream)
        delivery.put("w.log", IIS)
        second = delivery.load(stream, first.position)
        waiting = [told for told in first.rejects if told.reason == "the file ends in the middle of a record"]
        assert first.counted + second.counted == whole.counted + len(waiting)
        lost = {(told.where, told.reason) for told in (*first.rejects, *second.rejects)} - {
            (told.where, told.reason) for told in waiting
        }
        assert lost == {(told.where, told.reason) for told in whole.rejects}


def test_lines_before_any_fields_wait(delivery) -> None:
    rows, rejects = read(delivery, "w.log", "a b\n#Fields: cs-method sc-status\nGET 200\n", format="w3c")
    assert rows == [{"method": "GET", "status": 200}]
    assert [(told.where, told.reason) for told in rejects] == [
        ("w.log:1", "no `#Fields:` stands before the line, so its columns are not known")
    ]


def test_columns_that_change_with_every_line_keep_all_rows(delivery) -> None:
    blocks = "".join(f"#Fields: cs-method x-{number % 3}\nGET {number}\n" for number in range(300))
    rows, rejects = read(delivery, "w.log", blocks, format="w3c")
    assert sorted(int(row[f"x_{place}"]) for row in rows for place in range(3) if row[f"x_{place}"]) == list(range(300))
    assert rejects == []


def test_values_in_quotes_may_hold_blanks(delivery) -> None:
    text = '#Fields: time cs-method cs(User-Agent) cs(user-agent)\n01:02 GET "a ""b"" c" -\n'
    rows, rejects = read(delivery, "w.log", text, format="w3c")
    assert (rows, rejects) == ([{"time": "01:02", "method": "GET", "user_agent": 'a "b" c', "cs_user_agent": None}], [])


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("written", "agent"),
    [
        ("Mozilla/4.0%20(compatible;%20MSIE)", "Mozilla/4.0 (compatible; MSIE)"),
        ("Mozilla/5.0%2520(X11)", "Mozilla/5.0 (X11)"),
        ("a%20b%2520c", "a b%20c"),
        ("%22%5Cx%FF%0A", '"\\x\\xff\\x0a'),
        ("100%", "100%"),
        ("-", None),
    ],
)
@pytest.mark.parametrize("options", [{}, {"format": "cloudfront"}])
def test_a_view_of_cloudfront_in_full(delivery, written, agent, options) -> None:
    ((row,), rejects) = read(delivery, "w.log", CLOUDFRONT + VIEW.format(written), **options)
    assert rejects == []
    assert row.pop("user_agent") == agent
    assert filled(row) == {
        "requested_at": datetime(2019, 12, 4, 21, 2, 31, tzinfo=UTC), "edge_location": "LAX1", "bytes": 392, "client_ip": "2001:db8::1",
        "method": "GET", "host": "d1.cloudfront.net", "path": "/a%20b.html", "status": 200, "referrer": "https://r.com/?q=x%20y",
        "query": "q=%22", "edge_result_type": "Hit", "request_id": "SOX4==", "host_header": "d1.cloudfront.net", "scheme": "https",
        "received_bytes": 23, "time_taken_s": 0.001, "tls_protocol": "TLSv1.2", "tls_cipher": "ECDHE",
        "edge_response_result_type": "Hit", "protocol": "HTTP/2.0", "client_port": 11040, "time_to_first_byte_s": 0.001,
        "edge_detailed_result_type": "Hit", "content_type": "text/html", "content_bytes": 78,
    }  # fmt: skip


def test_fields_newer_than_those_known_keep_their_names(delivery) -> None:
    text = CLOUDFRONT.replace("sc-range-end", "sc-range-end asn") + VIEW.format("x").rstrip("\n") + "\t64496\n"
    ((row,), rejects) = read(delivery, "w.log", text)
    assert (row["asn"], rejects) == ("64496", [])


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("#Fields: cs-method sc-status\nPOST 500\n", None),
        ("#Fields: cs-method sc-status\n#Fields: sc-status cs-method\n",
            "`#Fields:` changes in the file, so it is not known which columns the line has"),
        ("", "no `#Fields:` stands before the line, so its columns are not known"),
    ],
)  # fmt: skip
def test_a_rejected_line_is_read_again_by_the_columns_of_its_file(delivery, before, reason) -> None:
    tail = Tail("w.log", BytesIO(before.encode()), delivery.stream().options)
    (stretch,) = w3c.FORMAT.again(b"GET 200", tail)
    assert stretch.rows.to_pylist() == ([] if reason else [{"method": "GET", "status": 200}])
    assert [told.reason for told in stretch.rejects] == ([reason] if reason else [])


def test_check_shows_the_columns(delivery) -> None:
    options = delivery.stream().options
    assert w3c.FORMAT.look(BytesIO(b"#Fields: date time c-ip\nx\n"), options, "w.log").doubt == (
        "1 of the first 1 lines are not in the format"
    )
    assert w3c.FORMAT.look(BytesIO(b"x\n"), options, "w.log").text == "no `#Fields:` yet"
    assert cloudfront.FORMAT.look(BytesIO(CLOUDFRONT.encode()), options, "w.log").text.startswith(
        "columns requested_at, edge_location"
    )


def test_columns_of_one_name_and_two_meanings_become_text(delivery) -> None:
    text = "#Fields: cs-method sc-bytes sc-bytes\nGET 1 2\n#Fields: cs-method sc_bytes\nPUT x\n"
    rows, rejects = read(delivery, "w.log", text, format="w3c")
    assert rows == [
        {"method": "GET", "bytes": 1, "sc_bytes": "2"},
        {"method": "PUT", "bytes": None, "sc_bytes": "x"},
    ]
    assert rejects == []


def test_types_that_are_to_be_learned_are_marked_in_every_column(delivery) -> None:
    delivery.put("w.log", "#Fields: cs-method\nGET\n#Fields: x-new\n1\n#Fields: cs-method\nPUT\n")
    stream = delivery.stream("w.log")
    source = delivery.source(stream)
    (chunk,) = source.read(stream, source.splits(stream, Ask())[0], Ask())
    assert chunk.rows.schema.field("x_new").metadata == {TEXT_KEY: b"1"}
    assert chunk.rows.to_pylist() == [
        {"method": "GET", "x_new": None},
        {"method": None, "x_new": "1"},
        {"method": "PUT", "x_new": None},
    ]
