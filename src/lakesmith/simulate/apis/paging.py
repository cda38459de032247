"""A list in pages, rightly or as a fault says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lakesmith.simulate.apis.serving import Asked

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list; `next` is where the following page starts, None after the last; `total` is what the server says there is."""

    rows: Sequence[Row]
    next: int | None
    total: int


def page(rows: Sequence[Row], start: int, size: int, asked: Asked) -> Page[Row]:
    """Return the page that begins at `start`, as the fault of the request has it.

    repeated_page: the rows of the page before come again in the place of these, and the way on is right: these rows are missing.
    skipped_page: the rows of the page after come in the place of these, and the way on leads past them.
    cursor_loop: the right rows, and the way on leads to them again.
    empty_page: no rows, and the way on leads to those that should have come.
    total_changes: the right rows; the list says that it has `amount` rows more than it has.
    rows_move: `amount` rows of the front have gone to the end since the page before, so that the border between the pages moved.
    """
    fault = asked.fault
    kind, amount = (fault.kind, fault.amount) if fault is not None else ("", 0)
    listed = [*rows[amount:], *rows[:amount]] if kind == "rows_move" else rows
    first = {"repeated_page": max(start - size, 0), "skipped_page": start + size}.get(kind, start)
    shown = listed[first : first + size]
    after = first + size if kind == "skipped_page" else start + size
    if kind == "empty_page":
        shown, after = [], start
    elif kind == "cursor_loop":
        after = start
    return Page(shown, after if after < len(rows) else None, len(rows) + (amount if kind == "total_changes" else 0))
