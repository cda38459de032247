"""Blocks with irregular records: what the fast way gives is what looking at every record gives."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lakesmith.sources.files.formats.base import reject
from lakesmith.sources.files.formats.text.dialect import Dialect
from lakesmith.sources.files.formats.text.lexer import is_blank
from lakesmith.sources.files.formats.text.parser import Parser
from lakesmith.sources.files.formats.text.sieve import Faults, Sieve

ENCODINGS = ["utf-8", "cp1252", "latin-1"]
cells = st.sampled_from(
    [b"a", b"1.5", b"", b'"x,y"', b'""', b'"d""q"', b"\xc3\xa4", b"\xff", b"\x81", b"a\0", b'5" pipe', b" "]
)
records = st.lists(cells, min_size=1, max_size=4).map(b",".join) | st.just(b"a,b,c") | st.just(b'"x","y",z')
odd = st.sampled_from([b"", b"\r", b'"a\nb",c,d', b'"open,b,c', b'"a"b,c,d', b"\xef\xbb\xbfa,b,c", b"a,b,c\rd,e,f"])
contents = st.builds(
    lambda lines, end, last: end.join(lines) + last,
    st.lists(records | odd, min_size=1, max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"", b"\n"]),
)


def one_by_one(content: bytes, dialect: Dialect) -> tuple[list[dict], list[tuple[str, str, str]]]:
    """The rows and rejects of a file, every record looked at and parsed on its own."""
    parser = Parser(("a", "b", "c"), dialect)
    faults = Faults(dialect, dialect.lexer, 3)
    rows, rejects = [], []
    for line, record in dialect.lexer.records(content, 2):
        reason = None if is_blank(record) else faults.of(record)
        if reason is not None:
            told = reject(reason, "t.csv", line, record, dialect.encoding)
            rejects.append((told.reason, told.where, told.raw))
        elif not is_blank(record):
            rows += parser.parse(record).to_pylist()
    return rows, rejects


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@example(b"a,b,c\na,b\n\xff,b,c\na,b,c,d\n\xff\na,b,c\n", "utf-8")
@given(contents, st.sampled_from(ENCODINGS))
def test_dirty_files_are_read_as_record_by_record(delivery, content: bytes, encoding: str) -> None:
    content += b"\nlast,of,all\n"  # whether the end of a file is cut is another matter
    dialect = Dialect(",", '"', encoding)
    delivery.put("t.csv", b"a,b,c\n" + content)
    loaded = delivery.load(delivery.stream(delimiter=",", encoding=encoding))
    if any(told.reason.startswith("unterminated") for told in loaded.rejects):
        return
    rows, rejects = one_by_one(content, dialect)
    assert [dict(zip("abc", row, strict=True)) for row in loaded.rows] == rows
    assert [(told.reason, told.where, told.raw) for told in loaded.rejects] == rejects
    assert loaded.counted == len(rows) + len(rejects)


def sieve(encoding: str = "utf-8") -> Sieve:
    dialect = Dialect(",", '"', encoding)
    return Sieve(Parser(("a", "b", "c"), dialect), Faults(dialect, dialect.lexer, 3))


def test_irregular_lines_are_named_by_number_and_the_rest_are_rows() -> None:
    lines = [b'"x,1",b,c', b"a,b", b"a,\xff,c", b"a,b,c,d", b"a,\0,c", b"\xff", b"last,b,c"]
    sifted = sieve().sift(b"\n".join(lines) + b"\n")
    assert sifted.rows.column("a") == pa.array(["x,1", "last"])
    assert {number: reason for number, (reason, _) in sifted.irregular.items()} == {
        1: "too few fields: 2 instead of 3",
        2: "the record is not valid utf-8",
        3: "too many fields: 4 instead of 3",
        4: "the record holds a NUL character",
        5: "too few fields: 1 instead of 3",
    }
    assert [raw for _, raw in sifted.irregular.values()] == lines[1:6]


@pytest.mark.parametrize("data", [b'"a\nb",c,d\ne,f\n', b"a,b,c\n\ne,f\n", b"a,b,c\rd,e\n", b"a,b\r\n\r\n"])
def test_where_a_line_is_no_record_nothing_is_said(data: bytes) -> None:
    assert sieve().sift(data) is None
