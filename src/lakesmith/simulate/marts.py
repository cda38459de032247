"""What the marts must hold: computed from the clean events, before any dirt is put on them."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from lakesmith.simulate.company import MINUTES_PER_DAY, Company
from lakesmith.simulate.traffic import PAGE
from lakesmith.simulate.words import CAMPAIGNS
from lakesmith.simulate.world import Row, World, arrived, as_amount, as_date, as_key, blocks_of, rows_of

MART_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "mart_monthly_sales": (
        "month", "product_id", "product_name", "category", "company_id", "company_name",
        "country", "orders", "quantity",
        "gross_amount", "net_amount",
    ),
    "mart_customer_value": (
        "customer_id", "customer_name", "company_id", "company_name", "first_order_on", "last_order_on", "orders",
        "net_amount", "average_order", "segment",
    ),
    "mart_lead_conversion": (
        "created_on", "campaign", "leads", "contacted", "qualified", "converted", "lost", "conversion_rate",
    ),
    "mart_traffic": ("visited_on", "page", "campaign", "views", "visitors"),
    "mart_daily_metrics": (
        "day", "new_leads", "conversions", "page_views", "visitors", "bot_requests", "sales", "net_amount",
    ),
}  # fmt: skip
_ANSWERED: Final = range(200, 400)
_SALE: Final = {"paid", "shipped"}
_SEGMENTS: Final = ((1_000_000, "high"), (200_000, "medium"))  # from this many cents
_STAGES: Final = {
    "contacted": ("contacted", "qualified", "converted"),
    "qualified": ("qualified", "converted"),
    "converted": ("converted",),
    "lost": ("lost",),
}
_DAILY: Final = ("new_leads", "conversions", "page_views", "visitors", "bot_requests", "sales", "net")


def truth(company: Company, through: int, *, cut_short: frozenset[int] = frozenset()) -> dict[str, list[Row]]:
    """Return the rows of every mart as of day `through`, sorted, without `_ls_built_at`.

    Args:
        company: Whose marts.
        through: The last day delivered, counted from 1.
        cut_short: Days of which the companies have arrived only up to the cut.
    """
    world = arrived(company, through, cut_short=cut_short)
    daily: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_DAILY, 0))
    orders = (row for block in blocks_of(company, 1, "orders") for row in rows_of(block))
    monthly, customers = _sales(world, orders, daily)
    marts = {
        "mart_monthly_sales": monthly,
        "mart_customer_value": customers,
        "mart_lead_conversion": _lead_conversion(world, daily),
        "mart_traffic": _traffic(company, through, daily),
        "mart_daily_metrics": _daily_metrics(daily),
    }
    return {name: sorted(rows) for name, rows in marts.items()}


def _rounded(dividend: int, divisor: int) -> int:
    """Return the quotient of two numbers that are not negative, halves rounded up."""
    return (2 * dividend + divisor) // (2 * divisor)


def _home(world: World, customer: int) -> tuple[str, str, str]:
    """Return id, name and country of a customer's company."""
    known = world.customers.get(customer)
    home = world.companies.get(known[1]) if known else None
    return (as_key("C", home[0]), home[1], home[3] or "Unknown") if home else ("unknown", "Unknown", "Unknown")


def _sales(world: World, orders: Iterator[Row], daily: dict[int, dict[str, int]]) -> tuple[list[Row], list[Row]]:
    """Return the rows of monthly sales and of customer value, and add the sales to the daily numbers."""
    monthly: dict[Row, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    customers: dict[int, list[int]] = {}
    for _, customer, product, minute, quantity, price, discount, status in orders:
        if status not in _SALE:
            continue
        day = minute // MINUTES_PER_DAY
        gross = quantity * price
        net = _rounded(gross * (100 - discount), 100)
        daily[day]["sales"] += 1
        daily[day]["net"] += net
        buyer = customer if customer in world.customers else 0
        _add(monthly[(as_date(day).replace(day=1), product, *_home(world, buyer))], (1, quantity, gross, net))
        value = customers.setdefault(buyer, [day, day, 0, 0])
        value[0], value[1] = min(value[0], day), max(value[1], day)
        value[2] += 1
        value[3] += net
    return [_monthly_row(world, key, sums) for key, sums in monthly.items()], [
        _customer_row(world, buyer, value) for buyer, value in customers.items()
    ]


def _add(sums: list[int], amounts: tuple[int, ...]) -> None:
    for place, amount in enumerate(amounts):
        sums[place] += amount


def _monthly_row(world: World, key: Row, sums: list[int]) -> Row:
    month, product, *home = key
    _, name, category, _, _ = world.products[product]
    orders, quantity, gross, net = sums
    return month, as_key("P", product), name, category, *home, orders, quantity, as_amount(gross), as_amount(net)


def _customer_row(world: World, buyer: int, value: list[int]) -> Row:
    first, last, orders, net = value
    known = world.customers.get(buyer)
    who = (as_key("U", buyer), f"{known[2]} {known[3]}") if known else ("unknown", "Unknown")
    segment = next((name for least, name in _SEGMENTS if net >= least), "low")
    average = as_amount(_rounded(net, orders))
    return *who, *_home(world, buyer)[:2], as_date(first), as_date(last), orders, as_amount(net), average, segment


def _lead_conversion(world: World, daily: dict[int, dict[str, int]]) -> list[Row]:
    groups: dict[Row, list[str]] = defaultdict(list)
    for _, _, _, campaign, _, status, created, updated in world.leads.values():
        groups[(created // MINUTES_PER_DAY, campaign or "(none)")].append(status)
        daily[created // MINUTES_PER_DAY]["new_leads"] += 1
        if status == "converted":
            daily[updated // MINUTES_PER_DAY]["conversions"] += 1
    return [_conversion_row(day, campaign, statuses) for (day, campaign), statuses in groups.items()]


def _conversion_row(day: int, campaign: str, statuses: list[str]) -> Row:
    funnel = [sum(status in stage for status in statuses) for stage in _STAGES.values()]
    rate = Decimal(_rounded(funnel[2] * 10_000, len(statuses))).scaleb(-4)
    return as_date(day), campaign, len(statuses), *funnel, rate


def _traffic(company: Company, through: int, daily: dict[int, dict[str, int]]) -> list[Row]:
    """Return the rows of traffic, one day after another, and add the visits to the daily numbers."""
    rows: list[Row] = []
    for day in range(1, through + 1):
        views: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        visitors: set[tuple[str, str]] = set()
        numbers = daily[company.date_number(day)]
        for block in blocks_of(company, day, "weblogs"):
            for request in rows_of(block):
                numbers["bot_requests"] += request[10]
                if is_human_view(request):
                    campaign = "(none)" if request[4] is None else CAMPAIGNS[request[4]].name
                    views[(request[3], campaign)].append((request[0], request[9]))
        for (page, campaign), seen in views.items():
            visitors.update(seen)
            numbers["page_views"] += len(seen)
            rows.append((as_date(company.date_number(day)), page, campaign, len(seen), len(set(seen))))
        numbers["visitors"] += len(visitors)
    return rows


def is_human_view(request: Row) -> bool:
    """Say whether a clean request is a page view by a person: it was answered, and asked for a page."""
    status, robot, kind = request[6], request[10], request[11]
    return kind == PAGE and not robot and status in _ANSWERED


def _daily_metrics(daily: dict[int, dict[str, int]]) -> list[Row]:
    return [
        (as_date(day), *(numbers[name] for name in _DAILY[:-1]), as_amount(numbers["net"]))
        for day, numbers in daily.items()
        if any(numbers.values())
    ]
