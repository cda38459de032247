"""The till of the business: payments that succeed, fail and are retried, are recorded twice, struck out, and given back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.subscriptions.business import TICK_MINUTES
from lakesmith.simulate.subscriptions.records import Payment, Refund, Subscription

if TYPE_CHECKING:
    from lakesmith.simulate.subscriptions.life import Account, Life

GHOST: Final = 900_000_000
"""Numbers of subscriptions from here on belong to nobody."""
REASONS: Final = ("requested_by_customer", "requested_by_customer", "duplicate", "fraudulent")
LAST_ATTEMPT: Final = 3
_DAY: Final = MINUTES_PER_DAY


@dataclass(slots=True)
class Till:
    """Takes money for one business.

    Attributes:
        life: The business.
        paid: Payments that may be given back or struck out, but for those in `closed`.
        returned: Numbers of payments of which something was given back.
        closed: Numbers of payments that stay as they are.
    """

    life: Life
    paid: list[Payment] = field(default_factory=list)
    returned: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)

    def ask(self, minute: int, account: Account, subscription: Subscription) -> None:
        """Send an invoice and try to be paid."""
        amount = subscription.price * subscription.quantity
        number = self.life.next("payment")
        payment = Payment(
            number=number,
            subscription=self._booked_on(subscription),
            customer=account.customer.number,
            card=account.card.number if account.card else None,
            invoice=self.life.next("invoice"),
            attempt=1,
            charge=number,
            amount=amount,
            currency=subscription.currency,
            status="pending",
            made_at=minute,
            paid_at=None,
            deleted_at=None,
            updated_at=minute,
        )
        self._try(minute, account, payment)

    def _booked_on(self, subscription: Subscription) -> int | None:
        """Return what a payment is booked on: now and then on nothing, or on a subscription nobody knows."""
        chance = self.life.luck.random()
        if chance < 0.01:  # noqa: PLR2004
            return None
        return GHOST + subscription.number if chance < 0.015 else subscription.number  # noqa: PLR2004

    def _try(self, minute: int, account: Account, payment: Payment) -> None:
        chance, late = self.life.luck.random(), self.life.luck.random() < 0.06  # noqa: PLR2004
        if chance < 0.85:  # noqa: PLR2004
            self._succeed(minute, payment, late=late)
        elif chance < 0.9:  # noqa: PLR2004
            self.life.put(replace(payment, card=None), late=late)
            self.life.at(minute + self.life.luck.randrange(_DAY, 3 * _DAY), "settle", replace(payment, card=None))
        else:
            self.life.put(replace(payment, status="failed"), late=late)
            if payment.attempt < LAST_ATTEMPT:
                self.life.at(minute + self.life.luck.randrange(_DAY, 4 * _DAY), "retry", account, payment)
            elif account.now is not None and account.now.ends_at is None:
                self.life.end(minute, account)

    def retry(self, minute: int, account: Account, payment: Payment) -> None:
        """Try again to be paid; the same invoice, a new charge."""
        number = self.life.next("payment")
        again = replace(
            payment, number=number, charge=number, attempt=payment.attempt + 1, made_at=minute, updated_at=minute
        )
        self._try(minute, account, again)

    def settle(self, minute: int, payment: Payment) -> None:
        """Let a transfer arrive."""
        self._succeed(minute, replace(payment, updated_at=minute))

    def _succeed(self, minute: int, payment: Payment, *, late: bool = False) -> None:
        left = TICK_MINUTES - 1 - minute % TICK_MINUTES  # a payment and its confirmation are of one tick
        paid_at = minute + min(left, self.life.luck.randrange(5))
        done = replace(payment, status="succeeded", paid_at=paid_at, updated_at=paid_at)
        self.life.put(done, late=late)
        if self.life.luck.random() >= 0.02:  # noqa: PLR2004
            self.paid.append(done)
            return
        twice = replace(done, number=self.life.next("payment"))
        self.life.put(twice, late=late)
        if self.life.luck.random() < 0.5:  # noqa: PLR2004
            self.life.at(minute + self.life.luck.randrange(2 * _DAY, 5 * _DAY), "give_back", twice, twice.amount)

    def refund(self, minute: int) -> None:
        """Give money back: all of it, half of it, or more than was paid."""
        payment = self._older(minute)
        if payment is None:
            return
        share = self.life.luck.choice((2, 2, 2, 2, 1, 1, 3))
        self.give_back(minute, payment, payment.amount * share // 2)

    def give_back(self, minute: int, payment: Payment, amount: int) -> None:
        """Give an amount back."""
        self.returned.add(payment.number)
        reason = self.life.luck.choice(REASONS)
        self.life.put(Refund(self.life.next("refund"), payment.number, amount, reason, minute, minute))
        if self.life.luck.random() < 0.9:  # noqa: PLR2004 - else it may be given back again
            self.closed.add(payment.number)

    def strike_out(self, minute: int) -> None:
        """Delete a payment softly: it never was one."""
        payment = self._older(minute)
        if payment is not None and payment.number not in self.returned:
            self.closed.add(payment.number)
            self.life.put(replace(payment, deleted_at=minute, updated_at=minute))

    def _older(self, minute: int) -> Payment | None:
        """Return a payment of two to sixty days ago."""
        for _ in range(20):
            payment = self.life.luck.choice(self.paid) if self.paid else None
            if (
                payment
                and payment.number not in self.closed
                and 2 * _DAY < minute - (payment.paid_at or minute) < 60 * _DAY
            ):
                return payment
        return None
