"""From what to what the rows of a day are ordinary."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lakesmith.monitor.judging.series import LEAST_SPREAD, Expectation, Habits

SPREADS = 3.6
"""So many ordinary spreads off is not ordinary. Measured by `bench/detectors.py`."""
LEAST_SHARE = 0.8
"""Less is a drop; its inverse, a quarter more, is a surge: what is nearer to the expectation troubles nobody."""
LEAST_ROWS = 10
LEAST_GONE = 2
"""Of a table that is replaced so many rows less are no chance: nobody counts what comes, but what there is."""


@dataclass(frozen=True, slots=True)
class Band:
    """What is ordinary: `lower` to `upper` rows around `expected`; `score` says how many spreads `rows` is off."""

    rows: int
    expected: float
    lower: float
    upper: float
    score: float

    @property
    def holds(self) -> bool:
        """Whether the rows are within."""
        return self.lower <= self.rows <= self.upper


def band_of(rows: int, expected: Expectation, spreads: float = SPREADS) -> Band:
    """Return the band around an expectation: what is outside is off by many spreads, by a fifth or more, and by ten rows or more."""
    off = spreads * expected.spread
    lower = min(math.expm1(expected.log - off), expected.rows * LEAST_SHARE, expected.rows - LEAST_ROWS)
    upper = max(math.expm1(expected.log + off), expected.rows / LEAST_SHARE, expected.rows + LEAST_ROWS)
    return Band(rows, expected.rows, max(lower, 0.0), upper, (math.log1p(rows) - expected.log) / expected.spread)


def level_band(rows: int, habits: Habits, expected: Expectation) -> Band:
    """Return the band of a table that is replaced: its rows are not counted by chance, and few of them are as sure as many."""
    off = SPREADS * max(habits.spread, LEAST_SPREAD)
    lower = min(math.expm1(expected.log - off), expected.rows * LEAST_SHARE, expected.rows - LEAST_GONE)
    band = band_of(rows, expected)
    return Band(rows, expected.rows, max(lower, band.lower, 0.0), band.upper, band.score)
