"""Money and subscriptions of the books, day by day: what counts, for whom, and when. Days are counted since 1970."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.subscriptions.books import Books
from lakesmith.simulate.subscriptions.business import eur, monthly
from lakesmith.simulate.subscriptions.records import Payment

NO_PLAN = 0
"""The plan of money that is booked on no subscription."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Money that was taken: cents of a euro, on a day, for a plan, from a customer (the first account of the person)."""

    payment: Payment
    customer: int
    plan: int
    day: int
    cents: int


@dataclass(frozen=True, slots=True)
class Given:
    """Money given back, as far as it had been taken."""

    customer: int
    plan: int
    day: int
    cents: int


@dataclass(frozen=True, slots=True)
class Change:
    """A day on which what a customer pays in a month changes: cents before and after, and what kind of change it is."""

    customer: int
    day: int
    before: int
    after: int
    kind: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books, understood."""

    taken: list[Taken]
    given: list[Given]
    changes: list[Change]
    failed: list[tuple[int, int]]
    struck_out: list[Taken]
    today: int

    @classmethod
    def of(cls, books: Books) -> "Ledger":
        """Read the books."""
        today = books.as_of // MINUTES_PER_DAY
        owner = books.first_accounts()
        failed = [
            (owner[one.customer], one.made_at // MINUTES_PER_DAY)
            for one in books.payments.values()
            if one.status == "failed" and one.customer in owner
        ]
        taken = list(_taken(books, owner))
        changes = [change for change in _changes(books, owner) if change.day <= today]
        given, struck_out = list(_given(books, taken)), list(_taken(books, owner, struck_out=True))
        return cls(taken, given, changes, failed, struck_out, today)


def _taken(books: Books, owner: dict[int, int], *, struck_out: bool = False) -> Iterator[Taken]:
    """Yield every charge once, though some are recorded twice: those that count, or those that counted until they were struck out."""
    known: set[int] = set()
    for number in sorted(books.payments):
        one = books.payments[number]
        is_struck_out = one.deleted_at is not None
        if one.status != "succeeded" or is_struck_out != struck_out or one.paid_at is None or one.charge in known:
            continue
        known.add(one.charge)
        if one.customer in owner:
            booked = books.subscriptions.get(one.subscription or 0)
            plan = booked.plan if booked else NO_PLAN
            yield Taken(one, owner[one.customer], plan, one.paid_at // MINUTES_PER_DAY, eur(one.amount, one.currency))


def _given(books: Books, taken: list[Taken]) -> Iterator[Given]:
    """Yield refunds of what was taken, never more than that in all."""
    by_payment = {one.payment.number: one for one in taken}
    left = {number: one.payment.amount for number, one in by_payment.items()}
    for refund in sorted(books.refunds.values(), key=lambda one: (one.made_at, one.number)):
        if refund.payment not in by_payment:
            continue
        one = by_payment[refund.payment]
        amount = min(refund.amount, left[refund.payment])
        left[refund.payment] -= amount
        if amount:
            yield Given(one.customer, one.plan, refund.made_at // MINUTES_PER_DAY, eur(amount, one.payment.currency))


def _changes(books: Books, owner: dict[int, int]) -> Iterator[Change]:
    steps: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in books.subscriptions.values():
        pays_from = one.begins_at if one.trial_ends_at is None else one.trial_ends_at
        if one.customer not in owner or (one.ends_at is not None and one.ends_at <= pays_from):
            continue
        worth = monthly(eur(one.price * one.quantity, one.currency), books.plans[one.plan].interval)
        steps[owner[one.customer]][pays_from // MINUTES_PER_DAY] += worth
        if one.ends_at is not None:
            steps[owner[one.customer]][one.ends_at // MINUTES_PER_DAY] -= worth
    for customer, days in steps.items():
        before, ever = 0, False
        for day in sorted(days):
            after = before + days[day]
            if after != before:
                yield Change(customer, day, before, after, _kind(before, after, ever=ever))
            before, ever = after, ever or after > 0


def _kind(before: int, after: int, *, ever: bool) -> str:
    if before == 0:
        return "reactivation" if ever else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"
