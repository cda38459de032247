"""Reads logs of any layout: blocks of whole lines, and a last line without its end only if it is known to be whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from lakesmith.sources.files.formats.base import CUT_REASON, Sight, Stretch, Tail, reject
from lakesmith.sources.files.formats.blocks import Block, BlockReader
from lakesmith.sources.files.formats.logs.layout import TOO_LONG, Layout, Parsed, Parser
from lakesmith.sources.files.formats.logs.lines import numbered
from lakesmith.sources.files.formats.text.lexer import Lexer, is_blank
from lakesmith.sources.files.reading.tape import Tape

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

LEXER = Lexer(b"", b"", bare_cr=False)
SAMPLE = 64 * 1024


class LayoutFormat:
    """Reads logs whose lines all have the same columns. Blank lines are not records."""

    def __init__(self, layout_of: Callable[[FileStreamOptions], Layout]) -> None:
        self.layout_of = layout_of

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end; a last line without its end is read once it is whole."""
        layout = self.layout_of(tail.options)
        return read_lines(layout, tail, tape, ends_open=layout.ends_open)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - it does not depend on the name
        """Return whether the first lines are in the format."""
        layout, lines = self.layout_of(options), first_lines(head)
        return sight_of(layout.columns, len(layout.parse(lines).bad), lines.height)

    def fitting(self, lines: pl.DataFrame, options: FileStreamOptions) -> int:
        """Return how many lines are in the format."""
        return lines.height - len(self.layout_of(options).parse(lines).bad)


def sight_of(columns: Mapping[str, object], bad: int, seen: int) -> Sight:
    """Return what a log looks like: its columns, and how many of the first lines are not in its format."""
    doubt = f"{bad} of the first {seen} lines are not in the format" if bad else ""
    fix = "set `format:`, or correct `pattern:`, if the file is something else" if doubt else ""
    return Sight(f"columns {', '.join(columns)}", doubt, fix)


def first_lines(head: BinaryIO) -> pl.DataFrame:
    """Return the lines at the beginning of a file; one that may not be whole only if there is no other."""
    head.seek(0)
    data = head.read(SAMPLE)
    whole = data[: data.rfind(b"\n") + 1]
    return numbered(whole or data, 1)


def read_lines(parser: Parser, tail: Tail, tape: Tape, *, ends_open: bool = False) -> Iterator[Stretch]:
    """Yield the lines from where the tape stands to its end.

    Args:
        parser: Reads them, one after the other.
        tail: The file.
        tape: Stands at a line's beginning.
        ends_open: Whether a last line without its end is whole if it fits. Else it waits for its end: a number that was cut looks
            like a number, and fields that may be missing look like missing fields.
    """
    reading = _Reading(parser, tail.name, ends_open=ends_open)
    for block in BlockReader(tape, LEXER, tail.line):
        yield reading.stretch(block)


class _Reading:
    """The reading of one file."""

    def __init__(self, parser: Parser, name: str, *, ends_open: bool) -> None:
        self._parser, self._name, self._ends_open = parser, name, ends_open

    def stretch(self, block: Block) -> Stretch:
        if block.oversized is not None:
            fault = reject(TOO_LONG, self._name, block.line, block.oversized)
            return Stretch(
                self._parser.empty,
                (fault,),
                block.records,
                block.end,
                block.digest,
                block.lines,
                notes=self._parser.notes,
            )
        rest = block.rest if not is_blank(block.rest) else b""
        if rest and self._ends_open:
            return self._with_last(block, rest)
        parsed = self._parser.parse(numbered(block.data, block.line))
        if not rest or (rest.startswith(b"#") and self._parser.has_directives):  # half a directive is no record
            return self._stretch(block, parsed, block.records)
        waits = (block.lines + 1, CUT_REASON)
        return self._stretch(block, replace(parsed, bad=(*parsed.bad, waits)), block.records + 1)

    def _with_last(self, block: Block, rest: bytes) -> Stretch:
        """Return the lines with the last one, which has no end: it is whole, or waits."""
        parsed = self._parser.parse(numbered(block.data + rest, block.line))
        last = block.lines + 1
        if parsed.bad and parsed.bad[-1][0] == last:
            waits = replace(parsed, bad=(*parsed.bad[:-1], (last, CUT_REASON)))
            return self._stretch(block, waits, block.records + 1)
        return self._stretch(block, parsed, block.records + 1, (block.end + len(rest), block.rest_digest))

    def _stretch(self, block: Block, parsed: Parsed, counted: int, upto: tuple[int, str] | None = None) -> Stretch:
        lines = (block.data + block.rest).split(b"\n") if parsed.bad else []  # as they are, without escapes
        rejects = tuple(reject(reason, self._name, number, lines[number - block.line]) for number, reason in parsed.bad)
        end, digest = upto or (block.end, block.digest)
        notes = self._parser.notes
        return Stretch(parsed.rows, rejects, counted - parsed.passed, end, digest, block.lines, notes=notes)


def read_again(parser: Parser, raw: bytes, tail: Tail) -> Iterator[Stretch]:
    """Yield what becomes of one line by itself."""
    content = raw + b"\n"
    yield from read_lines(parser, Tail(tail.name, tail.head, tail.options), Tape(BytesIO(content), len(content)))
