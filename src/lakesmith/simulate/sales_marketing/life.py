"""What happens to the company day by day: visits, sign-ups, orders, tickets, leads; and what of it is written down, in order."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from random import Random
from typing import Final, TypeVar

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.sales_marketing.business import (
    CAMPAIGNS,
    DISCOUNT_DAY,
    FIRST_VISITS,
    LATER_VISITS,
    PAST_DAYS,
    PRODUCTS,
    TAG_LIST_DAY,
    Origin,
    SalesMarketing,
)
from lakesmith.simulate.sales_marketing.records import Customer, Event, Item, Lead, Opportunity, Order, Record, Ticket
from lakesmith.simulate.words import FIRST_NAMES, SURNAME_HEADS, SURNAME_TAILS

DAY: Final = MINUTES_PER_DAY
QUIET: Final = 60
"""Minutes before midnight in which no visit begins, so that each ends on its day."""
VISITS: Final = ("arrive", "come_back", "log_in")
DAILY: Final = {"arrive": 40.0, "edit": 8.0, "open_ticket": 4.0, "meet": 1.0}
"""How often each thing happens a day, at scale 1."""
CITIES: Final = (
    ("10115", "Berlin"),
    ("01067", "Dresden"),
    ("20095", "Hamburg"),
    ("04109", "Leipzig"),
    ("80331", "Munich"),
)
TAGS: Final = ("billing", "delivery", "product", "account")
PAGES: Final = ("/lamps", "/chairs", "/desks", "/pricing", "/about")
ENDED: Final = {campaign.id: campaign.ends_on for campaign in CAMPAIGNS if campaign.ends_on is not None}

R = TypeVar("R", bound=Record)


@dataclass(slots=True)
class Visitor:
    """A browser; `customer` once somebody signed up or logged in with it."""

    number: int
    customer: int | None = None


@dataclass(slots=True)
class Life:
    """The company while it lives.

    Attributes:
        business: Whose life.
        writes: By day what was written, in order, and what was taken away (`False`).
        day: The last day that was lived.
    """

    business: SalesMarketing
    writes: dict[int, list[tuple[Record, bool]]] = field(default_factory=lambda: defaultdict(list))
    day: int = -PAST_DAYS
    luck: Random = field(default_factory=Random)
    queue: list[tuple[int, int, str, tuple[object, ...]]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    customers: dict[int, Customer] = field(default_factory=dict)
    campaign_of: dict[int, str | None] = field(default_factory=dict)

    def live_through(self, day: int) -> None:
        """Live until the end of a day; nothing where that has passed."""
        while self.day < day:
            self.day += 1
            self.luck = Random(f"{self.business.seed}/sales-marketing/{self.day}")
            begin = self.business.minute(self.day)
            for what, daily in DAILY.items():
                for _ in range(int(daily * self.business.scale + self.luck.random())):
                    self.at(begin + self.luck.randrange(DAY), what)
            while self.queue and self.queue[0][0] < begin + DAY:
                minute, _, what, about = heappop(self.queue)
                handler: Callable[..., None] = getattr(self, what)
                handler(minute, *about)

    def at(self, minute: int, what: str, *about: object) -> None:
        """Let something happen later; visits never begin in the last minutes of a day."""
        if what in VISITS:
            minute += min(0, DAY - QUIET - minute % DAY)
        heappush(self.queue, (minute, self.next("happening"), what, about))

    def next(self, kind: str) -> int:
        """Return the next number of a kind."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    def put(self, record: R) -> R:
        """Write a record over the one that may stand there."""
        self.writes[self.day].append((record, True))
        return record

    def drop(self, record: Record) -> None:
        """Take a record away."""
        self.writes[self.day].append((record, False))

    def _origin(self, origins: tuple[Origin, ...]) -> Origin:
        running = [one for one in origins if one.utm is None or ENDED.get(one.utm[2], self.day) >= self.day]
        return self.luck.choice(running)

    def _days(self, least: int, most: int) -> int:
        return self.luck.randrange(least * DAY, most * DAY)

    # visits

    def arrive(self, minute: int) -> None:
        """Let somebody come for the first time."""
        visitor = Visitor(self.next("visitor"))
        self._visit(minute, visitor, self._origin(FIRST_VISITS))
        for _ in range(self.luck.choice((0, 0, 0, 1, 1, 2, 3))):
            self.at(minute + self._days(1, 45), "come_back", visitor)

    def come_back(self, minute: int, visitor: Visitor) -> None:
        """Let a visitor come again; a customer sometimes with another device, which does not know them yet."""
        if visitor.customer is not None and self.luck.random() < 0.2:  # noqa: PLR2004
            device = Visitor(self.next("visitor"))
            self._visit(minute, device, self._origin(LATER_VISITS), may_sign_up=False)
            self.at(minute + self._days(1, 5), "log_in", device, visitor.customer)
        else:
            self._visit(minute, visitor, self._origin(LATER_VISITS))

    def _visit(self, minute: int, visitor: Visitor, origin: Origin, *, may_sign_up: bool = True) -> list[Event]:
        session = self.next("session")
        views = self.luck.randrange(4)
        events = [
            Event(
                *(self.next("event"), "page_view" if place else "session_start", session, visitor.number, visitor.customer),
                *(minute + place, self.luck.choice(PAGES) if place else "/", None if place else origin, minute + place),
            )
            for place in range(views + 1)
        ]  # fmt: skip
        for event in events:
            self.put(event)
        chance, later = self.luck.random(), minute + views + 1
        if visitor.customer is not None:
            if chance < 0.4:  # noqa: PLR2004
                self._order(later, self.customers[visitor.customer])
        elif may_sign_up and chance < 0.15:  # noqa: PLR2004
            self._sign_up(later, visitor, events, origin)
        return events

    def _known(self, minute: int, kind: str, visitor: Visitor, events: list[Event]) -> None:
        """Write who a visitor is on all that they did in this visit."""
        for event in events:
            self.put(replace(event, customer=visitor.customer, updated_at=minute))
        last = events[-1]
        self.put(
            Event(self.next("event"), kind, last.session, visitor.number, visitor.customer, minute, f"/{kind}", None, minute)
        )  # fmt: skip

    def log_in(self, minute: int, device: Visitor, customer: int) -> None:
        """Let a customer visit with another device, and say who they are."""
        events = self._visit(minute, device, self._origin(LATER_VISITS), may_sign_up=False)
        device.customer = customer
        self._known(events[-1].at + 1, "login", device, events)

    def _sign_up(self, minute: int, visitor: Visitor, events: list[Event], origin: Origin) -> None:
        luck, number = self.luck, self.next("customer")
        name = f"{luck.choice(FIRST_NAMES)} {luck.choice(SURNAME_HEADS)}{luck.choice(SURNAME_TAILS)}"
        email = f"{name.lower().replace(' ', '.')}{number}@mail.example"
        phone = None if luck.random() < 0.1 else self._phone()  # noqa: PLR2004
        visitor.customer = number
        self.campaign_of[number] = origin.utm[2] if origin.utm and origin.channel != "email" else None
        self._known(minute, "signup", visitor, events)
        self.customers[number] = self.put(
            Customer(number, name, email, phone, *luck.choice(CITIES), visitor.number, minute, minute)
        )
        if luck.random() < 0.5:  # noqa: PLR2004
            self._order(minute + 2, self.customers[number])
        if luck.random() < 0.4:  # noqa: PLR2004
            self.at(minute + 10, "lead", number)

    def _phone(self) -> str:
        return f"+49 30 {self.luck.randrange(10**6, 10**7)}"

    def edit(self, minute: int) -> None:
        """Change something about a customer whom nobody changed since yesterday."""
        calm = [one for one in self.customers.values() if self.business.day_of(one.updated_at) < self.day - 1]
        if not calm:
            return
        luck, customer = self.luck, self.luck.choice(calm)
        zip_code, city = luck.choice(CITIES)
        changes: tuple[dict[str, str], ...] = (
            {"phone": self._phone()},
            {"zip": zip_code, "city": city},
            {"email": f"{customer.name.split()[-1].lower()}.{self.next('address')}@post.example"},
            {},
        )
        self.customers[customer.number] = self.put(replace(customer, updated_at=minute, **luck.choice(changes)))  # type: ignore[arg-type]

    # orders

    def _order(self, minute: int, customer: Customer) -> None:
        """Begin an order: most drafts are paid within the hour, the rest is thrown away later."""
        items = tuple(self._item(product.sku) for product in self.luck.sample(PRODUCTS, self.luck.choice((1, 1, 2, 3))))
        order = Order(
            self.next("order"), customer.number, "draft", items, customer.zip, customer.city, minute, minute
        )  # fmt: skip
        self.put(order)
        if self.luck.random() < 0.85:  # noqa: PLR2004
            self.at(minute + self.luck.randrange(2, 20), "step", order, ("paid", "shipped", "delivered"))
        else:
            self.at(minute + self._days(1, 3), "discard", order)

    def _item(self, sku: str) -> Item:
        product = next(one for one in PRODUCTS if one.sku == sku)
        quantity = self.luck.choice((1, 1, 1, 2, 4))
        share = self.luck.choice((0, 0, 5, 20)) if self.day >= DISCOUNT_DAY else 0
        return Item(sku, product.name, quantity, product.price, quantity * product.price * share // 100)

    def step(self, minute: int, order: Order, steps: tuple[str, ...]) -> None:
        """Bring an order further; some are cancelled instead of shipped."""
        is_cancelled = steps[0] == "shipped" and self.luck.random() < 0.08  # noqa: PLR2004
        now = replace(order, status="cancelled" if is_cancelled else steps[0], updated_at=minute)
        self.put(now)
        if steps[1:] and not is_cancelled:
            self.at(minute + self._days(1, 4), "step", now, steps[1:])

    def discard(self, _minute: int, order: Order) -> None:
        """Throw a draft away."""
        self.drop(order)

    # support

    def open_ticket(self, minute: int) -> None:
        """Let a customer ask something; spam is taken away a day later."""
        if not self.customers:
            return
        luck, customer = self.luck, self.luck.choice(list(self.customers))
        tags = tuple(luck.sample(TAGS, luck.choice((1, 1, 2)) if self.day >= TAG_LIST_DAY else 1))
        ticket = Ticket(
            self.next("ticket"), customer, f"A question about {tags[0]}", tags, "open", minute, None, minute
        )
        self.put(ticket)
        self.at(minute + self._days(1, 5), "close_ticket" if luck.random() < 0.92 else "spam", ticket)  # noqa: PLR2004

    def close_ticket(self, minute: int, ticket: Ticket) -> None:
        """Close a ticket."""
        self.put(replace(ticket, status="closed", closed_at=minute, updated_at=minute))

    def spam(self, _minute: int, ticket: Ticket) -> None:
        """Take a ticket away."""
        self.drop(ticket)

    # sales

    def lead(self, minute: int, customer: int) -> None:
        """Let the sales people hear of a customer."""
        known = self.customers[customer]
        self._talk(self.put(Lead(self.next("lead"), known.name, known.email, "Web", "Open", minute, minute)), customer)

    def meet(self, minute: int) -> None:
        """Let the sales people meet somebody at a trade fair who never saw the app."""
        number = self.next("lead")
        name = f"{self.luck.choice(FIRST_NAMES)} {self.luck.choice(SURNAME_HEADS)}{self.luck.choice(SURNAME_TAILS)}"
        email = f"{name.lower().replace(' ', '.')}.{number}@fair.example"
        self._talk(self.put(Lead(number, name, email, "Trade Show", "Open", minute, minute)), 0)

    def _talk(self, lead: Lead, customer: int) -> None:
        self.at(lead.made_at + self._days(1, 6), "decide", lead, customer)

    def decide(self, minute: int, lead: Lead, customer: int) -> None:
        """Convert a lead, close it, or take it away."""
        chance = self.luck.random()
        if chance < 0.5:  # noqa: PLR2004
            self.put(replace(lead, status="Converted", converted_at=minute, updated_at=minute))
            amount = self.luck.randrange(5, 200) * 10_000
            one = Opportunity(
                *(self.next("opportunity"), lead.number, "Prospecting", amount, self.campaign_of.get(customer)),
                *(minute, minute, minute + 30 * DAY),
            )  # fmt: skip
            self.put(one)
            self.at(minute + self._days(2, 15), "close", one)
        elif chance < 0.95:  # noqa: PLR2004
            self.put(replace(lead, status="Closed", updated_at=minute))
        else:
            self.put(replace(lead, is_deleted=True, updated_at=minute))

    def close(self, minute: int, one: Opportunity) -> None:
        """Win or lose a sale."""
        stage = self.luck.choice(("Closed Won", "Closed Lost"))
        self.put(replace(one, stage=stage, close_at=minute, updated_at=minute))
