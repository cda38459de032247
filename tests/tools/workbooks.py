"""Workbooks made and read by openpyxl, and what one of its cells is in a column of ours."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet


def workbook(rows: Iterable[Sequence[Any]] = (), then: Callable[[Worksheet], None] | None = None) -> bytes:
    """One sheet with these rows, changed by `then`."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    if then is not None:
        then(book.active)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def oracle(content: bytes | Path, sheet: str | int = 0, skip: int = 0) -> list[tuple]:
    """The rows below the header as openpyxl reads them, those without a value left out; a date at midnight is a day."""
    book = openpyxl.load_workbook(content if isinstance(content, Path) else io.BytesIO(content), data_only=True)
    found = book.worksheets[sheet] if isinstance(sheet, int) else book[sheet]
    rows = [row for row in found.iter_rows(values_only=True) if any(cell not in (None, "") for cell in row)]
    return rows[1 + skip :]


def same(ours: Any, theirs: Any, *, mixed: bool) -> bool:
    """Whether a cell of ours is what openpyxl has; in a column of mixed types, whether it reads the same."""
    if theirs in (None, ""):
        return ours is None
    if mixed and not isinstance(theirs, str):
        return _reads(ours, theirs)
    if isinstance(theirs, dt.datetime) and not isinstance(ours, dt.datetime):
        return theirs.time() == dt.time() and ours == theirs.date()
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return ours is theirs
    return ours == theirs


def _reads(ours: str, theirs: Any) -> bool:
    if isinstance(theirs, bool):
        return ours == str(theirs).lower()
    if isinstance(theirs, (int, float)):
        return abs(float(ours) - theirs) <= abs(theirs) * 1e-14 and not ours.endswith(".0")
    if isinstance(theirs, (dt.datetime, dt.date, dt.time)):
        return theirs.isoformat() in (ours, f"{ours}T00:00:00")
    return False


def patched(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """A workbook with one of its XML parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()) if name == part else text)
    return out.getvalue()


def ods_file(rows: Sequence[Sequence[Any]], repeat: int = 1, error: str | None = None) -> bytes:
    """An ods file with these rows, the last of them repeated; cells that read like `error` are errors, as LibreOffice writes them."""
    lines = []
    for number, row in enumerate(rows, start=1):
        times = f' table:number-rows-repeated="{repeat}"' if repeat > 1 and number == len(rows) else ""
        lines.append(f"<table:table-row{times}>{''.join(_ods_cell(cell, error) for cell in row)}</table:table-row>")
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.3"><office:body>'
        f'<office:spreadsheet><table:table table:name="Sheet">{"".join(lines)}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
            "</manifest:manifest>",
        )
        archive.writestr("content.xml", content)
    return out.getvalue()


def _ods_cell(cell: Any, error: str | None) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if cell == error and error is not None:
        return (
            '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
            f'calcext:value-type="error"><text:p>{cell}</text:p></table:table-cell>'
        )
    kinds = {bool: ("boolean", "boolean-value"), float: ("float", "value"), str: ("string", "string-value")}
    kind, name = kinds[type(cell)]
    value = str(cell).lower() if isinstance(cell, bool) else cell
    return f'<table:table-cell office:value-type="{kind}" office:{name}="{value}"><text:p>{value}</text:p></table:table-cell>'
