"""Documents with one thing about them that matters."""

import hashlib
import io
import time
from datetime import UTC, datetime

import document_making as making
import pptx
import pytest
from PIL import Image

GERMAN = (
    "Wir danken Ihnen für die Anfrage und senden Ihnen mit diesem Brief das Angebot, das Sie von uns haben wollten."
)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("name", "content", "type_", "reason"),
    [
        ("locked.pdf", making.pdf("secret", password="x"), "pdf", "encrypted"),
        ("cut.docx", making.word("hello")[:2000], "zip", "malformed: not a whole archive"),
        ("cut.pdf", making.pdf("hello")[:40], "pdf", "malformed: PdfStreamError"),
        ("bomb.docx", making.bare_word("<w:p/>" + " " * 50_000_000), "docx", "too large: a part unpacks to more than 200 times"),
        (
            "laughs.docx",
            making.bare_word("<w:p><w:r><w:t>&a;</w:t></w:r></w:p>", '<!DOCTYPE d [<!ENTITY a "ha">]>'),
            "docx",
            "malformed: its XML declares a document type",
        ),
        ("broken.docx", making.bare_word("<w:p>"), "docx", "malformed: a part is no XML"),
        ("empty.docx", making.zipped({"[Content_Types].xml": "", "word/x": ""}), "docx", "malformed: it has no main part"),
        ("locked.odt", making.open_text("", **{"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "odt", "encrypted"),
        ("cut.rtf", rb"{\rtf1 hello", "rtf", "malformed: it ends inside a group"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00", "png", "malformed"),
        ("some.zip", making.zipped({"a.txt": "hello"}), "zip", "unsupported: an archive; unpack it"),
        ("any.bin", bytes(range(256)), "binary", "unsupported: bytes of no kind that is read"),
        ("nothing.txt", b"", None, "empty"),
        ("cut.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, None, "malformed: not a whole compound file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_row_with_the_reason(folder, name, content, type_, reason):
    folder.put("good.txt", GERMAN)
    row = folder.read(name, content)
    assert row["error"].startswith(reason)
    assert row["type"] in (type_, None)
    assert row["size"] == len(content)
    assert row["sha256"] == hashlib.sha256(content).hexdigest() or not content
    told = {key for key, value in row.items() if value is not None}
    assert told <= {"path", "size", "sha256", "modified_at", "declared", "type", "error"}


def test_a_pdf_that_only_its_owner_may_change_is_read(folder):
    row = folder.read("a.pdf", making.pdf("for everybody", password=""))
    assert (row["text"], row["error"]) == ("for everybody", None)


def test_pages_and_attachments_of_a_pdf(folder):
    inner = making.word("inside")
    row = folder.read("a.pdf", making.pdf("one", "two", attached={"in.docx": inner, "x.bin": b"\x00\x01"}))
    assert (row["pages"], row["page_texts"], row["text"]) == (2, ["one", "two"], "one\ntwo")
    found = [(one["name"], one["type"], one["size"], one["text"]) for one in row["attachments"]]
    assert found == [("in.docx", "docx", len(inner), "inside"), ("x.bin", "binary", 2, None)]


def test_the_bytes_decide_what_a_document_is_and_the_suffix_is_kept(folder):
    row = folder.read("letter.docx", making.pdf("a PDF"))
    assert (row["type"], row["declared"], row["text"]) == ("pdf", "docx", "a PDF")


def test_a_mail_in_a_mail_is_an_attachment_with_its_text_one_level_deep(folder):
    deepest = making.multipart("Deepest", "at the bottom")
    inner = making.multipart("Inner", "in the middle", deepest)
    outer = making.multipart("Outer", "on top", inner, ("../../evil.txt", "text/plain", b"harmless"))
    row = folder.read("a.eml", bytes(outer))
    assert (row["title"], row["text"]) == ("Outer", "on top")
    assert row["recipients"] == ["bob@example.com", "Cy <cy@example.com>"]
    found = [(one["name"], one["type"], one["text"]) for one in row["attachments"]]
    assert found == [("Inner.eml", "eml", "in the middle"), ("evil.txt", "txt", "harmless")]
    assert sorted(path.name for path in folder.root.iterdir()) == ["a.eml"]


def test_headers_and_bodies_in_any_encoding(folder):
    mail = (
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?nonsense?q?x?=\nFrom: =?iso-8859-1?q?J=F6rg?= <j@example.com>\nTo: broken <\n"
        b"Date: Fri, 32 Foo 2026\nContent-Type: text/plain; charset=windows-1252\n\nna\xefve \x80\n"
    )
    row = folder.read("a.eml", mail)
    assert (row["title"], row["author"], row["text"]) == ("Grüßex", "Jörg <j@example.com>", "naïve €")
    assert row["created_at"] is None
    assert dict(row["metadata"])["Date"] == "Fri, 32 Foo 2026"
    assert row["recipients"]


def test_where_a_picture_was_taken_is_in_columns_of_its_own_only(folder):
    image, out = Image.new("RGB", (40, 30)), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x013B] = "Maker", "Ann"
    exif.get_ifd(0x8769).update({0x9003: "2026:01:02 03:04:05", 0x9011: "+02:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 36.0), 3: "W", 4: (13.0, 24.0, 0.0)})
    image.save(out, "JPEG", exif=exif)
    row = folder.read("a.jpg", out.getvalue())
    assert (row["gps_latitude"], row["gps_longitude"]) == pytest.approx((52.51, -13.4))
    assert row["created_at"] == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    known = dict(row["metadata"])
    assert (known["width"], known["height"], known["Make"], row["author"]) == ("40", "30", "Maker", "Ann")
    assert not [name for name in known if "gps" in name.lower()]
    assert "52" not in " ".join(known.values())


@pytest.mark.few(2)
@pytest.mark.parametrize(("type_", "frames"), [("png", 1), ("tiff", 3), ("webp", 1), ("gif", 2), ("heic", 1)])
def test_images_of_every_kind(folder, type_, frames):
    if type_ == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    images = [Image.new("RGB", (64, 48), (shade * 90, 10, 200)) for shade in range(frames)]
    out = io.BytesIO()
    extra = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(out, {"heic": "HEIF"}.get(type_, type_.upper()), **extra)
    row = folder.read(f"a.{type_}", out.getvalue())
    assert (row["type"], row["pages"], row["error"]) == (type_, frames, None)
    assert dict(row["metadata"])["width"] == "64"


def test_slides_with_a_table_and_notes(folder):
    show = pptx.Presentation()
    slides = [show.slides.add_slide(show.slide_layouts[5]) for _ in range(2)]
    slides[0].shapes.title.text = "First"
    slides[0].notes_slide.notes_text_frame.text = "Say hello"
    table = slides[1].shapes.add_table(2, 2, 0, 0, 100, 100).table
    for place, text in enumerate("abcd"):
        table.cell(place // 2, place % 2).text = text
    out = io.BytesIO()
    show.save(out)
    row = folder.read("a.pptx", out.getvalue())
    assert row["page_texts"] == ["First\nSay hello", "a\tb\nc\td"]
    assert row["tables"] == [{"number": 1, "page": 2, "header": ["a", "b"], "cells": [["c", "d"]]}]


def test_an_open_document_text(folder):
    cells = '<table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell table:number-columns-repeated="999999999"/>'
    row = folder.read(
        "a.odt",
        making.open_text(
            "<text:h>Title</text:h><text:p>one<text:s text:c='3'/>two<text:tab/>x<text:line-break/>y<text:span>z</text:span>!</text:p>"
            f"<table:table><table:table-header-rows><table:table-row>{cells}</table:table-row></table:table-header-rows>"
            f"<table:table-row>{cells}</table:table-row></table:table>",
        ),
    )
    assert row["text"] == "Title\none   two\tx\nyz!\na\na"
    assert [table["header"][:2] for table in row["tables"]] == [["a", ""]]


def test_rich_text_in_its_own_code_page(folder):
    row = folder.read(
        "a.rtf", rb"{\rtf1\ansi\ansicpg1252{\info{\title Gr\'fc\'dfe}{\author Ann}}Hello \b w\'f6rld\b0\par \u8364?}"
    )
    assert (row["text"], row["title"], row["author"]) == ("Hello wörld\n€", "Grüße", "Ann")


@pytest.mark.long
def test_a_text_larger_than_what_is_kept_is_cut_and_says_so(folder):
    line = ("ä" * 49 + "\n").encode()
    with (folder.root / "big.txt").open("wb") as file:
        file.writelines([line * 20_000] * 101)
    assert (folder.root / "big.txt").stat().st_size > 190_000_000
    begun = time.monotonic()
    [row] = folder.load().values()
    assert time.monotonic() - begun < 20
    assert (len(row["text"]), row["cut"], row["error"]) == (1_000_000, ["text"], None)
    assert row["text"].startswith("ä" * 49 + "\nä")


def test_cut_names_every_column_that_holds_less(folder):
    mail = making.multipart("Outer", "long " * 10, ("a.txt", "text/plain", b"x" * 60))
    row = folder.read("a.eml", bytes(mail), max_text_chars=20)
    assert (row["text"], row["cut"]) == (("long " * 10)[:20].rstrip(" ") + " ", ["attachments", "text"])
    assert row["attachments"][0]["text"] == "x" * 20


def test_languages(folder):
    folder.put("de.txt", GERMAN)
    folder.put(
        "ru.txt", "Мы благодарим вас за ваше письмо и надеемся, что вы найдёте время для того, чтобы ответить на него."
    )
    folder.put("ja.txt", "お問い合わせいただきありがとうございます。見積書をお送りしますのでご確認ください。")
    folder.put("none.txt", "42 A7 B9 XK-300 Ltd. LLC 2026 4711")
    assert {name: row["language"] for name, row in folder.load().items()} == {
        "de.txt": "de", "ru.txt": "ru", "ja.txt": "ja", "none.txt": None,
    }  # fmt: skip


def test_a_picture_does_not_tell_its_place_by_a_back_door(folder):
    from PIL.PngImagePlugin import PngInfo

    said, out = PngInfo(), io.BytesIO()
    said.add_text("Title", "A view")
    said.add_itxt("XML:com.adobe.xmp", "<x exif:GPSLatitude='52,30N'/>")
    said.add_text("Raw profile type exif", "52,30N")
    Image.new("RGB", (4, 4)).save(out, "PNG", pnginfo=said)
    row = folder.read("a.png", out.getvalue())
    assert row["title"] == "A view"
    assert "52,30N" not in str(row["metadata"])
