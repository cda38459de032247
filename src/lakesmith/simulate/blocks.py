"""A block of clean rows, and the order in which they, their copies and their damaged copies are delivered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lakesmith.simulate.company import Parts

Columns = tuple[list[Any], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Clean rows by column.

    Ids are numbers (0: none), dates are days since 1970, times are minutes since 1970, money is in cents.

    Attributes:
        columns: The clean values; every row stands here once.
        order: Row numbers as delivered. A number that returns is an exact copy, `~n` a damaged copy of row n.
        older: Rows, by reason, that bring an older version of a key after the newer one.
    """

    columns: Columns
    order: list[int]
    older: Mapping[str, int] = field(default_factory=dict)


def arrange(rng: Random, rows: int, part: Parts, *, after: Mapping[int, int] | None = None) -> list[int]:
    """Return an order of delivery for the rows of a block.

    Args:
        rng: The chance of this block.
        rows: Number of clean rows.
        part: How many copies and broken rows to add.
        after: Rows that must come later than another row of the block, with that other row.
    """
    random = rng.random
    place = [random() for _ in range(rows)]
    for row, anchor in (after or {}).items():
        place[row] = _later(place[anchor], random())
    deliveries = list(zip(place, range(rows), strict=True))
    deliveries += [(_later(place[row], random()), row) for row in rng.sample(range(rows), min(part.copies, rows))]
    deliveries += [(random(), ~rng.randrange(rows)) for _ in range(part.broken)]
    deliveries.sort()
    return [row for _, row in deliveries]


def _later(place: float, luck: float) -> float:
    return place + (1 - place) * (0.001 + 0.999 * luck)
