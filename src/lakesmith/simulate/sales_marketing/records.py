"""The clean records of the company's app and of its sales people: money in cents, times in minutes since 1970."""

from dataclasses import dataclass

from lakesmith.simulate.sales_marketing.business import Origin

Minute = int


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who signed up."""

    number: int
    name: str
    email: str
    phone: str | None
    zip: str
    city: str
    visitor: int
    made_at: Minute
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order; `price` of one piece, `discount` on the line."""

    sku: str
    name: str
    quantity: int
    price: int
    discount: int = 0

    @property
    def net(self) -> int:
        """What is paid for the line."""
        return self.quantity * self.price - self.discount


@dataclass(frozen=True, slots=True)
class Order:
    """An order; a draft is no order yet."""

    number: int
    customer: int
    status: str
    items: tuple[Item, ...]
    zip: str
    city: str
    ordered_at: Minute
    updated_at: Minute

    @property
    def total(self) -> int:
        """What the customer pays."""
        return sum(item.net for item in self.items)

    @property
    def is_counted(self) -> bool:
        """Whether it is money."""
        return self.status in {"paid", "shipped", "delivered"}


@dataclass(frozen=True, slots=True)
class Event:
    """What a visitor did: `kind` is session_start, page_view, signup or login; `customer` where the app knew who it was."""

    number: int
    kind: str
    session: int
    visitor: int
    customer: int | None
    at: Minute
    url: str
    origin: Origin | None
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question to the support team."""

    number: int
    customer: int
    subject: str
    tags: tuple[str, ...]
    status: str
    opened_at: Minute
    closed_at: Minute | None
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody the sales people talk to."""

    number: int
    name: str
    email: str
    source: str
    status: str
    made_at: Minute
    updated_at: Minute
    converted_at: Minute | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A sale in the making, of a lead that was converted; `campaign` is an advertising campaign's id, or None."""

    number: int
    lead: int
    stage: str
    amount: int
    campaign: str | None
    made_at: Minute
    updated_at: Minute
    close_at: Minute

    @property
    def is_won(self) -> bool:
        """Whether it was sold."""
        return self.stage == "Closed Won"


Record = Customer | Order | Event | Ticket | Lead | Opportunity
"""Whatever is written; `number` counts each kind from 1, and `updated_at` is when it last changed."""
