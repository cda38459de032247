"""What the company's systems hold after some loads, before the app wrote it down: the newest state of each record, and the states seen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from lakesmith.simulate.sales_marketing.ads import Account
from lakesmith.simulate.sales_marketing.analytics import Analytics
from lakesmith.simulate.sales_marketing.business import NO_REFERRER_DAY, PAST_DAYS, Origin, SalesMarketing
from lakesmith.simulate.sales_marketing.crm import Crm
from lakesmith.simulate.sales_marketing.life import Life
from lakesmith.simulate.sales_marketing.records import Customer, Event, Minute, Order, Record, Ticket

WINDOW_DAYS = 30
"""A visit counts for an order so many days long."""


@dataclass(frozen=True, slots=True)
class Session:
    """A visit: `customer` is whoever the browser is known to belong to by now, also where it was not then."""

    number: int
    visitor: int
    customer: int | None
    at: Minute
    channel: str
    campaign: str | None
    is_signup: bool

    @property
    def order(self) -> tuple[Minute, str]:
        """What visits are sorted by."""
        return self.at, f"s{self.number}"

    @property
    def person(self) -> tuple[str, int]:
        """Who it was: a customer, or a browser that nobody knows."""
        return ("visitor", self.visitor) if self.customer is None else ("customer", self.customer)


@dataclass
class Books:
    """The books of a company after loads at the ends of some days."""

    life: Life
    loads: Sequence[int]
    kinds: dict[type, dict[int, Record]] = field(default_factory=lambda: defaultdict(dict))
    seen: dict[int, list[Customer]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Read what was written, and look at the customers at each load."""
        self.life.live_through(self.today)
        for day in range(1 - PAST_DAYS, self.today + 1):
            for record, stays in self.life.writes[day]:
                if stays:
                    self.kinds[type(record)][record.number] = record
                else:
                    del self.kinds[type(record)][record.number]
            if day in self.loads:
                for number, customer in self.customers.items():
                    if not self.seen[number] or _state(self.seen[number][-1]) != _state(customer):
                        self.seen[number].append(customer)

    @property
    def today(self) -> int:
        """The last day that was loaded."""
        return self.loads[-1]

    @property
    def customers(self) -> dict[int, Customer]:
        """Everybody who signed up, as they are now."""
        return {number: one for number, one in self.kinds[Customer].items() if isinstance(one, Customer)}

    @cached_property
    def orders(self) -> list[Order]:
        """The orders that are money."""
        return [one for one in self.kinds[Order].values() if isinstance(one, Order) and one.is_counted]

    @cached_property
    def tickets(self) -> list[Ticket]:
        """All tickets that are there."""
        return [one for one in self.kinds[Ticket].values() if isinstance(one, Ticket)]

    @cached_property
    def sessions(self) -> list[Session]:
        """All visits, in the order of time."""
        events = [one for one in self.kinds[Event].values() if isinstance(one, Event)]
        owner = {event.visitor: event.customer for event in events if event.customer is not None}
        signups = {event.session for event in events if event.kind == "signup"}
        found = [
            Session(
                *(event.session, event.visitor, owner.get(event.visitor), event.at),
                *(self._channel(event), event.origin.utm[2] if event.origin.utm else None, event.session in signups),
            )
            for event in events
            if event.origin is not None
        ]  # fmt: skip
        return sorted(found, key=lambda session: session.order)

    @cached_property
    def touches(self) -> dict[int, list[Session]]:
        """By order: the visits in the days before it, in the order of time."""
        visits: dict[int, list[Session]] = defaultdict(list)
        for session in self.sessions:
            if session.customer is not None:
                visits[session.customer].append(session)
        return {
            order.number: [
                visit
                for visit in visits[order.customer]
                if order.ordered_at - WINDOW_DAYS * 1_440 < visit.at <= order.ordered_at
            ]
            for order in self.orders
        }

    @cached_property
    def leads(self) -> set[int]:
        """Customers whom the sales people know, by any address that they were seen with."""
        known = {lead.email for lead in self.crm.leads() if not lead.is_deleted}
        return {number for number, states in self.seen.items() if known & {state.email for state in states}}

    @property
    def crm(self) -> Crm:
        """The CRM as it was at the last load."""
        return Crm(self.life, self.today)

    @property
    def analytics(self) -> Analytics:
        """Web analytics as they were at the last load."""
        return Analytics(self.life, self.today)

    def advertising(self, platform: str) -> Account:
        """Return an advertising account as it was at the last load."""
        return Account(self.life.business, platform, self.today)

    def _channel(self, event: Event) -> str:
        """Return where a visit came from as far as the app has said it: without tag and referrer it looks like a direct one."""
        origin = event.origin or Origin("direct")
        is_told = origin.utm is not None or self.life.business.day_of(event.at) < NO_REFERRER_DAY
        return origin.channel if is_told else "direct"


def _state(one: Customer) -> tuple[object, ...]:
    return one.name, one.email, one.phone, one.zip, one.city


@lru_cache(maxsize=8)
def books_at(business: SalesMarketing, loads: tuple[int, ...]) -> Books:
    """Return the books after loads at the ends of these days."""
    return Books(Life(business), loads)
