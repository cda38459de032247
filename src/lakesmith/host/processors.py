"""How many things to do at a time on this machine."""

from __future__ import annotations

import os


def processors(most: int, *, fewest: int = 1) -> int:
    """Return how many processors there are, from `fewest` to `most`: more at a time would wait for each other.

    Examples:
        >>> processors(2, fewest=2)
        2
    """
    return max(fewest, min(most, os.cpu_count() or 1))
