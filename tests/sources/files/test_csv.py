"""CSV against Python's csv module, cell by cell."""

import csv
import io
import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakesmith.model.streams import TEXT_KEY, Ask

cells = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8
) | st.sampled_from(["", '"', '""', ",", "a,b", "\n", "x\r\ny", "\r", " ", "é", "😀", '5" pipe'])
tables = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))


def written(header: list[str], rows: list[list[str]], line_end: str, quoting: int) -> str:
    text = io.StringIO(newline="")
    bare_cr = any("\r" in cell for row in rows for cell in row)  # the writer forgets to quote it
    writer = csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL if bare_cr else quoting)
    writer.writerows([header, *rows])
    return text.getvalue()


def as_text(rows: list[tuple]) -> list[list[str]]:
    return [["" if cell is None else cell for cell in row] for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(tables, st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.booleans())
def test_every_cell_is_what_was_written(delivery, rows, line_end, quoting, bom) -> None:
    header = [f"c{place}" for place in range(len(rows[0]) if rows else 2)]
    text = written(header, rows, line_end, quoting)
    delivery.put("t.csv", text.encode("utf-8-sig" if bom else "utf-8"))
    loaded = delivery.load(delivery.stream(delimiter=","))
    assert as_text(loaded.rows) == rows
    assert (loaded.columns, loaded.rejects, loaded.counted) == (header, [], len(rows))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.text(alphabet='ab,"\n', max_size=60))
def test_any_text_is_read_as_the_csv_module_reads_it(delivery, text: str) -> None:
    delivery.put("t.csv", "x,y\n" + text + "\n")
    expected = [record for record in csv.reader(io.StringIO("x,y\n" + text + "\n", newline="")) if record][1:]
    loaded = delivery.load(delivery.stream(delimiter=","))
    assert loaded.counted == len(expected)
    if not any(reject.reason.startswith("unterminated") for reject in loaded.rejects):
        assert as_text(loaded.rows) == [record for record in expected if len(record) == 2]


def test_text_columns_say_so_and_null_is_not_the_empty_string(delivery) -> None:
    delivery.put("t.csv", 'a,b\n,""\nNULL,NA\n')
    stream = delivery.stream()
    source = delivery.source(stream)
    (chunk,) = source.read(stream, source.splits(stream, Ask())[0], Ask())
    assert chunk.rows.schema.field("a").metadata == {TEXT_KEY: b"1"}
    assert chunk.rows.schema.types == [pa.string(), pa.string()]
    assert chunk.rows.to_pylist() == [{"a": None, "b": ""}, {"a": "NULL", "b": "NA"}]


@pytest.mark.parametrize(
    ("content", "reason", "line", "raw"),
    [
        (b"a,b\n1,2\n3\n4,5\n", "too few fields: 1 instead of 2", 3, "3"),
        (b"a,b\n1,2\n\n3,4,5\n4,5\n", "too many fields: 3 instead of 2", 4, "3,4,5"),
        (b'a,b\n"1\n1",2\n3\n4,5\n', "too few fields: 1 instead of 2", 4, "3"),
        (b"a,b\n1,2\n\xff,3\n4,5\n", "the record is not valid utf-8", 3, "\udcff,3"),
        (b"a,b\n1,2\n3,\0\n4,5\n", "the record holds a NUL character", 3, "3,\0"),
        (b'a,b\n4,5\n1,2\n3,"x\ny\n', "unterminated quote: the file ends inside a quoted field", 4, '3,"x\ny'),
        (b"a,b\n4,5\n1,2\n3", "the file ends in the middle of a record", 4, "3"),
    ],
)
def test_a_broken_record_waits_with_its_reason_and_the_rest_loads(delivery, content, reason, line, raw) -> None:
    delivery.put("in/t.csv", content)
    loaded = delivery.load(delivery.stream("in/*.csv", delimiter=","))
    assert [(reject.reason, reject.where, reject.raw) for reject in loaded.rejects] == [
        (reason, f"in/t.csv:{line}", raw)
    ]
    assert len(loaded.rows) == 2
    assert ("4", "5") in loaded.rows
    assert loaded.counted == 3


def test_a_record_over_8_mb_is_rejected_without_being_kept(delivery) -> None:
    delivery.put("t.csv", b'a,b\n1,2\n3,"' + b"x\n" * 6_000_000 + b'"\n4,5\n')
    loaded = delivery.load()
    assert loaded.rows == [("1", "2"), ("4", "5")]
    assert [(reject.reason, reject.where) for reject in loaded.rejects] == [
        ("the record is longer than 8 MB", "t.csv:3")
    ]
    assert len(loaded.rejects[0].raw) == 64 * 1024
    assert delivery.load(since=loaded.position).counted == 0


def test_line_numbers_go_on_from_block_to_block(delivery) -> None:
    lines = [f"{number},{'x' * 80}" for number in range(2, 120_000)]
    lines[100_000] = "broken"
    delivery.put("t.csv", "a,b\n" + "\n".join(lines) + "\n")
    loaded = delivery.load()
    assert [reject.where for reject in loaded.rejects] == ["t.csv:100002"]
    assert [row[0] for row in loaded.rows] == [line.split(",")[0] for line in lines if line != "broken"]
    assert len(loaded.chunk_rows) > 2


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("name,name,", ["name", "name_2", "column_3"]),
        ("name,name_2,name", ["name", "name_2", "name_3"]),
        (",column_1, ", ["column_1_2", "column_1", "column_3"]),
        ('"a\nb",ü,A', ["a\nb", "ü", "A"]),
    ],
)
def test_columns_are_distinct_whatever_the_header_says(delivery, header: str, columns: list[str]) -> None:
    delivery.put("t.csv", f"{header}\n1,2,3\n")
    loaded = delivery.load(delivery.stream(delimiter=","))
    assert (loaded.columns, loaded.rows) == (columns, [("1", "2", "3")])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter(delivery, delimiter: str) -> None:
    delivery.put("t.csv", f'a{delimiter}b\n"1,5"{delimiter}2\n')
    assert delivery.load().rows == [("1,5", "2")]


def test_other_encodings_quotes_and_no_header(delivery) -> None:
    delivery.put("latin.csv", "naïve;'x;y'\n".encode("cp1252"))
    stream = delivery.stream(encoding="cp1252", delimiter=";", quote="'", header=False)
    loaded = delivery.load(stream)
    assert (loaded.columns, loaded.rows) == (["column_1", "column_2"], [("naïve", "x;y")])
    delivery.put("latin.csv", b"a;b\n\x81;1\nc;d\n")
    loaded = delivery.load(stream)
    assert [reject.reason for reject in loaded.rejects] == ["the record is not valid cp1252"]
    delivery.put("latin.csv", b'"a\tb\n')
    assert delivery.load(delivery.stream(quote="", delimiter="\\t", header=False)).rows == [('"a', "b")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "real_file" in metafunc.fixturenames:
        data = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
        names = [
            str(path.relative_to(data))
            for folder in ("files", "cleaning")
            for path in sorted((data / folder).rglob("*.csv"))
        ]
        metafunc.parametrize(
            "real_file", names or [pytest.param("", marks=pytest.mark.skip(reason="no test data: files/, cleaning/"))]
        )


@pytest.mark.few(30)
def test_a_real_file_is_read_in_full(delivery, test_data: Path, real_file: str) -> None:
    content = (test_data / real_file).read_bytes()
    delivery.put("t.csv", content)
    pinned = {"encoding": "utf-8", "skip_rows": 0, "escape": "", "quote": '"', "skip_blanks": False}
    loaded = delivery.load(delivery.stream(delimiter=",", **pinned))
    text = content.decode("utf-8-sig", "replace")
    records = [record for record in csv.reader(io.StringIO(text, newline="")) if record][1:]
    assert loaded.counted == len(records)
    assert len(loaded.rows) + len(loaded.rejects) == len(records)
    good = [record for record in records if len(record) == len(loaded.columns) and "\ufffd" not in "".join(record)]
    assert as_text(loaded.rows) == good
