"""Every real document, against a reader that shares nothing with ours, or against what a person reads in it."""

import email
import email.policy
import hashlib
import re
from datetime import UTC, datetime

import docx
import pdfplumber
import pptx
import pytest

TYPES = {
    "LICENSE.md": "md",
    "docx-tables.docx": "docx",
    "emoji.xlsx": "xlsx",
    "factbook.xml": "xml",
    "fake-doc-emphasized-text.docx": "docx",
    "fake-email-attachment.msg": "msg",
    "fake-email.eml": "eml",
    "fake-html.html": "html",
    "fake-memo.pdf": "pdf",
    "fake-power-point.pptx": "pptx",
    "fake-text.txt": "txt",
    "single_table.pdf": "pdf",
}


def words(text):
    return re.findall(r"\S+", text)


def test_every_file_is_a_row_with_its_type_size_time_and_hash(real):
    data, rows = real
    assert {name: row["type"] for name, row in rows.items()} == TYPES
    for name, row in rows.items():
        content, status = (data / name).read_bytes(), (data / name).stat()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert row["size"] == len(content)
        assert row["modified_at"] == datetime.fromtimestamp(status.st_mtime_ns // 1000 / 1_000_000, UTC)
        assert row["declared"] == name.rpartition(".")[2]


def test_what_is_not_read_says_why_and_where_else_to_turn(real):
    _, rows = real
    errors = {name: row["error"] for name, row in rows.items() if row["error"]}
    assert errors == {
        "emoji.xlsx": "unsupported: a workbook; read it with `type: files`",
        "factbook.xml": "unsupported: XML; read it with `type: files`",
    }
    for name in errors:
        assert [rows[name][column] for column in ("text", "tables", "metadata", "page_texts", "cut")] == [None] * 5


@pytest.mark.parametrize("name", ["fake-text.txt", "LICENSE.md"])
def test_text_is_the_text(real, name):
    data, rows = real
    expected = "\n".join(line.rstrip() for line in (data / name).read_text("utf-8").splitlines()).strip("\n")
    assert rows[name]["text"] == expected


@pytest.mark.parametrize("name", ["docx-tables.docx", "fake-doc-emphasized-text.docx"])
def test_word_documents_hold_what_another_reader_finds(real, name):
    data, rows = real
    other = docx.Document(data / name)
    paragraphs = [
        part.text.rstrip() for part in other.iter_inner_content() if isinstance(part, docx.text.paragraph.Paragraph)
    ]
    lines = rows[name]["text"].split("\n")
    assert [text for text in paragraphs if text] == [line for line in lines if line in paragraphs and line]
    first = [[cell.text.rstrip() for cell in row.cells] for row in other.tables[0].rows]
    table = rows[name]["tables"][0]
    assert [table["header"], *table["cells"]] == first
    assert rows[name]["created_at"].replace(tzinfo=None) == other.core_properties.created.replace(tzinfo=None)
    assert (rows[name]["author"] or "") == other.core_properties.author


def test_merged_cells_keep_their_columns_and_nested_tables_are_tables_of_their_own(real):
    _, rows = real
    tables = rows["docx-tables.docx"]["tables"]
    assert [(table["header"], table["cells"]) for table in tables[1:]] == [
        (["a", ">b<", "c"], [["d", "e\tf\ng&t\th", "i"], ["j", "k", "l"]]),
        (["e", "f"], [["g&t", "h"]]),
        (["a", "b", ""], [["", "c", "d"], ["e", "", ""]]),
    ]


def test_slides_hold_what_another_reader_finds(real):
    data, rows = real
    row = rows["fake-power-point.pptx"]
    slides = pptx.Presentation(data / "fake-power-point.pptx").slides
    others = ["\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame) for slide in slides]
    assert [words(text) for text in row["page_texts"]] == [words(text) for text in others]
    assert row["pages"] == len(others) == 1


@pytest.mark.parametrize("name", ["fake-memo.pdf", "single_table.pdf"])
def test_pdf_pages_hold_the_words_another_reader_finds(real, name):
    data, rows = real
    with pdfplumber.open(data / name) as other:
        pages = [page.extract_text() for page in other.pages]
        known = other.metadata
    assert [words(text) for text in rows[name]["page_texts"]] == [words(text) for text in pages]
    assert rows[name]["pages"] == len(pages)
    assert dict(rows[name]["metadata"]) == known
    assert rows[name]["title"] == known["Title"]


def test_a_mail_holds_what_the_modern_interface_of_the_standard_library_finds(real):
    data, rows = real
    row = rows["fake-email.eml"]
    other = email.message_from_bytes((data / "fake-email.eml").read_bytes(), policy=email.policy.default)
    assert row["title"] == other["subject"] == "Test Email"
    assert row["author"] == str(other["from"])
    assert row["recipients"] == [str(address) for address in other["to"].addresses]
    assert row["created_at"] == other["date"].datetime
    assert words(row["text"]) == words(other.get_body(("plain",)).get_content())
    assert row["language"] == "en"


def test_the_outlook_message_holds_what_a_person_reads(real):
    _, rows = real
    row = rows["fake-email-attachment.msg"]
    assert row["text"].split("\n") == [
        *("Hello!", "", "Here's the attachments!", "", "It includes:", "", "   - Lots of whitespace"),
        *("   - Little to no content", "   - and is a quick read", "", "Best,", "", "Mallori"),
    ]
    assert row["title"] == "Fake email with attachment"
    assert row["author"] == "Mallori Harrell <mallori@unstructured.io>"
    assert row["recipients"] == ["Mallori Harrell <mallori@unstructured.io>"]
    assert row["created_at"] == datetime(2022, 12, 23, 18, 8, 48, tzinfo=UTC)
    content = b"Hey this is a fake attachment!"
    assert row["attachments"] == [
        {
            "name": "fake-attachment.txt",
            "type": "txt",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "text": content.decode(),
        }
    ]


def test_the_web_page_holds_what_a_person_sees(real):
    data, rows = real
    row = rows["fake-html.html"]
    seen = re.sub(r"<[^>]+>", " ", (data / "fake-html.html").read_text())
    assert words(row["text"]) == words(seen)
    cells = [[f"Row {row}, Cell {column}" for column in (1, 2)] for row in (1, 2)]
    assert row["tables"] == [{"number": 1, "page": None, "header": ["Column 1", "Column 2"], "cells": cells}]
