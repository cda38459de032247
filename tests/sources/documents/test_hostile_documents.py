"""Documents that were made to harm their reader: each is a row that says why, and nothing of this machine is in it."""

import struct
import zlib

import pytest
from document_making import bare_word, multipart, open_text, zipped

from lakesmith.sources.documents.families.mail import MAX_PARTS

ENTITY = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def png(width, height):
    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(bytes(100))) + part(b"IEND", b"")


def boxes(depth):
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return f"Subject: s\nFrom: a@b\nTo: c@d\n{opened}Content-Type: text/plain\n\nhi\n".encode()


def shortened(content):
    """An archive whose table tells the largest part to be of 1,000 bytes."""
    at = content.rfind(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", 1_000) + content[at + 28 :]


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("bomb.docx", bare_word("<w:p>" + "A" * 20_000_000 + "</w:p>"), "zip bomb"),
        ("lie.docx", shortened(bare_word("A" * 9_000_000)), "malformed"),
        ("deep.docx", bare_word("<w:p>" * 50_000 + "</w:p>" * 50_000), "nested too deeply"),
        ("entity.docx", bare_word("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", ENTITY), "declares a document type"),
        ("deep.odt", open_text("<text:p>" * 50_000 + "</text:p>" * 50_000), "nested too deeply"),
        ("many.pptx", zipped({"[Content_Types].xml": "<T/>", **{f"ppt/{n}": "" for n in range(10_001)}}), "zip bomb"),
        ("deep.eml", boxes(10_000), "nested too deeply"),
    ],
)
def test_a_document_that_would_harm_its_reader_is_a_row_with_a_reason(folder, name, content, why):
    row = folder.read(name, content, timeout_s=20)
    assert why in row["error"]
    assert row["text"] is None
    assert folder.load() == {}


def test_an_image_that_claims_more_pixels_than_there_are_is_told_by_its_head(folder):
    row = folder.read("huge.png", png(100_000, 100_000), max_memory_mb=256)
    assert (row["error"], dict(row["metadata"])["width"], dict(row["metadata"])["height"]) == (None, "100000", "100000")


@pytest.mark.long
def test_a_mail_of_more_parts_than_are_read_says_what_is_cut(folder):
    mail = multipart("s", "first", *[("a.bin", "application/octet-stream", b"x")] * (MAX_PARTS + 5))
    row = folder.read("many.eml", mail.as_bytes())
    assert row["cut"] == ["attachments", "text"]


@pytest.mark.parametrize("target", ["/etc/passwd", "b.txt"])
def test_a_link_that_must_not_be_followed_is_a_row_once(folder, target):
    folder.put("a.txt", "one")
    (folder.root / "b.txt").symlink_to(target)
    rows = folder.load()
    assert rows["a.txt"]["text"] == "one"
    assert rows["b.txt"]["text"] is None
    assert rows["b.txt"]["error"].startswith("not opened: A file cannot be read: it is a link that leads")
    assert folder.load() == {}
    (told,) = (one for one in folder.source.check() if one.level == "warning")
    assert told.text.startswith("b.txt cannot be read: it is a link")
