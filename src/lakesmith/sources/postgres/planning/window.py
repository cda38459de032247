"""The rows that a cursor looks back on: which of them the lake holds is told by their fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.planning.known import Known
from lakesmith.sources.postgres.position import CursorPlace

if TYPE_CHECKING:
    import psycopg

MOST_HELD = 100_000
"""Of how many rows a position keeps the fingerprints; of more of them it keeps their sum."""


def fingerprint(columns: Sequence[Column]) -> str:
    """Return the SQL expression that two rows share if these columns are written the same in both."""
    names = ", ".join(column.quoted for column in columns)
    return f"encode(substring(sha256(convert_to(row({names})::text, 'UTF8')) from 1 for 16), 'hex')"


def told_over(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return how a position names the columns of a fingerprint: a type that changed may write the same value in another way."""
    return tuple(f"{column.attnum} {column.type.shown}" for column in columns)


def columns_of(told_by: Sequence[str], columns: Iterable[Column]) -> tuple[Column, ...] | None:
    """Return the columns that fingerprints were taken over; None if one of them is gone or has another type."""
    now = {told: column for column in columns for told in told_over([column])}
    found = [now[told] for told in told_by if told in now]
    return tuple(found) if found and len(found) == len(told_by) else None


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
        columns = columns_of(before.told_by, self.known.structure.columns)
        if columns is None:
            return self._has_more(stream, before)
        if before.is_sum:
            return self.sum(columns) != before.held and self._can_double(stream, "which rows of them")
        return bool(Counter(self.fingerprints(columns)) - Counter(before.held))

    def fingerprints(self, columns: Sequence[Column]) -> list[str]:
        """Return one for each row, sorted."""
        rows = self.session.execute(f"select {fingerprint(columns)} from {self._rows}".encode())  # noqa: S608 - names are quoted, values are literals
        return sorted(row[0] for row in rows)

    def sum(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Return the count and the sum of all fingerprints."""
        return tuple(self.session.execute(sum_query(fingerprint(columns), self._rows).encode()).fetchone() or ())

    @property
    def _rows(self) -> str:
        return f"{self.known.table.relation.quoted} where {self.where}"

    def _has_more(self, stream: StreamSpec, before: CursorPlace) -> bool:
        row = self.session.execute(f"select count(*) from {self._rows}".encode()).fetchone()  # noqa: S608 - names are quoted, values are literals
        held = int(before.held[0]) if before.is_sum else len(before.held)
        return (row is None or row[0] != held) and self._can_double(
            stream, "a column changed that told them apart, and which"
        )

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


def sum_query(told: str, rows: str) -> str:
    """Return the query for count and sum of the fingerprints `told` of `rows`, as texts."""
    return f"select count(*)::text, coalesce(sum(('x' || left({told}, 15))::bit(60)::bigint), 0)::text from {rows}"  # noqa: S608 - names are quoted, values are literals
