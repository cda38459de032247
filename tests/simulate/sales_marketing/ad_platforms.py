"""Eleven advertising platforms as somebody else's loader left them: one file each, and how each says what all of them have."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

DATA = (
    Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
    / "marketing"
    / "ad_platforms"
)
CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Platform:
    """A file, and the columns in it: several names are added up; `micros` divides money, None: the platform does not say it."""

    name: str
    file: str
    day: str
    campaign: str
    clicks: tuple[str, ...]
    spend: str
    impressions: tuple[str, ...] = ("impressions",)
    conversions: str | None = None
    value: str | None = None
    account: str | None = None
    campaign_name: str | None = None
    micros: int = 1

    def model(self) -> str:
        """Return the staging model: figures by day and campaign."""

        def total(*names: str | None, divisor: int = 1) -> str:
            said = [f"coalesce(cast({name} as decimal(28, 6)), 0)" for name in names if name]
            return (
                f"cast(sum({' + '.join(said) or '0'}) {f'* {1 / divisor:f}' if divisor > 1 else ''} as decimal(18, 2))"
            )

        text = "{{ dbt.type_string() }}"
        return f"""-- What {self.name} did, from a file of somebody else's loader.
select
  cast(substr(cast({self.day} as {text}), 1, 10) as date) as day,
  '{self.name}' as platform,
  {f"cast({self.account} as {text})" if self.account else f"cast(null as {text})"} as account_id,
  cast({self.campaign} as {text}) as campaign_id,
  {f"max({self.campaign_name})" if self.campaign_name else f"cast(null as {text})"} as campaign_name,
  cast(null as {text}) as ad_group_id,
  cast(null as {text}) as ad_group_name,
  cast({total(*self.impressions)} as bigint) as impressions,
  cast(null as bigint) as reach,
  cast({total(*self.clicks)} as bigint) as clicks,
  {total(self.spend, divisor=self.micros)} as spend,
  {total(self.conversions)} as conversions,
  {total(self.value, divisor=self.micros)} as conversion_value,
  {{{{ lakesmith.built_at() }}}} as _ls_built_at
from {{{{ source('ads', '{self.name}') }}}}
group by 1, {self.campaign}{f", {self.account}" if self.account else ""}
"""

    def truth(self) -> dict[tuple[str, str, str | None, str], tuple[int, int, Decimal, Decimal, Decimal]]:
        """Return what the file says, by platform, day, account and campaign: impressions, clicks, spend, conversions and their value."""
        sums: dict[tuple[str, str, str | None, str], list[Decimal]] = defaultdict(lambda: [Decimal()] * 5)
        for row in self.rows():
            low = {name.lower(): value for name, value in row.items()}
            key = (self.name, low[self.day][:10], low[self.account] if self.account else None, low[self.campaign])
            columns = (self.impressions, self.clicks, (self.spend,), (self.conversions,), (self.value,))
            known = [sum((Decimal(low[name] or 0) for name in names if name), Decimal()) for names in columns]
            sums[key] = [one + more for one, more in zip(sums[key], known, strict=True)]
        return {key: self._rounded(seen) for key, seen in sums.items()}

    def rows(self) -> list[dict[str, str]]:
        """Return the records of the file."""
        with (DATA / f"{self.file}_data.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _rounded(self, seen: list[Decimal]) -> tuple[int, int, Decimal, Decimal, Decimal]:
        impressions, clicks, spend, conversions, value = seen
        money = [(amount / self.micros).quantize(CENT, ROUND_HALF_UP) for amount in (spend, value)]
        return int(impressions), int(clicks), money[0], conversions.quantize(CENT, ROUND_HALF_UP), money[1]


MILLION: Final = 1_000_000
PLATFORMS: Final = (
    Platform("amazon", "amazon_ads_campaign_level_report", "date", "campaign_id", ("clicks",), "cost", conversions="purchases_30_d", value="sales_30_d"),
    Platform("apple_search", "apple_search_campaign_report", "date", "id", ("taps",), "local_spend_amount", conversions="conversions"),
    Platform("facebook", "facebook_ads_basic_ad", "date", "ad_id", ("inline_link_clicks",), "spend", account="account_id"),
    Platform("google", "google_ads_campaign_stats", "date", "id", ("clicks",), "cost_micros", conversions="conversions", account="customer_id", micros=MILLION),
    Platform("linkedin", "linkedin_ad_analytics_by_campaign", "day", "campaign_id", ("clicks",), "cost_in_local_currency", conversions="external_website_conversions", value="conversion_value_in_local_currency"),
    Platform("microsoft", "microsoft_ads_campaign_performance_daily_report", "date", "campaign_id", ("clicks",), "spend", conversions="conversions", value="revenue", account="account_id"),
    Platform("pinterest", "pinterest_campaign_report", "date", "campaign_id", ("clickthrough_1", "clickthrough_2"), "spend_in_micro_dollar", ("impression_1", "impression_2"), "total_conversions", "total_conversions_value_in_micro_dollar", "advertiser_id", "campaign_name", MILLION),
    Platform("reddit", "reddit_ads_campaign_report", "date", "campaign_id", ("clicks",), "spend", account="account_id", micros=MILLION),
    Platform("snapchat", "snapchat_campaign_hourly_report", "date", "campaign_id", ("swipes",), "spend", conversions="conversion_purchases", micros=MILLION),
    Platform("tiktok", "tiktok_campaign_report_hourly", "stat_time_hour", "campaign_id", ("clicks",), "spend", conversions="conversion", value="total_purchase_value"),
    Platform("twitter", "twitter_campaign_report", "date", "campaign_id", ("clicks",), "billed_charge_local_micro", conversions="conversion_purchases_order_quantity", value="conversion_purchases_sale_amount", account="account_id", micros=MILLION),
)  # fmt: skip
"""Facebook's file is about advertisements, which stand in for campaigns here."""
