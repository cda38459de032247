"""The clean rows that have arrived by a day: what the company knows of itself, without any dirt."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lakesmith.simulate.blocks import Block
from lakesmith.simulate.company import EPOCH_ORDINAL, Company, block_sizes
from lakesmith.simulate.tables import files_of
from lakesmith.simulate.write import rows_before_cut

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class World:
    """The clean rows that have arrived, by id; of companies and leads the newest version.

    Orders and requests are not kept: they are passed to whoever counts them.
    """

    companies: dict[int, Row] = field(default_factory=dict)
    customers: dict[int, Row] = field(default_factory=dict)
    products: dict[int, Row] = field(default_factory=dict)
    leads: dict[int, Row] = field(default_factory=dict)


def arrived(company: Company, through: int, *, cut_short: frozenset[int] = frozenset()) -> World:
    """Return the newest clean rows as of day `through`; arguments as for `marts.truth`."""
    world = World()
    for block in blocks_of(company, 1, "customers"):
        world.customers.update((row[0], row) for row in rows_of(block))
    for block in blocks_of(company, 1, "products"):
        world.products.update((row[0], row) for row in rows_of(block))
    for day in range(1, through + 1):
        keep = rows_before_cut(company) if day in cut_short else None
        for row in delivered_companies(company, day, keep=keep):
            _remember(world.companies, row)
        for block in blocks_of(company, day, "leads"):
            for row in rows_of(block):
                _remember(world.leads, row)
    return world


def delivered_companies(company: Company, day: int, *, keep: int | None = None) -> Iterator[Row]:
    """Yield every intact company row that day `day` brings, in the order of delivery.

    Args:
        company: Whose rows.
        day: Counts from 1; day 1 begins with the init file.
        keep: How many records of the day's file have arrived, broken ones included. None means all.
    """
    left = keep
    for file in files_of(company, day):
        if file.kind == "companies":
            for number, size in enumerate(block_sizes(file.rows)):
                block = file.block(number, size)
                order = block.order
                if left is not None and file.path.startswith("data/raw/"):
                    order, left = order[:left], max(0, left - len(order))
                rows = list(zip(*block.columns, strict=True))
                yield from (rows[row] for row in order if row >= 0)


def blocks_of(company: Company, day: int, kind: str) -> Iterator[Block]:
    """Yield the clean blocks of all files that day `day` brings for one stream."""
    for file in files_of(company, day):
        if file.kind == kind:
            for number, size in enumerate(block_sizes(file.rows)):
                yield file.block(number, size)


def rows_of(block: Block) -> Iterator[Row]:
    """Return the clean rows of a block, each once."""
    return zip(*block.columns, strict=True)


def _remember(newest: dict[int, Row], row: Row) -> None:
    known = newest.get(row[0])
    if known is None or row[-1] >= known[-1]:
        newest[row[0]] = row


def as_date(number: int) -> date:
    """Return the date of days since 1970."""
    return date.fromordinal(number + EPOCH_ORDINAL)


def as_amount(cents: int) -> Decimal:
    """Return euros with two places."""
    return Decimal(cents).scaleb(-2)


def as_key(letter: str, number: int) -> str:
    """Return the clean spelling of a key."""
    return f"{letter}{number:07d}"
