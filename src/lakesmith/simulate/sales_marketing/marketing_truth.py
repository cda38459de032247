"""What the marts about marketing must hold."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.sales_marketing.ads import MICROS
from lakesmith.simulate.sales_marketing.books import Books
from lakesmith.simulate.sales_marketing.business import PAST_DAYS, PLATFORMS, UTM
from lakesmith.simulate.sales_marketing.credit import credits_of
from lakesmith.simulate.sales_marketing.figures import Row, date_of, day_of, first_orders, month_of, ratio
from lakesmith.simulate.world import as_amount

_MEDIUMS: Final = {"email": "email", "organic": "organic_search", "referral": "referral", "(none)": "direct"}


def channel_days(books: Books, last: int) -> list[Row]:
    """Return the rows by day and channel: advertising, visits, sign-ups."""
    rows: dict[tuple[date, str], list[Any]] = defaultdict(lambda: [0, 0, 0, 0, Decimal(), 0, 0, 0, 0])
    for platform, one in _ad_days(books, last):
        figures = rows[one.day, platform]
        known = (
            one.impressions, one.reach, one.clicks, one.cost_micros // MICROS, one.conversions, one.conversion_value_micros // MICROS,
        )  # fmt: skip
        figures[:6] = [sum(pair) for pair in zip(figures, known, strict=False)]
    for record in books.analytics.records("sessions"):
        if record["date"] <= date_of(books, last):
            rows[record["date"], _channel_of(record["sessionSource"], record["sessionMedium"])][6] += record["sessions"]
    for session in books.sessions:
        figures = rows[day_of(session.at), session.channel]
        figures[7] += 1
        figures[8] += session.is_signup
    return [
        (*key, *seen[:3], as_amount(seen[3]), seen[4].quantize(Decimal("0.01")), as_amount(seen[5]), *seen[6:])
        for key, seen in rows.items()
    ]


def acquisition(books: Books, last: int) -> list[Row]:
    """Return the rows by month and channel: what a new customer cost, and what a euro brought."""
    spend: dict[tuple[date, str], int] = defaultdict(int)
    for platform, one in _ad_days(books, last):
        spend[one.day.replace(day=1), platform] += one.cost_micros // MICROS
    orders: dict[tuple[date, str], int] = defaultdict(int)
    revenue: dict[tuple[date, str], int] = defaultdict(int)
    fresh: dict[tuple[date, str], int] = defaultdict(int)
    first = first_orders(books)
    for order in books.orders:
        key = (month_of(order.ordered_at), _last_channel(books, order.number))
        orders[key] += 1
        revenue[key] += order.total
        fresh[key] += first[order.customer] == order.number
    return [
        (
            *key, as_amount(spend[key]), fresh[key], ratio(spend[key], 100 * fresh[key], 2), orders[key], as_amount(revenue[key]),
            ratio(revenue[key], spend[key], 2),
        )
        for key in {*spend, *orders}
    ]  # fmt: skip


def attribution(books: Books) -> list[Row]:
    """Return the rows by month, rule, channel and campaign: orders and revenue."""
    found: dict[tuple[date, str, str, str | None], list[int]] = defaultdict(lambda: [0, 0])
    for order in books.orders:
        for model, session, share, cents in credits_of(order, books.touches[order.number]):
            where = ("none", None) if session is None else (session.channel, session.campaign)
            sums = found[month_of(order.ordered_at), model, *where]
            sums[0] += share
            sums[1] += cents
    return [
        (*key, Decimal(share).scaleb(-6), as_amount(cents)) for key, (share, cents) in found.items() if share or cents
    ]


def funnel(books: Books) -> list[Row]:
    """Return the rows by month and channel of the first visit: how far people came."""
    first: dict[tuple[str, int], tuple[date, str]] = {}
    for session in books.sessions:
        first.setdefault(session.person, (month_of(session.at), session.channel))
    buyers = {order.customer for order in books.orders}
    counts: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (kind, number), key in first.items():
        is_customer = kind == "customer"
        steps = (True, is_customer, is_customer and number in books.leads, is_customer and number in buyers)
        counts[key] = [count + step for count, step in zip(counts[key], steps, strict=True)]
    return [
        (*key, *seen, ratio(100 * seen[1], seen[0], 1), ratio(100 * seen[3], seen[0], 1))
        for key, seen in counts.items()
    ]


def campaigns(books: Books, last: int) -> list[Row]:
    """Return the rows of every campaign."""
    figures: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0, Decimal(), 0])
    for _, one in _ad_days(books, last):
        known = (
            one.cost_micros // MICROS,
            one.impressions,
            one.clicks,
            one.conversions,
            one.conversion_value_micros // MICROS,
        )
        figures[one.campaign_id] = [sum(pair) for pair in zip(figures[one.campaign_id], known, strict=True)]
    sessions, signups, orders, revenue, deals, amounts = (defaultdict[str, int](int) for _ in range(6))
    for session in books.sessions:
        sessions[session.campaign or ""] += 1
        signups[session.campaign or ""] += session.is_signup
    for order in books.orders:
        campaign = books.touches[order.number][-1].campaign or "" if books.touches[order.number] else ""
        orders[campaign] += 1
        revenue[campaign] += order.total
    for deal in books.crm.opportunities():
        deals[deal.campaign or ""] += deal.is_won
        amounts[deal.campaign or ""] += deal.amount if deal.is_won else 0
    rows = []
    for platform in PLATFORMS:
        for one in books.advertising(platform).campaigns():
            spend, impressions, clicks, conversions, value = figures[one.id]
            status = "active" if one.status == "ENABLED" else one.status.lower()
            rows.append((
                platform, one.id, one.name, status, as_amount(spend), impressions, clicks,
                conversions.quantize(Decimal("0.01")), as_amount(value), sessions[one.id], signups[one.id], orders[one.id],
                as_amount(revenue[one.id]), ratio(revenue[one.id], spend, 2), deals[one.id], as_amount(amounts[one.id]),
            ))  # fmt: skip
    return rows


def _ad_days(books: Books, last: int) -> list[tuple[str, Any]]:
    since = date_of(books, 1 - PAST_DAYS)
    return [
        (platform, day)
        for platform in PLATFORMS
        for day in books.advertising(platform).days(since, date_of(books, last))
    ]


def _last_channel(books: Books, order: int) -> str:
    touches = books.touches[order]
    return touches[-1].channel if touches else "none"


def _channel_of(source: str, medium: str) -> str:
    paid = next((platform for platform in PLATFORMS if UTM[platform] == (source, medium)), None)
    return paid or _MEDIUMS[medium]
