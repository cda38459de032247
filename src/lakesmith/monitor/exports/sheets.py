"""CSV for spreadsheets: a text that a spreadsheet would take for a formula is one no more. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""How a text begins that some spreadsheet runs when the file is opened; the last four are the wide forms of the first."""


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: where it looks like one, an apostrophe stands before it.

    Examples:
        >>> harmless("=1+2"), harmless("shop.orders")
        ("'=1+2", 'shop.orders')
    """
    shown = text.lstrip()
    blanks = text[: len(text) - len(shown)]
    return f"'{text}" if shown.startswith(FORMULA) or any(blank in FORMULA for blank in blanks) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    r"""Yield the lines of a CSV file (RFC 4180), each with its end; None is nothing, and numbers stay as they are.

    Examples:
        >>> print("".join(lines(["table", "cost"], [["@a,b", -1.5], [None, 2]])).replace("\r", ""), end="")
        table,cost
        "'@a,b",-1.5
        ,2
    """
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    for row in chain((header,), rows):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
        yield page.getvalue()
        page.seek(0)
        page.truncate()
