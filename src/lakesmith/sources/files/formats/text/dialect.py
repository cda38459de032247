"""How a CSV file is written: what was set, what an earlier reading of the file found, and what its beginning shows, in this order."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.sources.files.formats.base import RECORD_LIMIT
from lakesmith.sources.files.formats.text.encodings import SAMPLE as ENCODING_SAMPLE
from lakesmith.sources.files.formats.text.encodings import bom_of, guess_encoding, is_direct
from lakesmith.sources.files.formats.text.lexer import Lexer
from lakesmith.sources.files.formats.text.transcoding import Transcoded
from lakesmith.sources.files.reading.tape import Tape

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

SAMPLE = 64 * 1024
AUTO = "auto"
HEADER_ONLY = "header_only"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The characters a file is written with; `escape` and `comment` are empty where there are none. `spaced`: blanks may stand before quotes."""

    delimiter: str
    quote: str
    encoding: str
    escape: str = ""
    comment: str = ""
    spaced: bool = False

    @property
    def lexer(self) -> Lexer:
        """The lexer for files of this dialect."""
        return Lexer(
            self.delimiter.encode(),
            self.quote.encode(),
            escape=self.escape.encode(),
            comment=self.comment.encode(),
            spaced=self.spaced,
        )

    @property
    def is_direct(self) -> bool:
        """Whether the file's own bytes are read; otherwise its text is turned into UTF-8 on the way."""
        return is_direct(self.encoding)

    @property
    def inner(self) -> str:
        """The encoding of the bytes that lexer and parser see."""
        return self.encoding if self.is_direct else "utf-8"

    def parse(self, record: bytes) -> list[str]:
        """Return the values of one record, invalid bytes replaced."""
        csv.field_size_limit(2 * RECORD_LIMIT)
        text = record.decode(self.inner, "replace").rstrip("\r\n")
        if not self.quote and not self.escape:
            return text.split(self.delimiter)
        reader = csv.reader(
            [text],
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            escapechar=self.escape or None,
            skipinitialspace=self.spaced,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
        )
        try:
            return next(reader, [])
        except (
            csv.Error
        ):  # an escaped line end right behind a closing quote: the csv module does not take it for escaped
            fields = text.split(self.delimiter)
            return [*fields, *[""] * self.lexer.fields(record)][: self.lexer.fields(record)]


@dataclass(frozen=True, slots=True)
class Layout:
    """The dialect of a file, the lines before its header, and how many records the header has.

    `found` names what nobody set; it was found out from the beginning of the file.
    """

    dialect: Dialect
    skip: int = 0
    header: int = 1
    found: frozenset[str] = frozenset()

    def as_notes(self, *, is_known: bool = True) -> dict[str, str]:
        """Return what is to be remembered of a file, so that it is read on in the same way when it has grown.

        Args:
            is_known: False where the file has no records yet: then only what its header was read by is remembered.
        """
        every = {
            "delimiter": self.dialect.delimiter,
            "quote": self.dialect.quote,
            "escape": self.dialect.escape,
            "encoding": self.dialect.encoding,
            "skip_blanks": str(int(self.dialect.spaced)),
            "skip_rows": str(self.skip),
            "header": str(self.header),
        }
        if not is_known:
            return {HEADER_ONLY: "1"} | {name: every[name] for name in ("delimiter", "skip_rows", "header")}
        usual = {"quote": '"', "escape": "", "skip_blanks": "0", "skip_rows": "0", "header": "1"}
        always = {"delimiter", "skip_rows", "header"}
        return {
            name: value
            for name, value in every.items()
            if usual.get(name) != value and (name in always or name in self.found)
        }


def layout_of(head: BinaryIO, options: FileStreamOptions, name: str, notes: Mapping[str, str] | None = None) -> Layout:
    """Return how a file is written.

    Args:
        head: A handle on the file, anywhere.
        options: What was set.
        name: The name of the file, whose suffix may tell the delimiter.
        notes: What an earlier reading of this file remembered; a setting is stronger.
    """
    from lakesmith.sources.files.formats.text.sniffing import sniff

    notes = notes or {}
    if HEADER_ONLY in notes:
        options, notes = _with_header_of(options, notes), {}
    encoding, found = encoding_of(head, options, notes)
    set_ = Layout(
        Dialect(
            options.delimiter or "",
            '"' if options.quote is None else options.quote,
            encoding,
            options.escape or "",
            options.comment or "",
            bool(options.skip_blanks),
        ),
        options.skip_rows or 0,
        1 if options.header == AUTO else int(options.header),
    )
    if "delimiter" in notes:
        return replace(_remembered(set_, options, notes), found=found | set(notes))
    sniffed = sniff(_sample(head, encoding), set_, options, name)
    return replace(sniffed, found=sniffed.found | found)


def _with_header_of(options: FileStreamOptions, notes: Mapping[str, str]) -> FileStreamOptions:
    """Return the settings with what the header of a file was read by; all else is found out once there are records."""
    known = {
        "delimiter": options.delimiter or notes["delimiter"],
        "skip_rows": int(notes["skip_rows"]) if options.skip_rows is None else options.skip_rows,
        "header": int(notes["header"]) if options.header == AUTO else options.header,
    }
    return options.model_copy(update=known)


def sample_of(head: BinaryIO, encoding: str, size: int = SAMPLE) -> bytes:
    """Return the beginning of a file without its byte order mark, as the bytes that lexer and parser see."""
    head.seek(0)
    raw = head.read(size)
    mark = bom_of(raw)
    raw = raw.removeprefix(mark[0]) if mark else raw
    return raw if is_direct(encoding) else Transcoded(Tape(BytesIO(raw), len(raw) + 1), encoding).read(size)


def _sample(head: BinaryIO, encoding: str) -> tuple[bytes, bool]:
    """Return the beginning of a file, and whether that is all of it."""
    sample = sample_of(head, encoding)
    head.seek(0)
    return sample, len(head.read(SAMPLE + 1)) <= SAMPLE


def encoding_of(head: BinaryIO, options: FileStreamOptions, notes: Mapping[str, str]) -> tuple[str, frozenset[str]]:
    """Return the encoding, and `encoding` if it was found out. A byte order mark is stronger than everything else."""
    head.seek(0)
    sample = head.read(ENCODING_SAMPLE)
    mark = bom_of(sample)
    if mark is not None:
        return mark[1], frozenset()
    if options.encoding_is_set:
        return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(options.encoding, options.encoding), frozenset()
    if "encoding" in notes:
        return notes["encoding"], frozenset({"encoding"})
    guess = guess_encoding(sample, is_whole=len(sample) < ENCODING_SAMPLE)
    # ASCII says nothing yet: what comes later in the file may
    return (guess, frozenset({"encoding"})) if guess else (options.encoding, frozenset())


def _remembered(set_: Layout, options: FileStreamOptions, notes: Mapping[str, str]) -> Layout:
    dialect = set_.dialect
    return Layout(
        replace(
            dialect,
            delimiter=options.delimiter or notes["delimiter"],
            quote=dialect.quote if options.quote is not None else notes.get("quote", '"'),
            escape=dialect.escape if options.escape is not None else notes.get("escape", ""),
            spaced=dialect.spaced if options.skip_blanks is not None else notes.get("skip_blanks") == "1",
        ),
        set_.skip if options.skip_rows is not None else int(notes.get("skip_rows", "0")),
        set_.header if options.header != AUTO else int(notes.get("header", "1")),
    )
