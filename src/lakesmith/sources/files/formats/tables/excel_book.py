"""Opening a workbook: what it really is, which of its sheets are read, and what is refused before it fills the memory."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO
from xml.etree import ElementTree as ET
from zlib import error as ZlibError  # noqa: N812 - the library's class has a lower-case name

from lakesmith.errors import MissingExtraError, SourceDataError
from lakesmith.sources.files.formats.tables.columnar import unreadable
from lakesmith.sources.files.formats.tables.excel_parts import XlsxParts, ods_facts, xls_facts
from lakesmith.sources.files.formats.tables.excel_scan import Facts, Places

if TYPE_CHECKING:
    from types import ModuleType

    from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata

KIND = "a workbook"
MOST_BYTES = 512 * 1024 * 1024
MOST_UNPACKED = 2 * 1024 * 1024 * 1024
MOST_CELLS = 48 * 1024 * 1024
"""The library holds a sheet as a rectangle, with 32 bytes for every cell in it, empty or not."""

ZIP, OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
SEEN = 4096
PANIC = "PanicException"
"""How a library written in Rust gives up on what it did not expect; its class cannot be imported."""

PIECE = 1024 * 1024
MOST_RATIO = 1032
"""What deflate can make of a byte, at most."""

ENCRYPTED = "EncryptedPackage"
SPLIT_FIX = "have it delivered in parts, or as CSV or Parquet"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that is read: its cells, and what is known of them beside. `counts` says that its rows were counted."""

    name: str
    cells: CalamineSheet
    facts: Facts
    negatives: Callable[[], Places]


class Book:
    """An open workbook."""

    def __init__(self, head: BinaryIO, name: str) -> None:
        self._head, self._name = head, name
        self._kind = _kind_of(head, name)
        with refused(name):
            calamine = _library(name)
            self._parts = XlsxParts(head) if self._kind == "xlsx" else None
            self._known = self._facts()
            for sheet, facts in self._known.items():  # the library unfolds the sheets of ods when it opens the file
                self._refuse_enormous(sheet, facts)
            head.seek(0)
            self._book: CalamineWorkbook = calamine.CalamineWorkbook.from_filelike(head)
            self.sheets: list[SheetMetadata] = [
                one for one in self._book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            self._visible = calamine.SheetVisibleEnum.Visible

    def chosen(self, wanted: str | int | None) -> Iterator[Sheet]:
        """Yield the sheets that are read.

        Args:
            wanted: A name, a number counted from 1, `*` for all, None for the first visible one that is not empty.

        Raises:
            SourceDataError: If there is no such sheet, or it is too large.
        """
        if wanted is None:
            yield from self._first()
        elif wanted == "*":
            yield from (self._sheet(one) for one in self.sheets)
        else:
            yield self._sheet(self._named(wanted))

    def is_hidden(self, name: str) -> bool:
        """Whether a sheet is not shown by a spreadsheet program."""
        return any(one.name == name and one.visible != self._visible for one in self.sheets)

    def _first(self) -> Iterator[Sheet]:
        empty = None
        for one in sorted(self.sheets, key=lambda one: one.visible != self._visible):
            sheet = self._sheet(one)
            if sheet.cells.start is not None:
                yield sheet
                return
            empty = empty or sheet
        if empty is not None:
            yield empty

    def _named(self, wanted: str | int) -> SheetMetadata:
        if isinstance(wanted, int) and wanted <= len(self.sheets):
            return self.sheets[wanted - 1]
        for one in self.sheets:
            if isinstance(wanted, str) and one.name.strip().casefold() == wanted.strip().casefold():
                return one
        named = ", ".join(f"`{one.name}`" for one in self.sheets)
        raise SourceDataError(
            f"The workbook has no sheet {wanted if isinstance(wanted, int) else f'`{wanted}`'}; it has {named}.",
            where=self._name,
            fix="correct `sheet:`; a name that is a number is written in quotes",
        )

    def _sheet(self, one: SheetMetadata) -> Sheet:
        with refused(self._name):
            facts = (self._parts.facts(one.name) if self._parts else self._known.get(one.name)) or Facts(None)
            self._refuse_enormous(one.name, facts)
            cells = self._book.get_sheet_by_name(one.name)
        return Sheet(one.name, cells, facts, lambda: self._parts.negatives(one.name) if self._parts else {})

    def _refuse_enormous(self, sheet: str, facts: Facts) -> None:
        if facts.rows * facts.columns <= MOST_CELLS:
            return
        columns = self._parts.widest(sheet) if self._parts else facts.columns
        if facts.rows * columns > MOST_CELLS:
            raise SourceDataError(
                f"The sheet `{sheet}` reaches over {facts.rows:,} rows and {columns:,} columns: with {MOST_CELLS:,} cells or more, "
                "empty ones among them, it would not fit into memory.",
                where=self._name,
                fix=f"delete what stands far outside of the table, or {SPLIT_FIX}",
            )

    def _facts(self) -> dict[str, Facts]:
        """Return what is known of the sheets of the formats that have all of them in one part."""
        self._head.seek(0)
        if self._kind == "ods":
            return ods_facts(self._head)
        if self._kind == "xls":
            return xls_facts(_stream(self._head, self._name))
        return {}


@contextmanager
def refused(name: str) -> Iterator[None]:
    """Turn what the libraries say about the content of a workbook into an error that names the file.

    Raises:
        SourceDataError: If the file is locked by a password, or damaged.
    """
    calamine = _library(name)
    try:
        yield
    except calamine.PasswordError as error:
        raise _locked(name) from error
    except (calamine.CalamineError, zipfile.BadZipFile, ZlibError, ET.ParseError, struct.error, *_STUMBLES) as error:
        raise unreadable(name, KIND, "its content is damaged") from error
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        raise unreadable(name, KIND, "its content is damaged") from error


_STUMBLES = (ArithmeticError, EOFError, LookupError, MemoryError, NotImplementedError, RuntimeError, ValueError)


def _library(name: str, library: str = "python_calamine") -> ModuleType:
    try:
        return import_module(library)
    except ImportError as error:
        raise MissingExtraError(
            "A library that reads workbooks is not installed.", where=name, fix="pip install 'lakesmith[files]'"
        ) from error


def _kind_of(head: BinaryIO, name: str) -> str:
    """Return what a file is: xlsx, xlsb, xls or ods.

    Raises:
        SourceDataError: If it is none of them, or larger than can be held.
    """
    size = head.seek(0, 2)
    if size > MOST_BYTES:
        raise unreadable(
            name, KIND, f"it is larger than {MOST_BYTES // 1024**2} MB, and would not fit into memory", SPLIT_FIX
        )
    head.seek(0)
    start = head.read(SEEN)
    if start.startswith(ZIP):
        return _kind_of_archive(head, name)
    if start.startswith(OLE):
        return _kind_of_ole(head, name)
    raise unreadable(name, KIND, *_other(start))


def _other(start: bytes) -> tuple[str, str]:
    """Return what a file is that is no workbook, and what to do about it."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "it is empty", ""
    if text.startswith(b"<") and b"urn:schemas-microsoft-com:office:spreadsheet" in text:
        return "it is an XML spreadsheet of 2003", "have it saved as xlsx, or set `format: xml`"
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<style")) or b"<table" in text:
        return "it is an HTML page, which many programs write under this suffix", "have it saved as xlsx or CSV"
    if b"\0" not in start or start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is text, as in a CSV file", "set `format: csv` for the stream, or have it saved as xlsx"
    return "it is damaged, or of another format", ""


def _kind_of_archive(head: BinaryIO, name: str) -> str:
    try:
        with zipfile.ZipFile(head) as archive:
            members = archive.infolist()
            names = {one.filename.lower() for one in members}
            is_locked = "content.xml" in names and b"encryption-data" in _manifest(archive, names)
            is_large = sum(one.file_size for one in members) > MOST_UNPACKED or any(
                _is_larger_than_said(archive, one) for one in members
            )
    except (zipfile.BadZipFile, ZlibError, *_STUMBLES) as error:
        raise unreadable(name, KIND, "it is cut off or damaged") from error
    if is_locked:
        raise _locked(name)
    if is_large:
        why = f"it unpacks to more than {MOST_UNPACKED // 1024**3} GB, or to more than it says, and would not fit into memory"
        raise unreadable(name, KIND, why, SPLIT_FIX)
    kinds = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb", "content.xml": "ods"}
    for part, kind in kinds.items():
        if part in names:
            return kind
    raise unreadable(name, KIND, "it is an archive without a workbook in it")


def _is_larger_than_said(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a part of an archive that could unpack to more than may be held does not end where it says."""
    if member.compress_size * MOST_RATIO <= MOST_UNPACKED:
        return False
    probe = copy(member)
    probe.file_size = 1 << 62  # the reader of archives stops at what a part says of itself
    left = member.file_size + 1
    with archive.open(probe) as content:
        while piece := content.read(min(left, PIECE)):
            left -= len(piece)
    return not left


def _manifest(archive: zipfile.ZipFile, names: set[str]) -> bytes:
    part = "META-INF/manifest.xml"
    return archive.read(part) if part.lower() in names and part in archive.namelist() else b""


def _kind_of_ole(head: BinaryIO, name: str) -> str:
    content = _ole(head, name)
    streams = {path[-1] for path in content}
    if ENCRYPTED in streams:
        raise _locked(name)
    if not streams & {"Workbook", "Book"}:
        raise unreadable(name, KIND, "it is an Office file without a workbook in it")
    return "xls"


def _ole(head: BinaryIO, name: str) -> list[list[str]]:
    head.seek(0)
    try:
        with _library(name, "olefile").OleFileIO(head) as file:
            paths: list[list[str]] = file.listdir()
    except (OSError, struct.error, *_STUMBLES) as error:
        raise unreadable(name, KIND, "it is cut off or damaged") from error
    return paths


def _stream(head: BinaryIO, name: str) -> bytes:
    """Return the records of an xls file."""
    head.seek(0)
    try:
        with _library(name, "olefile").OleFileIO(head) as file:
            stream: bytes = file.openstream("Workbook" if file.exists("Workbook") else "Book").read()
    except (OSError, struct.error, *_STUMBLES) as error:
        raise unreadable(name, KIND, "it is cut off or damaged") from error
    return stream


def _locked(name: str) -> SourceDataError:
    return unreadable(name, KIND, "it is locked by a password", "have it delivered without one")
