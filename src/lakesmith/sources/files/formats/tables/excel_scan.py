"""What the XML of a sheet itself says, beside the library that reads it: which rows hold something, how far it reaches, its errors.

The library gives error cells as empty ones, and holds a sheet as a rectangle that two far cells make enormous. The count is independent
of it: rows that have a cell with a value. Where a sheet is written in a way that leaves doubt about that, nothing is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import IO

from lakesmith.sources.files.settings.excel import column_number

PIECE = 4 * 1024 * 1024
LONGEST = 64 * 1024 * 1024
"""How long a row may be as XML: no program writes longer ones, and it is held as a whole."""
ROW = re.compile(rb'<row\b[^>]*?\sr="(\d+)"')
EMPTY_ROW = re.compile(rb'<row\b[^>]*?\sr="(\d+)"[^>]*?(?:/>|>\s*(?:<c\b[^>]*?/>\s*|<c\b[^>]*?[^/]></c>\s*)*</row>)')
DOUBTFUL = (b"></v>", b"></t>", b"/></is>", b"<is></is>", b"> <", b">\n", b"<!--", b"<![CDATA")
"""Values that may be empty although they are written out, and what hides cells from a count."""
EMPTY_TEXT = re.compile(rb"<(?:\w+:)?(?:t|si)\b[^>]*/>|<(?:\w+:)?(?:t|si)\b[^>]*>\s*</")
ERROR = re.compile(rb"""<(?:\w+:)?c\b([^>]*?\bt=["']e["'][^>]*)>(.*?)</(?:\w+:)?c>""", re.DOTALL)
NEGATIVE = re.compile(rb"""<(?:\w+:)?c\b([^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>(-[^<]*)<""", re.DOTALL)
PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d+)["']""")
SHOWN = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]*)<")
CELL_ROW = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["'][A-Z]{1,3}(\d+)["']""")
CELL = re.compile(rb'<c r="([A-Z]+)')
WIDE, WIDER = re.compile(rb'<c r="[A-Z]{2,3}\d'), re.compile(rb'<c r="[A-Z]{3}\d')
ENDS = (b"</row>", b":row>")

Places = dict[int, dict[int, str]]
"""Texts by row and column, both counted from 0."""


@dataclass(slots=True)
class Facts:
    """What a sheet's XML says. `filled` are the numbers of the rows that hold something, from 0; None where there is doubt.

    `rows` and `columns` bound the cells that are there, or are 0 where nothing is known. `has_negatives` says that there may be numbers
    below zero.
    """

    filled: list[int] | None = field(default_factory=list)
    rows: int = 0
    columns: int = 0
    errors: Places = field(default_factory=dict)
    has_negatives: bool = False

    def counted(self, first: int) -> int | None:
        """Return how many rows from the first on hold something, None where nobody can tell."""
        return None if self.filled is None else sum(row >= first for row in self.filled)


def scan_sheet(sheet: IO[bytes], *, texts_are_doubtful: bool) -> Facts:
    """Return what a sheet's XML says.

    Args:
        sheet: The XML, unpacked.
        texts_are_doubtful: Whether some of the workbook's shared texts are empty: rows may then hold nothing else.
    """
    facts = Facts()
    for block in _blocks(sheet):
        _rows(block, facts)
        if b't="e"' in block or b"t='e'" in block:
            _errors(block, facts)
        facts.has_negatives |= b"v>-" in block
        facts.columns = max(facts.columns, _width(block))
    if texts_are_doubtful or (facts.filled is not None and facts.filled != sorted(set(facts.filled))):
        facts.filled = None
    return facts


def widest(sheet: IO[bytes]) -> int:
    """Return how many columns the cells of a sheet reach over: the exact number, which takes a while."""
    letters = {found for block in _blocks(sheet) for found in CELL.findall(block)}
    return max((column_number(one.decode()) + 1 for one in letters), default=0)


def negative_numbers(sheet: IO[bytes]) -> Places:
    """Return the cells of a sheet that hold a number below zero, as it is written."""
    places: Places = {}
    for block in _blocks(sheet):
        for attributes, number in NEGATIVE.findall(block):
            _put(places, attributes, number)
    return places


def has_empty_texts(strings: IO[bytes]) -> bool:
    """Whether one of a workbook's shared texts may be empty."""
    before = b""
    while piece := strings.read(PIECE):
        if EMPTY_TEXT.search(before + piece):
            return True
        before = piece[-256:]
    return False


def _blocks(sheet: IO[bytes]) -> Iterator[bytes]:
    """Yield the XML in pieces that end behind a row, the last one at its end."""
    rest: list[bytes] = []
    while piece := sheet.read(PIECE):
        cut = max(piece.rfind(end) + len(end) if piece.rfind(end) >= 0 else 0 for end in ENDS)
        if cut:
            yield b"".join((*rest, piece[:cut]))
            rest = [piece[cut:]]
        else:
            rest.append(piece)
        if sum(map(len, rest)) > LONGEST:
            raise ValueError("a row is too long")
    yield b"".join(rest)


def _rows(block: bytes, facts: Facts) -> None:
    numbers = ROW.findall(block)
    facts.rows = max(facts.rows, *map(int, numbers)) if numbers else facts.rows
    if (
        len(numbers) < block.count(b"<row") + block.count(b":row>") // 2
    ):  # their cells may say where they are, instead of them
        facts.rows = max([facts.rows, *map(int, CELL_ROW.findall(block))])
    if facts.filled is None:
        return
    begin, end = block.find(b"<sheetData"), block.find(b"</sheetData")
    block = block[max(begin, 0) : end if end >= 0 else len(block)]
    whole = block.count(b"<row ") + block.count(b"<row>")
    if len(numbers) != whole or b":row" in block or _is_doubtful(block):
        facts.filled = None
        return
    empty = set(EMPTY_ROW.findall(block))
    facts.filled += [int(number) - 1 for number in numbers if number not in empty]


def _is_doubtful(block: bytes) -> bool:
    """Whether some cell that is written out may be an empty one: that of a formula without a value, for example."""
    clear = block.count(b"</v></c>") + block.count(b"</is></c>") + block.count(b'"></c>')
    return clear != block.count(b"</c>") or any(mark in block for mark in DOUBTFUL)


def _width(block: bytes) -> int:
    """Return a number of columns that the cells of a block do not reach beyond."""
    if WIDE.search(block) is None:
        return 26
    return 702 if WIDER.search(block) is None else 16_384


def _errors(block: bytes, facts: Facts) -> None:
    for attributes, content in ERROR.findall(block):
        shown = SHOWN.search(content)
        _put(facts.errors, attributes, shown[1] if shown and shown[1] else b"#ERROR!")


def _put(places: Places, attributes: bytes, text: bytes) -> None:
    place = PLACE.search(attributes)
    if place is not None:
        row, column = int(place[2]) - 1, column_number(place[1].decode())
        places.setdefault(row, {})[column] = unescape(text.decode("utf-8", "replace"))
