"""What the marts of the business must hold: computed from what happened, before the database wrote it down badly."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.subscriptions.books import Books, books_at
from lakesmith.simulate.subscriptions.business import SETTLE_MINUTES, Subscriptions
from lakesmith.simulate.subscriptions.features import features_on
from lakesmith.simulate.subscriptions.ledger import NO_PLAN, Ledger
from lakesmith.simulate.world import as_amount, as_date

Row = tuple[Any, ...]
SUBSCRIPTIONS_MARTS: Final[dict[str, tuple[str, ...]]] = {
    "mart_net_revenue": ("month", "plan_id", "plan_name", "payments", "net_eur", "gross_eur", "refunded_eur"),
    "mart_mrr": (
        "day", "closing_mrr", "customers", "opening_mrr", "new_mrr", "expansion_mrr", "reactivation_mrr", "contraction_mrr",
        "churned_mrr",
    ),
    "mart_cohorts": ("month", "cohort_month", "month_number", "customers", "active_customers", "mrr", "retained_pct"),
    "mart_churn_features": (
        "snapshot_on", "customer_id", "country", "mrr", "tenure_days", "plan_changes", "payments_90d", "paid_90d", "failed_30d",
        "refunded_90d", "days_since_payment", "card_months_left", "churned_30d",
    ),
}  # fmt: skip


def subscriptions_truth(business: Subscriptions, loads: Sequence[int]) -> dict[str, list[Row]]:
    """Return the rows of every mart, without `_ls_built_at`, in no order.

    Args:
        business: Whose marts.
        loads: The ticks after which the database was read, in order; the marts are those after the last.
    """
    books = books_at(business, tuple(loads))
    ledger = Ledger.of(books)
    return {
        "mart_net_revenue": _net_revenue(books, ledger),
        "mart_mrr": _mrr(ledger),
        "mart_cohorts": _cohorts(ledger),
        "mart_churn_features": _churn_features(books, ledger),
    }


def _net_revenue(books: Books, ledger: Ledger) -> list[Row]:
    counts: dict[tuple[date, int], int] = defaultdict(int)
    gross: dict[tuple[date, int], int] = defaultdict(int)
    refunded: dict[tuple[date, int], int] = defaultdict(int)
    for taken in ledger.taken:
        counts[month_of(taken.day), taken.plan] += 1
        gross[month_of(taken.day), taken.plan] += taken.cents
    for given in ledger.given:
        refunded[month_of(given.day), given.plan] += given.cents
    names = {number: plan.name for number, plan in books.plans.items()} | {NO_PLAN: "Unknown"}
    return [
        (
            *(month, plan, names[plan], counts[month, plan]),
            as_amount(gross[month, plan] - refunded[month, plan]),
            *(as_amount(gross[month, plan]), as_amount(refunded[month, plan])),
        )
        for month, plan in {*gross, *refunded}
    ]


def _mrr(ledger: Ledger) -> list[Row]:
    kinds = ("new", "expansion", "reactivation", "contraction", "churn")
    moved: dict[tuple[int, str], int] = defaultdict(int)
    coming: dict[int, int] = defaultdict(int)
    for change in ledger.changes:
        moved[change.day, change.kind] += change.after - change.before
        coming[change.day] += (change.after > 0) - (change.before > 0)
    rows, closing, customers = [], 0, 0
    for day in range(min(change.day for change in ledger.changes), ledger.today + 1):
        moves = [moved[day, kind] for kind in kinds]
        opening, closing, customers = closing, closing + sum(moves), customers + coming[day]
        rows.append((as_date(day), as_amount(closing), customers, *(as_amount(cents) for cents in (opening, *moves))))
    return rows


def _cohorts(ledger: Ledger) -> list[Row]:
    cohort = {change.customer: month_of(change.day) for change in ledger.changes if change.kind == "new"}
    rows = []
    for first in sorted(set(cohort.values())):
        members = {customer for customer, month in cohort.items() if month == first}
        month, number = first, 0
        while month <= as_date(ledger.today):
            after = next_month(month)
            worth: dict[int, int] = {}
            for change in ledger.changes:  # in the order of each customer's days
                if change.customer in members and as_date(change.day) < after:
                    worth[change.customer] = change.after
            active = sum(cents > 0 for cents in worth.values())
            share = Decimal((2 * 1000 * active + len(members)) // (2 * len(members))).scaleb(-1)
            rows.append((month, first, number, len(members), active, as_amount(sum(worth.values())), share))
            month, number = after, number + 1
    return rows


def _churn_features(books: Books, ledger: Ledger) -> list[Row]:
    settled = (books.as_of - SETTLE_MINUTES) // MINUTES_PER_DAY
    first = min(change.day for change in ledger.changes)
    mondays = [day for day in range(first, settled + 1) if as_date(day).weekday() == 0]
    return [row for day in mondays for row in features_on(day, books, ledger)]


def month_of(day: int) -> date:
    """Return the first of the month of a day."""
    return as_date(day).replace(day=1)


def next_month(month: date) -> date:
    """Return the first of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
