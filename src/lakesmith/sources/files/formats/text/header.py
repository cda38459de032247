"""The columns of a CSV file, and where its first record of values begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.base import RECORD_LIMIT
from lakesmith.sources.files.formats.text.dialect import SAMPLE, Layout
from lakesmith.sources.files.formats.text.encodings import bom_of
from lakesmith.sources.files.formats.text.lexer import is_blank
from lakesmith.sources.files.formats.text.transcoding import Feed, Straight, Transcoded
from lakesmith.sources.files.limits import COLUMNS
from lakesmith.sources.files.reading.tape import Tape

BLANK_LINES = re.compile(rb"(?:\r\n|\n|\r(?!\Z))+")  # a \r at the end may be half of a line end
LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
LONGEST_BOM = 4
UNLIMITED = 1 << 62
NAME_CHARACTERS = 4_096
"""How long the name of a column may be: a longer one is no name."""


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file, and where its first record of values begins: offset in the file, and line ends before it."""

    columns: tuple[str, ...]
    end: int
    lines: int


def header_of(head: BinaryIO, layout: Layout, name: str) -> Header | None:
    """Return the columns of a file, or None where its header is not whole yet.

    Args:
        head: A handle on the file, anywhere.
        layout: How the file is written. Without a header the columns are numbered, after the fields of the first record.
        name: The name of the file.

    Raises:
        SourceDataError: If the header is longer than a record may be.
    """
    head.seek(0)
    mark = bom_of(head.read(LONGEST_BOM))
    tape = Tape(head, UNLIMITED)
    head.seek(0)
    tape.skip_to(len(mark[0]) if mark else 0)
    dialect = layout.dialect
    feed: Feed = Straight(tape) if dialect.is_direct else Transcoded(tape, dialect.encoding)
    return _HeaderReading(feed, layout, name).header()


def distinct_names(values: Sequence[str]) -> tuple[str, ...]:
    """Return column names as they are written, made distinct: an empty one is called after its place, a repeated one gets a number.

    Examples:
        >>> distinct_names(["id", "name", "name", ""])
        ('id', 'name', 'name_2', 'column_4')
    """
    written = {value for value in values if value.strip()}
    names: dict[str, None] = {}
    last: dict[str, int] = {}
    for place, value in enumerate(values, start=1):
        is_named = value.strip() != ""
        name = base = value if is_named else f"column_{place}"
        is_first = is_named and value not in names
        while name in names or (not is_first and name in written):
            last[base] = last.get(base, 1) + 1
            name = f"{base}_{last[base]}"
        names[name] = None
    return tuple(names)


def joined_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one name per column out of several rows of names; above the last row, an empty cell means what stands to its left.

    Examples:
        >>> joined_names([["", "2020", "", "2021"], ["id", "first", "last", "first"]])
        ['id', '2020 first', '2020 last', '2021 first']
    """
    width = max(len(row) for row in rows)
    filled: list[list[str]] = []
    for number, row in enumerate(rows):
        cells = [*row, *[""] * (width - len(row))]
        if number < len(rows) - 1:
            cells = list(accumulate(cells, _cell_or_left))
        filled.append(cells)
    return [" ".join(part.strip() for part in parts if part.strip()) for parts in zip(*filled, strict=True)]


def _cell_or_left(left: str, cell: str) -> str:
    return cell if cell.strip() else left


class _HeaderReading:
    """Goes through the beginning of a file until its header is whole."""

    def __init__(self, feed: Feed, layout: Layout, name: str) -> None:
        self._feed, self._layout, self._name = feed, layout, name
        self._lexer = layout.dialect.lexer
        self._data, self._at, self._lines = b"", 0, 0
        self._to_skip = layout.skip
        self._records: list[bytes] = []

    def header(self) -> Header | None:
        size = SAMPLE
        while not self._go_on():
            if len(self._data) - self._at > RECORD_LIMIT:
                raise SourceDataError(
                    f"The header is longer than {RECORD_LIMIT // 1024 // 1024} MB.",
                    where=f"{self._name}:{self._lines + 1}",
                    fix="set `delimiter:` and `quote:` if it is read wrongly, or deliver the file with a header",
                )
            piece = self._feed.read(size)
            if not piece and self._feed.at_end:
                return self._unfinished()
            self._data, self._at, size = self._data[self._at :] + piece, 0, 2 * size
        return self._named()

    def _go_on(self) -> bool:
        """Pass over what is whole; return whether the header is."""
        while self._to_skip:
            found = LINE_END.search(self._data, self._at)
            if found is None:
                return False
            self._pass(found.end())
            self._to_skip -= 1
        while True:
            blank = BLANK_LINES.match(self._data, self._at)
            if blank is not None:
                self._pass(blank.end())
            end = self._lexer.first_end(self._data, final=False, start=self._at)
            if not end:
                return False
            record = self._data[self._at : end]
            is_comment = self._lexer.comment != b"" and record.startswith(self._lexer.comment)
            if not is_comment:
                self._records.append(record)
                if self._layout.header == 0:
                    return True
            self._pass(end)
            if not is_comment and len(self._records) == self._layout.header:
                return True

    def _pass(self, end: int) -> None:
        self._lines += self._lexer.lines(self._data[self._at : end])
        self._at = end

    def _named(self) -> Header:
        widest = max(self._lexer.fields(record) for record in self._records)
        if widest > COLUMNS:
            raise SourceDataError(
                f"The file has {widest:,} columns; {COLUMNS:,} is the most that is read. None of it was loaded.",
                where=f"{self._name}:{self._lines}",
                fix="set `delimiter:` if it is read wrongly, or deliver a table with a row for each of them",
            )
        rows = [self._layout.dialect.parse(record) for record in self._records]
        names = _numbered(len(rows[0])) if self._layout.header == 0 else distinct_names(joined_names(rows))
        if self._layout.header == 1:
            names = distinct_names(rows[0])
        if max(map(len, names)) > NAME_CHARACTERS:
            raise SourceDataError(
                f"The name of a column is longer than {NAME_CHARACTERS:,} characters. None of the file was loaded.",
                where=f"{self._name}:{self._lines}",
                fix="set `delimiter:` and `quote:` if the header is read wrongly, `header: false` if there is none",
            )
        offset, _ = self._feed.reached(len(self._data) - self._at)
        return Header(names, offset, self._lines)

    def _unfinished(self) -> Header | None:
        rest = self._data[self._at :]
        if is_blank(rest) or self._to_skip or (self._lexer.comment and rest.startswith(self._lexer.comment)):
            return None
        self._records.append(rest)
        if self._layout.header == 0:
            return self._named()
        # names without a line end may have been cut in the middle; a last \r is a line end once nothing follows it
        if not rest.endswith(b"\r") or len(self._records) < self._layout.header:
            return None
        self._at = len(self._data)
        self._lines += 1
        return self._named()


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"column_{place}" for place in range(1, width + 1))
