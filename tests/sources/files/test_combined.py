"""Web-server logs against a pattern written by hand."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakesmith.model.streams import Ask

ORACLE = re.compile(r'(\S+) (\S+) (\S+) \[([^]]+)\] "(\S+) ([^ ?]*)(?:\?(\S*))? (\S+)" (\d+) (\S+) "([^"]*)" "([^"]*)"')
START = "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700]"
AT = datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)


def rows_of(delivery, content: bytes | str) -> tuple[list[dict], list]:
    delivery.put("w.log", content)
    stream = delivery.stream("w.log")
    source = delivery.source(stream)
    rows, rejects = [], []
    for chunk in source.read(stream, source.splits(stream, Ask())[0], Ask()):
        rows += chunk.rows.to_pylist()
        rejects += chunk.rejects
        assert chunk.counted == chunk.rows.num_rows + len(chunk.rejects)
    return rows, rejects


def test_every_line_of_a_real_log(delivery, test_data: Path) -> None:
    path = test_data / "weblogs" / "apache_combined.log"
    if not path.exists():
        pytest.skip(f"no test data: {path}")
    lines = path.read_text().splitlines()
    rows, rejects = rows_of(delivery, path.read_bytes())
    assert len(rows) + len(rejects) == len(lines) == 500
    expected = [match.groups() for line in lines if (match := ORACLE.fullmatch(line))]
    assert len(expected) == len(rows)
    for row, (ip, _, user, at, method, target, query, protocol, status, size, referrer, agent) in zip(
        rows, expected, strict=True
    ):
        seen = (
            row["client_ip"],
            row["user_name"],
            row["method"],
            row["path"],
            row["query"],
            row["protocol"],
            row["status"],
        )
        assert seen == (ip, None if user == "-" else user, method, target, query, protocol, int(status))
        assert row["requested_at"] == datetime.strptime(at, "%d/%b/%Y:%H:%M:%S %z")
        assert row["bytes"] == (None if size == "-" else int(size))
        assert (row["referrer"], row["user_agent"]) == tuple(
            None if text in ("-", "") else text for text in (referrer, agent)
        )


def test_a_line_in_full(delivery) -> None:
    line = r'2001:db8::7 id frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=1&c=%20 HTTP/1.0" 200 2326 "http://x/\"q\"" "Moz \"x\" \\"'
    rows, rejects = rows_of(delivery, line + "\n")
    assert rejects == []
    assert rows == [
        {
            "client_ip": "2001:db8::7",
            "identity": "id",
            "user_name": "frank",
            "requested_at": AT,
            "request": "GET /a?b=1&c=%20 HTTP/1.0",
            "method": "GET",
            "path": "/a",
            "query": "b=1&c=%20",
            "protocol": "HTTP/1.0",
            "status": 200,
            "bytes": 2326,
            "referrer": r"http://x/\"q\"",
            "user_agent": r"Moz \"x\" \\",
        }
    ]


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("request_line", "method", "path", "query"),
    [
        ("-", None, None, None),
        ("", None, None, None),
        (r"\x16\x03\x01\x02", None, None, None),
        ("PROPFIND /dav HTTP/1.1", "PROPFIND", "/dav", None),
        ("M-SEARCH * HTTP/1.1", "M-SEARCH", "*", None),
        ("OPTIONS *", None, None, None),
        ("GET /old", "GET", "/old", None),
        ("GET /a b?c d HTTP/1.1", "GET", "/a b", "c d"),
        ("GET /a? HTTP/2", "GET", "/a", ""),
        ("CONNECT x:443 HTTP/1.1", "CONNECT", "x:443", None),
    ],
)
def test_a_request_may_be_anything(delivery, request_line, method, path, query) -> None:
    (row,), rejects = rows_of(delivery, f'{START} "{request_line}" 400 - "-" ""\n')
    assert (row["method"], row["path"], row["query"], row["bytes"], row["status"]) == (method, path, query, None, 400)
    assert row["request"] == (None if request_line in ("", "-") else request_line)
    assert (row["referrer"], row["user_agent"], rejects) == (None, None, [])


def test_a_user_name_may_hold_blanks(delivery) -> None:
    (row,), _ = rows_of(delivery, f'{START} "GET / HTTP/1.1" 200 5\n'.replace("- - [", "- John A. Doe ["))
    assert (row["user_name"], row["identity"]) == ("John A. Doe", None)


def test_bytes_that_are_no_text_are_shown_as_servers_show_them(delivery) -> None:
    (row,), _ = rows_of(delivery, f'{START} "'.encode() + b"\x16\x03\xff\0" + b'" 400 0 "-" "-"\n')
    assert row["request"] == r"\x16\x03\xff\x00"


def test_the_common_format_and_windows_line_ends(delivery) -> None:
    rows, rejects = rows_of(delivery, f'{START} "GET / HTTP/1.1" 200 5\r\n\r\n{START} "GET /b HTTP/1.1" 200 6\r\n')
    assert [(row["path"], row["bytes"], row["user_agent"]) for row in rows] == [("/", 5, None), ("/b", 6, None)]
    assert rejects == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("garbage", "the line is not in the common or combined log format"),
        (f'{START} "GET / HTTP/1.1" 20', "the line is not in the common or combined log format"),
        ('1.1.1.1 - - [31/Feb/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1', "the line has a time that does not exist"),
    ],
)
def test_a_line_out_of_format_waits(delivery, line: str, reason: str) -> None:
    good = f'{START} "GET / HTTP/1.1" 200 5'
    rows, rejects = rows_of(delivery, f"{good}\n\n{line}\n{good}\n")
    assert len(rows) == 2
    assert [(reject.reason, reject.where, reject.raw) for reject in rejects] == [(reason, "w.log:3", line)]


def test_a_growing_log_is_read_from_the_last_whole_line(delivery) -> None:
    stream = delivery.stream("w.log")
    lines = [f'{START} "GET /{number} HTTP/1.1" 200 {number} "-" "x"' for number in range(4)]
    delivery.put("w.log", "\n".join(lines)[:-30])
    first = delivery.load(stream)
    assert [reject.reason for reject in first.rejects] == ["the file ends in the middle of a record"]
    delivery.put("w.log", "\n".join(lines))
    second = delivery.load(stream, first.position)
    delivery.put("w.log", "\n".join(lines) + "\n" + lines[0] + "\n")
    third = delivery.load(stream, second.position)
    assert [row[6] for row in first.rows + second.rows + third.rows] == ["/0", "/1", "/2", "/3", "/0"]
    assert (second.rejects, third.rejects) == ([], [])


@pytest.mark.long
@pytest.mark.parametrize("size", [9_000_000, 13_000_000])
def test_a_line_over_8_mb_is_rejected(delivery, size: int) -> None:
    good = f'{START} "GET / HTTP/1.1" 200 5'
    rows, rejects = rows_of(delivery, f"{good}\n" + "x" * size + f"\n{good}\nbad\n")
    assert len(rows) == 2
    assert [(reject.reason, reject.where) for reject in rejects] == [
        ("the line is longer than 8 MB", "w.log:2"),
        ("the line is not in the common or combined log format", "w.log:4"),
    ]


def test_the_raw_text_of_a_reject_has_its_bytes(delivery) -> None:
    raw = b"\x16\x03\xff\0\x7f nothing"
    _, (told, cut) = rows_of(delivery, raw + b"\r\n" + raw)
    assert [each.raw.encode("utf-8", "surrogateescape") for each in (told, cut)] == [raw, raw]
    assert [each.where for each in (told, cut)] == ["w.log:1", "w.log:2"]
