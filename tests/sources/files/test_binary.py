"""Files under the name of a text that are none are refused as a whole; whatever is text is read as before."""

import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_reading import look, read, rows

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.text.binary import kind_of_binary

NOISE = random.Random(7).randbytes(4000)


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"n": range(100)}), file)
    return file.getvalue()


BINARY = {
    "a PNG picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1",
    "a JPEG picture": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "a PDF document": b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "a zip archive, or an Office document": b"PK\x03\x04\x14\0\0\0\x08\0abc\n",
    "an Office document": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(40),
    "a packed file": b"\x1f\x8b\x08\0\0\0\0\0abc\n",
    "an SQLite database": b"SQLite format 3\0\x10\0\1\1\n",
    "a program": b"\x7fELF\x02\x01\x01\0\n",
    "a Parquet file": parquet(),
    "full of characters that no text has": NOISE,
}
TEXT = "id,name\n" + "".join(f"{number},text {number}\n" for number in range(500))


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("format_", ["csv", "fixed", "jsonl"])
def test_what_is_no_text_is_refused_and_told_by_check(format_, kind):
    with pytest.raises(SourceDataError, match=f"The file is no text: it is {kind}") as caught:
        read(BINARY[kind], format_, "drop.csv")
    assert caught.value.where == "drop.csv"
    with pytest.raises(SourceDataError, match="The file is no text"):
        look(BINARY[kind], format_)


def test_a_file_of_zeros_is_refused():
    with pytest.raises(SourceDataError, match="The file is no text"):
        read(bytes(10_000), "csv")


def test_a_picture_goes_aside_as_one_record(delivery):
    delivery.put("a.csv", TEXT)
    delivery.put("b.csv", BINARY["a PNG picture"])
    loaded = delivery.load(delivery.stream("*.csv", on_broken="skip"))
    assert len(loaded.rows) == 500
    assert [(one.where, one.reason) for one in loaded.rejects] == [
        ("b.csv", "The file is no text: it is a PNG picture. None of it was loaded")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_texts_in_all_encodings_are_read(encoding):
    assert len(rows(read(TEXT.encode(encoding), "csv"))) == 500


def test_wide_text_that_a_setting_names_is_read():
    text = "имя,город\n" + "Иван,Москва\n" * 500
    assert rows(read(text.encode("utf-16-le"), "csv", encoding="utf-16-le")) == [("Иван", "Москва")] * 500


@pytest.mark.parametrize("text", [TEXT.replace(",", "\1"), TEXT.replace(",", "\x1f"), TEXT + "\x1a"])
def test_odd_characters_of_tables_are_text(text):
    assert len(rows(read(text.encode(), "csv"))) == 500


def test_space_that_nothing_was_written_to_is_one_reject():
    (one,) = read(TEXT.encode() + bytes(50_000), "csv")
    assert (one.rows.num_rows, [reject.reason for reject in one.rejects]) == (500, ["the record holds a NUL character"])


@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=300),
    st.sampled_from(["utf-8", "utf-16", "utf-32"]),
)
def test_no_text_without_controls_is_refused(text, encoding):
    assert kind_of_binary(("a," + text).encode(encoding)) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_wide_json_lines_are_refused_in_words(encoding):
    with pytest.raises(SourceDataError, match=r"The file is UTF-(16|32), which is not read line by line"):
        read('{"a": 1}\n'.encode(encoding) * 1, "jsonl")


@pytest.mark.parametrize("bad", [{"k" * 5000: 1}, {"a": [{"k" * 5000: 1}]}, {"a": {"b": {"k" * 5000: 1}}}])
def test_a_key_that_is_no_name_makes_no_column(bad):
    lines = [json.dumps({"a": None}), json.dumps(bad), json.dumps({"a": None})]
    for content, format_ in ((("\n".join(lines) + "\n"), "jsonl"), (f"[{','.join(lines)}]", "json")):
        stretches = read(content.encode(), format_)
        assert sum(one.rows.num_rows for one in stretches) == 2
        assert [reject.reason for one in stretches for reject in one.rejects] == [
            "a key is longer than 4,096 characters"
        ]


def test_a_key_of_every_record_makes_no_column_either():
    content = (json.dumps({"k" * 5000: 1}) + "\n") * 10
    assert sum(len(one.rejects) for one in read(content.encode(), "jsonl")) == 10


def test_a_header_with_a_name_that_is_none_is_refused():
    with pytest.raises(SourceDataError, match="The name of a column is longer than 4,096 characters"):
        read(b"a," + b"x" * 5000 + b"\n1,2\n", "csv")
