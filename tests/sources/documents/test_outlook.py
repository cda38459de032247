"""Outlook messages made by hand: text in a code page, HTML alone, compressed rich text alone, a message inside a message."""

import struct
from datetime import UTC, datetime

import document_making as making
import olefile
import pytest

from lakesmith.sources.documents.compression import decompressed
from lakesmith.sources.documents.parsed import UnreadableError

SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TICKS = struct.pack("<Q", int((SENT - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000)
# the two examples of the format's own description
HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
CROSSING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def test_compressed_rich_text():
    assert decompressed(HELLO) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompressed(CROSSING) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    stored = b"{\\rtf1 as it is}"
    assert decompressed(struct.pack("<II4sI", len(stored) + 12, len(stored), b"MELA", 0) + stored) == stored
    with pytest.raises(UnreadableError, match="unknown compression"):
        decompressed(b"x" * 20)


def test_a_message_in_a_code_page_with_recipients_and_its_time(folder):
    people = {
        f"__recip_version1.0_#0000000{number}": making.properties(8, narrow=True, p3001=name, p3003=address)
        for number, (name, address) in enumerate([("Боб", "bob@example.com"), ("c@example.com", "c@example.com")])
    }
    page = struct.pack("<I4x", 1251)
    own = making.properties(
        32,
        narrow=True,
        fixed=((0x40, 0x0039, 6, TICKS), (3, 0x3FFD, 6, page)),
        p0037="Привет",
        p1000="Как дела?\r\n",
        p0C1A="Анна",
        p5D01="anna@example.com",
    )
    content = making.compound(own | people)
    folder.put("a.msg", content)
    assert olefile.isOleFile(content)
    row = folder.load()["a.msg"]
    assert (row["type"], row["title"], row["text"], row["error"]) == ("msg", "Привет", "Как дела?", None)
    assert (row["author"], row["recipients"]) == ("Анна <anna@example.com>", ["Боб <bob@example.com>", "c@example.com"])
    assert row["created_at"] == SENT


def test_a_message_of_html_alone_and_one_of_rich_text_alone(folder):
    html = "<html><body><p>Grüße</p><table><tr><td>1</td></tr></table></body></html>".encode()
    folder.put("html.msg", making.compound(making.properties(32, p0037="h", p1013=html)))
    folder.put("rich.msg", making.compound(making.properties(32, p0037="r", p1009=HELLO)))
    rows = folder.load()
    assert rows["html.msg"]["text"] == "Grüße\n1"
    assert rows["html.msg"]["tables"][0]["cells"] == [["1"]]
    assert rows["rich.msg"]["text"] == "hello world"


def test_a_message_in_a_message_and_a_file(folder):
    inner = making.properties(24, p0037="Inner", p1000="deep", p0C1A="Cy")
    attached = making.properties(8, p3001="Inner") | {"__substg1.0_3701000D": inner}
    file = making.properties(8, p3707="..\\up.txt", p370E="text/plain", p3701=b"file text")
    parts = {"__attach_version1.0_#00000000": attached, "__attach_version1.0_#00000001": file}
    row = folder.read("a.msg", making.compound(making.properties(32, p0037="Outer", p1000="top") | parts))
    found = [(one["name"], one["type"], one["size"], one["text"]) for one in row["attachments"]]
    assert (row["text"], found) == ("top", [("Inner", "msg", 4, "deep"), ("..\\up.txt", "txt", 9, "file text")])


def test_an_encrypted_office_document_says_so(folder):
    row = folder.read("a.docx", making.compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}))
    assert row["error"] == "encrypted"
    assert folder.read("b.doc", making.compound({"WordDocument": b"x"}))["error"].startswith("unsupported: an old Word")
