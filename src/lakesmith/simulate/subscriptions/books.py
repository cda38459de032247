"""What the database holds at a tick, without its dirt, and which states of a customer the loads have seen."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lakesmith.simulate.subscriptions.business import Subscriptions
from lakesmith.simulate.subscriptions.life import Life
from lakesmith.simulate.subscriptions.records import Card, Customer, Payment, Plan, Record, Refund, Subscription


@dataclass(slots=True)
class Books:
    """The newest state of every row; `seen` holds the states of a customer that a load has met, in order."""

    customers: dict[int, Customer] = field(default_factory=dict)
    cards: dict[int, Card] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)
    refunds: dict[int, Refund] = field(default_factory=dict)
    seen: dict[int, list[Customer]] = field(default_factory=lambda: defaultdict(list))

    def write(self, records: Iterable[Record]) -> None:
        """Write rows over those that stand there."""
        for record in records:
            match record:
                case Customer():
                    self.customers[record.number] = record
                case Card():
                    self.cards[record.number] = record
                case Plan():
                    self.plans[record.number] = record
                case Subscription():
                    self.subscriptions[record.number] = record
                case Payment():
                    self.payments[record.number] = record
                case Refund():
                    self.refunds[record.number] = record

    def look(self) -> None:
        """Load: remember the state of every customer that changed since the last time."""
        for number, customer in self.customers.items():
            if not self.seen[number] or self.seen[number][-1] != customer:
                self.seen[number].append(customer)

    @property
    def as_of(self) -> int:
        """Up to when the database has spoken, in minutes since 1970."""
        tables = (self.customers, self.subscriptions, self.payments, self.refunds)
        return max(record.updated_at for table in tables for record in table.values())

    def first_accounts(self) -> dict[int, int]:
        """Return the first account of the person behind every account that is no test."""
        first: dict[int, int] = {}
        for number in sorted(self.customers):
            first.setdefault(self.customers[number].person, number)
        return {number: first[one.person] for number, one in self.customers.items() if not one.is_test}


@lru_cache(maxsize=8)
def books_at(business: Subscriptions, loads: tuple[int, ...]) -> Books:
    """Return the books after loads at these ticks."""
    books, life = Books(), Life(business)
    for tick in range(loads[-1] + 1):
        if tick:
            life.live()
        books.write(life.writes[tick])
        if tick in loads:
            books.look()
    return books


def daily(through: int) -> Sequence[int]:
    """Return the ticks of one load at the end of each of the first days."""
    return tuple(range(12, 12 * through + 1, 12))
