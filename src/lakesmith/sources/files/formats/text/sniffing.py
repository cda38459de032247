"""Guesses about a CSV file from its first 64 kB: delimiter, quote, escape, lines before the header, and whether there is a header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakesmith.sources.files.formats.text.dialect import AUTO, Dialect, Layout
from lakesmith.sources.files.formats.text.lexer import is_blank

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01")
SAMPLE_RECORDS = 100
PREAMBLE = 20
"""Records that may stand before the header."""
WIDE_ENOUGH = 3
"""Columns from which on a line of one field is no record."""
AGREEING = 0.9
AGREEING_BELOW_REMARKS = 0.5
REMARK = b"#"
DECIMAL = re.compile(rb"[0-9],[0-9]")
SINGLE_QUOTED = re.compile(rb"(?<![^,;\t|\r\n])'[^'\r\n]*'(?=[,;\t|\r\n]|\Z)")
SINGLE_OPENED = re.compile(rb"(?<![^,;\t|\r\n])'")
ENOUGH_QUOTED = 3
VALUE = re.compile(
    r"\s*(?:[-+]?[$€£]?[0-9][0-9.,' ]*(?:[eE][-+]?[0-9]+)?%?|[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?:[ T].*)?)\s*"
)
YEAR = re.compile(r"\s*(?:1[89]|20)[0-9]{2}\s*")


@dataclass(frozen=True, slots=True)
class Shape:
    """The records at the beginning of a text, without blank ones and comments, the line each begins in, and their widths."""

    records: list[bytes]
    lines: list[int]
    widths: list[int]

    @property
    def usual(self) -> int:
        """The most frequent width; of equally frequent ones the first."""
        return Counter(self.widths).most_common(1)[0][0] if self.widths else 1

    @property
    def agreement(self) -> float:
        """The share of records that have it."""
        return self.widths.count(self.usual) / len(self.widths) if self.widths else 1.0


def sniff(sample: tuple[bytes, bool], known: Layout, options: FileStreamOptions, name: str) -> Layout:
    """Return a layout with everything found out that was not set.

    Args:
        sample: The beginning of a file without byte order mark, and whether that is all of it.
        known: What was set, with usual values for the rest.
        options: Tells what was set.
        name: The name of the file; `.tsv` means tabs.
    """
    text, is_whole = sample
    text = after_lines(text, known.skip)
    dialect = known.dialect
    if options.quote is None and options.delimiter != "'" and _is_single_quoted(text):
        dialect = replace(dialect, quote="'")
    if options.delimiter is None:
        dialect = replace(dialect, delimiter=_delimiter(text, dialect, name, is_whole=is_whole))
    if options.skip_blanks is None and _is_spaced(text, dialect, is_whole=is_whole):
        dialect = replace(dialect, spaced=True)
    if options.escape is None and _is_escaped(text, dialect, is_whole=is_whole):
        dialect = replace(dialect, escape="\\")
    shape = shape_of(text, dialect, is_whole=is_whole)
    skip = known.skip if options.skip_rows is not None else preamble(shape, dialect)
    header = known.header
    if options.header == AUTO:
        body = [dialect.parse(record) for record, line in zip(shape.records, shape.lines, strict=True) if line >= skip]
        header = 0 if is_value_row(body) else 1
    free = {key: getattr(options, key) for key in ("delimiter", "quote", "escape", "skip_blanks", "skip_rows")}
    found = {key for key, value in free.items() if value is None} | ({"header"} if options.header == AUTO else set())
    return Layout(dialect, skip, header, frozenset(found))


def after_lines(text: bytes, count: int) -> bytes:
    """Return what follows the first `count` lines, whatever is in them."""
    start = 0
    for _ in range(count):
        found = LINE_END.search(text, start)
        start = found.end() if found else len(text)
    return text[start:]


LINE_END = re.compile(rb"\r\n|\n|\r")


def shape_of(text: bytes, dialect: Dialect, *, is_whole: bool) -> Shape:
    """Return the first records of a text and how many fields they have."""
    lexer = dialect.lexer
    found = [
        (line - 1, record) for line, record in lexer.records(lexer.without_comments(text), 1) if not is_blank(record)
    ]
    if len(found) > 1 and not is_whole:
        found.pop()  # the sample ends somewhere inside it
    found = found[:SAMPLE_RECORDS]
    records = [record for _, record in found]
    return Shape(records, [line for line, _ in found], [lexer.fields(record.rstrip(b"\r\n")) for record in records])


def preamble(shape: Shape, dialect: Dialect) -> int:
    """Return how many lines stand before the header: remarks or titles, where all that follows is a table that begins with names.

    Remarks begin with `#`, titles have one field where the table has three or more. The table has the same number of fields in
    every second record below remarks, in nine of ten below titles; its names are distinct, and none is a number or a day. A last remark as wide as the table is its header.
    """
    remarks = next((place for place, record in enumerate(shape.records) if not record.startswith(REMARK)), 0)
    if remarks and shape.widths[remarks - 1] == shape.widths[remarks]:
        remarks -= 1  # as wide as the table: the header may begin with `#`, too, and no record may be taken for it
    usual = shape.usual
    titles = shape.widths.index(usual) if usual in shape.widths else 0
    if 0 < remarks <= PREAMBLE:
        return _lines_before(shape, remarks, dialect, AGREEING_BELOW_REMARKS)  # where names are all there is, too
    if 0 < titles <= PREAMBLE and usual >= WIDE_ENOUGH and all(width == 1 for width in shape.widths[:titles]):
        return _lines_before(shape, titles, dialect, AGREEING) if len(shape.records) > titles + 1 else 0
    return 0


def _lines_before(shape: Shape, place: int, dialect: Dialect, agreeing: float) -> int:
    """Return how many lines stand before a record, if from there on there is a table that begins with names; else 0."""
    table = Shape(shape.records[place:], shape.lines[place:], shape.widths[place:])
    names = [value.strip() for value in dialect.parse(table.records[0])]
    are_names = len({*names}) == len(names) and not any(
        VALUE.fullmatch(name) and not YEAR.fullmatch(name) for name in names
    )
    is_table = len(names) > 1 and len(names) == table.usual and table.agreement >= agreeing
    return table.lines[0] if are_names and is_table else 0


def is_value_row(body: Sequence[Sequence[str]]) -> bool:
    """Whether the first record holds values rather than names.

    It does if each column whose other values are all numbers or days begins with one, too, there is such a column, and not all of
    these are years, which are names of columns as well. A record alone holds values if there is a number or a day in it.
    """
    if not body:
        return False
    first, others = body[0], body[1:]
    if not others:
        return any(VALUE.fullmatch(value) and not YEAR.fullmatch(value) for value in first)
    evidence = False
    for place, value in enumerate(first):
        below = [record[place] for record in others if place < len(record) and record[place].strip()]
        if below and all(VALUE.fullmatch(cell) for cell in below):
            if not VALUE.fullmatch(value):
                return False
            evidence = evidence or not YEAR.fullmatch(value)
    return evidence


def _is_single_quoted(text: bytes) -> bool:
    """Whether `'` stands around fields: some are enclosed, none is opened and not closed, and `"` encloses nothing."""
    quoted = len(SINGLE_QUOTED.findall(text)) if b"'" in text else 0
    has_double = re.search(rb'(?<![^,;\t|\r\n])"', text)
    return quoted >= ENOUGH_QUOTED and quoted == len(SINGLE_OPENED.findall(text)) and not has_double


def _delimiter(text: bytes, dialect: Dialect, name: str, *, is_whole: bool) -> str:
    if name.lower().endswith(".tsv"):
        return "\t"
    candidates = [mark for mark in DELIMITERS if mark not in (dialect.quote, dialect.escape, dialect.comment)]
    marks = [mark for mark in candidates if mark.encode() in text] or candidates[:1]
    shapes = {mark: shape_of(text, replace(dialect, delimiter=mark), is_whole=is_whole) for mark in marks}
    best = max(marks, key=lambda mark: _fit(shapes[mark]))
    if best != ",":
        return best
    others = [mark for mark in marks if mark != "," and shapes[mark].usual > 1 and shapes[mark].agreement == 1]
    return max(others, key=lambda mark: _fit(shapes[mark])) if others and _are_decimals(text) else best


def _are_decimals(text: bytes) -> bool:
    return text.count(b",") == len(DECIMAL.findall(text))


def _fit(shape: Shape) -> tuple[bool, float, bool, int]:
    first = shape.widths[0] if shape.widths else 1
    return shape.usual > 1, shape.agreement, first == shape.usual, shape.usual


def _is_spaced(text: bytes, dialect: Dialect, *, is_whole: bool) -> bool:
    """Whether blanks stand before the quotes of fields: those quotes then close before a delimiter, as well as others do."""
    mark, quote = dialect.delimiter.encode(), dialect.quote.encode()
    if mark == b" " or not quote or not re.search(rb"%b +%b" % (re.escape(mark), re.escape(quote)), text):
        return False
    plain, spaced = (
        min(_faults(text, replace(dialect, spaced=way, escape=escape), is_whole=is_whole) for escape in ("", "\\"))
        for way in (False, True)
    )
    return spaced <= plain


def _is_escaped(text: bytes, dialect: Dialect, *, is_whole: bool) -> bool:
    r"""Whether a backslash escapes: without that meaning, quotes close in the middle of fields or records differ in width, with it not."""
    if b"\\" + dialect.quote.encode() not in text and b"\\" + dialect.delimiter.encode() not in text:
        return False
    if "\\" in (dialect.quote, dialect.delimiter, dialect.comment):
        return False
    without = _faults(text, dialect, is_whole=is_whole)
    return _faults(text, replace(dialect, escape="\\"), is_whole=is_whole) * 4 < without


def _faults(text: bytes, dialect: Dialect, *, is_whole: bool) -> int:
    shape = shape_of(text, dialect, is_whole=is_whole)
    ragged = sum(width != shape.usual for width in shape.widths)
    return ragged + sum(dialect.lexer.odd_quotes(record.rstrip(b"\r\n")) for record in shape.records)
