"""Where the columns of a file of fixed width lie: as set, or found out where the header and the first records have blanks in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.base import RECORD_LIMIT
from lakesmith.sources.files.formats.text.dialect import SAMPLE, encoding_of
from lakesmith.sources.files.formats.text.encodings import bom_of, is_direct
from lakesmith.sources.files.formats.text.header import distinct_names, joined_names
from lakesmith.sources.files.formats.text.lexer import Lexer, is_blank
from lakesmith.sources.files.formats.text.transcoding import Feed, Straight, Transcoded
from lakesmith.sources.files.reading.tape import Tape

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

LEXER = Lexer(b"", b"", bare_cr=False)
LONGEST_BOM = 4
SAMPLE_LINES = 100
UNLIMITED = 1 << 62


@dataclass(frozen=True, slots=True)
class Span:
    """A column: its name, the place of its first character from 0 on, and its width in characters; None if it goes to the end of the line."""

    name: str
    start: int
    width: int | None

    @property
    def end(self) -> int | None:
        """The place behind its last character."""
        return None if self.width is None else self.start + self.width


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of a file, where its first record begins (offset, and lines before it), its encoding, and what nobody set of all that.

    Where the columns were found out, or all widths set, every character of a line belongs to one: `covers`.
    """

    spans: tuple[Span, ...]
    end: int
    lines: int
    encoding: str
    found: frozenset[str]
    covers: bool

    def as_notes(self) -> dict[str, str]:
        """Return what is to be remembered of a file, so that it is read on in the same way when it has grown."""
        places = json.dumps([[span.name, span.start, span.width] for span in self.spans], ensure_ascii=False)
        every = {"spans": places, "encoding": self.encoding}
        return {name: value for name, value in every.items() if name in self.found}


def plan_of(
    head: BinaryIO, options: FileStreamOptions, name: str, notes: Mapping[str, str] | None = None
) -> Plan | None:
    """Return how a file is to be read, or None where its header, or the record needed to find columns, is not there yet.

    Raises:
        SourceDataError: If the header is longer than a record may be, or no columns can be found.
    """
    notes = notes or {}
    encoding, found = encoding_of(head, options, notes)
    rows = _header_rows(options)
    beginning = _Beginning(head, encoding)
    top = beginning.lines(options.skip_rows or 0, rows, name)
    if top is None:
        return None
    end, lines = beginning.passed
    names = [line.decode(beginning.inner, "replace").rstrip("\r\n") for line in top]
    if options.fields is not None:
        spans = tuple(Span(column, start - 1, width) for column, (start, width) in options.fields.items())
        return Plan(spans, end, lines, encoding, found, covers=False)
    if options.widths is not None:
        starts = list(accumulate(options.widths, initial=0))
        places = list(zip(starts, options.widths, strict=False))
        return Plan(_named(places, names), end, lines, encoding, found, covers=True)
    if "spans" in notes:
        spans = tuple(Span(*entry) for entry in json.loads(notes["spans"]))
        return Plan(spans, end, lines, encoding, found | {"spans"}, covers=True)
    sample = beginning.sample()
    if not sample:
        return None
    return Plan(_named(_runs([*names, *sample]), names), end, lines, encoding, found | {"spans"}, covers=True)


def _header_rows(options: FileStreamOptions) -> int:
    if options.fields is not None and "header" not in options.model_fields_set:
        return 0
    return 1 if options.header == "auto" else int(options.header)


class _Beginning:
    """The first lines of a file."""

    def __init__(self, head: BinaryIO, encoding: str) -> None:
        head.seek(0)
        mark = bom_of(head.read(LONGEST_BOM))
        head.seek(0)
        tape = Tape(head, UNLIMITED)
        tape.skip_to(len(mark[0]) if mark else 0)
        self.inner = encoding if is_direct(encoding) else "utf-8"
        self._feed: Feed = Straight(tape) if is_direct(encoding) else Transcoded(tape, encoding)
        self._data, self._lines = b"", 0

    @property
    def passed(self) -> tuple[int, int]:
        """The offset in the file behind the lines that were taken, and how many they are. To be asked once."""
        return self._feed.reached(len(self._data))[0], self._lines

    def lines(self, to_skip: int, wanted: int, name: str) -> list[bytes] | None:
        """Return as many lines that are not blank as were wanted, behind those to skip; None if there are not so many."""
        found: list[bytes] = []
        while to_skip or len(found) < wanted:
            end = LEXER.first_end(self._data, final=True)
            if not end:
                if not self._read(name):
                    return None
                continue
            line, self._data = self._data[:end], self._data[end:]
            self._lines += 1
            if to_skip:
                to_skip -= 1
            elif not is_blank(line):
                found.append(line)
        return found

    def sample(self) -> list[str]:
        """Return the next lines that are whole, as many as a sample needs; without their ends."""
        self._data += self._feed.read(SAMPLE)
        whole = self._data[: self._data.rfind(b"\n") + 1]
        texts = [line.decode(self.inner, "replace").rstrip("\r\n") for line in whole.split(b"\n")]
        return [text for text in texts if text.strip()][:SAMPLE_LINES]

    def _read(self, name: str) -> bool:
        if len(self._data) > RECORD_LIMIT:
            raise SourceDataError(
                f"A line of the header is longer than {RECORD_LIMIT // 1024 // 1024} MB.",
                where=f"{name}:{self._lines + 1}",
                fix="set `format:`, if the file is something else",
            )
        piece = self._feed.read(max(SAMPLE, len(self._data)))
        self._data += piece
        return bool(piece) or not self._feed.at_end


def _named(places: Sequence[tuple[int, int | None]], rows: Sequence[str]) -> tuple[Span, ...]:
    cut = [[_slice(row, start, width).strip() for start, width in places] for row in rows]
    names = distinct_names(joined_names(cut) if cut else [""] * len(places))
    return tuple(Span(name, start, width) for name, (start, width) in zip(names, places, strict=True))


def _slice(line: str, start: int, width: int | None) -> str:
    return line[start:] if width is None else line[start : start + width]


def _runs(lines: Sequence[str]) -> list[tuple[int, int | None]]:
    """Return start and width of the runs of places that are not blank in every line; the last one goes to the end of the line."""
    longest = max(map(len, lines))
    used = [False] * (longest + 1)
    for line in lines:
        for place, letter in enumerate(line):
            used[place] = used[place] or letter != " "
    starts = [place for place in range(longest) if used[place] and (place == 0 or not used[place - 1])]
    ends = [place + 1 for place in range(longest) if used[place] and not used[place + 1]]
    widths: list[int | None] = [end - start for start, end in zip(starts, ends, strict=True)]
    return list(zip(starts, [*widths[:-1], None], strict=True))
