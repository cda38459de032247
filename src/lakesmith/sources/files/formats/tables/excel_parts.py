"""The parts of a workbook's archive: which XML is which sheet, and where formulas show errors in the older formats."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from posixpath import join, normpath
from typing import IO, BinaryIO
from xml.etree import ElementTree as ET

from lakesmith.sources.files.formats.tables.excel_scan import (
    Facts,
    Places,
    has_empty_texts,
    negative_numbers,
    scan_sheet,
    widest,
)

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
    43: "#GETTING_DATA",
}
BOUNDSHEET, BEGIN, FORMULA, BOOLERR = 0x85, 0x809, 0x06, 0x205
ERROR_RESULT = 2
DIMENSIONS, BOUNDS, OLD_BOUNDS, NO_BOUND = 0x200, "<IIHH", "<HHHH", 1 << 32
RUNS = frozenset({0xBD, 0xBE})
CELLS = RUNS | {FORMULA, BOOLERR, 0x01, 0x02, 0x03, 0x04, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x27E, 0x206, 0x406}
MOST_REPEATED = 100_000
"""How often an error is repeated at most: a sheet with more of them is none that a person made."""

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


class XlsxParts:
    """The parts of an xlsx file."""

    def __init__(self, file: BinaryIO) -> None:
        self._archive = zipfile.ZipFile(file)
        self._names = {name.lower(): name for name in self._archive.namelist()}
        self._sheets = self._found()

    def facts(self, sheet: str) -> Facts | None:
        """Return what the XML of a sheet says, None if it cannot be found."""
        with self._opened(sheet) as content:
            return None if content is None else scan_sheet(content, texts_are_doubtful=self._texts_are_doubtful())

    def widest(self, sheet: str) -> int:
        """Return how many columns the cells of a sheet reach over."""
        with self._opened(sheet) as content:
            return 0 if content is None else widest(content)

    def negatives(self, sheet: str) -> Places:
        """Return the cells of a sheet that hold a number below zero."""
        with self._opened(sheet) as content:
            return {} if content is None else negative_numbers(content)

    def _found(self) -> dict[str, str]:
        book = self._name("xl/workbook.xml")
        links = self._name("xl/_rels/workbook.xml.rels")
        if book is None or links is None:
            return {}
        targets = {one.get("Id"): one.get("Target", "") for one in _xml(self._archive.read(links))}
        sheets = {}
        for one in _xml(self._archive.read(book)).iter():
            if one.tag.rpartition("}")[2] == "sheet":
                target = targets.get(one.get(RELATION) or one.get(STRICT_RELATION), "")
                sheets[one.get("name", "")] = target.lstrip("/") if target[:1] == "/" else normpath(join("xl", target))
        return sheets

    def _name(self, name: str) -> str | None:
        return self._names.get(name.lower())

    @contextmanager
    def _opened(self, sheet: str) -> Iterator[IO[bytes] | None]:
        name = self._name(self._sheets.get(sheet, ""))
        if name is None:
            yield None
            return
        with self._archive.open(name) as content:
            yield content

    def _texts_are_doubtful(self) -> bool:
        name = self._name("xl/sharedStrings.xml")
        if name is None:
            return False
        with self._archive.open(name) as content:
            return has_empty_texts(content)


def _xml(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - expat stops entities that grow


def xls_facts(stream: bytes) -> dict[str, Facts]:
    """Return how far the cells of the sheets of an xls file reach, and their errors, out of its stream of records; rows are not counted."""
    names: dict[int, str] = {}
    found: dict[str, Facts] = {}
    facts = Facts(None)
    for at, kind, body in _records(stream):
        if kind == BOUNDSHEET:
            names[struct.unpack_from("<I", body)[0]] = _sheet_name(body)
        elif kind == BEGIN:
            facts = found.setdefault(names.get(at, f"\0{at}"), Facts(None))
        elif kind == DIMENSIONS:
            _take_dimensions(body, facts)
        elif kind in CELLS:
            row, column = struct.unpack_from("<HH", body)
            last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind in RUNS else column
            facts.rows, facts.columns = max(facts.rows, row + 1), max(facts.columns, column + 1, last + 1)
            code = _error_code(kind, body)
            if code is not None:
                facts.errors.setdefault(row, {})[column] = ERRORS.get(code, "#ERROR!")
    return found


def _take_dimensions(body: bytes, facts: Facts) -> None:
    """Take in what a sheet says of its own size, which the library believes before it has seen a cell."""
    wide = len(body) >= struct.calcsize(BOUNDS)
    first_row, last_row, first, last = struct.unpack_from(BOUNDS if wide else OLD_BOUNDS, body)
    facts.rows = max(facts.rows, last_row if first_row <= last_row else NO_BOUND)
    facts.columns = max(facts.columns, last if first <= last else NO_BOUND)


def _error_code(kind: int, body: bytes) -> int | None:
    """Return the number of the error that a cell shows, None if it shows none."""
    if kind == BOOLERR and body[7]:
        return body[6]
    is_error = kind == FORMULA and body[12:14] == b"\xff\xff" and body[6] == ERROR_RESULT
    return body[8] if is_error else None


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _sheet_name(body: bytes) -> str:
    length, wide = body[6], body[7] & 1
    return body[8 : 8 + length * 2].decode("utf-16-le") if wide else body[8 : 8 + length].decode("latin-1")


def ods_facts(file: BinaryIO) -> dict[str, Facts]:
    """Return how far the cells of the sheets of an ods file reach, and their errors; rows are not counted."""
    found: dict[str, Facts] = {}
    with zipfile.ZipFile(file) as archive, archive.open("content.xml") as content:
        facts, row, column = Facts(None), 0, 0
        for event, node in ET.iterparse(content, ("start", "end")):  # noqa: S314 - expat stops entities that grow
            if event == "start" and node.tag == f"{TABLE}table":
                facts, row = found.setdefault(node.get(f"{TABLE}name", ""), Facts(None)), 0
            elif event == "start" and node.tag == f"{TABLE}table-row":
                column = 0
            elif event == "end" and node.tag in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
                column = _ods_cell(node, facts, row, column)
            elif event == "end" and node.tag == f"{TABLE}table-row":
                times = int(node.get(f"{TABLE}number-rows-repeated", "1"))
                if any(f"{OFFICE}value-type" in cell.attrib for cell in node):
                    facts.rows = row + times
                    _repeat_errors(facts, row, times)
                row += times
                node.clear()
    return found


def _repeat_errors(facts: Facts, row: int, times: int) -> None:
    if row in facts.errors and times <= MOST_REPEATED:
        facts.errors.update(dict.fromkeys(range(row, row + times), facts.errors[row]))


def _ods_cell(cell: ET.Element, facts: Facts, row: int, column: int) -> int:
    """Take in a cell, and return the column of the next one."""
    times = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
    if f"{OFFICE}value-type" in cell.attrib:
        facts.columns = max(facts.columns, column + times)
        is_error = any(name.endswith("}value-type") and value == "error" for name, value in cell.attrib.items())
        if is_error and times <= MOST_REPEATED:
            shown = "".join(cell.itertext()) or "#ERROR!"
            facts.errors.setdefault(row, {}).update(dict.fromkeys(range(column, column + times), shown))
    return column + times
