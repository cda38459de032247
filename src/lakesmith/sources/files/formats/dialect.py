"""How a CSV file is written: its delimiter and its column names, found out from its beginning."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.base import RECORD_LIMIT
from lakesmith.sources.files.formats.lexer import Lexer, is_blank

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 64 * 1024
SAMPLE_RECORDS = 100
UTF8_BOM = codecs.BOM_UTF8
WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The characters a file is written with, and the lexer for them."""

    delimiter: str
    quote: str
    encoding: str

    @property
    def lexer(self) -> Lexer:
        """The lexer for files of this dialect."""
        return Lexer(self.delimiter.encode(), self.quote.encode())

    def parse(self, record: bytes) -> list[str]:
        """Return the values of one record, invalid bytes replaced."""
        csv.field_size_limit(2 * RECORD_LIMIT)
        text = record.decode(self.encoding, "replace").rstrip("\r\n")
        if not self.quote:
            return text.split(self.delimiter)
        return next(csv.reader([text], delimiter=self.delimiter, quotechar=self.quote), [])


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file, and where its first record of values begins: offset, and line ends before it."""

    columns: tuple[str, ...]
    end: int
    lines: int


def dialect_of(head: BinaryIO, options: FileStreamOptions, name: str) -> Dialect:
    """Return the dialect that was set, with the delimiter guessed where none was.

    Raises:
        SourceDataError: If the file is UTF-16, whose bytes are not those of CSV.
    """
    sample = _sample(head)
    if sample.startswith(WIDE_BOMS):
        raise SourceDataError(
            "The file is UTF-16, which this version does not read.", where=name, fix="save it as UTF-8, then run again"
        )
    delimiter = options.delimiter or _guess_delimiter(sample.removeprefix(UTF8_BOM), options, name)
    return Dialect(delimiter, options.quote, options.encoding)


def header_of(head: BinaryIO, dialect: Dialect, *, named: bool) -> Header | None:
    """Return the columns of a file, or None where there is no whole first record yet.

    Args:
        head: A handle on the file, anywhere.
        dialect: How the file is written.
        named: Whether the first record holds names; without, columns are numbered.
    """
    start = end = len(UTF8_BOM) if _has_bom(head) else 0
    head.seek(start)
    lexer, data, lines = dialect.lexer, b"", 0
    while len(data) <= RECORD_LIMIT and (piece := head.read(SAMPLE)):
        data += piece
        while length := lexer.first_end(data, final=False):
            record, data = data[:length], data[length:]
            end, lines = end + length, lines + lexer.lines(record)
            if not is_blank(record):
                values = dialect.parse(record)
                return Header(distinct_names(values), end, lines) if named else Header(_numbered(len(values)), start, 0)
    return _unfinished_header(data, dialect, (start, end, lines), named=named)


def distinct_names(values: Sequence[str]) -> tuple[str, ...]:
    """Return column names as they are written, made distinct: an empty one is called after its place, a repeated one gets a number.

    Examples:
        >>> distinct_names(["id", "name", "name", ""])
        ('id', 'name', 'name_2', 'column_4')
    """
    written = {value for value in values if value.strip()}
    names: list[str] = []
    for place, value in enumerate(values, start=1):
        is_named = value.strip() != ""
        base = value if is_named else f"column_{place}"
        taken = {*names} if is_named and value not in names else {*names, *written}
        names.append(next(name for name in _with_numbers(base) if name not in taken))
    return tuple(names)


def _with_numbers(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}_{number}" for number in count(2))


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"column_{place}" for place in range(1, width + 1))


def _unfinished_header(data: bytes, dialect: Dialect, place: tuple[int, int, int], *, named: bool) -> Header | None:
    start, end, lines = place
    if is_blank(data) or len(data) > RECORD_LIMIT:
        return None
    values = dialect.parse(data)
    if not named:
        return Header(_numbered(len(values)), start, 0)
    # names without a line end may have been cut in the middle; a last \r is a line end once nothing follows it
    return Header(distinct_names(values), end + len(data), lines + 1) if data.endswith(b"\r") else None


def _has_bom(head: BinaryIO) -> bool:
    head.seek(0)
    return head.read(len(UTF8_BOM)) == UTF8_BOM


def _sample(head: BinaryIO) -> bytes:
    head.seek(0)
    return head.read(SAMPLE)


def _guess_delimiter(sample: bytes, options: FileStreamOptions, name: str) -> str:
    if name.lower().endswith(".tsv"):
        return "\t"
    candidates = [mark for mark in DELIMITERS if mark != options.quote]
    return max(candidates, key=lambda mark: _fit(_widths(sample, Dialect(mark, options.quote, options.encoding))))


def _widths(sample: bytes, dialect: Dialect) -> list[int]:
    lexer = dialect.lexer
    records = [record for _, record in lexer.records(sample, 1) if not is_blank(record)]
    if len(records) > 1 and len(sample) == SAMPLE:
        records.pop()  # the sample ends somewhere inside it
    return [lexer.fields(record) for record in records[:SAMPLE_RECORDS]]


def _fit(widths: Iterable[int]) -> tuple[bool, float, int]:
    first, *others = list(widths) or [1]
    agreeing = sum(width == first for width in others) / len(others) if others else 1.0
    return first > 1, agreeing, first
