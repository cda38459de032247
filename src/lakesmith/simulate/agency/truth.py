"""What the agency's marts must hold: computed from what happened, before anybody wrote it down badly."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import md5
from typing import Any, Final

from lakesmith.simulate.agency.clients import FREEMAIL, RATES, Client, Size
from lakesmith.simulate.agency.deliver import client_texts
from lakesmith.simulate.agency.world import Agency, Contract, Engagement, Mail, Project, Record, days
from lakesmith.simulate.company import MINUTES_PER_DAY
from lakesmith.simulate.world import as_amount, as_date

Row = tuple[Any, ...]
AGENCY_MARTS: Final[dict[str, tuple[str, ...]]] = {
    "mart_customers": (
        "customer_sk", "customer_name", "legal_form", "country", "email", "phone", "revenue", "currency", "revenue_eur",
        "employees_kind", "employees_from", "employees_to", "size_class", "records", "engagements", "running_engagements", "fees",
        "first_started_on", "last_started_on", "projects", "open_projects", "budget", "mails", "contracts", "last_document_on",
    ),
    "mart_projects": (
        "project_id", "title", "customer_sk", "customer_name", "service", "contract_no", "status", "budget", "spent", "spent_pct",
        "is_overspent", "started_on", "due_on", "team_size", "documents", "is_signed",
    ),
    "duplicate_customers": ("customer_sk", "customer_name", "records", "differing_columns", "differing_spellings"),
}  # fmt: skip
_TYPED: Final = {"client": 0, "country": 1, "email": 2, "phone": 3, "revenue": 4, "employees": 5}
_CLASSES: Final = ((250, "250+"), (50, "50-249"), (10, "10-49"), (0, "1-9"))


@dataclass(slots=True)
class _Books:
    """Everything that has arrived, each thing in its newest state; `papers` by contract and `filed` by client hold (kind, day)."""

    records: dict[int, list[tuple[Record, list[str]]]] = field(default_factory=lambda: defaultdict(list))
    clients: dict[int, Client] = field(default_factory=dict)
    engagements: dict[str, Engagement] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    papers: dict[str, list[tuple[str, date]]] = field(default_factory=lambda: defaultdict(list))
    filed: dict[int, list[tuple[str, date]]] = field(default_factory=lambda: defaultdict(list))


def agency_truth(agency: Agency, through: int) -> dict[str, list[Row]]:
    """Return the rows of every mart as of day `through`, without `_ls_built_at`, in no order.

    Args:
        agency: Whose marts.
        through: The last day delivered, counted from 1.
    """
    books = _books(agency, through)
    return {
        "mart_customers": [*(_customer(books, number) for number in books.clients), _nobody(books)],
        "mart_projects": [_project(books, project) for project in books.projects.values()],
        "duplicate_customers": [_duplicate(books, number) for number, rows in books.records.items() if len(rows) > 1],
    }


def _books(agency: Agency, through: int) -> _Books:
    books = _Books()
    past = days(agency, through)
    dated: list[tuple[int, Record, list[str]]] = []
    for number, day in enumerate(past, 1):
        texts = client_texts(agency, number)
        dated += [(record.recorded_on, record, text) for record, text in zip(day.records, texts, strict=True)]
        books.projects.update((project.number, project) for project in day.projects)
    for _, record, text in sorted(dated, key=lambda one: one[0]):  # stable: of one date the last to arrive is newest
        books.records[record.client.number].append((record, text))
        books.engagements[record.engagement.contract] = record.engagement
    for number, rows in books.records.items():
        books.clients[number] = _newest_said([record.client for record, _ in rows])
    _file(books, (mail for day in past for mail in day.mails), (one for day in past for one in day.contracts))
    return books


def _newest_said(said: list[Client]) -> Client:
    def last(get: Callable[[Client], Any]) -> Any:
        return next((get(one) for one in reversed(said) if get(one) is not None), None)

    return Client(
        number=said[0].number,
        name=said[0].name,
        legal_form=last(lambda one: one.legal_form),
        country=last(lambda one: one.country),
        email=last(lambda one: one.email),
        phone=last(lambda one: one.phone),
        revenue=last(lambda one: one.revenue),
        currency=last(lambda one: one.currency),
        size=last(lambda one: one.size),
    )


def _file(books: _Books, mails: Iterable[Mail], contracts: Iterable[Contract]) -> None:
    """File every paper under its contract, and under each client it concerns once."""
    emails = {number: client.email for number, client in books.clients.items() if client.email}
    domains = {email.partition("@")[2]: number for number, email in emails.items()}
    domains.pop(FREEMAIL, None)
    for mail in mails:
        on = as_date(mail.sent_at // MINUTES_PER_DAY)
        addressed = {address.partition("@")[2] for address in (mail.sender, mail.recipient)}
        concerned = {domains[domain] for domain in addressed if domain in domains}
        if mail.contract is not None:
            books.papers[mail.contract].append(("mail", on))
            concerned.add(books.engagements[mail.contract].client)
        for number in concerned:
            books.filed[number].append(("mail", on))
    for contract in contracts:
        if contract.kind != "broken":
            paper = ("contract", as_date(contract.signed_on))
            books.papers[contract.engagement.contract].append(paper)
            books.filed[contract.engagement.client].append(paper)


def _key(client: Client | None) -> str:
    """Return the surrogate key of a client: the hash of its name's length and its name in small letters."""
    if client is None:
        return "unknown"
    name = client.name.lower()
    return md5(f"v{len(name)}:{name}".encode(), usedforsecurity=False).hexdigest()


def _owner(books: _Books, project: Project) -> int | None:
    if project.client is not None or project.contract is None:
        return project.client
    return books.engagements[project.contract].client


def _customer(books: _Books, number: int) -> Row:
    client = books.clients[number]
    size = client.size
    worth = Decimal(client.revenue) * RATES[str(client.currency)] / 10_000 if client.revenue is not None else None
    engaged = [one for one in books.engagements.values() if one.client == number]
    return (
        *(_key(client), client.name, client.legal_form, client.country or "Unknown", client.email, client.phone),
        *(client.revenue, client.currency, worth),
        *((size.kind, size.start, size.end) if size else (None, None, None)),
        *(_class_of(size), len(books.records[number]), len(engaged), sum(one.ended_on is None for one in engaged)),
        as_amount(sum(one.fee for one in engaged)),
        as_date(min(one.started_on for one in engaged)),
        as_date(max(one.started_on for one in engaged)),
        *_planned(books, number),
        *_written(books, number),
    )


def _nobody(books: _Books) -> Row:
    nothing = (None,) * 8
    return (
        "unknown",
        "Unknown",
        None,
        "Unknown",
        *nothing,
        "Unknown",
        *(0, 0, 0, Decimal(0), None, None),
        *_planned(books, None),
        0,
        0,
        None,
    )


def _class_of(size: Size | None) -> str:
    return next(name for least, name in _CLASSES if size.start >= least) if size else "Unknown"


def _planned(books: _Books, number: int | None) -> Row:
    planned = [one for one in books.projects.values() if _owner(books, one) == number]
    still_open = sum(one.status in {"planned", "active"} for one in planned)
    return len(planned), still_open, as_amount(sum(one.budget for one in planned))


def _written(books: _Books, number: int) -> Row:
    filed = books.filed.get(number, [])
    kinds = Counter(kind for kind, _ in filed)
    return kinds["mail"], kinds["contract"], max((on for _, on in filed), default=None)


def _project(books: _Books, project: Project) -> Row:
    owner = _owner(books, project)
    client = books.clients[owner] if owner is not None else None
    engagement = books.engagements.get(project.contract or "")
    papers = books.papers.get(project.contract or "", [])
    hundredths = (2 * 10_000 * project.spent + project.budget) // (2 * project.budget)  # halves rounded up
    return (
        *(f"P{project.number:05d}", project.title, _key(client), client.name if client else "Unknown"),
        *(engagement.service if engagement else None, project.contract.replace("-", "") if project.contract else None),
        *(project.status, as_amount(project.budget), as_amount(project.spent), as_amount(hundredths)),
        *(project.spent > project.budget, as_date(project.started_on), as_date(project.due_on), len(project.team)),
        *(len(papers), any(kind == "contract" for kind, _ in papers)),
    )


def _duplicate(books: _Books, number: int) -> Row:
    rows = books.records[number]
    stated: dict[str, set[Any]] = defaultdict(set)
    for record, _ in rows:
        client, size = record.client, record.client.size
        for name in ("legal_form", "country", "email", "phone", "revenue", "currency"):
            stated[name].add(getattr(client, name))
        stated["employees_kind"].add(size and size.kind)
        stated["employees_from"].add(size and size.start)
        stated["employees_to"].add(size and size.end)
    typed = {name: {text[place] for _, text in rows} for name, place in _TYPED.items()}
    client = books.clients[number]
    return _key(client), client.name, len(rows), _differing(stated), _differing(typed)


def _differing(values: dict[str, set[Any]]) -> str:
    return ", ".join(name for name, found in values.items() if len(found) > 1)
