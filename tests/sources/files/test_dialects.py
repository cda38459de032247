"""How a file is written: found out with good evidence only, said by `check`, pinned by a setting, kept while the file grows."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import StreamId
from lakesmith.sources.files.formats.text.lexer import Lexer

cells = st.text(alphabet='ab,"\\\n', max_size=5)


@pytest.mark.parametrize(
    ("content", "columns", "rows"),
    [
        ("a^b\n1,5^2\n", ["a", "b"], [("1,5", "2")]),
        ("a~b\n1~2\n", ["a", "b"], [("1", "2")]),
        ("a\x1fb\n1\x1f2\n", ["a", "b"], [("1", "2")]),
        ("a;b\n1,5;2,5\n3,5;x\n", ["a", "b"], [("1,5", "2,5"), ("3,5", "x")]),
        ("a;b\nx, y, z;1\nx, y, z;2\n", ["a", "b"], [("x, y, z", "1"), ("x, y, z", "2")]),
        ("alone\n1\n2\n", ["alone"], [("1",), ("2",)]),
        ("'a','b'\n'x,1','y'\n", ["a", "b"], [("x,1", "y")]),
        ("a,b\nit's,'tis\n'x',2\n", ["a", "b"], [("it's", "'tis"), ("'x'", "2")]),
        ('a,b\n1,"x\\"y"\n2,"z\\", w"\n', ["a", "b"], [("1", 'x"y'), ("2", 'z", w')]),
        ('a,b\n1,"C:\\x\\"\n2,"C:\\y\\"\n', ["a", "b"], [("1", "C:\\x\\"), ("2", "C:\\y\\")]),
        ('a, "b"\n1, "x, y"\n 2,  "z"\n', ["a", "b"], [("1", "x, y"), (" 2", "z")]),
        ('a,b\n1, "x" long\n', ["a", "b"], [("1", ' "x" long')]),
        ("# made today, here, by us\n# as ever\nid,v\n1,2\n", ["id", "v"], [("1", "2")]),
        ("##made today\n#id,v\na,b\n", ["#id", "v"], [("a", "b")]),
        ("Report 2026\n\nid,name,v\n1,a,b\n2,c,d\n", ["id", "name", "v"], [("1", "a", "b"), ("2", "c", "d")]),
        ("id,name,id,\n1,a,2,b\n", ["id", "name", "id_2", "column_4"], [("1", "a", "2", "b")]),
        ("# id,v\n1,2\n3,4\n", ["# id", "v"], [("1", "2"), ("3", "4")]),
        ("#id,v\n1,2\n3,4\n", ["#id", "v"], [("1", "2"), ("3", "4")]),
        ("#id,v\na,b\nc,d\n", ["#id", "v"], [("a", "b"), ("c", "d")]),
        ("a,b\r1,2\r", ["a", "b"], [("1", "2")]),
    ],
)
def test_finds_out_how_a_file_is_written(delivery, content: str, columns: list[str], rows: list[tuple]) -> None:
    delivery.put("t.csv", content)
    loaded = delivery.load()
    assert (loaded.columns, loaded.rows, loaded.rejects) == (columns, rows, [])


@pytest.mark.parametrize("content", ["name\n1,2,3\n4,5,6\n", "a,b\n1,2,3\n4,5,6\n7,8,9\n", "title\n1,2,3\n4,5\n6\n"])
def test_a_first_line_that_may_be_a_header_is_not_passed_over(delivery, content: str) -> None:
    delivery.put("t.csv", content)
    loaded = delivery.load(delivery.stream(delimiter=","))
    assert loaded.columns == content.partition("\n")[0].split(",")
    assert len(loaded.rejects) + len(loaded.rows) == content.count("\n") - 1


@pytest.mark.parametrize(
    ("header", "content", "columns", "rows"),
    [
        ("auto", "1,a\n3,b\n", ["column_1", "column_2"], [("1", "a"), ("3", "b")]),
        ("auto", "id,v\n3,b\n", ["id", "v"], [("3", "b")]),
        ("auto", "x,y\na,b\n", ["x", "y"], [("a", "b")]),
        ("auto", "Musei,2011,2010\nA,23.8,17\nB,20,in restauro\n", ["Musei", "2011", "2010"], None),
        (False, "x,y\na,b\n", ["column_1", "column_2"], [("x", "y"), ("a", "b")]),
        (2, ",2020,,2021\nid,first,last,first\n1,2,3,4\n", ["id", "2020 first", "2020 last", "2021 first"], None),
        (0, "1,2\n", ["column_1", "column_2"], [("1", "2")]),
    ],
)
def test_headers(delivery, header, content: str, columns: list[str], rows) -> None:
    delivery.put("t.csv", content)
    loaded = delivery.load(delivery.stream(header=header))
    assert loaded.columns == columns
    assert loaded.rows == (
        rows or [tuple(line.split(",")) for line in content.splitlines()[header if header == 2 else 1 :]]
    )


def test_lines_to_skip_comments_and_footer_are_no_records(delivery) -> None:
    delivery.put("t.csv", '"open\n1,2,3\nid,v\n1,2\n# x, "\n"#3",4\n5\n#end\nTotal,6\n\nmade by\n')
    loaded = delivery.load(delivery.stream(skip_rows=2, comment="#", skip_footer=2))
    assert (loaded.columns, loaded.rows) == (["id", "v"], [("1", "2"), ("#3", "4")])
    assert [(told.reason, told.where) for told in loaded.rejects] == [("too few fields: 1 instead of 2", "t.csv:7")]


@pytest.mark.parametrize("footer", [1, 3])
def test_a_footer_is_left_out_of_large_files_and_records_behind_it_are_read_later(delivery, footer: int) -> None:
    rows = [(str(number), "x" * 60) for number in range(70_000)]
    body = "k,v\n" + "".join(f"{key},{value}\n" for key, value in rows)
    delivery.put("t.csv", body + "Total,1\n" * footer)
    stream = delivery.stream(skip_footer=footer)
    first = delivery.load(stream)
    assert (first.rows, first.rejects, first.counted) == (rows, [], len(rows))
    assert delivery.load(stream, first.position).counted == 0
    delivery.put("t.csv", body + "8,y\n" + "Total,2\n" * footer)
    assert delivery.load(stream, first.position).rows == [("8", "y")]


def test_missing_last_fields_become_null_where_that_is_wanted(delivery) -> None:
    delivery.put("t.csv", 'a,b,c\n1,2\n"3\n",4,""\n6\n7,8,9,10\n')
    loaded = delivery.load(delivery.stream(ragged="fill"))
    assert loaded.rows == [("1", "2", None), ("3\n", "4", ""), ("6", None, None)]
    assert [told.reason for told in loaded.rejects] == ["too many fields: 4 instead of 3"]


def test_words_that_mean_null_do_so_without_quotes_only(delivery) -> None:
    delivery.put("t.csv", 'a,b\nNA,"NA"\n\\N,NAN\n,""\nna, NA\n')
    loaded = delivery.load(delivery.stream(null_values=["NA", "\\N"]))
    assert loaded.rows == [(None, "NA"), (None, "NAN"), (None, ""), ("na", " NA")]
    delivery.put("t.csv", "a,b\n\\N,x\\,N\n\\\\N,\\N\n")
    loaded = delivery.load(delivery.stream(null_values=["\\N"], escape="\\", mode="replace"))
    assert loaded.rows == [(None, "x,N"), (None, None)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONE]))
def test_every_cell_is_what_was_written_with_an_escape(delivery, rows, quoting: int) -> None:
    text = io.StringIO(newline="")
    rows = [("x" + left, "y" + right) for left, right in rows]  # the csv module has no way to write an empty record
    csv.writer(text, lineterminator="\n", escapechar="\\", quoting=quoting, doublequote=False).writerows(
        [("a", "b"), *rows]
    )
    delivery.put("t.csv", text.getvalue())
    loaded = delivery.load(delivery.stream(delimiter=",", escape="\\", quote='"'))
    assert (loaded.columns, loaded.rows, loaded.rejects) == (["a", "b"], rows, [])


@pytest.mark.long
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.text(alphabet='a,"\\\n\r#', max_size=30), st.sampled_from(["", "#"]))
def test_any_text_with_escapes_and_comments_is_counted_as_it_is_read(delivery, text: str, comment: str) -> None:
    delivery.put("t.csv", "x,y\n" + text)
    stream = delivery.stream(delimiter=",", escape="\\", comment=comment, quote='"', skip_rows=0)
    loaded = delivery.load(stream)
    assert loaded.counted == len(loaded.rows) + len(loaded.rejects)


def test_an_escaped_line_end_behind_a_closing_quote_stops_nothing(delivery) -> None:
    delivery.put("t.csv", 'a,b\n"x"\\\n1,2\n""\\\r\n,3\n')
    stream = delivery.stream(escape="\\", delimiter=",")
    loaded = delivery.load(stream)
    assert (loaded.rows, [told.where for told in loaded.rejects]) == ([("x\n1", "2"), (None, "3")], ["t.csv:4"])
    assert {finding.level for finding in delivery.source(stream).check()} <= {"ok", "note", "warning"}
    assert delivery.load(delivery.stream(escape="\\", delimiter=",", skip_rows=1)).columns == ['"x"\\\n1', "2"]


@given(st.text(alphabet='ab,"\\\n', max_size=40))
def test_counts_what_the_csv_module_reads_with_an_escape(text: str) -> None:
    lexer = Lexer(b",", b'"', escape=b"\\")
    assume(
        not text.endswith("\\") and '"\\' not in text
    )  # behind a closing quote the csv module takes an escape for itself
    records = [record for record in csv.reader(io.StringIO(text, newline=""), escapechar="\\") if record]
    assert lexer.count(lexer.mask(text.encode())) == len(records)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.text(alphabet='a ,"\n', max_size=40))
def test_any_text_with_blanks_before_quotes_is_read_as_the_csv_module_reads_it(delivery, text: str) -> None:
    delivery.put("t.csv", "x,y\n" + text + "\n")
    loaded = delivery.load(delivery.stream(delimiter=",", quote='"', escape="", skip_blanks=True, skip_rows=0))
    lines = csv.reader(io.StringIO(text + "\n", newline=""), skipinitialspace=True)
    expected = [record for record in lines if record]
    assert loaded.counted == len(loaded.rows) + len(loaded.rejects) >= len(expected)
    if not any(told.reason.startswith("unterminated") for told in loaded.rejects) and "\n " not in "\n" + text:
        rows = [[(cell or "").lstrip(" ") for cell in row] for row in loaded.rows]
        assert rows == [[cell.lstrip(" ") for cell in record] for record in expected if len(record) == 2]


def test_a_grown_file_is_read_on_by_the_dialect_it_began_with(delivery) -> None:
    begun = "Made by us\n\n'a';'b';'c'\n'1;1';'2';'3'\n'4';'5';'6'\n"
    delivery.put("t.csv", begun)
    first = delivery.load()
    assert json.loads(first.position)["t.csv"]["n"] == {"delimiter": ";", "quote": "'", "skip_rows": "2"}
    delivery.put("t.csv", begun + "7,8,9\n" * 100 + "'x;y';\"z\";,\n")
    second = delivery.load(since=first.position)
    assert (second.columns, second.rows) == (["a", "b", "c"], [("x;y", '"z"', ",")])
    assert len(second.rejects) == 100


@pytest.mark.parametrize(
    ("header", "records", "row"),
    [
        ("# made\nid;v\n", "'1;2';'x'\n'3';'y'\n", ("1;2", "x")),
        ("a,b\n", '1, "x,y"\n', ("1", "x,y")),
        ("a,b\n", '1,"x\\"y"\n', ("1", 'x"y')),
    ],
)
def test_a_file_that_begins_as_a_header_alone_shows_the_rest_later(delivery, header: str, records: str, row) -> None:
    delivery.put("t.csv", header)
    first = delivery.load()
    delivery.put("t.csv", header + records)
    second = delivery.load(since=first.position)
    assert (first.rejects, second.rejects, second.columns) == ([], [], first.columns)
    assert second.rows[0] == row
    delivery.put("t.csv", header + records * 2)
    assert delivery.load(since=second.position).rows == second.rows


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"a;b\n1;2\n", {}, ["delimiter (found out) semicolon", "columns a, b"]),
        (b"a;b\n1;2\n", {"delimiter": ";"}, ["delimiter semicolon, "]),
        (b"a,b\r\n1,2\r\n3,4\n", {}, [r"line ends \r\n and \n"]),
        (b"T\n\na,b,c\n1,2,3\n", {}, ["skip_rows (found out) 2"]),
        (b"'a','b'\n'1','2'\n", {}, ["quote (found out) '"]),
        (b'a,b\n1,"x\\"y"\n', {}, ["escape (found out) \\"]),
        (b'a,b\n1, "x"\n', {}, ["skip_blanks (found out) true"]),
        (b"a,b\n1,2\n", {"header": "auto"}, ["header (found out) true"]),
        ("id,été\n1,2\n".encode("cp1252"), {}, ["encoding (found out) cp1252"]),
        ("a,b\n1,2\n".encode("utf-16"), {}, ["encoding utf-16-le with byte order mark"]),
        (b"a,b", {}, ["no whole header yet"]),
    ],
)
def test_check_says_every_guess_and_how_to_pin_it(delivery, content: bytes, options: dict, words: list[str]) -> None:
    delivery.put("t.csv", content)
    shown = " | ".join(finding.text for finding in delivery.source(delivery.stream(**options)).check())
    assert all(word in shown for word in words), shown


@pytest.mark.parametrize(
    ("content", "doubt", "fix"),
    [
        (b"1,2\n3,4\n", "looks like values", "header: false"),
        (b"a,,a\n1,2,3\n", "without a name", "header completed"),
        (b"a,b,a\n1,2,3\n", "stand there twice", "header corrected"),
        (b"a,b\n1,2\n3\n", "1 of the first 3 records have another number of fields than 2", "ragged: fill"),
        (b"a,b\nx,1\nTotal,1\n", "looks like a total", "skip_footer: 1"),
        (b"a,b\n1,\xff\n", "not all of it is utf-8", "encoding:"),
        (b'a,b\n"1" x,2\n', "go on behind their closing quote", "quote:"),
        (b"a   b\n1   2\n", "aligned with blanks", "format: fixed"),
    ],
)
def test_check_doubts_what_a_person_should_look_at(delivery, content: bytes, doubt: str, fix: str) -> None:
    delivery.put("t.csv", content)
    warnings = [found for found in delivery.source(delivery.stream()).check() if found.level == "warning"]
    assert [doubt in found.text and fix in found.fix for found in warnings] == [True]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"escape": "ab"}, "one ASCII character"),
        ({"comment": "#", "delimiter": "#"}, "must differ"),
        ({"header": 99}, "at most 20"),
        ({"skip_rows": -1}, "greater than or equal to 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(delivery, options: dict, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        delivery.stream(**options)


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis", "utf-8"])
def test_a_record_of_quarantine_is_read_again_by_todays_settings(delivery, encoding: str) -> None:
    value = {"cp1252": "été", "shift_jis": "日本語のカタカナです"}.get(encoding, "é")
    delivery.put("t.csv", f"a;b;c\n1;{value};2\n3;{value}\n".encode(encoding) + f"4;{value};5\n".encode(encoding))
    (told,) = delivery.load().rejects
    record = QuarantinedRow(
        StreamId("drops", "rows"), "b", 1, datetime.now(UTC), told.reason, told.where, None, told.raw, mark=told.mark
    )
    (replayed,) = delivery.source().replay(delivery.stream(ragged="fill"), [record])
    assert replayed.rows.to_pylist() == [{"a": "3", "b": value, "c": None}]
