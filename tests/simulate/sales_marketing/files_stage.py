"""What the sources of the company will deliver, as JSON lines: day by day, so that the models can be tried without any server."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lakesmith.simulate.sales_marketing import World

DEDUPED: Final = ("customers", "orders", "events")
RESTATED: Final = timedelta(days=28)
TIMES: Final = {
    "customers": ("created_at", "updated_at"),
    "orders": ("ordered_at", "updated_at"),
    "events": ("occurred_at", "updated_at"),
    "tickets": ("opened_at", "closed_at", "updated_at"),
}


def settings() -> str:
    """Return the sources of lakesmith.yml, by the names of the template."""
    lines = ["version: 1", "name: sales_marketing", "sources:"]
    for source, streams in _sources().items():
        lines += [f"  {source}:", "    type: files", f"    root: data/{source}", "    streams:"]
        lines += [f"      {name}: {json.dumps(about)}" for name, about in streams.items()]
    return "\n".join(
        [*lines, "publish:", "  tables: {select: marts, format: parquet, path: 'final/{name}/{date}/'}", ""]
    )


def _sources() -> dict[str, dict[str, Any]]:
    def stream(name: str, key: list[str], types: dict[str, str], mode: str = "dedupe") -> dict[str, Any]:
        columns = {column: {"type": kind} for column, kind in types.items()}
        return {name: {"files": f"{name}/*.jsonl", "key": key, "mode": mode, "columns": columns}}

    app = {}
    for name in TIMES:
        app |= stream(
            name, ["_id"], dict.fromkeys(TIMES[name], "timestamptz"), "dedupe" if name in DEDUPED else "replace"
        )
    day = {"date": "date"}
    crm: dict[str, Any] = {}
    for name in ("account", "contact", "lead", "opportunity", "campaign"):
        types = {"created_date": "timestamptz", "system_modstamp": "timestamptz", "last_modified_date": "timestamptz"}
        types |= {
            "opportunity": {"close_date": "date"},
            "lead": {"converted_date": "date"},
            "campaign": {"start_date": "date"},
        }.get(name, {})
        crm |= stream(name, ["id"], types)
    return {
        "app": app,
        "ga4": stream("sessions", ["date", "session_source", "session_medium", "session_campaign_name"], day),
        "google_ads": stream("campaigns", ["campaign_id"], {}, "replace")
        | stream("ad_group_days", ["segments_date", "ad_group_id"], {"segments_date": "date"}),
        "meta_ads": stream("campaigns", ["id"], {}, "replace")
        | stream("adset_days", ["date_start", "adset_id"], {"date_start": "date"}),
        "amazon_ads": stream("campaigns", ["campaign_id"], {}, "replace")
        | stream("ad_group_days", ["date", "ad_group_id"], day),
        "salesforce": crm,
    }


class Stage:
    """A folder of deliveries; each day brings what changed, as loads from where the last one stopped would."""

    def __init__(self, root: Path, world: World) -> None:
        self.root, self.world = root, world

    def deliver(self, number: int) -> None:
        """Live a day, and write what its load brings."""
        operations = self.world.day(number)
        touched = {(one["collection"], one.get("document", one.get("filter"))["_id"]) for one in operations}
        for name, documents in self.world.documents.items():
            kept = [document for key, document in documents.items() if (name, key) in touched or name not in DEDUPED]
            self._write(
                "app", name, number, [one for one in kept if one.get("status") != "draft"], whole=name not in DEDUPED
            )
        today = self.world.business.start + timedelta(days=number - 1)
        since = date(2020, 1, 1) if number == 1 else today - RESTATED
        self._write(
            "ga4",
            "sessions",
            number,
            [row for row in self.world.analytics.records("sessions") if since <= row["date"] <= today],
        )
        for source, (lists, days) in _SPEAK.items():
            book = self.world.advertising(source)
            self._write(source, "campaigns", number, [lists(one) for one in book.campaigns()], whole=True)
            name = "adset_days" if source == "meta_ads" else "ad_group_days"
            names = {one.id: one.name for one in book.campaigns()}
            rows = [days(one, names[one.campaign_id], book.account_id) for one in book.days(since, today)]
            self._write(source, name, number, rows)
        moment = (
            None if number == 1 else datetime.combine(today, datetime.min.time()).astimezone() - timedelta(hours=26)
        )
        for kind in ("Account", "Contact", "Lead", "Opportunity", "Campaign"):
            rows = [row for row in self.world.crm.records(kind) if moment is None or row["SystemModstamp"] >= moment]
            self._write("salesforce", kind.lower(), number, rows)

    def _write(self, source: str, stream: str, day: int, rows: Any, *, whole: bool = False) -> None:
        folder = self.root / "data" / source / stream
        folder.mkdir(parents=True, exist_ok=True)
        if rows:
            text = "\n".join(json.dumps(row, default=_plain) for row in rows) + "\n"
            (folder / ("all.jsonl" if whole else f"{day}.jsonl")).write_text(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    assert isinstance(value, date), value
    return value.isoformat()


def _google_campaign(one: Any) -> dict[str, Any]:
    return {"campaign.id": int(one.id), "campaign.name": one.name, "campaign.status": one.status}


def _google_day(one: Any, name: str, _account: str) -> dict[str, Any]:
    return {
        "campaign.id": int(one.campaign_id),
        "campaign.name": name,
        "adGroup.id": int(one.ad_group_id),
        "adGroup.name": one.ad_group_name,
        "segments.date": one.day,
        "metrics.impressions": one.impressions,
        "metrics.clicks": one.clicks,
        "metrics.costMicros": one.cost_micros,
        "metrics.conversions": float(one.conversions),
        "metrics.conversionsValue": one.conversion_value_micros / 1_000_000,
    }


def _meta_campaign(one: Any) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "effective_status": {"ENABLED": "ACTIVE"}.get(one.status, one.status)}


def _meta_day(one: Any, name: str, account: str) -> dict[str, Any]:
    actions = [{"action_type": "link_click", "value": str(one.clicks)}]
    values = {}
    if one.conversions:
        actions.append({"action_type": "purchase", "value": str(one.conversions.normalize())})
        values = {
            "action_values": [{"action_type": "purchase", "value": f"{one.conversion_value_micros / 1_000_000:.2f}"}]
        }
    return {
        "account_id": account,
        "campaign_id": one.campaign_id,
        "campaign_name": name,
        "adset_id": one.ad_group_id,
        "adset_name": one.ad_group_name,
        "date_start": one.day,
        "impressions": one.impressions,
        "reach": one.reach,
        "clicks": one.clicks,
        "spend": one.cost_micros / 1_000_000,
        "actions": actions,
        **values,
    }


def _amazon_campaign(one: Any) -> dict[str, Any]:
    return {"campaignId": one.id, "name": one.name, "state": one.status}


def _amazon_day(one: Any, name: str, _account: str) -> dict[str, Any]:
    return {
        "date": one.day,
        "campaignId": int(one.campaign_id),
        "campaignName": name,
        "adGroupId": int(one.ad_group_id),
        "adGroupName": one.ad_group_name,
        "impressions": one.impressions,
        "clicks": one.clicks,
        "cost": one.cost_micros / 1_000_000,
        "purchases14d": int(one.conversions),
        "sales14d": one.conversion_value_micros / 1_000_000,
    }


_SPEAK: Final = {
    "google_ads": (_google_campaign, _google_day),
    "meta_ads": (_meta_campaign, _meta_day),
    "amazon_ads": (_amazon_campaign, _amazon_day),
}
