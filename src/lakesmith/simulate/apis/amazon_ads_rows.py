"""What an Amazon Ads profile has, as its lists and its reports say it: the same id is text in a list and a number in a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from lakesmith.simulate.apis.book import AdBook, AdDay, Campaign

STATES: Final = {"ENABLED": "ENABLED", "PAUSED": "PAUSED", "REMOVED": "ARCHIVED"}
_WINDOWS: Final = ("1d", "7d", "14d", "30d")


def campaigns(book: AdBook) -> list[dict[str, Any]]:
    """Return the list of campaigns, archived ones too."""
    return [
        {
            "campaignId": campaign.id,
            "name": campaign.name,
            "state": STATES[campaign.status],
            "targetingType": "MANUAL",
            "startDate": str(campaign.started_on),
            "budget": {"budgetType": "DAILY", "budget": campaign.budget_micros / 1_000_000},
        }
        for campaign in book.campaigns()
    ]


def ad_groups(book: AdBook) -> list[dict[str, Any]]:
    """Return the list of ad groups, as far as they ever did anything."""
    seen = {day.ad_group_id: day for day in book.days(date.min, date.max)}
    return [
        {
            "adGroupId": day.ad_group_id,
            "campaignId": day.campaign_id,
            "name": day.ad_group_name,
            "state": "ENABLED",
            "defaultBid": 0.75,
        }
        for day in seen.values()
    ]


def report(book: AdBook, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a report, with the columns that were ordered."""
    named = {campaign.id: campaign for campaign in book.campaigns()}
    groups: dict[tuple[date, str], list[AdDay]] = {}
    by_group = "adGroup" in asked["configuration"]["groupBy"]
    for day in book.days(date.fromisoformat(asked["startDate"]), date.fromisoformat(asked["endDate"])):
        groups.setdefault((day.day, day.ad_group_id if by_group else day.campaign_id), []).append(day)
    whole = [_measured(some, named[some[0].campaign_id]) for some in groups.values()]
    return [{name: row[name] for name in asked["configuration"]["columns"]} for row in whole]


def _measured(days: Sequence[AdDay], campaign: Campaign) -> dict[str, Any]:
    orders = int(sum(day.conversions for day in days))
    sales = sum(day.conversion_value_micros for day in days) / 1_000_000
    return {
        "date": str(days[0].day),
        "campaignId": int(campaign.id),
        "campaignName": campaign.name,
        "campaignStatus": STATES[campaign.status],
        "campaignBudgetCurrencyCode": campaign.currency,
        "adGroupId": int(days[0].ad_group_id),
        "adGroupName": days[0].ad_group_name,
        "impressions": sum(day.impressions for day in days),
        "clicks": sum(day.clicks for day in days),
        "cost": sum(day.cost_micros for day in days) / 1_000_000,
        **{f"purchases{window}": orders for window in _WINDOWS},
        **{f"sales{window}": sales for window in _WINDOWS},
    }
