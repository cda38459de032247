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
        """Whether it may have rows that the lake does not hold, where fingerprints say nothing: it is not as it was."""
        left, key = self._left(before), columns_of(before.keyed_by, self.known.structure.columns)
        count = int(before.held[0]) if before.is_sum else len(before.held)
        found = self.session.execute(column_sums(left.values(), key or (), self._rows).encode()).fetchone() or (None,)
        wanted = (str(count), *(before.sums[at] for at in left))
        is_same = bool(left) and (key is not None or not before.keyed_by) and tuple(found) == wanted
        if stream.mode == "dedupe":
            return found[0] != "0"
        return not is_same and self._can_double(stream, "a column changed that told them apart, and which")

    def _left(self, before: CursorPlace) -> dict[int, Column]:
        """Return the columns of the sums that are what they were, by their places among the sums."""
        now = {told: column for column in self.known.structure.columns for told in told_over([column])}
        return {at: now[told] for at, told in enumerate(before.told_by) if before.sums and told in now}

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


def column_sums(columns: Iterable[Column], key: Sequence[Column], rows: str) -> str:
    """Return the query for the count of `rows` and a sum for each column, as texts: the same as long as no value is another one."""
    of_key = "".join(f", {column.quoted}" for column in key)
    hashes = (f"hashtextextended(row({column.quoted}{of_key})::text, 0)" for column in columns)
    sums = "".join(f", coalesce(sum({one}), 0)::text" for one in hashes)
    return f"select count(*)::text{sums} from {rows}"  # noqa: S608 - names are quoted, values are literals


def sum_query(told: str, rows: str) -> str:
    """Return the query for count and sum of the fingerprints `told` of `rows`, as texts."""
    return f"select count(*)::text, coalesce(sum(('x' || left({told}, 15))::bit(60)::bigint), 0)::text from {rows}"  # noqa: S608 - names are quoted, values are literals
