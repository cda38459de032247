"""A column in two parts: the values that its type holds, and the server's own words for those that it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lakesmith.sources.postgres.types.arrow import Array, pa, pc


@dataclass(frozen=True, slots=True)
class Parts:
    """`values` with null where a value is rare, and `words`, strings with null where it is not; None if no value is rare."""

    values: Array
    words: Array | None = None


def part(values: Array, rare: Array | None, worded: Callable[[Array], Array]) -> Parts:
    """Return values in parts.

    Args:
        values: All values of a column.
        rare: Which of them are; null counts as no. None: none is.
        worded: Returns the words of the rare ones, which alone it is given.
    """
    rows = None if rare is None else pc.indices_nonzero(rare)
    if rare is None or rows is None or not len(rows):
        return Parts(values)
    return Parts(without(values, rare), spread(worded(values.take(rows)), rare))


def without(values: Array, rare: Array) -> Array:
    """Return values with null where `rare` is true."""
    return pc.if_else(pc.fill_null(rare, fill_value=False), pa.scalar(None, values.type), values)


def spread(words: Array, rare: Array) -> Array:
    """Return words at the rows where `rare` is true, null elsewhere."""
    chosen = pc.fill_null(rare, fill_value=False)
    number = pc.subtract(pc.cumulative_sum(chosen.cast(pa.int64())), 1)
    return words.take(pc.if_else(chosen, number, None))


def merged(one: Array | None, other: Array | None) -> Array | None:
    """Return the words of both; no row has two."""
    if one is None or other is None:
        return other if one is None else one
    return pc.coalesce(one, other)
