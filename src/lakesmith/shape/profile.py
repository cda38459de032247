"""The types of columns that arrive as text: the narrowest one that nearly all of a column's values fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pyarrow import Field, RecordBatch

from lakesmith.model.streams import TEXT_KEY
from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, STRING, TIMESTAMP, TIMESTAMPTZ, Type
from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.grammar import ANY
from lakesmith.shape.names import unique
from lakesmith.shape.text import matching, parse, trim
from lakesmith.shape.whole import count_longs, count_words, read_whole

THRESHOLD_PER_CENT = 99
"""How many of a column's non-empty values have to fit a type."""

NARROWEST_FIRST = (BOOLEAN, LONG, DOUBLE, DATE, TIMESTAMP, TIMESTAMPTZ)
_KINDS = (LONG, DOUBLE, TIMESTAMP, DATE, TIMESTAMPTZ, BOOLEAN)


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What a text column holds: `values` that are not empty, how many `fits` each type, and the `type` (None: no value yet)."""

    source_name: str
    values: int
    fits: dict[str, int]
    type: Type | None


class TextProfile:
    """Counts, over any number of batches, which types the values of every text column fit. Memory does not grow with rows."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[Type]] = {}
        self._values: Counter[str] = Counter()
        self._usual: dict[str, Type] = {}

    def observe(self, batch: RecordBatch, columns: Collection[str] | None = None) -> None:
        """Count the values of one batch: of the columns with these source names, None for all that the reader marks as text."""
        for name, arrow_field, column in zip(unique(batch.schema.names), batch.schema, batch.columns, strict=True):
            if is_text(arrow_field) and (columns is None or name in columns):
                self._observe(name, as_texts(column))

    def types(self) -> dict[str, Type]:
        """Return the type of every text column that had a value, by source name."""
        return {report.source_name: report.type for report in self.report() if report.type is not None}

    def outsiders(self, name: str) -> int:
        """Return how many values of a column do not fit the type that most of them fit."""
        return self._values[name] - max(self._counts.get(name, Counter()).values(), default=0)

    def report(self) -> tuple[ColumnReport, ...]:
        """Return the counts by column, in order of appearance."""
        return tuple(
            ColumnReport(
                name, self._values[name], {str(kind): counts[kind] for kind in NARROWEST_FIRST}, self._type(name)
            )
            for name, counts in self._counts.items()
        )

    def _type(self, name: str) -> Type | None:
        values, counts = self._values[name], self._counts[name]
        if not values:
            return None
        fits = [kind for kind in NARROWEST_FIRST if counts[kind] * 100 >= values * THRESHOLD_PER_CENT]
        # A type that takes every value leaves nobody outside: 99.5 % whole numbers and some fractions are doubles.
        whole = [kind for kind in fits if counts[kind] == values]
        return next(iter(whole or fits), STRING)

    def _observe(self, name: str, column: Array) -> None:
        counts = self._counts.setdefault(name, Counter())
        if self._observe_whole(name, column):
            return
        left = trim(column).drop_null()
        self._values[name] += len(left)
        # Every text is of one kind at most (a long counts as a double too), so what fitted need not be tried again, and the
        # usual kind goes first: most columns are of one kind only. A double may look like a long, so long goes before it.
        usual, sifted = self._usual.get(name), False
        for kind in sorted(_KINDS, key=lambda kind: kind != usual or kind == DOUBLE):
            if not len(left):
                return
            if kind != usual and not sifted:
                left, sifted = matching(left, ANY).drop_null(), True
            fits = parse(left, kind)
            found = len(left) - fits.null_count
            if not found:
                continue
            counts[kind] += found
            if kind == LONG:
                counts[DOUBLE] += _exact_doubles(fits)
            self._usual[name] = kind
            left = left.filter(fits.is_null())

    def _observe_whole(self, name: str, column: Array) -> bool:
        """Count the values of a column at once if all are of its usual kind, or all are words; whether they are."""
        counts, usual = self._counts[name], self._usual.get(name)
        present = len(column) - column.null_count
        if usual is None:
            words = count_words(column)
            self._values[name] += words or 0
            return words is not None
        values = read_whole(column, usual)
        if values is None:
            return False
        self._values[name] += present
        counts[usual] += present
        if usual == LONG:
            counts[DOUBLE] += _exact_doubles(values)
        elif usual == DOUBLE:
            counts[LONG] += count_longs(column)
        return True


def is_text(arrow_field: Field[Any]) -> bool:
    """Whether the reader marks a column as text whose type it does not know."""
    return TEXT_KEY in (arrow_field.metadata or {})


def as_texts(column: Array) -> Array:
    """Return a text column of any Arrow layout as plain strings."""
    return column if column.type == pa.string() else column.cast(pa.string())


def _exact_doubles(longs: Array) -> int:
    exact = pc.and_(pc.less_equal(longs, 2**53), pc.greater_equal(longs, -(2**53)))
    return int(pc.sum(exact).as_py() or 0)
