"""An advertising account as its platform knows it on a day: what it says of the last four weeks still grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from lakesmith.simulate.apis.book import AdDay, Campaign
from lakesmith.simulate.company import mix
from lakesmith.simulate.sales_marketing.business import (
    ACCOUNTS,
    AD_GROUPS,
    CAMPAIGNS,
    GOOGLE,
    META,
    PAST_DAYS,
    RESTATED_DAYS,
    AdCampaign,
    SalesMarketing,
)

MICROS: Final = 10_000
"""Millionths of a currency in a cent."""
SEEN: Final = ((0, 60), (1, 97), (3, 100))
"""Percent of the impressions, clicks and cost of a day that are known so many days later."""
CREDITED: Final = ((0, 20), (1, 50), (3, 75), (7, 90), (14, 96), (RESTATED_DAYS - 1, 100))
"""Percent of the conversions of a day that are known so many days later."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account, an `AdBook`; `today` is the day up to whose end the platform has heard."""

    business: SalesMarketing
    platform: str
    today: int

    @property
    def account_id(self) -> str:
        """The account's number."""
        return ACCOUNTS[self.platform]

    def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns as they stand now."""
        return [self._campaign(one) for one in CAMPAIGNS if one.platform == self.platform]

    def days(self, since: date, until: date) -> Sequence[AdDay]:
        """Return what is known now of the days from `since` to `until`, both included."""
        first = max(1 - PAST_DAYS, (since - self.business.start).days + 1)
        last = min(self.today, (until - self.business.start).days + 1)
        return [
            self._day(day, one, group, name)
            for day in range(first, last + 1)
            for one in CAMPAIGNS
            if one.platform == self.platform and (one.ends_on is None or day <= one.ends_on)
            for group, name in enumerate(AD_GROUPS, 1)
        ]

    def _campaign(self, one: AdCampaign) -> Campaign:
        is_renamed = one.renamed_on is not None and self.today >= one.renamed_on
        is_over = one.ends_on is not None and self.today > one.ends_on
        return Campaign(
            one.id,
            one.new_name if is_renamed else one.name,
            "PAUSED" if is_over else "ENABLED",
            one.objective,
            self._date(1 - PAST_DAYS),
            one.budget * MICROS,
        )

    def _day(self, day: int, one: AdCampaign, group: int, name: str) -> AdDay:
        chance = mix(self.business.salt_of(f"{one.id}/{group}") + self.business.minute(day))
        age = self.today - day
        seen, credited = _known(SEEN, age), _known(CREDITED, age)
        impressions = 400 + chance % 2_600
        clicks = impressions * (1 + chance // 7 % 5) // 100
        cents = clicks * (35 + chance // 11 % 90)
        conversions = clicks * (chance // 13 % 12) // 100
        halves = conversions * 2 + (chance // 17 % 2 if self.platform == GOOGLE else 0)
        value = halves * (2_000 + chance // 19 % 9_000)
        known = halves * credited // 100 if self.platform == GOOGLE else halves // 2 * credited // 100 * 2
        shown = impressions * seen // 100
        return AdDay(
            day=self._date(day),
            campaign_id=one.id,
            ad_group_id=f"{one.id}{group}",
            ad_group_name=name,
            impressions=shown,
            reach=shown * 7 // 10 if self.platform == META else 0,
            clicks=clicks * seen // 100,
            cost_micros=cents * seen // 100 * MICROS,
            conversions=Decimal(known) / 2,
            conversion_value_micros=value * known // max(1, halves) * MICROS,
        )

    def _date(self, day: int) -> date:
        return self.business.start + timedelta(days=day - 1)


def _known(steps: Sequence[tuple[int, int]], age: int) -> int:
    """Return the percent that is known after some days."""
    return next(percent for days, percent in reversed(steps) if age >= days)
