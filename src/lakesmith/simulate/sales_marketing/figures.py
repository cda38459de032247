"""What truths about marts have in common: dates of days, months, quotients."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from lakesmith.simulate.sales_marketing.books import Books
from lakesmith.simulate.sales_marketing.records import Minute
from lakesmith.simulate.world import as_date

Row = tuple[Any, ...]


def ratio(above: int, below: int, places: int) -> Decimal | None:
    """Return a quotient with some decimals, halves away from zero; None where nothing is divided by."""
    if not below:
        return None
    return Decimal((2 * above * 10**places + below) // (2 * below)).scaleb(-places)


def date_of(books: Books, day: int) -> date:
    """Return the date of a day of the books."""
    return books.life.business.start + timedelta(days=day - 1)


def day_of(minute: Minute) -> date:
    """Return the date of a minute, UTC."""
    return as_date(minute // 1_440)


def month_of(minute: Minute) -> date:
    """Return the first of the month of a minute, UTC."""
    return day_of(minute).replace(day=1)


def months_between(first: date, last: date) -> list[date]:
    """Return the firsts of all months from one to another, both included."""
    months = [first]
    while months[-1] < last:
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    return months


def first_orders(books: Books) -> dict[int, int]:
    """Return by customer the number of the first order that is money."""
    first: dict[int, int] = {}
    for order in sorted(books.orders, key=lambda one: (one.ordered_at, one.number)):
        first.setdefault(order.customer, order.number)
    return first
