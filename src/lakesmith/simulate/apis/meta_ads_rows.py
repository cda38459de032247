"""The book of an advertising account in Meta's words: numbers as strings, budgets in cents, conversions as lists of actions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.apis.book import AdBook, AdDay

STATUSES: Final = {"ENABLED": "ACTIVE", "PAUSED": "PAUSED", "REMOVED": "DELETED"}
SHOWN_UNASKED: Final = ("ACTIVE", "PAUSED")
_MICROS_IN_A_CENT: Final = 10_000
_SUMS: Final = ("impressions", "reach", "clicks", "cost_micros", "conversions", "conversion_value_micros")


def campaigns(book: AdBook) -> list[dict[str, Any]]:
    """Return all campaigns."""
    return [
        {
            "id": campaign.id,
            "account_id": book.account_id,
            "name": campaign.name,
            "status": STATUSES[campaign.status],
            "effective_status": STATUSES[campaign.status],
            "objective": campaign.objective,
            "daily_budget": str(campaign.budget_micros // _MICROS_IN_A_CENT),
            "start_time": f"{campaign.started_on}T00:00:00+0000",
        }
        for campaign in book.campaigns()
    ]


def ad_sets(book: AdBook) -> list[dict[str, Any]]:
    """Return the ad sets that the days speak of; one has the state of its campaign."""
    statuses = {campaign.id: STATUSES[campaign.status] for campaign in book.campaigns()}
    newest: dict[str, AdDay] = {day.ad_group_id: day for day in book.days(date.min, date.max)}
    return [
        {
            "id": number,
            "account_id": book.account_id,
            "campaign_id": day.campaign_id,
            "name": day.ad_group_name,
            "status": statuses[day.campaign_id],
            "effective_status": statuses[day.campaign_id],
        }
        for number, day in sorted(newest.items())
    ]


def shown(rows: Sequence[Mapping[str, Any]], asked: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Return what a list shows: what was deleted only where `effective_status` asks for it."""
    statuses = json.loads(asked["effective_status"]) if "effective_status" in asked else SHOWN_UNASKED
    return [row for row in rows if row["effective_status"] in statuses]


def insights(book: AdBook, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for each day and campaign or ad set; those that nobody saw on a day have none, as at Meta."""
    span = json.loads(asked["time_range"])
    named = {campaign.id: campaign for campaign in book.campaigns()}
    is_by_set = asked.get("level") == "adset"
    sums: dict[tuple[date, str, str, str], dict[str, Any]] = {}
    for day in book.days(date.fromisoformat(span["since"]), date.fromisoformat(span["until"])):
        ad_set = (day.ad_group_id, day.ad_group_name) if is_by_set else ("", "")
        row = sums.setdefault((day.day, day.campaign_id, *ad_set), dict.fromkeys(_SUMS, 0))
        for name in _SUMS:
            row[name] += getattr(day, name)
    return [
        {
            "account_id": book.account_id,
            "campaign_id": campaign,
            "campaign_name": named[campaign].name,
            "account_currency": named[campaign].currency,
            **({"adset_id": number, "adset_name": name} if is_by_set else {}),
            **_figures(row),
            "date_start": on.isoformat(),
            "date_stop": on.isoformat(),
        }
        for (on, campaign, number, name), row in sorted(sums.items())
        if row["impressions"]
    ]


def only(row: Mapping[str, Any], fields: str) -> dict[str, Any]:
    """Return the fields that are asked for; Meta adds the days to insights, and the id to everything else."""
    always = {"date_start", "date_stop"} if "date_start" in row else {"id"}
    wanted = {name.strip() for name in fields.split(",")} | always
    return {name: value for name, value in row.items() if name in wanted}


def key_of(row: Mapping[str, Any]) -> list[str]:
    """Return what tells a row from all others of its list."""
    return [str(row.get(name, "")) for name in ("date_start", "id", "campaign_id", "adset_id")]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures; a list of actions is left out where nothing happened."""
    said: dict[str, Any] = {
        "impressions": str(row["impressions"]),
        "reach": str(row["reach"]),
        "clicks": str(row["clicks"]),
        "spend": _money(row["cost_micros"]),
    }
    if row["clicks"]:
        said["actions"] = [{"action_type": "link_click", "value": str(row["clicks"])}]
    if row["conversions"]:
        said.setdefault("actions", []).append({"action_type": "purchase", "value": _plain(Decimal(row["conversions"]))})
        said["action_values"] = [{"action_type": "purchase", "value": _money(row["conversion_value_micros"])}]
    return said


def _money(micros: int) -> str:
    """Return an amount with two places, with more only where the book is finer."""
    amount = Decimal(micros).scaleb(-6)
    return f"{amount:.2f}" if amount == round(amount, 2) else _plain(amount)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
