"""What kinds of documents there are, and how a document's own bytes tell which it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
ENOUGH_HEADERS = 2
CONTROL_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Family:
    """A family of documents that one module reads: the types it has, and the modules of other projects it cannot do without."""

    module: str
    types: tuple[str, ...]
    needs: tuple[str, ...] = ()


FAMILIES = {
    "mail": Family("mail", ("eml", "mbox")),
    "Outlook message": Family("msg", ("msg",), ("olefile",)),
    "PDF": Family("pdf", ("pdf",), ("pypdf", "pdfplumber")),
    "Word document": Family("docx", ("docx",)),
    "presentation": Family("pptx", ("pptx",)),
    "OpenDocument text": Family("odt", ("odt",)),
    "web page": Family("html", ("html",)),
    "rich text": Family("rtf", ("rtf",), ("striprtf",)),
    "text": Family("text", ("txt", "md")),
    "image": Family("image", ("png", "jpg", "tiff", "webp", "gif"), ("PIL",)),
    "HEIF image": Family("image", ("heic",), ("PIL", "pillow_heif")),
}
BY_TYPE = {type_: family for family in FAMILIES.values() for type_ in family.types}
NAMES = {type_: name for name, family in FAMILIES.items() for type_ in family.types}

_OTHERS = {
    "doc": "an old Word document; save it as docx",
    "ppt": "an old presentation; save it as pptx",
    "xls": "a workbook; read it with `type: files`",
    "xlsx": "a workbook; read it with `type: files`",
    "ods": "a workbook; read it with `type: files`",
    "xml": "XML; read it with `type: files`",
    "zip": "an archive; unpack it",
    "gz": "an archive; unpack it",
    "ole": "a compound file of no kind that is read",
    "binary": "bytes of no kind that is read",
}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"{\\rtf", "rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gz"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_FIELD = re.compile(rb"(?m)^([A-Za-z][A-Za-z0-9-]*):[ \t]?")
_MAIL_FIELDS = {
    *(b"from", b"to", b"cc", b"bcc", b"subject", b"date", b"received", b"mime-version", b"message-id", b"return-path"),
    *(b"delivered-to", b"content-type", b"content-transfer-encoding", b"reply-to", b"sender", b"dkim-signature"),
    *(b"in-reply-to", b"references", b"x-mailer", b"x-received", b"authentication-results", b"received-spf"),
}
_MBOX = re.compile(rb"From \S+.*\d{2}:\d{2}.*\r?\n")
_PAGE = re.compile(rb"(?is)\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b")
_FRAGMENT = re.compile(rb"(?i)<(?:p|div|table|h[1-6]|br|ul|ol|a|span)\b[^>]*>")
_MARKUP = re.compile(rb"\A\s*<(?:\?xml|!DOCTYPE|!ENTITY)\b")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def what_is(type_: str) -> str:
    """Return what a document of a type that no reader has is, and what to do about it."""
    return _OTHERS.get(type_, _OTHERS["binary"])


def sniff(head: bytes, declared: str) -> str:
    """Return the type of a document that begins with `head`; `zip` and `ole` are containers that have to be looked into.

    The suffix that it was `declared` with decides only between kinds of text, which have no mark of their own.

    Examples:
        >>> sniff(b"%PDF-1.7 ...", "txt"), sniff(b"Dear Sir,", "pdf"), sniff(b"# Title", "md")
        ('pdf', 'txt', 'md')
    """
    known = next((type_ for mark, type_ in _MAGIC if head.startswith(mark)), None)
    if known is not None:
        return known
    for fits, type_ in _LOOKS:
        if fits(head):
            return type_
    return _kind_of_text(head, declared) if _is_text(head) else "binary"


def _kind_of_text(head: bytes, declared: str) -> str:
    plain = head.removeprefix(_MARKS[0])
    if _MBOX.match(plain) and _FIELD.match(plain, plain.find(b"\n") + 1):
        return "mbox"
    if _PAGE.match(plain):
        return "html"
    if _is_mail(plain, declared):
        return "eml"
    if _MARKUP.match(plain):
        return "xml"
    if declared in ("html", "htm", "xhtml") and _FRAGMENT.search(plain):
        return "html"
    return "md" if declared in ("md", "markdown") else "txt"


def _is_mail(head: bytes, declared: str) -> bool:
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    if not _FIELD.match(block):
        return False
    known = {name.lower() for name in _FIELD.findall(block)} & _MAIL_FIELDS
    return len(known) >= (1 if declared == "eml" else ENOUGH_HEADERS + 1)


def _is_text(head: bytes) -> bool:
    if head.startswith(_MARKS):
        return True
    if b"\x00" in head:
        return False
    controls = sum(head.count(bytes([code])) for code in (*range(1, 9), *range(14, 27), *range(28, 32)))
    return controls <= CONTROL_SHARE * len(head)


_LOOKS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda head: b"%PDF-" in head[:1024], "pdf"),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "webp"),
    (lambda head: head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS, "heic"),
)


def declared_suffix(name: str) -> str:
    """Return the suffix of a file's name in small letters without its dot, "" without one.

    Examples:
        >>> declared_suffix("in/Offer.PDF"), declared_suffix("in.box/README")
        ('pdf', '')
    """
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot and stem else ""
