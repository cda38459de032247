"""JSON lines: every line that is not blank is an object; nested values stay typed.

A JSON string is text, whatever it looks like; a type for it can be declared. Which numbers become what, `json_values` says. An
empty list or object whose contents nobody knows yet has no type, and `shape` gives it a column once one of them holds something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.base import CUT_REASON, Sight, Stretch, Tail, reject
from lakesmith.sources.files.formats.blocks import Block, BlockReader, Sizes
from lakesmith.sources.files.formats.nested.json_feed import encoding_of
from lakesmith.sources.files.formats.nested.json_look import look_at_records
from lakesmith.sources.files.formats.nested.json_records import EMPTY, TOO_LONG, RecordReader
from lakesmith.sources.files.formats.nested.json_values import UnreadableError, decode
from lakesmith.sources.files.formats.text.binary import check_is_text, refuse_binary
from lakesmith.sources.files.formats.text.encodings import WIDE
from lakesmith.sources.files.formats.text.lexer import Cut, Lexer
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.tape import Tape

BLOCK = 6 * 1024 * 1024
SAMPLE = 1024 * 1024
UTF8_BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r\n"
BLANKS_FIRST = (b" ", b"\t", b"\r", b"\n")
BLANK_LINE = re.compile(rb"\n[ \t\r]+(?=\n)")


class LineLexer(Lexer):
    """Finds lines; such as hold nothing but blanks are not records."""

    def __init__(self) -> None:
        super().__init__(b"", b"", bare_cr=False)

    def cut(self, data: bytes, *, final: bool) -> Cut:
        """Return the whole lines at the beginning of `data`, counted without those that are blank."""
        cut = super().cut(data, final=final)
        return replace(cut, records=count_lines(cut.data))


LEXER = LineLexer()


def count_lines(data: bytes) -> int:
    """Return how many lines are not blank."""
    if data.startswith(BLANKS_FIRST) or b"\n\n" in data or BLANK_LINE.search(data):
        return sum(1 for line in data.split(b"\n") if line.strip(BLANKS))
    return data.count(b"\n") + (data != b"" and not data.endswith(b"\n"))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file, the first of them with the number `line`."""

    data: bytes
    line: int
    count: int

    def halves(self) -> tuple[Lines, Lines] | None:
        """Return the first and the second half, cut at a line end."""
        middle = self.data.find(b"\n", len(self.data) // 2) + 1
        if middle in (0, len(self.data)):
            middle = self.data.rfind(b"\n", 0, len(self.data) // 2) + 1
        if not middle:
            return None
        first, second = self.data[:middle], self.data[middle:]
        head = count_lines(first)
        return Lines(first, self.line, head), Lines(second, self.line + first.count(b"\n"), self.count - head)

    def items(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line that is not blank, with its number."""
        for number, line in enumerate(self.data.split(b"\n"), self.line):
            if line.strip(BLANKS):
                yield number, line


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where a file need not be read again."""

    end: int
    digest: str
    lines: int


class JsonLinesFormat:
    """Reads JSON lines."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end; a last line without its end is read once it is whole.

        Raises:
            SourceDataError: If the file is UTF-16, or no text.
        """
        at_start = tape.position == 0
        if at_start:
            refuse_wide(tail)
            refuse_binary(tail)
        reader = RecordReader(tail.name, tail.options.encoding)
        mark = Mark(tape.position, tape.digest(tape.position), tail.line - 1)
        for block in BlockReader(tape, LEXER, tail.line, Sizes(block=BLOCK)):
            for stretch in _stretches(reader, tail, _without_mark(block) if at_start else block, mark):
                yield stretch
                mark = Mark(stretch.end, stretch.digest, stretch.lines)
            at_start = False

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return how many fields the first lines have, and what is wrong with them."""
        check_is_text(head, options, name)
        head.seek(0)
        data = head.read(SAMPLE).removeprefix(UTF8_BOM)
        whole = data[: data.rfind(b"\n") + 1] if len(data) >= SAMPLE and b"\n" in data else data
        return look_at_records(Lines(whole, 1, count_lines(whole)), options.encoding, "one object a line")


def refuse_wide(tail: Tail) -> None:
    """Refuse UTF-16 and UTF-32, in which lines cannot be told apart byte by byte.

    Raises:
        SourceDataError: If the file begins as they do.
    """
    tail.head.seek(0)
    encoding, _ = encoding_of(tail.head.read(4), "utf-8")
    if encoding in WIDE:
        raise SourceDataError(
            f"The file is {encoding[:6].upper()}, which is not read line by line.",
            where=tail.name,
            fix="set `format: json` for the stream, which reads files as a whole, or have it delivered as UTF-8",
        )


def _without_mark(block: Block) -> Block:
    if block.data:
        data = block.data.removeprefix(UTF8_BOM)
        gone = data.strip(BLANKS) == b"" and block.data.strip(BLANKS) != b""
        return replace(block, data=data, records=count_lines(data)) if gone or data is not block.data else block
    return replace(block, rest=block.rest.removeprefix(UTF8_BOM))


def _stretches(reader: RecordReader, tail: Tail, block: Block, mark: Mark) -> Iterator[Stretch]:
    """Yield what a block holds. Only the last stretch of it goes on behind `mark`: a batch does not end where a block of bytes does."""
    if block.oversized is not None:
        fault = reject(TOO_LONG, tail.name, block.line, block.oversized, tail.options.encoding)
        yield Stretch(EMPTY, (fault,), block.records, block.end, block.digest, block.lines)
        return
    rest = block.rest if block.rest.strip(BLANKS) else b""
    is_cut = rest != b"" and not _is_json(rest, tail.options.encoding)
    data = block.data if is_cut else block.data + rest
    pieces = reader.read(Lines(data, block.line, count_lines(data)))
    left = block.records + bool(rest)
    for piece in pieces[:-1]:
        counted = piece.rows.num_rows + len(piece.rejects)
        left -= counted
        yield Stretch(piece.rows, piece.rejects, counted, mark.end, mark.digest, mark.lines)
    rejects = pieces[-1].rejects
    if is_cut:
        rejects = (*rejects, reject(CUT_REASON, tail.name, block.lines + 1, rest, tail.options.encoding))
    whole = rest != b"" and not is_cut
    end, digest = (block.end + len(block.rest), block.rest_digest) if whole else (block.end, block.digest)
    yield Stretch(pieces[-1].rows, rejects, left, end, digest, block.lines)


def _is_json(rest: bytes, encoding: str) -> bool:
    try:
        decode(rest, encoding)
    except UnreadableError as why:
        return not str(why).startswith(("not JSON", "the record is not valid"))
    return True


FORMAT = JsonLinesFormat()
