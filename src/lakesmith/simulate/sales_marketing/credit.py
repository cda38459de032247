"""Who gets the credit for an order: the first visit before it, the last one, or all of them in equal parts."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from lakesmith.simulate.sales_marketing.books import Session
from lakesmith.simulate.sales_marketing.records import Order

MODELS: Final = ("first", "last", "linear")
WHOLE: Final = 1_000_000
"""An order, in millionths."""


def credits_of(order: Order, touches: Sequence[Session]) -> Iterator[tuple[str, Session | None, int, int]]:
    """Yield model, visit, millionths of the order and cents of its revenue; the visit is None for an order without any."""
    for model in MODELS:
        if not touches:
            yield model, None, WHOLE, order.total
        elif model == "linear":
            shares, cents = parts(WHOLE, len(touches)), parts(order.total, len(touches))
            yield from ((model, *one) for one in zip(touches, shares, cents, strict=True))
        else:
            yield model, touches[0 if model == "first" else -1], WHOLE, order.total


def parts(whole: int, count: int) -> list[int]:
    """Divide a number into whole parts that differ by one at most and add up to it.

    Examples:
        >>> parts(100, 3), parts(5, 2)
        ([33, 34, 33], [3, 2])
    """
    ends = [(2 * whole * place + count) // (2 * count) for place in range(count + 1)]
    return [after - before for before, after in pairwise(ends)]
