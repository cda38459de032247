"""Plain text and Markdown: as much of it as is kept, in whatever encoding it turns out to be."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from lakesmith.sources.documents.dispatch import Task
from lakesmith.sources.documents.parsed import Parsed

BYTES_PER_CHAR = 4
_HEADING = re.compile(r"(?m)^#{1,2} +(.+?) *#*$")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read(file: BinaryIO, task: Task) -> Parsed:
    """Return a text; its title is the first heading, if it has one."""
    wanted = task.limits.max_text_chars
    content = file.read(BYTES_PER_CHAR * (wanted + 1))
    is_whole = not file.read(1)
    text, encoding = decoded(content, is_whole=is_whole)
    heading = _HEADING.search(text[:10_000])
    cut = frozenset({"text"} if not is_whole else ())
    return Parsed(text=text, title=heading[1] if heading else None, metadata={"encoding": encoding}, cut=cut)


def decoded(content: bytes, declared: str | None = None, *, is_whole: bool = True) -> tuple[str, str]:
    """Return text and the encoding it was in: by its mark, as `declared`, as UTF-8, or else as Windows-1252.

    Bytes that are no text even then become U+FFFD. Unless it `is_whole`, it may end inside a character.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for name in filter(None, (marked, declared, "utf-8")):
        try:
            return codecs.getincrementaldecoder(name)("strict").decode(content, is_whole), name
        except (UnicodeError, LookupError):
            continue
    return content.decode("cp1252", "replace"), "cp1252"
