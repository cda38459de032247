"""Workbooks: xlsx, xlsm, xls and ods. A sheet is held in memory as a whole, so how large it may be is limited.

Cells have types of their own (numbers, texts, days, times, durations, booleans, errors); formulas have the value they showed when the
file was saved. Rows without any value are no records. Hidden sheets, rows and columns are read like the others. An empty text is an
empty cell. The 29 February 1900 that only workbooks know becomes the 28th.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.tables.columnar import no_columns, shown_count, shown_schema, stretches
from lakesmith.sources.files.formats.tables.excel_book import Book, Sheet, refused
from lakesmith.sources.files.formats.tables.excel_table import Table, header_rows, read_table

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

LOOKED_AT = 10_000
SHOWN_SHEETS = 8


class ExcelFormat:
    """Reads workbooks."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:  # noqa: ARG002 - a workbook is read from its end
        """Yield the rows of the chosen sheets.

        Raises:
            SourceDataError: If the file is no workbook, is locked or too large, or has no such sheet.
            MissingExtraError: If the library that reads workbooks is not installed.
        """
        settings = tail.options
        book = Book(tail.head, tail.name)
        any_rows = False
        for sheet in book.chosen(settings.sheet):
            for stretch in _stretches(sheet, settings, tail.name):
                any_rows = True
                yield stretch
        if not any_rows:
            yield Stretch(no_columns(0), (), 0)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return sheets, columns and types, those of the first rows."""
        book = Book(head, name)
        shown = [f"{one.name} (hidden)" if book.is_hidden(one.name) else one.name for one in book.sheets[:SHOWN_SHEETS]]
        more = ", …" if len(book.sheets) > SHOWN_SHEETS else ""
        texts = [f"{shown_count(len(book.sheets), 'sheet')}: {', '.join(shown)}{more}"]
        how = "" if options.sheet is not None else " (the first that is not empty; pin it with `sheet`)"
        doubts: list[tuple[str, str]] = []
        for sheet in book.chosen(options.sheet):
            with refused(name):
                table = read_table(sheet, options, name, LOOKED_AT)
            texts.append(f"sheet `{sheet.name}`{how} {_shown(sheet, table, options)}")
            doubts += _doubts(sheet, table)
        doubt, fix = (doubts or [("", "")])[0]
        return Sight("; ".join(texts), doubt, fix)


def _stretches(sheet: Sheet, settings: FileStreamOptions, name: str) -> Iterator[Stretch]:
    with refused(name):
        table = read_table(sheet, settings, f"{name}/{sheet.name}")
        if table is None:
            return
        total = sheet.facts.counted(table.first_row) if _is_countable(table, settings) else None
        for one in stretches(table.batches(), total, tuple(table.rejects)):
            yield replace(one, part=sheet.name)


def _is_countable(table: Table, settings: FileStreamOptions) -> bool:
    return table.is_known_whole and (settings.range is None)


def _shown(sheet: Sheet, table: Table | None, settings: FileStreamOptions) -> str:
    if table is None:
        return "has no table"
    start, end = sheet.cells.start or (0, 0), sheet.cells.end or (0, 0)
    header = shown_count(header_rows(settings), "header row")
    blank = f", {shown_count(table.blank, 'blank row')} passed over" if table.blank else ""
    return (
        f"with {end[0] - start[0] + 1:,} × {end[1] - start[1] + 1} cells, {header} up to row {table.first_row}{blank}, "
        f"{shown_schema(table.schema())}"
    )


def _doubts(sheet: Sheet, table: Table | None) -> Iterator[tuple[str, str]]:
    """Yield what a person should look at in a sheet, and what to do about it."""
    if table is not None and any(table.names) and 2 * table.nameless > len(table.schema()):
        yield (
            f"row {table.first_row} of sheet `{sheet.name}` names few of the columns: it may be a title above the table",
            "set `range` to where the table is, and `header` to the number of rows that hold its names",
        )
    errors = sum(map(len, sheet.facts.errors.values()))
    if errors:
        yield (
            f"{shown_count(errors, 'cell')} of sheet `{sheet.name}` show an error such as #N/A, and are read as that text",
            "mend the formulas, or set `error_cells: reject`",
        )


FORMAT = ExcelFormat()
