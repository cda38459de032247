"""What a reader found in one document, and how much of it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
MAX_METADATA, MAX_VALUE_CHARS = 200, 4_000
MAX_ATTACHMENTS = 1_000
MAX_TABLES, MAX_CELLS = 500, 100_000
MAX_RECIPIENTS = 5_000
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")


class UnreadableError(Exception):
    """A document that cannot be read; the text begins with the reason in a word or two and holds nothing of its content."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one document may take: seconds, megabytes of memory, characters of text; `tables` and `page_texts` say what is wanted."""

    timeout_s: float = 60.0
    max_memory_mb: int = 1024
    max_text_chars: int = 1_000_000
    tables: bool = True
    page_texts: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document inside a document; `text` is None where it is none we can read, or lies deeper than one level."""

    name: str | None
    type: str
    size: int
    sha256: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: `header` only where the document itself says which row that is, `page` only where it has pages."""

    rows: list[list[str]]
    header: list[str] | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reader found. `created_at` is an instant in ISO format with its offset; times without one are in `metadata` only.

    `cut` names the columns that hold less than the document does.
    """

    text: str | None = None
    title: str | None = None
    author: str | None = None
    recipients: Sequence[str] = ()
    created_at: str | None = None
    pages: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()
    tables: Sequence[Table] = ()
    page_texts: Sequence[str] = ()
    gps_latitude: float | None = None
    gps_longitude: float | None = None
    cut: frozenset[str] = frozenset()


def normalise(text: str) -> str:
    r"""Return text with `\n` as its only line end, without control characters and blanks before line ends.

    Examples:
        >>> normalise("one \r\ntwo\x00\r")
        'one\ntwo'
    """
    plain = _NO_TEXT.sub("", _LINE_ENDS.sub("\n", text)).encode("utf-8", "replace").decode()
    return "\n".join(line.rstrip() for line in plain.split("\n")).strip("\n")


def kept(parsed: Parsed, limits: Limits) -> dict[str, Any]:
    """Return what is kept of a document as plain values; `cut` names what is less than the document holds."""
    cutter = _Cutter(limits, set(parsed.cut))
    plain = {
        "title": _one_line(parsed.title),
        "author": _one_line(parsed.author),
        "recipients": cutter.first("recipients", [_one_line(one) for one in parsed.recipients], MAX_RECIPIENTS),
        "created_at": parsed.created_at,
        "pages": parsed.pages,
        "text": cutter.text("text", parsed.text),
        "metadata": cutter.metadata(parsed.metadata),
        "attachments": cutter.attachments(parsed.attachments),
        "tables": cutter.tables(parsed.tables if limits.tables else ()),
        "page_texts": cutter.page_texts(parsed.page_texts if limits.page_texts else ()),
        "gps_latitude": parsed.gps_latitude,
        "gps_longitude": parsed.gps_longitude,
    }
    return {**plain, "cut": sorted(cutter.cut)}


def _one_line(text: str | None) -> str | None:
    return (" ".join(normalise(text).split())[:MAX_VALUE_CHARS] or None) if text is not None else None


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Holds every column below its limit and remembers which were above."""

    limits: Limits
    cut: set[str]

    def text(self, column: str, text: str | None, room: int | None = None) -> str | None:
        """Return a text that is no longer than there is room."""
        if text is None:
            return None
        plain, room = normalise(text), self.limits.max_text_chars if room is None else room
        if len(plain) > room:
            self.cut.add(column)
        return plain[:room]

    def first(self, column: str, values: Sequence[T], count: int) -> list[T]:
        """Return the first values of a list."""
        if len(values) > count:
            self.cut.add(column)
        return list(values[:count])

    def metadata(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return what is known of a document, long values cut."""
        filled = [(name, normalise(value)) for name, value in found.items() if value]
        if any(len(value) > MAX_VALUE_CHARS for _, value in filled):
            self.cut.add("metadata")
        pairs = self.first("metadata", filled, MAX_METADATA)
        return {normalise(name)[:MAX_VALUE_CHARS]: value[:MAX_VALUE_CHARS] for name, value in pairs}

    def attachments(self, found: Sequence[Attachment]) -> list[dict[str, Any]]:
        """Return attachments; their texts together are no longer than a text may be."""
        room, made = self.limits.max_text_chars, []
        for one in self.first("attachments", found, MAX_ATTACHMENTS):
            text = self.text("attachments", one.text, room)
            room -= len(text or "")
            made.append({**asdict(one), "name": _one_line(one.name), "text": text})
        return made

    def tables(self, found: Sequence[Table]) -> list[dict[str, Any]]:
        """Return tables; together they have no more cells, and no more text, than is kept of a document."""
        cells, room, made = MAX_CELLS, self.limits.max_text_chars, []
        for number, table in enumerate(self.first("tables", found, MAX_TABLES), 1):
            rows = []
            for row in table.rows:
                plain = [normalise(cell) for cell in row]
                cells, room = cells - len(plain), room - sum(map(len, plain))
                if cells < 0 or room < 0:
                    self.cut.add("tables")
                    break
                rows.append(plain)
            header = [normalise(cell)[:MAX_VALUE_CHARS] for cell in table.header[:MAX_CELLS]] if table.header else None
            made.append({"number": number, "page": table.page, "header": header, "cells": rows})
        return made

    def page_texts(self, found: Sequence[str]) -> list[str]:
        """Return the texts of pages; together they are no longer than a text may be."""
        room, made = self.limits.max_text_chars, []
        for text in found:
            if room <= 0:
                self.cut.add("page_texts")
                break
            made.append(self.text("page_texts", text, room) or "")
            room -= len(made[-1]) + 1
        return made
