"""What a Google Ads account has, as rows of a query: values by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from lakesmith.simulate.apis.book import AdBook, AdDay, Campaign
from lakesmith.simulate.apis.gaql import Query

_METRICS: Final = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")


def rows(book: AdBook, query: Query) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query's resource, before its conditions; by day where it names metrics or segments."""
    campaigns = {campaign.id: _campaign(book, campaign) for campaign in book.campaigns()}
    low, high = query.bounds("segments.date")
    days = book.days(date.fromisoformat(low or "0001-01-01"), date.fromisoformat(high or "9999-12-31"))
    is_daily = any(name.startswith(("metrics.", "segments.")) for name in query.named())
    if query.resource == "campaign":
        yield from _by_campaign(campaigns, days) if is_daily else campaigns.values()
    elif query.resource == "ad_group":
        for day in days if is_daily else {day.ad_group_id: day for day in days}.values():
            yield campaigns[day.campaign_id] | _ad_group(book, day) | (_summed([day]) if is_daily else {})


def result(row: Mapping[str, Any], query: Query) -> dict[str, Any]:
    """Return a row as JSON: an object for each resource, with its resource name, and whole numbers as text."""
    said: dict[str, dict[str, Any]] = {}
    for name in query.fields:
        resource, _, field = camel(name).partition(".")
        value, named = row[name], said.setdefault(resource, {})
        if (own := f"{name.partition('.')[0]}.resource_name") in row:
            named["resourceName"] = row[own]
        named[field] = str(value) if isinstance(value, int) else value
    return said


def camel(name: str) -> str:
    """Return a field's name as JSON spells it."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _by_campaign(campaigns: Mapping[str, dict[str, Any]], days: Sequence[AdDay]) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[date, str], list[AdDay]] = {}
    for day in days:
        groups.setdefault((day.day, day.campaign_id), []).append(day)
    for (_, campaign_id), some in groups.items():
        yield campaigns[campaign_id] | _summed(some)


def _campaign(book: AdBook, campaign: Campaign) -> dict[str, Any]:
    base = f"customers/{book.account_id}"
    return {
        "customer.resource_name": base,
        "customer.id": int(book.account_id),
        "customer.currency_code": campaign.currency,
        "campaign.resource_name": f"{base}/campaigns/{campaign.id}",
        "campaign.id": int(campaign.id),
        "campaign.name": campaign.name,
        "campaign.status": campaign.status,
        "campaign.advertising_channel_type": campaign.objective,
        "campaign.start_date_time": f"{campaign.started_on} 00:00:00",
        "campaign_budget.resource_name": f"{base}/campaignBudgets/{campaign.id}",
        "campaign_budget.amount_micros": campaign.budget_micros,
    }


def _ad_group(book: AdBook, day: AdDay) -> dict[str, Any]:
    return {
        "ad_group.resource_name": f"customers/{book.account_id}/adGroups/{day.ad_group_id}",
        "ad_group.id": int(day.ad_group_id),
        "ad_group.name": day.ad_group_name,
        "ad_group.status": "ENABLED",
    }


def _summed(days: Sequence[AdDay]) -> dict[str, Any]:
    sums = (
        sum(day.impressions for day in days),
        sum(day.clicks for day in days),
        sum(day.cost_micros for day in days),
        float(sum(day.conversions for day in days)),
        sum(day.conversion_value_micros for day in days) / 1_000_000,
    )
    named = {f"metrics.{name}": value for name, value in zip(_METRICS, sums, strict=True)}
    return {"segments.date": str(days[0].day), **named}
