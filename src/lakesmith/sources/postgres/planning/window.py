"""The rows that a cursor looks back on: which of them the lake holds is told by their fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.planning.known import Known
from lakesmith.sources.postgres.planning.telling import Ink, columns_of, find_told, sum_query
from lakesmith.sources.postgres.position import CursorPlace

if TYPE_CHECKING:
    import psycopg

MOST_HELD = 100_000
"""Of how many rows a position keeps the fingerprints; of more of them it keeps their sum."""

PLAIN = Ink()


@dataclass(frozen=True, slots=True)
class Window:
    """The rows of a table that meet the condition `where`."""

    session: psycopg.Connection[Any]
    known: Known
    where: str

    def has_news(self, stream: StreamSpec, before: CursorPlace) -> bool:
        """Whether it has rows that the lake does not hold.

        Raises:
            SourceDataError: If that cannot be told, and reading a row twice would double it.
        """
        columns, ink = columns_of(before.told_by, self.known), ink_of(before)
        if columns is None:
            return self._has_more(stream, before)
        if before.is_sum:
            return self.sum(columns, ink) != before.held and self._can_double(stream, "which rows of them")
        if self.is_longer(len(before.held)):  # one of them has to be new; nobody knows how many there are
            return True
        return bool(Counter(self.fingerprints(columns, ink)) - Counter(before.held))

    def marks(self, before: CursorPlace) -> str:
        """Return the expression by which a row that the lake holds is known; empty where nothing tells it."""
        columns = columns_of(before.told_by, self.known)
        return "" if columns is None or before.is_sum else ink_of(before).mark(columns)

    def is_longer(self, count: int) -> bool:
        """Whether it has more rows than that; no more of them are looked at."""
        query = f"select count(*) from (select from {self._rows} limit {count + 1}) as found"  # noqa: S608 - names are quoted, values are literals
        row = self.session.execute(query.encode()).fetchone()
        return row is not None and int(row[0]) > count

    def fingerprints(self, columns: Sequence[Column], ink: Ink) -> list[str]:
        """Return one for each row, sorted."""
        rows = self.session.execute(f"select {ink.mark(columns)} from {self._rows}".encode())  # noqa: S608 - names are quoted, values are literals
        return sorted(row[0] for row in rows)

    def sum(self, columns: Sequence[Column], ink: Ink = PLAIN) -> tuple[str, ...]:
        """Return the count and the sum of all fingerprints."""
        return tuple(self.session.execute(sum_query(ink.mark(columns), self._rows).encode()).fetchone() or ())

    @property
    def _rows(self) -> str:
        return f"{self.known.table.relation.quoted} where {self.where}"

    def _has_more(self, stream: StreamSpec, before: CursorPlace) -> bool:
        """Whether it may have rows that the lake does not hold, where fingerprints say nothing: it is not as it was."""
        left, key = self._left(before), columns_of(before.keyed_by, self.known)
        count = int(before.held[0]) if before.is_sum else len(before.held)
        found = self.session.execute(ink_of(before).sums(left.values(), key or (), self._rows).encode()).fetchone() or (
            None,
        )
        wanted = (str(count), *(before.sums[at] for at in left))
        is_same = bool(left) and (key is not None or not before.keyed_by) and tuple(found) == wanted
        if stream.mode == "dedupe":
            return found[0] != "0"
        return not is_same and self._can_double(stream, "a column changed that told them apart, and which")

    def _left(self, before: CursorPlace) -> dict[int, Column]:
        """Return the columns of the sums that are what they were, by their places among the sums."""
        return find_told(before.told_by, self.known) if before.sums else {}

    def _can_double(self, stream: StreamSpec, why: str) -> bool:
        """Return True where a row that is read again does no harm.

        Raises:
            SourceDataError: If it would be there twice.
        """
        if stream.mode == "dedupe":
            return True
        raise SourceDataError(
            f"Rows of {self.known.table.relation} came or changed at or before the cursor's last value: {why} the lake holds is not known.",
            where=stream.where,
            fix=f"load everything anew: lakesmith rebuild {stream.id}; with a `key` and `mode: dedupe` this cannot happen",
        )


def ink_of(place: CursorPlace) -> Ink:
    """Return how the fingerprints of a position are written."""
    return Ink(place.large, place.salt)
