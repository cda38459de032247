"""Outlook messages: a compound file whose streams are the properties of a message, named by their number and type."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.sources.documents.compression import decompressed
from lakesmith.sources.documents.dispatch import Task, attach
from lakesmith.sources.documents.families.html import read_page
from lakesmith.sources.documents.families.mail import OWN_COLUMNS, header_text
from lakesmith.sources.documents.families.text import decoded
from lakesmith.sources.documents.instants import instant_of_mail
from lakesmith.sources.documents.parsed import Attachment, Parsed, UnreadableError

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]

Path = tuple[str, ...]
MAX_STREAM = 256 * 1024 * 1024
ROOT_HEADER, INNER_HEADER, OBJECT_HEADER, ENTRY = 32, 24, 8, struct.Struct("<HHI8s")
UNICODE, NARROW, BINARY, OBJECT, TIME, NUMBER = 0x1F, 0x1E, 0x102, 0x0D, 0x40, 0x03
SUBJECT, BODY, HTML, RTF, HEADERS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D
SENT, DELIVERED, CREATED, CODE_PAGE, BODY_CODE_PAGE = 0x0039, 0x0E06, 0x3007, 0x3FFD, 0x3FDE
SENDER_NAME, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
NAME, ADDRESS, SMTP = 0x3001, 0x3003, 0x39FE
LONG_FILE, SHORT_FILE, MIME, DATA, MESSAGE_ID, CLASS = 0x3707, 0x3704, 0x370E, 0x3701, 0x1035, 0x001A
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_KINDS = {"WordDocument": "doc", "PowerPoint Document": "ppt", "Workbook": "xls", "Book": "xls"}
_METADATA = {CLASS: "message_class", MESSAGE_ID: "Message-ID"}


def kind_of_compound(file: BinaryIO) -> str:
    """Return what a compound file is.

    Raises:
        UnreadableError: If it is an encrypted Office document.
    """
    ole = _opened(file)
    if ole.exists("EncryptedPackage"):
        raise UnreadableError("encrypted")
    if ole.exists("__properties_version1.0"):
        return "msg"
    return next((type_ for stream, type_ in _KINDS.items() if ole.exists(stream)), "ole")


def read(file: BinaryIO, task: Task) -> Parsed:
    """Return what an Outlook message says."""
    return _Item(_opened(file), (), ROOT_HEADER).parsed(task)


def _opened(file: BinaryIO) -> OleFileIO:
    import olefile

    try:
        return olefile.OleFileIO(file)
    except (olefile.olefile.OleFileError, OSError, ValueError, IndexError, struct.error) as error:
        raise UnreadableError("malformed: not a whole compound file") from error


class _Item:
    """A message, a recipient or an attachment: the storage at `path`, and the properties that have a fixed length."""

    def __init__(self, ole: OleFileIO, path: Path, header: int, encoding: str | None = None) -> None:
        self._ole, self._path, self._outer = ole, path, encoding
        self._fixed = dict(self._entries(header))

    def _entries(self, header: int) -> Iterator[tuple[tuple[int, int], bytes]]:
        content = self._stream("__properties_version1.0") or b""
        for at in range(header, len(content) - ENTRY.size + 1, ENTRY.size):
            kind, number, _, value = ENTRY.unpack_from(content, at)
            yield (number, kind), value

    def _stream(self, name: str) -> bytes | None:
        full = [*self._path, name]
        if not self._ole.exists(full) or self._ole.get_type(full) != 2:  # noqa: PLR2004 - a stream, no storage
            return None
        if self._ole.get_size(full) > MAX_STREAM:
            raise UnreadableError("too large: a part of more than 256 MiB")
        with self._ole.openstream(full) as stream:
            content: bytes = stream.read()
            return content

    def number(self, property_: int) -> int | None:
        """Return a whole number."""
        value = self._fixed.get((property_, NUMBER))
        return None if value is None else int.from_bytes(value[:4], "little", signed=True)

    def instant(self, property_: int) -> str | None:
        """Return a time in UTC; properties count tenths of microseconds since 1601."""
        value = self._fixed.get((property_, TIME))
        ticks = int.from_bytes(value, "little") if value else 0
        try:
            return (EPOCH + timedelta(microseconds=ticks // 10)).isoformat() if ticks else None
        except OverflowError:
            return None

    def bytes(self, property_: int) -> bytes | None:
        """Return binary data."""
        return self._stream(f"__substg1.0_{property_:04X}{BINARY:04X}")

    def text(self, property_: int) -> str | None:
        """Return text, which is UTF-16, or in the code page the message names."""
        wide = self._stream(f"__substg1.0_{property_:04X}{UNICODE:04X}")
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        narrow = self._stream(f"__substg1.0_{property_:04X}{NARROW:04X}")
        return None if narrow is None else decoded(narrow.rstrip(b"\x00"), self._encoding())[0]

    def _encoding(self) -> str | None:
        page = self.number(CODE_PAGE) or self.number(BODY_CODE_PAGE)
        # recipients and attachments have none of their own: that of their message holds
        return {None: self._outer, 65001: "utf-8", 20127: "ascii", 28591: "latin-1"}.get(page, f"cp{page}")

    def inside(self, prefix: str) -> Iterator[_Item]:
        """Yield the storages that are numbered under a prefix, in order."""
        depth = len(self._path)
        names = {
            entry[depth]
            for entry in self._ole.listdir(streams=True, storages=False)
            if entry[:depth] == list(self._path)
        }
        for name in sorted(name for name in names if name.startswith(prefix)):
            yield _Item(self._ole, (*self._path, name), OBJECT_HEADER, self._encoding())

    def message(self) -> _Item | None:
        """Return the message that is attached as such, None for an attached file."""
        name = f"__substg1.0_{DATA:04X}{OBJECT:04X}"
        return (
            _Item(self._ole, (*self._path, name), INNER_HEADER, self._encoding())
            if self._ole.exists([*self._path, name])
            else None
        )

    def parsed(self, task: Task) -> Parsed:
        """Return what a message says."""
        headers = message_from_string(self.text(HEADERS) or "")
        known = {name: header_text(value) for name, value in headers.items() if name.lower() not in OWN_COLUMNS}
        known.update({name: text for number, name in _METADATA.items() if (text := self.text(number))})
        page = self._page()
        found = list(self.inside("__attach_version1.0_#")) if task.depth == 0 else []
        return Parsed(
            text=self.text(BODY) or (page.text if page else None) or self._rich_text(),
            title=self.text(SUBJECT),
            author=_spelled(self.text(SENDER_NAME), self.text(SENDER_SMTP) or self.text(SENDER_ADDRESS)),
            recipients=[
                _spelled(one.text(NAME), one.text(SMTP) or one.text(ADDRESS)) or ""
                for one in self.inside("__recip_version1.0_#")
            ],
            created_at=instant_of_mail(known.get("Date"))
            or next(filter(None, map(self.instant, (SENT, DELIVERED, CREATED))), None),
            metadata=known,
            attachments=[one.attachment(task) for one in found],
            tables=page.tables if page else (),
        )

    def _page(self) -> Parsed | None:
        html = self.bytes(HTML)
        if html is not None:
            return read_page(decoded(html, self._encoding())[0])
        text = self.text(HTML)
        return read_page(text) if text else None

    def _rich_text(self) -> str | None:
        from importlib.util import find_spec

        packed = self.bytes(RTF)
        if packed is None or find_spec("striprtf") is None:
            return None
        from lakesmith.sources.documents.families.rtf import text_of

        return text_of(decompressed(packed).decode("latin-1"))

    def attachment(self, task: Task) -> Attachment:
        """Return what is attached: a file, or another message, of which the text is kept."""
        inner = self.message()
        if inner is not None:
            parsed = inner.parsed(Task(task.limits, task.soft_deadline, depth=1))
            made = attach(self.text(NAME) or parsed.title, (parsed.text or "").encode(), "msg", Task(depth=1))
            return Attachment(made.name, "msg", made.size, made.sha256, parsed.text)
        name = self.text(LONG_FILE) or self.text(SHORT_FILE) or self.text(NAME)
        return attach(name, self.bytes(DATA) or b"", self.text(MIME) or "", task)


def _spelled(name: str | None, address: str | None) -> str | None:
    """Return a person as mail spells one; an address of the sender's own exchange is no address to others, but all there is."""
    if name and address and name != address:
        return f"{name} <{address}>" if "<" not in name else name
    return name or address
