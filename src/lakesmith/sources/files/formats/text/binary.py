"""Files that are no text, whatever their name says: a picture, a document or a program has no lines, and is not read as if it had."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.text.encodings import WIDE, bom_of, guess_encoding

if TYPE_CHECKING:
    from lakesmith.sources.files.formats.base import Tail
    from lakesmith.sources.files.options import FileStreamOptions

SAMPLE = 64 * 1024
SIGNS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "a PNG picture"),
    (re.compile(rb"\xff\xd8\xff[\xc0-\xfe]"), "a JPEG picture"),
    (re.compile(rb"GIF8[79]a[^\n]{4}[\0-\xff]\0"), "a GIF picture"),
    (re.compile(rb"II\*\0|MM\0\*"), "a TIFF picture"),
    (re.compile(rb"RIFF....(?:WEBP|WAVE|AVI )", re.DOTALL), "a picture, sound or film"),
    (re.compile(rb"....ftyp[a-zA-Z0-9]{3}", re.DOTALL), "a film"),
    (re.compile(rb"%PDF-[12]\."), "a PDF document"),
    (re.compile(rb"\{\\rtf1"), "an RTF document"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), "a zip archive, or an Office document"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Office document"),
    (re.compile(rb"\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18"), "a packed file"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07"), "an archive"),
    (re.compile(rb"PAR1[\x15\x19\0-\x08]"), "a Parquet file"),
    (re.compile(rb"ORC[\0-\x08\x0a-\x1f\x80-\xff](?<!\r)(?<!\n)"), "an ORC file"),
    (re.compile(rb"Obj\x01"), "an Avro file"),
    (re.compile(rb"SQLite format 3\0"), "an SQLite database"),
    (re.compile(rb"\x7fELF|\xca\xfe\xba\xbe|MZ[\0-\xff]\0"), "a program"),
)
"""How files that are no text begin."""

CONTROLS = bytes([*range(0x04, 0x09), *range(0x0E, 0x1A), 0x7F])
"""Characters that no text has, and no table for a delimiter."""
KINDS, COUNT, SHARE = 6, 24, 0.02
"""How many of them there are at least where a file is no text: different ones, all, and of all that is not NUL."""

BEGINNING, NULS = 512, 192
"""Of how many bytes at the beginning so many are NUL where a file is no text; what follows may be space that nothing was written to."""


def refuse_binary(tail: Tail) -> None:
    """Refuse a file that is no text.

    Raises:
        SourceDataError: If its beginning is that of another kind of file, or full of characters that no text has.
    """
    check_is_text(tail.head, tail.options, tail.name)


def check_is_text(head: BinaryIO, options: FileStreamOptions, name: str) -> None:
    """Refuse a file that is no text, by its beginning; `head` may stand anywhere.

    Raises:
        SourceDataError: If it is another kind of file.
    """
    head.seek(0)
    kind = kind_of_binary(head.read(SAMPLE), is_wide=options.encoding_is_set and options.encoding.startswith("utf-"))
    if kind is not None:
        raise SourceDataError(
            f"The file is no text: it is {kind}. None of it was loaded.",
            where=name,
            fix="narrow `files:` if it is not meant, set `format:` if it can be read as another one, or `encoding:` if it is a text",
        )


def kind_of_binary(sample: bytes, *, is_wide: bool = False) -> str | None:
    """Return what a file is by its beginning, None if it is text.

    Args:
        sample: The beginning of the file.
        is_wide: Whether it is known to be written in an encoding whose characters hold such bytes.

    Examples:
        >>> kind_of_binary(b"%PDF-1.7"), kind_of_binary(b"id,name")
        ('a PDF document', None)
    """
    known = next((kind for sign, kind in SIGNS if sign.match(sample)), None)
    if known is not None or is_wide or bom_of(sample) is not None:
        return known
    is_strange = _has_controls(sample) or sample[:BEGINNING].count(0) >= NULS
    if not is_strange or guess_encoding(sample, is_whole=False) in WIDE:
        return None
    return "full of characters that no text has"


def _has_controls(sample: bytes) -> bool:
    text = sample.replace(b"\0", b"")
    found = len(text) - len(text.translate(None, CONTROLS))
    if found < COUNT or found < SHARE * len(text):
        return False
    return sum(bytes([one]) in text for one in CONTROLS) >= KINDS
