"""What happens to the business tick by tick: sign-ups, bills, changes of plan, refunds; and when the database shows it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from random import Random
from typing import Final

from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.subscriptions.business import (
    COUNTRIES,
    CURRENCY_OF,
    INTERVAL_DAYS,
    NAMES,
    OFFERS,
    PAST_DAYS,
    TICK_MINUTES,
    TICKS_PER_DAY,
    Subscriptions,
)
from lakesmith.simulate.subscriptions.money import Till
from lakesmith.simulate.subscriptions.records import Card, Customer, Plan, Record, Subscription
from lakesmith.simulate.words import FIRST_NAMES, SURNAME_HEADS, SURNAME_TAILS

DAY: Final = MINUTES_PER_DAY
DAILY: Final = {
    "sign_up": 12.0,
    "change_plan": 6.0,
    "cancel": 4.5,
    "come_back": 1.8,
    "change_email": 3.0,
    "move": 1.0,
    "delete": 0.8,
    "refund": 3.6,
    "strike_out": 0.8,
    "new_card": 2.0,
    "edit_plan": 0.02,
}
"""How often each thing happens a day, at scale 1."""
FIXED: Final = ((2 * 60, 1, "rename"), (15 * 60, 2, "reprice"))
"""What happens to plans on day 2: minute of the day, plan, and what."""
TRIAL_DAYS: Final = 14


@dataclass(slots=True)
class Account:
    """A person who buys, and the subscription they have now."""

    person: int
    rows: list[Customer]
    card: Card | None
    currency: str
    now: Subscription | None = None
    paid_until: int = 0
    due_at: int = 0
    was_mailed: bool = False

    @property
    def customer(self) -> Customer:
        """The row that is used now: the newest."""
        return self.rows[-1]


@dataclass(slots=True)
class Life:
    """The business while it lives; `writes` are the states of rows that become visible with a tick, in order."""

    business: Subscriptions
    writes: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    tick: int = 0
    luck: Random = field(default_factory=Random)
    accounts: list[Account] = field(default_factory=list)
    plans: dict[int, Plan] = field(default_factory=dict)
    queue: list[tuple[int, int, str, tuple[object, ...]]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    till: Till = field(init=False)

    def __post_init__(self) -> None:
        """Live through the past."""
        self.till = Till(self)
        opened = self.business.minute(0) - PAST_DAYS * DAY
        for number, offer in enumerate(OFFERS, 1):
            first = Plan(number, offer.code, offer.name, offer.interval, offer.price, offer.is_archived, opened)
            self._put_plan(first)
        for day in range(PAST_DAYS):
            self._step(f"past/{day}", opened + day * DAY, opened + (day + 1) * DAY)

    def live(self) -> None:
        """Live through one more tick."""
        self.tick += 1
        begin = self.business.minute(self.tick - 1)
        if self.tick == TICKS_PER_DAY + 1:
            for minute, plan, what in FIXED:
                self.at(begin + minute, what, plan)
        self._step(str(self.tick), begin, begin + TICK_MINUTES)

    def at(self, minute: int, what: str, *about: object) -> None:
        """Let something happen later."""
        heappush(self.queue, (minute, self.next("event"), what, about))

    def next(self, kind: str) -> int:
        """Return the next number of a kind."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    def put(self, record: Record, *, late: bool = False) -> None:
        """Write a row; a late one is seen one tick after its `updated_at` says."""
        self.writes[self.tick + 1 if late and self.tick else self.tick].append(record)

    def _step(self, name: str, begin: int, end: int) -> None:
        self.luck = Random(f"{self.business.seed}/subscriptions/{name}")
        for what, daily in DAILY.items():
            usual = daily * self.business.scale * (end - begin) / DAY
            for _ in range(int(usual + self.luck.random())):
                self.at(self.luck.randrange(begin, end), what)
        while self.queue and self.queue[0][0] < end:
            minute, _, what, about = heappop(self.queue)
            handler: Callable[..., None] = getattr(self.till if hasattr(self.till, what) else self, what)
            handler(minute, *about)

    def sign_up(self, minute: int) -> None:
        """Let somebody new come, perhaps on trial."""
        luck, person = self.luck, len(self.accounts) + 1
        name = f"{luck.choice(FIRST_NAMES)} {luck.choice(SURNAME_HEADS)}{luck.choice(SURNAME_TAILS)}"
        country = luck.choice(COUNTRIES)
        account = Account(person, [], None, CURRENCY_OF.get(country, "EUR"))
        known = None if luck.random() < 0.04 else country  # noqa: PLR2004 - nobody asked
        email = f"{name.lower().replace(' ', '.')}{person}@mail.example"
        self._open(account, Customer(0, person, name, email, known, luck.random() < 0.04, minute, None, minute))  # noqa: PLR2004
        self.accounts.append(account)
        self._subscribe(minute, account, on_trial=luck.random() < 0.3)  # noqa: PLR2004

    def _open(self, account: Account, like: Customer) -> None:
        """Open an account: a row of customers and a card."""
        number = self.next("customer")
        customer = replace(like, number=number)
        account.rows.append(customer)
        self.put(customer)
        self._give_card(like.updated_at, account)

    def _give_card(self, minute: int, account: Account) -> None:
        luck = self.luck
        expires = (1970 + minute // DAY // 365) * 12 + luck.randrange(2, 48)
        last4, brand = f"{luck.randrange(10_000):04d}", luck.choice(("visa", "mastercard", "amex"))
        account.card = Card(self.next("card"), account.customer.number, brand, last4, expires, minute, minute)
        self.put(account.card)

    def _subscribe(self, minute: int, account: Account, *, on_trial: bool = False) -> None:
        trial_ends = minute + TRIAL_DAYS * DAY if on_trial else None
        account.now = replace(self._agree(minute, account), trial_ends_at=trial_ends)
        if on_trial:
            account.now = replace(account.now, status="trialing")
        self.put(account.now)
        self._bill_at(trial_ends or minute, account)

    def _bill_at(self, minute: int, account: Account) -> None:
        account.due_at = minute
        self.at(minute, "bill", account)

    def _agree(self, minute: int, account: Account) -> Subscription:
        luck = self.luck
        plan = luck.choices(list(self.plans.values()), (40, 25, 8, 12, 8, 3))[0]
        quantity = luck.choice((1, 1, 1, 2, 3, 5, 12)) if plan.number not in (1, 4) else 1
        number = self.next("subscription")
        terms = (plan.price, account.currency)
        return Subscription(
            number, account.customer.number, plan.number, quantity, *terms, "active", minute, None, None, minute
        )

    def _some(self, *, subscribed: bool) -> Account | None:
        """Return an account with an open subscription, or one without any."""
        if not self.accounts:
            return None
        for _ in range(20):
            one = self.luck.choice(self.accounts)
            is_open = one.now is not None and one.now.ends_at is None
            if one.customer.deleted_at is None and (is_open if subscribed else one.now is None):
                return one
        return None

    def change_plan(self, minute: int) -> None:
        """End a subscription and begin another: at once, or when what is paid for has run out."""
        account = self._some(subscribed=True)
        if account is None or account.now is None:
            return
        begins = account.paid_until if self.luck.random() < 0.2 and account.paid_until > minute + DAY else minute  # noqa: PLR2004
        old, new = account.now, replace(self._agree(minute, account), begins_at=begins, status="scheduled")
        account.now = replace(old, ends_at=begins, updated_at=minute)
        self.put(account.now)
        if begins > minute:
            self.put(new)
            self.at(begins, "begin", account, new)
        else:
            self.begin(minute, account, new)

    def begin(self, minute: int, account: Account, new: Subscription) -> None:
        """Begin what was agreed."""
        old = account.now
        if old is not None:
            ends = minute if old.ends_at is None else old.ends_at
            self.put(replace(old, status="replaced", ends_at=ends, updated_at=minute))
        account.now = replace(new, status="active", updated_at=minute)
        self.put(account.now)
        self._bill_at(max(minute, account.paid_until), account)

    def cancel(self, minute: int) -> None:
        """Cancel: at once, or when what is paid for has run out."""
        account = self._some(subscribed=True)
        if account is None or account.now is None:
            return
        if self.luck.random() < 0.5 or account.paid_until <= minute:  # noqa: PLR2004
            self.end(minute, account)
            return
        account.now = replace(account.now, ends_at=account.paid_until, updated_at=minute)
        self.put(account.now)
        self.at(account.paid_until, "end", account, account.now.number)

    def end(self, minute: int, account: Account, number: int | None = None) -> None:
        """End the subscription of an account, now."""
        if account.now is None or number not in (None, account.now.number):
            return
        ends = account.now.ends_at if account.now.ends_at is not None else minute
        self.put(replace(account.now, status="canceled", ends_at=ends, updated_at=minute))
        account.now = None

    def come_back(self, minute: int) -> None:
        """Let somebody come back: sometimes with a new account, since the old one is forgotten."""
        account = self._some(subscribed=False)
        if account is None:
            return
        again = len(account.rows) == 1 and not account.was_mailed and not account.customer.is_test
        if again and self.luck.random() < 0.5:  # noqa: PLR2004
            self._open(account, replace(account.customer, made_at=minute, updated_at=minute))
        self._subscribe(minute, account)

    def bill(self, minute: int, account: Account) -> None:
        """Ask for what is due, and come again when it has run out."""
        now = account.now
        if minute != account.due_at or now is None or (now.ends_at is not None and now.ends_at <= minute):
            return
        if account.paid_until > minute:
            self._bill_at(account.paid_until, account)
            return
        if now.status == "trialing":
            now = account.now = replace(now, status="active", updated_at=minute)
            self.put(now)
        account.paid_until = minute + INTERVAL_DAYS[self.plans[now.plan].interval] * DAY
        self._bill_at(account.paid_until, account)
        self.till.ask(minute, account, now)

    def change_email(self, minute: int) -> None:
        """Change an e-mail address, where the account is the only one of its person."""
        account = self._some(subscribed=self.luck.random() < 0.7)  # noqa: PLR2004
        if account is None or len(account.rows) > 1 or account.customer.is_test:
            return
        account.was_mailed = True
        name = account.customer.name.lower().replace(" ", "_")
        self._edit(account, minute, email=f"{name}.{self.next('email')}@post.example")

    def move(self, minute: int) -> None:
        """Let somebody move to another country; the currency stays."""
        account = self._some(subscribed=True)
        if account is not None:
            self._edit(account, minute, country=self.luck.choice(COUNTRIES))

    def delete(self, minute: int) -> None:
        """Delete an account softly."""
        account = self._some(subscribed=False)
        if account is not None:
            self._edit(account, minute, deleted_at=minute)

    def _edit(self, account: Account, minute: int, **change: str | int) -> None:
        late = self.luck.random() < 0.1  # noqa: PLR2004
        account.rows[-1] = replace(account.customer, updated_at=minute, **change)  # type: ignore[arg-type]
        self.put(account.customer, late=late)

    def new_card(self, minute: int) -> None:
        """Give somebody another card."""
        account = self._some(subscribed=True)
        if account is not None:
            self._give_card(minute, account)

    def edit_plan(self, minute: int) -> None:
        """Give a plan another name or price."""
        self.luck.choice((self.rename, self.reprice))(minute, self.luck.choice(sorted(NAMES)))

    def rename(self, minute: int, number: int) -> None:
        """Give a plan its other name."""
        old, new = NAMES[number]
        plan = self.plans[number]
        self._put_plan(replace(plan, name=new if plan.name == old else old, updated_at=minute))

    def reprice(self, minute: int, number: int) -> None:
        """Raise the price of a plan by a tenth, in full euros less ten cents; who has it keeps the old price."""
        plan = self.plans[number]
        self._put_plan(replace(plan, price=(plan.price * 11 // 1000) * 100 + 90, updated_at=minute))

    def _put_plan(self, plan: Plan) -> None:
        self.plans[plan.number] = plan
        self.put(plan)
