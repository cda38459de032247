"""Which part of a workbook is the table, as far as the project says it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

RANGE = re.compile(r"\$?([A-Za-z]{1,3})?\$?([1-9][0-9]{0,6})?:\$?([A-Za-z]{1,3})?\$?([1-9][0-9]{0,6})?")
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
LETTERS = 26


class ExcelSettings(BaseModel):
    """Settings of streams whose files are workbooks (xlsx, xls, ods)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str | int | None = Field(
        default=None,
        description=(
            "Excel: the sheet that is read, by name or by number (from 1, chart sheets not counted), or `*` for all of them, one after "
            "the other. Default: the first visible sheet that is not empty. Hidden sheets are read when they are named, and by `*`."
        ),
    )
    range: str | None = Field(
        default=None,
        description="Excel: the cells that hold the table with its header, such as `B3:F200`, `A:F` or `5:`. Default: from the first row that is not empty to the last.",
    )
    fill_merged: bool = Field(
        default=False,
        description="Excel: whether every cell of a merged area has its value. By default only the first has it, as in the file. Not for ods.",
    )
    error_cells: Literal["text", "reject"] = Field(
        default="text",
        description=(
            "Excel: what becomes of cells that show an error such as `#N/A` or `#DIV/0!`: `text` keeps that text as their value, which a "
            "column of numbers puts beside itself; `reject` sends their rows to quarantine."
        ),
    )

    @field_validator("range")
    @classmethod
    def _cells(cls, value: str | None) -> str | None:
        if value is not None:
            parse_range(value)
        return value

    @field_validator("sheet")
    @classmethod
    def _counted_from_one(cls, value: str | int | None) -> str | int | None:
        if isinstance(value, int) and value < 1:
            raise ValueError("sheets are counted from 1")
        return value


def parse_range(text: str) -> tuple[int, int, int, int]:
    """Return the first row, first column, last row and last column of a range, counted from 0.

    Raises:
        ValueError: If it is no range, or not one of a sheet.

    Examples:
        >>> parse_range("B3:F200")
        (2, 1, 199, 5)
        >>> parse_range("A:C")
        (0, 0, 1048575, 2)
    """
    found = RANGE.fullmatch(text.strip())
    if found is None or text.strip() == ":":
        raise ValueError("a range is written like B3:F200, A:F or 5:")
    left, top, right, bottom = found.groups()
    first = (int(top) - 1 if top else 0, column_number(left) if left else 0)
    last = (int(bottom) - 1 if bottom else LAST_ROW - 1, column_number(right) if right else LAST_COLUMN - 1)
    if first[0] > last[0] or first[1] > last[1] or last[0] >= LAST_ROW or last[1] >= LAST_COLUMN:
        raise ValueError(
            f"a range goes from a first cell to a last one, within {LAST_ROW} rows and {LAST_COLUMN} columns"
        )
    return (*first, *last)


def column_number(letters: str) -> int:
    """Return the number of a column, counted from 0.

    Examples:
        >>> column_number("A"), column_number("XFD")
        (0, 16383)
    """
    number = 0
    for letter in letters.upper():
        number = number * LETTERS + ord(letter) - ord("A") + 1
    return number - 1
