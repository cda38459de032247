"""Plain lines are read another way than the others: what comes of them is the same."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakesmith.sources.files.formats.logs import alb, combined, w3c
from lakesmith.sources.files.formats.logs.layout import Layout
from lakesmith.sources.files.formats.logs.lines import lines_of, numbered

COMBINED = '10.0.0.1 - frank [10/Oct/2026:13:55:36 +0230] "GET /a/b?c=d?e HTTP/1.1" 200 2326 "-" "Mozilla/5.0 (X11)"'
COMMON = '::1 - - [29/Feb/2024:23:59:59 -0700] "POST / HTTP/2" 304 -'
ALB = (
    "https 2026-10-01T10:20:30.123456Z app/shop/1 10.0.0.1:4711 [2001:db8::1]:80 0.001 -1 0.000 200 - 34 7337 "
    '"GET https://www.example.com:443/a?b HTTP/2.0" "curl/8 (a; b)" ECDHE TLSv1.2 arn:aws:x:1 "Root=1-2" "www.example.com" "arn:2" '
    '0 2026-10-01T10:20:30.000000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" ""'
)
TRACED = f"{ALB} TID_1"
TRANSFORMED = f'{TRACED} "host" "-" "TransformSuccess"'
FIELDS = "date time s-ip cs-method cs-uri-stem cs(User-Agent) sc-status time-taken x-own"
IIS = "2026-10-01 10:20:30 10.0.0.4 GET /a/b Mozilla/5.0+(X11) 200 7337 -"

KNOWN = [
    (combined.LAYOUT, COMBINED),
    (combined.LAYOUT, COMMON),
    (alb.LAYOUT, ALB),
    (alb.LAYOUT, TRACED),
    (alb.LAYOUT, TRANSFORMED),
    (w3c.layout_of(FIELDS), IIS),
]
PIECES = (
    *(
        "-",
        '""',
        '"-"',
        '"',
        '\\"',
        "\\x16",
        " ",
        "  ",
        "\t",
        "?",
        "/",
        "://",
        ":",
        "+",
        "é",
        "\u00a0",
        "\r",
        "\x16",
        "0",
        "00",
        "9" * 20,
    ),
    *(
        "+0000",
        "31/Feb",
        "2026-02-30",
        "24:00:00",
        ":60",
        ".1234567",
        "1e5",
        "inf",
        "nan",
        "-5",
        "+5",
        " x",
        "#",
        "]",
        "[",
    ),
)


def _same(layout: Layout, lines: list[str]) -> None:
    frame = numbered("\n".join(lines).encode(), 1)
    quick, slow = layout.parse(frame), replace(layout, plains=()).parse(frame)
    assert quick.bad == slow.bad
    assert quick.rows.schema.equals(slow.rows.schema, check_metadata=True)
    assert quick.rows.to_pylist() == slow.rows.to_pylist()


@pytest.mark.parametrize(("layout", "line"), KNOWN)
def test_the_lines_that_are_meant_are_plain(layout: Layout, line: str) -> None:
    assert any(plain.fitting(pl.Series([line])).all() for plain in layout.plains)
    _same(layout, [line])


@pytest.mark.parametrize(("layout", "line"), KNOWN)
def test_plain_lines_keep_their_places_among_the_others(layout: Layout, line: str) -> None:
    odd = line.replace("GET /", "GET  /").replace("Mozilla/5.0", '"Mozilla/5.0') + "\n" + line.replace("2026", "20x6")
    _same(layout, [line, *odd.split("\n"), line, "nonsense", "", line.replace("200", "201")])


@pytest.mark.parametrize(
    "wrong", ["30/Feb/2026:00:00:00", "31/Apr/2026:00:00:00", "10/Oct/2026:24:00:00", "10/Oct/2026:00:00:60"]
)
def test_a_time_that_does_not_exist_is_a_fault_beside_plain_lines(wrong: str) -> None:
    lines = [COMBINED, COMBINED.replace("10/Oct/2026:13:55:36", wrong)]
    _same(combined.LAYOUT, lines)


@pytest.mark.parametrize("wrong", ["-2026-10-01", "0000-10-01", "2026-02-30", "+12026-10-01"])
def test_a_day_that_no_calendar_has_is_a_fault(wrong: str) -> None:
    lines = [IIS, IIS.replace("2026-10-01", wrong)]
    parsed = w3c.layout_of(FIELDS).parse(numbered("\n".join(lines).encode(), 1))
    assert parsed.bad == ((2, "the line has a time that does not exist"),)
    assert parsed.rows.num_rows == 1


@pytest.mark.long
@given(st.data())
@settings(max_examples=80, deadline=None)
def test_lines_are_read_alike_however_they_are_spoiled(data: st.DataObject) -> None:
    layout, line = data.draw(st.sampled_from(KNOWN))
    lines = []
    for _ in range(data.draw(st.integers(1, 3))):
        spoiled = line
        for _ in range(data.draw(st.integers(0, 2))):
            at = data.draw(st.integers(0, len(spoiled)))
            spoiled = spoiled[:at] + data.draw(st.sampled_from(PIECES)) + spoiled[at + data.draw(st.integers(0, 3)) :]
        lines.append(spoiled)
    _same(layout, lines)


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x00", b"\n")))
@example(b"")
@example(b"\n\na\n")
@example(b"\xef\xbb\xbfa\nb")
@example(b"a\rb\n\xff\n")
@settings(max_examples=60, deadline=None)
def test_lines_are_the_same_whether_they_are_copied_or_not(data: bytes) -> None:
    meant = [(at, line) for at, line in enumerate(lines_of(data), 7) if line]
    assert numbered(data, 7).rows() == meant
