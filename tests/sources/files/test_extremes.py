"""Files at the edge of what is a CSV file: each has an outcome that is stated here, and none of them stops a load."""

import csv
import io
from time import process_time

import pytest

from lakesmith.errors import SourceDataError

MB = 1024 * 1024


def reasons(loaded) -> list[tuple[str, str]]:
    return [(told.reason, told.where) for told in loaded.rejects]


def test_a_cell_of_50_mb_waits_and_the_records_around_it_load(delivery) -> None:
    delivery.put("t.csv", b"a,b\n1,2\n3," + b"x" * (50 * MB) + b"\n4,5\n")
    loaded = delivery.load()
    assert loaded.rows == [("1", "2"), ("4", "5")]
    assert reasons(loaded) == [("the record is longer than 8 MB", "t.csv:3")]
    assert (len(loaded.rejects[0].raw), loaded.rejects[0].cut) == (64 * 1024, True)


def test_a_cell_just_below_the_limit_loads(delivery) -> None:
    delivery.put("t.csv", b"a,b\n1," + b"x" * (7 * MB) + b"\n")
    assert delivery.load().rows == [("1", "x" * (7 * MB))]


def test_records_with_nul_wait(delivery) -> None:
    delivery.put("t.csv", b'a,b\n1,2\n\0,3\n"x\ny\0",4\n5,6\n')
    loaded = delivery.load()
    assert loaded.rows == [("1", "2"), ("5", "6")]
    assert reasons(loaded) == [("the record holds a NUL character", f"t.csv:{line}") for line in (3, 4)]


def test_10_000_columns_some_without_a_name_and_some_named_alike(delivery) -> None:
    names = ["same" if place % 3 == 0 else "" if place % 3 == 1 else f"n{place}" for place in range(10_000)]
    records = [[str(place * row) for place in range(10_000)] for row in range(5)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *records])
    delivery.put("t.csv", text.getvalue())
    before = process_time()
    loaded = delivery.load()
    assert process_time() - before < 10
    assert len(set(loaded.columns)) == 10_000
    assert [list(row) for row in loaded.rows] == records
    assert loaded.columns[:7] == ["same", "column_2", "n2", "same_2", "column_5", "n5", "same_3"]


@pytest.mark.few(1)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_million_blank_lines_are_no_records_wherever_they_are(delivery, end: str) -> None:
    blank = end * 1_000_000
    delivery.put("t.csv", f"{blank}a,b{end}{blank}1,2{end}{blank}3{end}{blank}")
    before = process_time()
    loaded = delivery.load()
    assert process_time() - before < 15
    assert (loaded.columns, loaded.rows) == (["a", "b"], [("1", "2")])
    assert reasons(loaded) == [("too few fields: 1 instead of 2", "t.csv:3000003")]


def test_a_header_alone_is_no_record_and_what_follows_later_is_read(delivery) -> None:
    delivery.put("t.csv", "a,b\n")
    first = delivery.load()
    assert (first.columns, first.rows, first.counted) == (["a", "b"], [], 0)
    delivery.put("t.csv", "a,b\n1,2\n")
    assert delivery.load(since=first.position).rows == [("1", "2")]


def test_a_header_without_line_end_waits_for_it(delivery) -> None:
    delivery.put("t.csv", "a,b")
    first = delivery.load()
    assert (first.columns, first.position) == ([], None)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"", b"\r\n\r\n"])
def test_a_byte_order_mark_alone_is_nothing(delivery, content: bytes) -> None:
    delivery.put("t.csv", content)
    assert (delivery.load().counted, delivery.load(delivery.stream(header=False)).counted) == (0, 0)


def test_a_quote_that_is_never_closed_waits_with_all_that_follows_it(delivery) -> None:
    delivery.put("t.csv", b'a,b\n1,2\n3,"x\n' + b"4,5\n" * 1000)
    loaded = delivery.load()
    assert loaded.rows == [("1", "2")]
    assert reasons(loaded) == [("unterminated quote: the file ends inside a quoted field", "t.csv:3")]
    assert loaded.rejects[0].raw.count("\n") == 1000
    assert len(delivery.load(delivery.stream(quote="")).rows) == 1002


def test_a_quote_that_is_never_closed_in_a_large_file_waits_without_being_kept(delivery) -> None:
    delivery.put("t.csv", b'a,b\n1,2\n3,"x\n' + b"4,5\n" * 3_000_000)
    loaded = delivery.load()
    assert (loaded.rows, reasons(loaded)) == ([("1", "2")], [("the record is longer than 8 MB", "t.csv:3")])


def test_a_quote_that_is_never_closed_in_the_header_is_said(delivery) -> None:
    delivery.put("t.csv", b'"a,b\n' + b"4,5\n" * 3_000_000)
    with pytest.raises(SourceDataError, match=r"header is longer than 8 MB.*\n  where: t\.csv:1\n"):
        delivery.load()


def test_a_line_of_separators_is_a_row_of_nulls(delivery) -> None:
    delivery.put("t.csv", 'a,b\n,\n"",""\n \n')
    loaded = delivery.load()
    assert loaded.rows == [(None, None), ("", "")]
    assert reasons(loaded) == [("too few fields: 1 instead of 2", "t.csv:4")]


def test_a_file_with_more_columns_than_a_table_has_is_refused(delivery):
    delivery.put("t.csv", b"," * 20_000 + b"\n1\n")
    with pytest.raises(SourceDataError, match=r"has 20,001 columns; 20,000 is the most"):
        delivery.load()
