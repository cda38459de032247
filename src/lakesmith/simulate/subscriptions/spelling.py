"""How the database writes a clean record down: badly, and each row always in the same way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.subscriptions.records import (
    TABLES,
    Card,
    Customer,
    Minute,
    Payment,
    Plan,
    Record,
    Refund,
    Subscription,
)

FAR: Final = timedelta(days=36 * 365)
SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}
TAGS: Final[tuple[list[str | None] | None, ...]] = ([], ["vip"], ["vip", None], ["newsletter", "beta"], None, None)
FEATURES: Final = ("reports", "api", "sso", "audit log", "priority support")
_END_OF_TIME: Final = datetime(9999, 12, 31, tzinfo=UTC)

Row = tuple[Any, ...]


def row_of(record: Record, seed: int) -> Row:
    """Return a record as its row: values as psycopg takes them, what it has no type for as text."""
    table = TABLES[type(record)]
    return _ROWS[type(record)](record, Random(f"{seed}/{table}/{record.number}"))


def instant(minute: Minute) -> datetime:
    """Return a minute as a time in UTC."""
    return datetime.fromtimestamp(minute * 60, tz=UTC)


def _maybe(minute: Minute | None) -> datetime | None:
    return None if minute is None else instant(minute)


def _naive(minute: Minute) -> datetime:
    return instant(minute).replace(tzinfo=None)


def _plain(cents: int, luck: Random) -> Decimal:
    """Return an amount with more or fewer decimals than it needs: a numeric without precision keeps them."""
    amount = Decimal(cents).scaleb(-2)
    return luck.choice((amount, amount.normalize() + 0, amount.quantize(Decimal("0.0001"))))


def _code(currency: str, luck: Random) -> str:
    return luck.choice((currency, currency, currency, currency.lower(), f" {currency}", SIGNS[currency]))


def _plan_row(plan: Plan, luck: Random) -> Row:
    code = luck.choice((plan.code, plan.code.lower(), f"{plan.code} "))
    features = list(FEATURES[: plan.number])
    amount = _plain(plan.price, luck)
    return plan.number, code, plan.name, plan.interval, amount, plan.is_archived, features, instant(plan.updated_at)


def _customer_row(customer: Customer, luck: Random) -> Row:
    mark = luck.randrange(3) if customer.is_test else None
    email = customer.email.replace("@mail.example", "@test.example") if mark == 0 else customer.email
    email = luck.choice((email, email, email, email.title(), f" {email}", f"{email.upper()} "))
    tags: list[str | None] | None = luck.choice(TAGS)
    tags = [*(tags or []), "internal"] if mark == 1 else tags
    metadata = luck.choice((None, '{"source": "ads"}', '{"source": null, "test": false}', "{}"))
    metadata = '{"source": "ads", "test": true}' if mark == 2 else metadata  # noqa: PLR2004 - the third mark
    name = luck.choice((customer.name, customer.name, customer.name, f"{customer.name} ", customer.name.upper()))
    country = customer.country and luck.choice((customer.country, customer.country, customer.country.lower(), f"{customer.country} "))  # fmt: skip
    chance = luck.random()
    made_at = None if chance < 0.02 else _naive(customer.made_at) + (FAR if chance < 0.03 else timedelta())  # noqa: PLR2004
    times = (made_at, _maybe(customer.deleted_at), instant(customer.updated_at))
    return customer.number, name, email, country, tags, metadata, *times


def _card_row(card: Card, luck: Random) -> Row:
    year, month = divmod(card.expires, 12)
    expires = luck.choice((f"{month + 1:02d}/{year % 100}", f"{year}-{month + 1:02d}", f"{month + 1}/{year}"))
    brand = luck.choice((card.brand, card.brand.upper(), card.brand.title()))
    return card.number, card.customer, brand, card.last4, expires, instant(card.made_at), instant(card.updated_at)


def _subscription_row(one: Subscription, luck: Random) -> Row:
    quantity = None if one.quantity == 1 and luck.random() < 0.1 else one.quantity  # noqa: PLR2004
    money = (_plain(one.price, luck), _code(one.currency, luck))
    opened = luck.choice((*(["infinity"] * 17), None, None, _END_OF_TIME))
    ends = opened if one.ends_at is None else instant(one.ends_at)
    times = (instant(one.begins_at), _maybe(one.trial_ends_at), ends, instant(one.updated_at))
    return one.number, one.customer, one.plan, quantity, *money, one.status, *times


def _payment_row(payment: Payment, luck: Random) -> Row:
    amount, currency = _amount(payment, luck)
    details = f'{{"idempotency_key": "ch_{payment.charge:08d}", "attempt": {payment.attempt}, "gateway": "paynow"}}'
    made_at: datetime | None = _naive(payment.made_at)
    paid_at = _maybe(payment.paid_at)
    chance = luck.random()
    if paid_at is not None:
        made_at = None if chance < 0.02 else made_at  # noqa: PLR2004
        is_at_once = payment.made_at // MINUTES_PER_DAY == (payment.paid_at or 0) // MINUTES_PER_DAY
        paid_at += FAR if is_at_once and 0.02 <= chance < 0.04 else timedelta()  # noqa: PLR2004 - the other time tells the day
    number = luck.choice((f"INV-{payment.invoice:06d}", f"inv {payment.invoice:06d}"))
    about = (payment.number, payment.subscription, payment.customer, payment.card, number)
    return (
        *about, amount, currency, payment.status, details, made_at, paid_at, _maybe(payment.deleted_at), instant(payment.updated_at)
    )  # fmt: skip


def _amount(payment: Payment, luck: Random) -> tuple[str, str | None]:
    """Return an amount as text, and its currency: None now and then, where the text says it."""
    euros, cents = divmod(payment.amount, 100)
    english, german = f"{euros:,}.{cents:02d}", f"{euros:,}".replace(",", ".") + f",{cents:02d}"
    sign = SIGNS[payment.currency]
    said = (
        f"{sign}{english}",
        f"{german} {sign}",
        f"{payment.currency} {english}",
        f"{german}\u00a0{payment.currency}",
    )
    if luck.random() < 0.4:  # noqa: PLR2004
        return luck.choice(said), None if luck.random() < 0.2 else _code(payment.currency, luck)  # noqa: PLR2004
    return luck.choice((f"{euros}.{cents:02d}", english, german, f"{euros}.{cents:02d} ")), _code(
        payment.currency, luck
    )


def _refund_row(refund: Refund, luck: Random) -> Row:
    times = (instant(refund.made_at), instant(refund.updated_at))
    return refund.number, refund.payment, _plain(refund.amount, luck), refund.reason, *times


_ROWS: Final[dict[type, Callable[[Any, Random], Row]]] = {
    Plan: _plan_row,
    Customer: _customer_row,
    Card: _card_row,
    Subscription: _subscription_row,
    Payment: _payment_row,
    Refund: _refund_row,
}
