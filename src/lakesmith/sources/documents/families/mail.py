"""Mail: headers, the text a person would read, and what is attached."""

from __future__ import annotations

from email import message_from_binary_file
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import BinaryIO

from lakesmith.sources.documents.dispatch import Task, attach
from lakesmith.sources.documents.families.html import read_page
from lakesmith.sources.documents.families.text import decoded
from lakesmith.sources.documents.instants import instant_of_mail
from lakesmith.sources.documents.parsed import Attachment, Parsed, Table, UnreadableError

MAX_BYTES = 256 * 1024 * 1024
MAX_PARTS = 2_000
OWN_COLUMNS = {"subject", "from", "to", "cc", "bcc"}


def read(file: BinaryIO, task: Task) -> Parsed:
    """Return what a mail says."""
    if file.seek(0, 2) > MAX_BYTES:
        raise UnreadableError("too large: a mail of more than 256 MiB")
    file.seek(0)
    return read_message(message_from_binary_file(file), task)


def read_message(message: Message, task: Task) -> Parsed:
    """Return what a parsed mail says. Its text is what is plain in it, or else the HTML as text."""
    body = _Body(task)
    body.take(message)
    known: dict[str, str] = {}
    for name, value in message.items():
        if name.lower() not in OWN_COLUMNS:
            text = header_text(value)
            known[name] = f"{known[name]}\n{text}" if name in known else text
    return Parsed(
        text="\n\n".join(body.plain or body.pages),
        title=_header(message, "subject"),
        author=_header(message, "from"),
        recipients=recipients_of(message),
        created_at=instant_of_mail(_header(message, "date")),
        metadata=known,
        attachments=body.attachments,
        tables=body.tables,
        cut=frozenset({"attachments", "text"} if body.is_cut else ()),
    )


def recipients_of(message: Message) -> list[str]:
    """Return everybody a mail says it goes to, as `Name <address>`."""
    written = [header_text(value) for name in ("to", "cc", "bcc") for value in message.get_all(name, [])]
    pairs = [pair for pair in getaddresses(written) if any(pair)]
    spelled = [f"{name} <{address}>" if name and address else address or name for name, address in pairs]
    return spelled or [one for one in written if one]  # better as it was written than not at all


def header_text(value: object) -> str:
    """Return the text of a header; a piece in an encoding nobody knows stays as it is written."""
    raw = str(value)
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        return " ".join(raw.split())
    texts = [decoded(piece, charset)[0] if isinstance(piece, bytes) else piece for piece, charset in pieces]
    return " ".join("".join(texts).split())


def _header(message: Message, name: str) -> str | None:
    value = message.get(name)
    return None if value is None else header_text(value)


class _Body:
    """Sorts the parts of a mail into text and attachments."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.plain: list[str] = []
        self.pages: list[str] = []
        self.attachments: list[Attachment] = []
        self.tables: list[Table] = []
        self.is_cut = False
        self._seen = 0

    def take(self, part: Message) -> None:
        """Take a part and those inside it."""
        self._seen += 1
        if self._seen > MAX_PARTS:
            self.is_cut = True
            return
        if part.get_content_type() == "message/rfc822":
            self._take_mail(part)
        elif part.is_multipart():
            self._take_parts(part)
        else:
            self._take_leaf(part)

    def _take_parts(self, part: Message) -> None:
        inside = part.get_payload()
        for one in inside if isinstance(inside, list) else []:
            if isinstance(one, Message):
                self.take(one)

    def _take_mail(self, part: Message) -> None:
        inside = part.get_payload()
        inner = inside[0] if isinstance(inside, list) and inside else None
        if isinstance(inner, Message):
            name = _file_name(part) or f"{_header(inner, 'subject') or 'message'}.eml"
            self.attachments.append(attach(name, inner.as_bytes(), "message/rfc822", self.task))

    def _take_leaf(self, part: Message) -> None:
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        kind, name = part.get_content_type(), _file_name(part)
        if name or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            self.attachments.append(attach(name, content, kind, self.task))
            return
        text = decoded(content, part.get_content_charset())[0]
        if kind == "text/html":
            page = read_page(text)
            self.pages.append(page.text or "")
            self.tables.extend(page.tables)
        else:
            self.plain.append(text)


def _file_name(part: Message) -> str | None:
    """Return the name that a part gives itself: words to keep, never a path to use."""
    try:
        name = part.get_filename()
    except (ValueError, LookupError):
        return None
    return header_text(name).replace("\\", "/").rpartition("/")[2] or None if name else None
