"""What was known of the customers at the beginning of a day, and what became of them: nothing later than the day is looked at."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.subscriptions.books import Books
from lakesmith.simulate.subscriptions.ledger import Change, Given, Ledger, Taken
from lakesmith.simulate.world import as_amount, as_date

Row = tuple[Any, ...]
LONG_DAYS: Final = 90
SHORT_DAYS: Final = 30


def features_on(day: int, books: Books, ledger: Ledger) -> list[Row]:
    """Return a row for every customer who paid at the beginning of a day."""
    before: dict[int, list[Change]] = defaultdict(list)
    for change in ledger.changes:
        if change.day < day:
            before[change.customer].append(change)
    paying = [customer for customer, changes in before.items() if changes[-1].after > 0]
    taken: dict[int, list[Taken]] = defaultdict(list)
    for one in (*ledger.taken, *_struck_out_later(books, ledger, day)):
        if one.day < day:
            taken[one.customer].append(one)
    given: dict[int, list[Given]] = defaultdict(list)
    for back in ledger.given:
        if day - LONG_DAYS <= back.day < day:
            given[back.customer].append(back)
    failed: dict[int, int] = defaultdict(int)
    for customer, failed_on in ledger.failed:
        failed[customer] += day - SHORT_DAYS <= failed_on < day
    churned = {one.customer for one in ledger.changes if one.kind == "churn" and day <= one.day < day + SHORT_DAYS}
    is_over = day + SHORT_DAYS <= ledger.today
    return [
        (
            *(as_date(day), customer, _country(books, customer, day), as_amount(before[customer][-1].after)),
            *(day - before[customer][0].day, _plan_changes(before[customer])),
            *_money(day, taken[customer]),
            *(failed[customer], as_amount(sum(one.cents for one in given[customer]))),
            *_last(books, day, taken[customer]),
            (customer in churned) if is_over else None,
        )
        for customer in paying
    ]


def _struck_out_later(books: Books, ledger: Ledger, day: int) -> Iterable[Taken]:
    """Yield payments that count no more, but did at the beginning of the day."""
    return (
        one
        for one in ledger.struck_out
        if (books.payments[one.payment.number].deleted_at or 0) >= day * MINUTES_PER_DAY
    )


def _plan_changes(changes: list[Change]) -> int:
    return sum(one.kind in {"expansion", "contraction"} for one in changes)


def _money(day: int, taken: list[Taken]) -> tuple[int, Decimal]:
    recent = [one.cents for one in taken if one.day >= day - LONG_DAYS]
    return len(recent), as_amount(sum(recent))


def _last(books: Books, day: int, taken: list[Taken]) -> tuple[int | None, int | None]:
    """Return the days since the last payment, and the months its card is still good for."""
    if not taken:
        return None, None
    last = max(taken, key=lambda one: (one.day, one.payment.number))
    card = books.cards.get(last.payment.card or 0)
    today = as_date(day)
    left = None if card is None else card.expires - (today.year * 12 + today.month - 1)
    return day - last.day, left


def _country(books: Books, customer: int, day: int) -> str:
    """Return the country as it was known: `Unknown` before the first state that a load has seen."""
    states = [one for one in books.seen[customer] if one.updated_at < day * MINUTES_PER_DAY]
    return (states[-1].country if states else None) or "Unknown"
