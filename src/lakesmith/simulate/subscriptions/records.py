"""What the tables of the business hold, without any dirt: one frozen value per row and state."""

from dataclasses import dataclass

Minute = int
"""Minutes since 1970."""


@dataclass(frozen=True, slots=True)
class Customer:
    """An account. Several may be one `person`; `country` None: nobody asked."""

    number: int
    person: int
    name: str
    email: str
    country: str | None
    is_test: bool
    made_at: Minute
    deleted_at: Minute | None
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Card:
    """A card; `expires` counts months since the year 0."""

    number: int
    customer: int
    brand: str
    last4: str
    expires: int
    made_at: Minute
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it is sold now; `price` in cents of any currency."""

    number: int
    code: str
    name: str
    interval: str
    price: int
    is_archived: bool
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Subscription:
    """A plan that a customer has from `begins_at` until `ends_at` (None: open); `price` in cents per unit, as agreed."""

    number: int
    customer: int
    plan: int
    quantity: int
    price: int
    currency: str
    status: str
    begins_at: Minute
    trial_ends_at: Minute | None
    ends_at: Minute | None
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Payment:
    """An attempt to take money. Rows with the same `charge` are one, recorded twice; `subscription` None or of nobody: a transfer."""

    number: int
    subscription: int | None
    customer: int
    card: int | None
    invoice: int
    attempt: int
    charge: int
    amount: int
    currency: str
    status: str
    made_at: Minute
    paid_at: Minute | None
    deleted_at: Minute | None
    updated_at: Minute


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back; it may be more than was paid."""

    number: int
    payment: int
    amount: int
    reason: str
    made_at: Minute
    updated_at: Minute


Record = Customer | Card | Plan | Subscription | Payment | Refund
TABLES: dict[type, str] = {
    Customer: "customers",
    Card: "cards",
    Plan: "plans",
    Subscription: "subscriptions",
    Payment: "payments",
    Refund: "refunds",
}
