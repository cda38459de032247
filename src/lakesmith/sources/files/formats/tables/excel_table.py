"""The table in a sheet: where it is, what its columns are called, and its rows as columns of Arrow, in pieces.

The pieces are held until the last row was seen: only then is it known of what type a column is. They take less memory than the sheet,
which the library holds as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import reject
from lakesmith.sources.files.formats.tables.columnar import no_columns
from lakesmith.sources.files.formats.tables.excel_book import Sheet
from lakesmith.sources.files.formats.tables.excel_cells import Column, cell_text
from lakesmith.sources.files.formats.text.header import distinct_names
from lakesmith.sources.files.settings.excel import parse_range

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

CELLS = 400_000
"""How many cells make a piece."""

BEYOND = "a time or duration in the row lies beyond what can be held"

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Region:
    """The cells that are looked at, from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def of(cls, sheet: Sheet, settings: FileStreamOptions) -> Region:
        """Return the region of a sheet that a range, or the sheet's own cells, bound; the sheet must not be empty."""
        top, left, bottom, right = parse_range(settings.range or "A1:XFD1048576")
        (first_row, first_column), (last_row, last_column) = sheet.cells.start or (0, 0), sheet.cells.end or (0, 0)
        if settings.range is None:
            left = first_column
        return cls(max(top, first_row), left, min(bottom, last_row), min(right, last_column))

    def is_as_wide_as(self, sheet: Sheet) -> bool:
        """Whether no cell of the sheet lies beside it."""
        return self.left <= (sheet.cells.start or (0, 0))[1] and self.right >= (sheet.cells.end or (0, 0))[1]


@dataclass(slots=True)
class Table:
    """A sheet's table, read. `first_row` is the first one below the header, from 0; `blank` counts rows without a value."""

    names: tuple[str, ...]
    columns: list[Column]
    first_row: int
    sizes: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    blank: int = 0
    is_known_whole: bool = True

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(self.sizes)

    def schema(self) -> pa.Schema:
        """Return names and types; columns that have neither a name nor a value are none."""
        return pa.schema([column.field(name) for name, column in self._used()])

    @property
    def nameless(self) -> int:
        """How many columns hold values without a name."""
        return sum(
            not written and column.kind != "null" for written, column in zip(self.names, self.columns, strict=True)
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in pieces, letting go of each."""
        used, schema = [column for _, column in self._used()], self.schema()
        for number, size in enumerate(self.sizes):
            if not used:
                yield no_columns(size)
                continue
            arrays = [column.take(number, told) for column, told in zip(used, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _used(self) -> list[tuple[str, Column]]:
        pairs = zip(distinct_names(self.names), self.names, self.columns, strict=True)
        return [(name, column) for name, written, column in pairs if written or column.kind != "null"]


def header_rows(options: FileStreamOptions) -> int:
    """Return how many rows hold the column names: 1 unless `header` says otherwise."""
    return 1 if isinstance(options.header, str) else int(options.header)


def read_table(sheet: Sheet, settings: FileStreamOptions, name: str, most_rows: int | None = None) -> Table | None:
    """Return the table of a sheet, None if the sheet has none.

    Args:
        sheet: The sheet.
        settings: What the project says about it.
        name: What the sheet is called in rejects.
        most_rows: Stop after so many rows; None for all.
    """
    if sheet.cells.start is None:
        return None
    region = Region.of(sheet, settings)
    reading = _Reading(sheet, settings, region, name)
    return reading.table(most_rows)


class _Reading:
    def __init__(self, sheet: Sheet, settings: FileStreamOptions, region: Region, name: str) -> None:
        self._sheet, self._settings, self._region, self._name = sheet, settings, region, name
        self._rejects: list[Reject] = []
        self._merged = _merged(sheet, region) if settings.fill_merged or header_rows(settings) else {}
        self._negatives: Mapping[int, Mapping[int, str]] | None = None
        self.blank = 0

    def table(self, most_rows: int | None) -> Table | None:
        rows = self._rows()
        first = next((one for one in rows if not _is_blank(one[1])), None)
        if first is None:
            return None
        header, above = header_rows(self._settings), first[0]
        # The rows of the header are as many as were said, whether they are blank or not.
        tops = [first, *islice(rows, header - 1)] if header else []
        names = self._names(tops)
        table = Table(names, [Column() for _ in names], above + header, rejects=self._rejects)
        table.is_known_whole = self._region.is_as_wide_as(self._sheet) and not self._settings.fill_merged
        below = rows if header else _chained(first, rows)
        size = max(1, CELLS // max(1, len(names)))
        for piece in _pieces(self._filled(below), size if most_rows is None else min(size, most_rows)):
            for column, cells in zip(table.columns, zip(*piece, strict=True), strict=True):
                column.add(cells)
            table.sizes.append(len(piece))
            if most_rows is not None:
                break
        table.blank = self.blank
        return table

    def _rows(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows of the region by number, with the errors and merged values that the library leaves out."""
        top, left, right = self._region.top, self._region.left, self._region.right + 1
        cells = self._sheet.cells.iter_rows()
        facts = self._sheet.facts
        odd = facts.errors.keys() | (self._merged.keys() if self._settings.fill_merged else set())
        for number in range(self._region.bottom + 1):
            try:
                row = next(cells)
            except StopIteration:
                return
            except OverflowError:
                if number >= top:
                    self._reject(BEYOND, number)
                continue
            if number < top:
                continue
            if number in odd:
                self._mend(number, row)
            if facts.has_negatives and time in map(type, row):
                row = self._without_false_times(number, row)
            yield number, row[left:right]

    def _mend(self, number: int, row: Row) -> None:
        for column, text in self._sheet.facts.errors.get(number, {}).items():
            row[column] = _Error(text)
        if self._settings.fill_merged and number in self._merged:
            for column, value in self._fill(number, row).items():
                row[column] = value

    def _without_false_times(self, number: int, row: Row) -> Row:
        """Give numbers below zero back that are formatted as dates: the library makes times of day of them."""
        if self._negatives is None:
            self._negatives = self._sheet.negatives()
        told = self._negatives.get(number, {})
        return [float(told[at]) if at in told and type(cell) is time else cell for at, cell in enumerate(row)]

    def _fill(self, number: int, row: Row) -> dict[int, Any]:
        """Return the values of the cells of a row that lie in merged areas, and keep those of areas that begin in it."""
        values = {}
        for area in self._merged[number]:
            if area.top == number:
                area.value = row[area.left]
            values.update(dict.fromkeys(range(area.left, min(area.right + 1, len(row))), area.value))
        return values

    def _filled(self, rows: Iterator[tuple[int, Row]]) -> Iterator[Row]:
        """Yield the rows that hold something and are no rejects."""
        errors = self._sheet.facts.errors
        for number, row in rows:
            if row[0] == "" and _is_blank(row):
                self.blank += 1
            elif number not in errors:
                yield row
            elif self._settings.error_cells == "text" or (at := _error_at(row)) is None:
                yield [str(cell) if type(cell) is _Error else cell for cell in row]
            else:
                self._reject(f"column {at + 1} of the table shows an error", number, row)

    def _names(self, tops: Sequence[tuple[int, Row]]) -> tuple[str, ...]:
        """Return the column names: the texts of the header's rows, joined."""
        parts: list[list[str]] = [[] for _ in range(self._region.right - self._region.left + 1)]
        for number, row in tops:
            for told, cell in zip(parts, self._spread(number, row), strict=True):
                text = str(cell) if isinstance(cell, _Error) else cell_text(cell)
                if text.strip() and told[-1:] != [text]:
                    told.append(text)
        return tuple(" ".join(told) for told in parts)

    def _spread(self, number: int, row: Row) -> Row:
        """Return a row of the header with the text of a merged area in every column that it covers."""
        spread, first = list(row), self._region.left
        for area in self._merged.get(number, ()):
            if area.top == number and first <= area.left <= self._region.right:
                covered = range(area.left - first, min(area.right, self._region.right) - first + 1)
                spread[covered.start : covered.stop] = [row[covered.start]] * len(covered)
        return spread

    def _reject(self, reason: str, number: int, row: Row | None = None) -> None:
        raw = "" if row is None else "\t".join(str(one) if isinstance(one, _Error) else cell_text(one) for one in row)
        self._rejects.append(reject(reason, self._name, number + 1, raw.encode()))


class _Error(str):
    """The text of an error that a cell shows, which is no text that somebody wrote."""

    __slots__ = ()


@dataclass(slots=True)
class _Area:
    top: int
    left: int
    right: int
    value: Any = ""


def _merged(sheet: Sheet, region: Region) -> dict[int, list[_Area]]:
    """Return the merged areas by every row they lie in."""
    areas: dict[int, list[_Area]] = {}
    for (top, left), (bottom, right) in sheet.cells.merged_cell_ranges or ():
        area = _Area(top, left, right)
        for row in range(top, min(bottom, region.bottom) + 1):
            areas.setdefault(row, []).append(area)
    return areas


def _is_blank(row: Row) -> bool:
    return row.count("") == len(row)


def _error_at(row: Row) -> int | None:
    return next((at for at, cell in enumerate(row) if type(cell) is _Error), None)


def _chained(first: tuple[int, Row], rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    yield first
    yield from rows


def _pieces(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while piece := list(islice(rows, size)):
        yield piece
