"""What each file looks like: its columns, their grammars, and how clean rows become delivered lines."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from lakesmith.simulate.blocks import Block
from lakesmith.simulate.companies import daily_companies, init_companies
from lakesmith.simulate.company import GHOST_ID, Company
from lakesmith.simulate.dirt import (
    DATE,
    EMAIL,
    EMPLOYEES,
    MONEY,
    NAME,
    PLAIN,
    QUANTITY,
    REVENUE,
    TERM,
    TIMESTAMP,
    Grammar,
    key,
    log_time,
    quoted,
)
from lakesmith.simulate.leads import UTM_TERM_SINCE_DAY, daily_leads
from lakesmith.simulate.sales import init_customers, init_orders, init_products
from lakesmith.simulate.traffic import PAGE, daily_requests
from lakesmith.simulate.words import CAMPAIGNS, LOG_GARBAGE

COMPANY_KEY, CUSTOMER_KEY, PRODUCT_KEY, ORDER_KEY, LEAD_KEY = (key(letter) for letter in "CUPOL")
_PARAMETER_ORDERS: Final = ((0, 1, 2), (0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0), (0, 2, 1), (1, 0, 2), (0, 1, 2))

Columns = tuple[tuple[str, Grammar], ...]
COMPANIES: Final[Columns] = (
    ("company_id", COMPANY_KEY),
    ("name", NAME),
    ("industry", PLAIN),
    ("country", PLAIN),
    ("employees", EMPLOYEES),
    ("annual_revenue", REVENUE),
    ("website", PLAIN),
    ("updated_at", TIMESTAMP),
)
CUSTOMERS: Final[Columns] = (
    ("customer_id", CUSTOMER_KEY),
    ("company_id", COMPANY_KEY),
    ("first_name", NAME),
    ("last_name", NAME),
    ("email", EMAIL),
    ("phone", PLAIN),
    ("signed_up_on", DATE),
)
PRODUCTS: Final[Columns] = (
    ("product_id", PRODUCT_KEY),
    ("name", NAME),
    ("category", PLAIN),
    ("unit_price", MONEY),
    ("launched_on", DATE),
)
ORDERS: Final[Columns] = (
    ("order_id", ORDER_KEY),
    ("customer_id", CUSTOMER_KEY),
    ("product_id", PRODUCT_KEY),
    ("ordered_at", TIMESTAMP),
    ("quantity", QUANTITY),
    ("unit_price", MONEY),
    ("discount_pct", PLAIN),
    ("status", PLAIN),
)
LEADS: Final[Columns] = (
    ("lead_id", LEAD_KEY),
    ("company_id", COMPANY_KEY),
    ("email", EMAIL),
    ("campaign", PLAIN),
    ("utm_term", TERM),
    ("status", PLAIN),
    ("created_at", TIMESTAMP),
    ("updated_at", TIMESTAMP),
)
_FOREIGN_KEYS: Final = {"customer_id", "company_id"}
_SLASHED_OF_256: Final = 24
_SHOUTED_OF_256: Final = 48


@dataclass(frozen=True, slots=True)
class File:
    """One file of one delivery.

    Attributes:
        path: Below the project folder.
        kind: Name of the stream.
        rows: Intact rows it holds.
        columns: Empty for the log, which has no header.
        block: Returns one block of its clean rows from number and size.
    """

    path: str
    kind: str
    rows: int
    columns: Columns
    block: Callable[[int, int], Block]


def files_of(company: Company, day: int) -> tuple[File, ...]:
    """Return the files of one day, those that are delivered once with day 1 included."""
    rows, folder = company.daily_rows, f"data/raw/{_iso(company, day)}"
    leads = LEADS if day >= UTM_TERM_SINCE_DAY else tuple(column for column in LEADS if column[0] != "utm_term")
    daily = (
        File(
            f"{folder}/companycsv.csv", "companies", rows, COMPANIES, lambda b, n: daily_companies(company, day, b, n)
        ),
        File(f"{folder}/leadcsv.csv", "leads", rows, leads, lambda b, n: daily_leads(company, day, b, n)),
        File(
            f"{folder}/weblogs.log",
            "weblogs",
            company.log_lines(day),
            (),
            lambda b, n: daily_requests(company, day, b, n),
        ),
    )
    return (*_init_files(company), *daily) if day == 1 else daily


def _init_files(company: Company) -> tuple[File, ...]:
    rows = company.init_rows
    return (
        File("data/init/companies.csv", "companies", rows, COMPANIES, lambda b, n: init_companies(company, b, n)),
        File("data/init/customers.csv", "customers", rows, CUSTOMERS, lambda b, n: init_customers(company, b, n)),
        File("data/init/products.csv", "products", rows, PRODUCTS, lambda b, n: init_products(company, b, n)),
        File("data/init/orders.csv", "orders", rows, ORDERS, lambda b, n: init_orders(company, b, n)),
    )


def _iso(company: Company, day: int) -> str:
    return (company.start + timedelta(days=day - 1)).isoformat()


def lines_of(file: File, block: Block, rng: Random, counts: Counter[str]) -> list[str]:
    """Return the dirty lines of a block in the order of delivery, without line ends; what is dirty is counted."""
    copies = len([row for row in block.order if row >= 0]) - len(block.columns[0])
    counts.update({"copy": copies, **block.older})
    return _csv_lines(file, block, rng, counts) if file.columns else _log_lines(block, rng, counts)


def _csv_lines(file: File, block: Block, rng: Random, counts: Counter[str]) -> list[str]:
    values = block.columns
    if file.kind == "leads" and len(file.columns) < len(values):
        values = values[:4] + values[5:]  # the file has no utm_term yet
    fields = []
    for place, ((name, grammar), column) in enumerate(zip(file.columns, values, strict=True)):
        if place and name in _FOREIGN_KEYS:
            counts["foreign key:empty"] += column.count(0)
            counts["foreign key:unknown"] += sum(1 for number in column if number >= GHOST_ID)
        fields.append(quoted(grammar.write(column, rng, counts)))
    rows = list(zip(*fields, strict=True))
    lines = [",".join(row) for row in rows]
    return [lines[row] if row >= 0 else _damaged(rows[~row], rng, counts) for row in block.order]


def _damaged(fields: Sequence[str], rng: Random, counts: Counter[str]) -> str:
    """Return a copy of a row that has lost or gained fields."""
    if rng.getrandbits(1):
        counts["broken:too few fields"] += 1
        return ",".join(fields[: rng.randrange(2, len(fields))])
    counts["broken:too many fields"] += 1
    extra = rng.randrange(1, 3)
    return ",".join((*fields[: extra + 1], *fields[1:]))


def _log_lines(block: Block, rng: Random, counts: Counter[str]) -> list[str]:
    picks = rng.randbytes(2 * len(block.columns[0]))
    rows = zip(*block.columns, strict=True)
    lines = [_log_line(row, picks[2 * k], picks[2 * k + 1], counts) for k, row in enumerate(rows)]
    return [lines[row] if row >= 0 else _damaged_line(lines[~row], rng, counts) for row in block.order]


def _log_line(request: tuple[Any, ...], form: int, order: int, counts: Counter[str]) -> str:
    client, minute, method, path, campaign, query, status, size, referrer, agent, _, kind = request
    if kind == PAGE and path != "/" and form < _SLASHED_OF_256:
        path += "/"
        counts["log:trailing slash"] += 1
    if campaign is not None:
        query = _campaign_query(campaign, order, counts)
    target = path if query is None else f"{path}?{query}"
    answer = f'{status} {"-" if size is None else size} "{referrer}" "{agent}"'
    return f'{client} - - [{log_time(minute)}] "{method} {target} HTTP/1.1" {answer}'


def _campaign_query(number: int, luck: int, counts: Counter[str]) -> str:
    campaign = CAMPAIGNS[number]
    order = _PARAMETER_ORDERS[luck & 7]
    name = campaign.name
    if luck >= 256 - _SHOUTED_OF_256:
        name = name.upper()
        counts["log:campaign in upper case"] += 1
    if order != (0, 1, 2):
        counts["log:parameter order"] += 1
    parameters = (f"utm_source={campaign.source}", f"utm_medium={campaign.medium}", f"utm_campaign={name}")
    return "&".join(parameters[place] for place in order)


def _damaged_line(line: str, rng: Random, counts: Counter[str]) -> str:
    """Return garbage, or the beginning of a line that ends inside its request."""
    if rng.getrandbits(1):
        counts["broken:garbage line"] += 1
        return LOG_GARBAGE[rng.randrange(len(LOG_GARBAGE))]
    counts["broken:cut line"] += 1
    request = line.index('"')
    return line[: rng.randrange(request - 20, request + 6)]
