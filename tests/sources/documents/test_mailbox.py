"""Mailboxes: one row per message, as the standard library divides them, wherever the pieces end that are read at a time."""

import io
import mailbox as standard
import random
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.model.streams import Ask
from lakesmith.sources.documents import mailbox


def separator(number):
    return f"From ann{number}@example.com Fri Jan  2 10:{number % 60:02}:00 2026\n".encode()


@pytest.mark.long
def test_a_thousand_messages_are_a_thousand_rows(folder):
    path = folder.root / "all.mbox"
    box = standard.mbox(path)
    for number in range(1000):
        mail = EmailMessage()
        mail["Subject"], mail["From"] = f"Number {number}", "Ann <ann@example.com>"
        mail.set_content(f"Text {number}\n\nFrom here on nothing is new at 10:00 2026\nFrom\n")
        box.add(standard.mboxMessage(mail))
    box.flush()
    rows = folder.load()
    assert list(rows) == [f"all.mbox/{number}" for number in range(1, 1001)]
    others = list(standard.mbox(path))
    assert [row["title"] for row in rows.values()] == [other["Subject"] for other in others]
    texts = [other.get_payload(decode=True).decode().strip() for other in others]
    assert [row["text"] for row in rows.values()] == texts
    assert {(row["type"], row["declared"], row["error"]) for row in rows.values()} == {("eml", "mbox", None)}
    content = path.read_bytes()
    assert sum(row["size"] for row in rows.values()) == len(content) - sum(
        len(line) for line in content.splitlines(keepends=True) if line.startswith(b"From MAILER")
    )
    assert {chunk.origin for chunk in folder.chunks} == {"all.mbox"}
    assert [chunk.counted for chunk in folder.chunks] == [256, 256, 256, 232]


def test_a_mailbox_is_read_on_from_any_chunk(folder):
    folder.put(
        "a.mbox", b"\n".join(separator(n) + f"From: a@b.c\nSubject: {n}\n\ntext {n}\n".encode() for n in range(600))
    )
    all_rows = list(folder.load())
    [split] = folder.splits
    for chunk in folder.chunks[:-1]:
        position = folder.source.advance(None, split, chunk.after)
        [rest] = folder.source.splits(folder.spec, Ask(position))
        read = [
            row["path"] for one in folder.source.read(folder.spec, rest, Ask(position)) for row in one.rows.to_pylist()
        ]
        done = int(chunk.rows.to_pylist()[-1]["path"].rpartition("/")[2])
        assert read == all_rows[done:]


LINES = st.sampled_from(
    [b"\n", b"\r\n", b"From a@b.c Fri Jan  2 10:00:00 2026\n", b"From me to you\n", b"text\n", b">From x 10:00 2026\n"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=30), st.integers(1010, 1100))
def test_messages_do_not_depend_on_the_pieces(lines, piece):
    """Padding moves separators over every border between two pieces."""
    text = separator(0) + b"x" * 900 + b"\n" + b"".join(lines)
    expected = by_lines(text)
    assert list(mailbox.messages(io.BytesIO(text), len(text), piece_bytes=piece)) == expected


def by_lines(text):
    """A separator stands at the beginning or after an empty line, and holds a time and a year."""
    starts, at, empty = [], 0, True
    for line in text.splitlines(keepends=True):
        if empty and line.startswith(b"From ") and b":00" in line:
            starts.append((at, at + len(line)))
        # the first line cannot follow an empty one in any other way than by being first
        empty, at = line in (b"\n", b"\r\n"), at + len(line)
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return [(begin, end - begin) for (_, begin), end in zip(starts, ends, strict=True)]


@pytest.mark.long
def test_messages_may_end_in_any_piece_of_a_large_mailbox(folder):
    """A piece has 4 MiB; this mailbox has two of them, and messages that are larger than what is kept."""
    chance = random.Random(4)
    bodies = [bytes(chance.choices(b"abc \n", k=chance.randrange(3_000_000))).replace(b"\n\n", b"\n") for _ in range(4)]
    folder.put(
        "a.mbox",
        b"\n".join(separator(n) + b"From: a@b.c\nSubject: s\n\n" + body + b"\n" for n, body in enumerate(bodies)),
    )
    rows = folder.load()
    assert [len(row["text"]) for row in rows.values()] == [min(1_000_000, len(_kept(body))) for body in bodies]


def _kept(body):
    return "\n".join(line.rstrip() for line in body.decode().split("\n")).strip("\n")


def test_a_mailbox_without_messages_is_a_row(folder):
    content = "From ann@example.com " + "x" * 2000 + " 10:00 2026\nSubject: no separator is that long\n"
    row = folder.read("a.mbox", content)
    assert (row["error"], row["type"]) == ("malformed: a mailbox without messages", "mbox")
    assert folder.load() == {}
