"""Holds published marts against the truth, value by value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lakesmith.simulate.company import Company
from lakesmith.simulate.marts import MART_COLUMNS, truth

Rows = Iterable[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Proof:
    """How a mart stands to the truth: rows that are `missing` from it and rows that are `wrong` or too many."""

    mart: str
    rows: int
    missing: int
    wrong: int

    @property
    def holds(self) -> bool:
        """Whether the mart equals the truth, value by value."""
        return not self.missing and not self.wrong


def prove(
    company: Company,
    through: int,
    read: Callable[[str, tuple[str, ...]], Rows],
    *,
    cut_short: frozenset[int] = frozenset(),
) -> list[Proof]:
    """Compare every mart with the truth as of day `through`.

    Args:
        company: The company whose data was delivered.
        through: The last day delivered.
        read: Returns the rows of a mart in the order of the columns it is given, with values as Python has them.
        cut_short: The days whose company rows have arrived only in part.
    """
    expected = truth(company, through, cut_short=cut_short)
    return [compare(mart, expected[mart], read(mart, columns)) for mart, columns in MART_COLUMNS.items()]


def compare(mart: str, expected: Rows, found: Rows) -> Proof:
    """Compare the rows of one mart with the truth, in any order."""
    from collections import Counter

    left, right = Counter(expected), Counter(found)
    return Proof(mart, right.total(), (left - right).total(), (right - left).total())
