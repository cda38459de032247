"""A small account for servers that are started by hand, and books that are lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.apis.book import AdBook, AdDay, Campaign, Records

MILLION: Final = 1_000_000
_CAMPAIGNS: Final = (("Brand", "ENABLED"), ("Autumn – new customers", "PAUSED"), ("Competitors", "REMOVED"))


@dataclass(slots=True)
class ListedBook:
    """An advertising account as two lists, which may be changed while a server speaks of it."""

    account_id: str
    listed: list[Campaign] = field(default_factory=list)
    told: list[AdDay] = field(default_factory=list)

    def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns."""
        return tuple(self.listed)

    def days(self, since: date, until: date) -> Sequence[AdDay]:
        """Return the days of a stretch, in the order of day, campaign and ad group."""
        found = [day for day in self.told if since <= day.day <= until]
        return sorted(found, key=lambda day: (day.day, day.campaign_id, day.ad_group_id))


@dataclass(slots=True)
class ListedRecords:
    """Records as lists by kind, which may be changed likewise."""

    kinds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def records(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the records of one kind."""
        return tuple(self.kinds.get(name, ()))


def ad_book(first: date = date(2026, 10, 1), days: int = 30, *, account_id: str = "1234567890") -> AdBook:
    """Return an account of three campaigns with two ad groups each: the same numbers for the same days."""
    campaigns = [
        Campaign(
            id=f"{7_000_000_000 + number}",
            name=name,
            status=status,
            objective="SEARCH",
            started_on=first - timedelta(days=number),
            budget_micros=(number + 1) * 20 * MILLION,
        )
        for number, (name, status) in enumerate(_CAMPAIGNS)
    ]
    told = [
        _day(first + timedelta(days=offset), offset * 6 + number * 2 + group, campaign, group)
        for offset in range(days)
        for number, campaign in enumerate(campaigns)
        for group in range(2)
    ]
    return ListedBook(account_id, campaigns, told)


def _day(day: date, number: int, campaign: Campaign, group: int) -> AdDay:
    return AdDay(
        day=day,
        campaign_id=campaign.id,
        ad_group_id=f"{int(campaign.id) * 10 + group}",
        ad_group_name=f"{campaign.name} {'AB'[group]}",
        impressions=1_000 + 37 * number,
        reach=800 + 29 * number,
        clicks=20 + number % 13,
        cost_micros=1_234_560 + 10_010 * number,
        conversions=Decimal(number % 7),
        conversion_value_micros=(number % 7) * 49_900_000,
    )


def traffic(first: date = date(2026, 10, 1), days: int = 30) -> Records:
    """Return the sessions and events of a website, by day and where visitors came from."""
    ways = (("google", "cpc", "Brand"), ("google", "organic", "(not set)"), ("(direct)", "(none)", "(not set)"))
    sessions = [
        {
            "date": first + timedelta(days=offset),
            "sessionSource": source,
            "sessionMedium": medium,
            "sessionCampaignName": campaign,
            "sessions": 100 + offset * 3 + number,
            "engagedSessions": 60 + offset * 2 + number,
            "totalUsers": 90 + offset * 3 + number,
            "screenPageViews": 300 + offset * 7 + number,
            "keyEvents": float(number),
            "totalRevenue": Decimal(offset * 10 + number) + Decimal("0.25"),
        }
        for offset in range(days)
        for number, (source, medium, campaign) in enumerate(ways)
    ]
    events = [
        {
            "date": first + timedelta(days=offset),
            "eventName": name,
            "eventCount": 1_000 + offset * 11 + number,
            "totalUsers": 200 + offset + number,
            "totalRevenue": Decimal(offset) if name == "purchase" else Decimal(0),
        }
        for offset in range(days)
        for number, name in enumerate(("page_view", "purchase", "sign_up"))
    ]
    return ListedRecords({"sessions": sessions, "events": events})
