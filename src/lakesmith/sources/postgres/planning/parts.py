"""Parts of a table: ranges of its pages, of the values of a column, or the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lakesmith.sources.postgres.catalog.values import Leaf


@dataclass(frozen=True, slots=True)
class Part:
    """What one split reads: a relation as SQL names it, and a condition on its rows, empty for all of them.

    `name` tells it from the other parts of a plan. `size_bytes` is None where nobody knows. `marks` is the expression of a row's
    fingerprint, where those that the lake holds are left out; `order` what rows are ordered by. Both are empty otherwise.
    """

    name: str
    relation: str
    where: str = ""
    size_bytes: int | None = None
    marks: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """How a heap is cut: into parts of about `split_bytes`, where a page has `block_bytes`."""

    split_bytes: int
    block_bytes: int

    @property
    def of_part(self) -> int:
        """How many pages a part has."""
        return max(1, self.split_bytes // self.block_bytes)


def leaf_parts(leaf: Leaf, pages: Pages | None) -> Iterator[Part]:
    """Yield the parts of a leaf; the last one has no end, so that no page is left out. One part where `pages` is None."""
    relation, name = f"only {leaf.relation.quoted}", f"{leaf.relation}/{leaf.filenode or leaf.oid}"
    size = leaf.size_bytes or 0
    if pages is None or not leaf.has_ctid or size <= pages.of_part * pages.block_bytes:
        yield Part(name, relation, size_bytes=leaf.size_bytes)
        return
    count = -(-size // pages.block_bytes)
    starts = range(0, count, pages.of_part)
    for first in starts:
        last = first == starts[-1]
        until = count if last else first + pages.of_part
        lower = [f"ctid >= '({first},0)'::tid"] if first else []
        upper = [] if last else [f"ctid < '({until},0)'::tid"]
        yield Part(
            f"{name} pages {first}-{'' if last else until - 1}",
            relation,
            " and ".join([*lower, *upper]),
            (until - first) * pages.block_bytes,
        )


def key_parts(relation: str, column: str, bounds: Sequence[str]) -> Iterator[Part]:
    """Yield the ranges between bounds, which are SQL literals in order; the outer ones are open, rows without a value stand alone.

    Args:
        relation: The table or view, as SQL names it.
        column: The column, as SQL names it.
        bounds: Where one range ends and the next one begins.
    """
    lower = [f"{column} >= {bound}" for bound in bounds]
    upper = [f"{column} < {bound}" for bound in bounds]
    ranges = zip(["", *lower], [*upper, ""], strict=True)
    for number, (low, high) in enumerate(ranges, 1):
        condition = " and ".join(filter(None, (low, high))) or f"{column} is not null"
        yield Part(f"{relation} by {column} {number}/{len(bounds) + 1}", relation, condition)
    yield Part(f"{relation} by {column} null", relation, f"{column} is null")
