"""What the marts about sales and support must hold."""

from collections import defaultdict
from datetime import date
from typing import Any

from lakesmith.simulate.sales_marketing.books import Books
from lakesmith.simulate.sales_marketing.documents import object_id
from lakesmith.simulate.sales_marketing.figures import Row, day_of, first_orders, month_of, months_between, ratio
from lakesmith.simulate.world import as_amount


def customers(books: Books) -> list[Row]:
    """Return the rows of every customer."""
    bought: dict[int, list[Any]] = defaultdict(list)
    for order in books.orders:
        bought[order.customer].append(order)
    waiting: dict[int, int] = defaultdict(int)
    for ticket in books.tickets:
        waiting[ticket.customer] += ticket.status == "open"
    return [
        (
            str(object_id("customers", number)), one.name, one.email, one.phone, one.zip, one.city, len(books.seen[number]),
            min((day_of(order.ordered_at) for order in bought[number]), default=None), len(bought[number]),
            as_amount(sum(order.total for order in bought[number])), waiting[number],
        )
        for number, one in books.customers.items()
    ]  # fmt: skip


def retention(books: Books) -> list[Row]:
    """Return the rows by month of the first order and month since."""
    first = first_orders(books)
    began = {
        order.customer: month_of(order.ordered_at) for order in books.orders if first[order.customer] == order.number
    }
    months = months_between(min(began.values()), max(month_of(order.ordered_at) for order in books.orders))
    rows = []
    for cohort in sorted(set(began.values())):
        members = {customer for customer, month in began.items() if month == cohort}
        for number, month in enumerate(one for one in months if one >= cohort):
            bought = [one for one in books.orders if one.customer in members and month_of(one.ordered_at) == month]
            active = len({one.customer for one in bought})
            revenue = as_amount(sum(one.total for one in bought))
            rows.append((cohort, month, number, len(members), active, revenue, ratio(100 * active, len(members), 1)))
    return rows


def products(books: Books) -> list[Row]:
    """Return the rows by month and product."""
    sums: dict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for order in books.orders:
        for item in order.items:
            known = (item.quantity, item.quantity * item.price, item.discount)
            key = (month_of(order.ordered_at), item.sku, item.name)
            sums[key] = [sum(pair) for pair in zip(sums[key], known, strict=True)]
    return [
        (*key, quantity, as_amount(gross), as_amount(discount), as_amount(gross - discount))
        for key, (quantity, gross, discount) in sums.items()
    ]


def support(books: Books) -> list[Row]:
    """Return the rows by month and tag."""
    counts: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for ticket in books.tickets:
        for tag in ticket.tags:
            seen = counts[month_of(ticket.opened_at), tag]
            counts[month_of(ticket.opened_at), tag] = [seen[0] + 1, seen[1] + (ticket.status == "open")]
    return [(*key, *seen) for key, seen in counts.items()]
