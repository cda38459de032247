"""Irregular records of CSV: what is wrong with one, and a sieve that takes them out of a block where every line is a record."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from lakesmith.sources.files.formats.base import RECORD_LIMIT
from lakesmith.sources.files.formats.text.dialect import Dialect
from lakesmith.sources.files.formats.text.lexer import Lexer
from lakesmith.sources.files.formats.text.parser import Parser

NUL = b"\0"
LINE_END = b"\n"


@dataclass(frozen=True, slots=True)
class Faults:
    """Says what is wrong with a record, if anything."""

    dialect: Dialect
    lexer: Lexer
    width: int

    def of(self, record: bytes) -> str | None:
        """Return the reason why `record` cannot become a row, or None."""
        if len(record) > RECORD_LIMIT:
            return f"the record is longer than {RECORD_LIMIT // 1024 // 1024} MB"
        if NUL in record:
            return "the record holds a NUL character"
        found = self.lexer.fields(record.rstrip(b"\r\n"))
        if found != self.width:
            return f"too {'few' if found < self.width else 'many'} fields: {found} instead of {self.width}"
        return None if self._is_text(record) else f"the record is not valid {self.dialect.encoding}"

    def _is_text(self, record: bytes) -> bool:
        try:
            record.decode(self.dialect.inner)
        except UnicodeDecodeError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Sifted:
    """The rows of a block, and the irregular records by number of their line in it (from 0), each with its reason."""

    rows: pa.RecordBatch
    irregular: dict[int, tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Sieve:
    """Takes irregular records out of a block without looking at the others one by one.

    Arrow says which lines have another number of fields; `Faults` must find each of those irregular too, and together with the rows
    they must be all lines there are. Otherwise the two do not see the same records, and nothing is said.
    """

    parser: Parser
    faults: Faults

    def sift(self, data: bytes, *, inner_ends: bool = True) -> Sifted | None:
        """Return what is in `data`, or None where lines are not records, or Arrow and `Faults` do not agree.

        Args:
            data: Whole records.
            inner_ends: False if it is known that no line of `data` is blank and none of its line ends lies in quotes; that is faster.
        """
        lines = self._lines(data, inner_ends=inner_ends)
        if lines is None:
            return None
        broken = sorted(self._broken(data, lines))
        kept = lines.copy()
        for number in reversed(broken):
            del kept[number]
        found = self.parser.parse_regular(LINE_END.join(kept) + LINE_END if broken else data) if kept else None
        rows, ragged = found or (self.parser.empty, [])
        if rows.num_rows + len(ragged) != len(kept):
            return None
        numbers = sorted({*broken, *(_number_among(at, broken) for at in ragged)})
        reasons = [self.faults.of(lines[number]) for number in numbers]
        irregular = {
            number: (why, lines[number]) for number, why in zip(numbers, reasons, strict=True) if why is not None
        }
        return Sifted(rows, irregular) if len(irregular) == len(numbers) else None

    def _lines(self, data: bytes, *, inner_ends: bool) -> list[bytes] | None:
        """Return the lines of `data` if each of them is a record: none is blank, none ends inside quotes or with a lone return."""
        if inner_ends and self.faults.lexer.mask(data).count(LINE_END) != data.count(LINE_END):
            return None
        if self.faults.lexer.bare_cr and data.count(b"\r") != data.count(b"\r\n"):
            return None
        lines = data.removesuffix(LINE_END).split(LINE_END)
        return None if inner_ends and (b"" in lines or b"\r" in lines) else lines

    def _broken(self, data: bytes, lines: list[bytes]) -> set[int]:
        """Return the numbers of the lines that Arrow must not see: with NUL, or not text."""
        nul = {number for number, line in enumerate(lines) if NUL in line} if NUL in data else set()
        return nul.union(self._undecodable(data)) if not data.isascii() else nul

    def _undecodable(self, data: bytes) -> Iterator[int]:
        view, start, number = memoryview(data), 0, 0
        while start < len(data):
            try:
                codecs.decode(view[start:], self.faults.dialect.inner)
            except UnicodeDecodeError as error:
                at = start + error.start
                number += data.count(LINE_END, start, at)
                yield number
                start, number = (data.find(LINE_END, at) + 1 or len(data)), number + 1
            else:
                return


def _number_among(at: int, missing: list[int]) -> int:
    """Return the number that a line had before those in `missing`, in rising order, were taken out and it became line `at`."""
    for number in missing:
        if number > at:
            break
        at += 1
    return at
