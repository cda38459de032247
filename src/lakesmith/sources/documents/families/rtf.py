"""Rich text."""

from __future__ import annotations

import re
from typing import BinaryIO

from lakesmith.sources.documents.dispatch import Task
from lakesmith.sources.documents.parsed import Parsed, UnreadableError

MAX_BYTES = 64 * 1024 * 1024
_FIELDS = ("title", "subject", "author", "manager", "company", "operator", "category", "keywords", "doccomm")


def read(file: BinaryIO, task: Task) -> Parsed:  # noqa: ARG001 - every family is asked the same way
    """Return what a rich text says; bytes beyond ASCII are in its own code page, which the text names itself."""
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadableError("too large: rich text of more than 64 MiB")
    source = content.decode("latin-1")
    if not source.rstrip("\x00\r\n\t ").endswith("}"):
        raise UnreadableError("malformed: it ends inside a group")
    known = {name: text for name in _FIELDS if (text := _field(source, name))}
    return Parsed(text=text_of(source), title=known.get("title"), author=known.get("author"), metadata=known)


def text_of(source: str) -> str:
    """Return the text of rich text."""
    from striprtf.striprtf import rtf_to_text

    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    return text


def _field(source: str, name: str) -> str:
    match = re.search(r"\{\\" + name + r"[ \\]((?:[^{}\\]|\\[^{}])*)\}", source[:100_000])
    if match is None:
        return ""
    rest = match[0][len(name) + 2 : -1]
    page = re.search(r"\\ansicpg\d+", source[:2000])
    return text_of(r"{\rtf1\ansi" + (page[0] if page else "") + " " + rest.lstrip() + "}").strip()
