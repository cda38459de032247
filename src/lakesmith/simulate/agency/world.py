"""What happens to the agency day by day, without any dirt: records of engagements, projects, papers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from random import Random
from typing import Final

from lakesmith.simulate.agency.clients import Client, client_at
from lakesmith.simulate.company import EPOCH_ORDINAL, MINUTES_PER_DAY

SERVICES: Final = ("brand identity", "website", "packaging", "campaign", "exhibition", "annual report", "app design")
STATUSES: Final = ("planned", "active", "done", "cancelled")
TEAM: Final = ("Ada", "Bo", "Cleo", "Dag", "Elif", "Finn", "Gus", "Hana")
LOSABLE: Final = ("legal_form", "country", "email", "phone", "revenue", "size")
_FIRST_CLIENTS, _NEW_CLIENTS, _NEW_ENGAGEMENTS, _AGAIN = 200, 20, 25, 40
_MAILS: Final = 60
_LOSS: Final = 0.06


@dataclass(frozen=True, slots=True)
class Agency:
    """One demo agency; equal values make equal bytes.

    Attributes:
        seed: Chooses the agency.
        scale: Multiplies clients, engagements, projects and papers.
        start: Date of day 1.
    """

    seed: int = 7
    scale: float = 1.0
    start: date = date(2026, 10, 1)

    def __post_init__(self) -> None:
        """Refuse an agency without clients.

        Raises:
            ValueError: If `scale` is not above 0.
        """
        if not self.scale > 0:
            message = f"The scale of an agency must be above 0, and is {self.scale}. Pass for example scale=1.0."
            raise ValueError(message)

    def count(self, usual: int) -> int:
        """Return a number of things at this scale, at least one."""
        return max(1, round(usual * self.scale))

    def clients_on(self, day: int) -> int:
        """Return how many clients there are on a day."""
        return self.count(_FIRST_CLIENTS) + (day - 1) * self.count(_NEW_CLIENTS)

    def date_number(self, day: int) -> int:
        """Return the days from 1970-01-01 to day `day`."""
        return self.start.toordinal() - EPOCH_ORDINAL + day - 1


@dataclass(frozen=True, slots=True)
class Engagement:
    """One piece of work for a client; dates are days since 1970, the fee is in cents of a euro."""

    number: int
    client: int
    service: str
    fee: int
    started_on: int
    ended_on: int | None

    @property
    def contract(self) -> str:
        """The number of its contract, as everybody should write it."""
        return f"AG-{2020 + self.number % 7}-{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the client list: an engagement, and what the row says of its client. `is_first` is the client's first row."""

    client: Client
    engagement: Engagement
    recorded_on: int
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project as of one delivery. `client` None: somebody nobody knows; amounts in cents; `updated_at` in minutes since 1970."""

    number: int
    client: int | None
    contract: str | None
    title: str
    status: str
    budget: int
    spent: int
    started_on: int
    due_on: int
    updated_at: int
    team: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: `sender` and `recipient` are addresses; `contract` is what it mentions, `attached` whether in an attachment."""

    number: int
    sender: str
    recipient: str
    sent_at: int
    service: str
    contract: str | None
    attached: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """A signed contract; `kind` is docx, pdf, or broken: a PDF that nobody can read."""

    engagement: Engagement
    client: Client
    signed_on: int
    kind: str


@dataclass(slots=True)
class Day:
    """What one day delivers."""

    records: list[Record] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)


@lru_cache(maxsize=16)
def days(agency: Agency, through: int) -> tuple[Day, ...]:
    """Return the days up to `through`, in order."""
    life = _Life(agency)
    return tuple(life.live(day) for day in range(1, through + 1))


class _Life:
    """The agency while it lives: what is known so far."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self.engagements: list[Engagement] = []
        self.projects: dict[int, Project] = {}
        self.seen: set[int] = set()

    def live(self, day: int) -> Day:
        luck = Random(f"{self.agency.seed}/agency/{day}")
        today = self.agency.date_number(day)
        known = self.agency.clients_on(day - 1) if day > 1 else 0
        new = [
            self._engage(luck, client, today)
            for client in range(known, self.agency.clients_on(day))
            for _ in range(luck.randrange(1, 4))
        ]
        new += [
            self._engage(luck, luck.randrange(known), today)
            for _ in range(self.agency.count(_NEW_ENGAGEMENTS) if known else 0)
        ]
        return Day(
            self._records(luck, new, today, day),
            self._projects(luck, new, today),
            self._mails(luck, today),
            self._contracts(new, today),
        )

    def _engage(self, luck: Random, client: int, today: int) -> Engagement:
        start = today - luck.randrange(400)
        end = start + luck.randrange(20, 200)
        engagement = Engagement(
            number=len(self.engagements) + 1,
            client=client,
            service=luck.choice(SERVICES),
            fee=luck.randrange(10, 900) * 10_000 + luck.choice((0, 0, 50, 5_025)),
            started_on=start,
            ended_on=end if end < today - 100 else None,
        )
        self.engagements.append(engagement)
        return engagement

    def _records(self, luck: Random, new: Sequence[Engagement], today: int, day: int) -> list[Record]:
        rows = [self._record(luck, one, max(one.started_on, today - 300)) for one in new]
        before = self.engagements[: -len(new)] if day > 1 else []
        for one in luck.sample(before, min(len(before), self.agency.count(_AGAIN))):
            if luck.random() < 0.2:  # noqa: PLR2004 - an older row that comes late
                rows.append(self._record(luck, replace(one, fee=one.fee - 50_000, ended_on=None), one.started_on))
                continue
            ended = replace(one, ended_on=one.ended_on or today)
            self.engagements[one.number - 1] = ended
            rows.append(self._record(luck, ended, today))
        luck.shuffle(rows)
        rows += luck.sample(rows, max(1, len(rows) // 50))  # exact copies
        firsts: list[Record] = []
        for row in rows:
            is_first = row.client.number not in self.seen
            self.seen.add(row.client.number)
            firsts.append(replace(row, is_first=is_first))
        return firsts

    def _record(self, luck: Random, engagement: Engagement, recorded_on: int) -> Record:
        client = client_at(self.agency.seed, engagement.client, recorded_on)
        for column in LOSABLE:
            if luck.random() < _LOSS:
                client = (
                    replace(client, currency=None, revenue=None) if column == "revenue" else _without(client, column)
                )
        return Record(client, engagement, recorded_on)

    def _projects(self, luck: Random, new: Sequence[Engagement], today: int) -> list[Project]:
        again = luck.sample(sorted(self.projects), min(len(self.projects), self.agency.count(_AGAIN)))
        made = [self._project(luck, one, today) for one in new if one.number % 2]
        for number in again:
            old = self.projects[number]
            more = luck.randrange(old.budget // 4)
            made.append(
                replace(old, status=luck.choice(STATUSES[1:]), spent=old.spent + more, updated_at=_minute(luck, today))
            )
        self.projects.update((one.number, one) for one in made)
        return made

    @staticmethod
    def _project(luck: Random, one: Engagement, today: int) -> Project:
        budget = luck.randrange(20, 900) * 10_000
        return Project(
            number=one.number,
            client=None if luck.random() < 0.15 else one.client,  # noqa: PLR2004
            contract=None if luck.random() < 0.15 else one.contract,  # noqa: PLR2004
            title=f"{one.service.title()} {one.number}",
            status=luck.choice(STATUSES),
            budget=budget,
            spent=luck.randrange(budget),
            started_on=one.started_on,
            due_on=one.started_on + luck.randrange(30, 200),
            updated_at=_minute(luck, today),
            team=tuple(luck.sample(TEAM, luck.randrange(1, 5))),
        )

    def _mails(self, luck: Random, today: int) -> list[Mail]:
        return [self._mail(luck, number, today) for number in range(1, self.agency.count(_MAILS) + 1)]

    def _mail(self, luck: Random, number: int, today: int) -> Mail:
        one = luck.choice(self.engagements)
        address = client_at(self.agency.seed, one.client, today).email or ""
        kind = luck.randrange(6)
        ours = "studio@agency.example"
        theirs = (
            "someone@stranger.example" if kind == 0 else address.replace("office@", f"{luck.choice(TEAM).lower()}@")
        )
        to_us = kind != 1
        return Mail(
            number=number,
            sender=theirs if to_us else ours,
            recipient=ours if to_us else theirs,
            sent_at=_minute(luck, today),
            service=one.service,
            contract=one.contract if luck.random() < 0.5 else None,  # noqa: PLR2004
            attached=luck.random() < 0.5,  # noqa: PLR2004
        )

    def _contracts(self, new: Sequence[Engagement], today: int) -> list[Contract]:
        signed = [one for one in new if one.number % 4 == 1]
        made = [
            Contract(one, client_at(self.agency.seed, one.client, today), one.started_on, ("docx", "pdf")[place % 2])
            for place, one in enumerate(signed)
        ]
        return [*made, replace(made[0], kind="broken")] if made else []


def _without(client: Client, column: str) -> Client:
    if column == "legal_form":
        return replace(client, legal_form=None)
    if column == "country":
        return replace(client, country=None)
    if column == "email":
        return replace(client, email=None)
    return replace(client, phone=None) if column == "phone" else replace(client, size=None)


def _minute(luck: Random, day: int) -> int:
    return day * MINUTES_PER_DAY + 480 + luck.randrange(600)
