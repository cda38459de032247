"""How the app writes a clean record down as a document of MongoDB: in the shape of the day on which it does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lakesmith.simulate.sales_marketing.business import (
    DISCOUNT_DAY,
    NO_REFERRER_DAY,
    PHONE_DAY,
    TAG_LIST_DAY,
    TAGS_DAY,
    TEXT_QUANTITY_DAY,
    TEXT_TOTAL_DAY,
    TEXT_ZIP_DAY,
)
from lakesmith.simulate.sales_marketing.records import Customer, Event, Item, Minute, Order, Record, Ticket

Document = dict[str, Any]
_KINDS: Final = {"customers": 1, "orders": 2, "events": 3, "tickets": 4}
UPDATED_IN_PLACE: Final = ("orders", "events")
"""Collections of which the app sets only what changed: the rest of a document keeps the shape it was written in."""


class ObjectId(str):
    """A document's id as 24 hexadecimal digits: text here, an ObjectId in MongoDB."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a record stands: its collection and id, and what is in it."""

    collection: str
    id: ObjectId
    document: Document


def object_id(collection: str, number: int) -> ObjectId:
    """Return the id of a document.

    Examples:
        >>> object_id("orders", 255)
        '0000000200000000000000ff'
    """
    return ObjectId(f"{_KINDS[collection]:08x}{number:016x}")


def place(record: Record, day: int) -> Placed | None:
    """Return a record as the app writes it on a day, or None where the app does not know of such."""
    found = _SHAPES.get(type(record))
    if found is None:
        return None
    collection, shape = found
    key = object_id(collection, record.number)
    return Placed(collection, key, {"_id": key, **shape(record, day)})


def instant(minute: Minute) -> datetime:
    """Return a minute as a time in UTC."""
    return datetime.fromtimestamp(minute * 60, tz=UTC)


def _customer(one: Customer, day: int) -> Document:
    phone = {} if one.phone is None else {"phone_number" if day >= PHONE_DAY else "phone": one.phone}
    return {
        "name": one.name,
        "email": one.email,
        **phone,
        "zip": one.zip if day >= TEXT_ZIP_DAY else int(one.zip),
        "city": one.city,
        "visitor_id": f"v{one.visitor}",
        **({"consent": {"email": one.number % 2 == 0}} if day >= DISCOUNT_DAY else {}),
        "created_at": instant(one.made_at),
        "updated_at": instant(one.updated_at),
    }


def _order(one: Order, day: int) -> Document:
    total = f"{one.total / 100:.2f} EUR" if day >= TEXT_TOTAL_DAY else one.total / 100
    return {
        "number": f"SO-{one.number:06d}",
        "customer_id": object_id("customers", one.customer),
        "status": one.status,
        "total": total,
        "items": [_item(item, day) for item in one.items],
        "shipping_address": {"city": one.city, "zip": one.zip, "country": "DE"},
        "ordered_at": instant(one.ordered_at),
        "updated_at": instant(one.updated_at),
    }


def _item(one: Item, day: int) -> Document:
    quantity = str(one.quantity) if day >= TEXT_QUANTITY_DAY else one.quantity
    discount = {"discount": one.discount / 100} if day >= DISCOUNT_DAY else {}
    return {"sku": one.sku, "name": one.name, "quantity": quantity, "price": one.price / 100, **discount}


def _event(one: Event, day: int) -> Document:
    utm = one.origin.utm if one.origin else None
    referrer = one.origin.referrer if one.origin else None
    source = utm and (utm[0].title() if one.number % 5 == 0 else utm[0])  # people type tags
    return {
        "kind": one.kind,
        "session_id": f"s{one.session}",
        "visitor_id": f"v{one.visitor}",
        "customer_id": None if one.customer is None else object_id("customers", one.customer),
        "url": one.url,
        **({"utm": {"source": source, "medium": utm[1], "campaign": utm[2]}} if utm else {}),
        **({"referrer": referrer} if day < NO_REFERRER_DAY else {}),
        "occurred_at": instant(one.at),
        "updated_at": instant(one.updated_at),
    }


def _ticket(one: Ticket, day: int) -> Document:
    tags: Document = {"tag": list(one.tags) if day >= TAG_LIST_DAY else one.tags[0]}
    return {
        "customer_id": object_id("customers", one.customer),
        "subject": one.subject,
        **({"tags": list(one.tags)} if day >= TAGS_DAY else tags),
        "status": one.status,
        "opened_at": instant(one.opened_at),
        "closed_at": None if one.closed_at is None else instant(one.closed_at),
        "updated_at": instant(one.updated_at),
    }


_SHAPES: Final[dict[type, tuple[str, Callable[[Any, int], Document]]]] = {
    Customer: ("customers", _customer),
    Order: ("orders", _order),
    Event: ("events", _event),
    Ticket: ("tickets", _ticket),
}
