"""What a platform knows of the demo company: the values that its server speaks of, whichever platform it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands now; `status` is ENABLED, PAUSED or REMOVED, `budget_micros` a day's in millionths of the currency."""

    id: str
    name: str
    status: str
    objective: str
    started_on: date
    budget_micros: int
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class AdDay:
    """What one ad group of a campaign did on one day, as far as the platform knows by now; money in millionths of the currency."""

    day: date
    campaign_id: str
    ad_group_id: str
    ad_group_name: str
    impressions: int
    reach: int
    clicks: int
    cost_micros: int
    conversions: Decimal
    conversion_value_micros: int


class AdBook(Protocol):
    """One advertising account."""

    @property
    def account_id(self) -> str:
        """The account's number."""
        ...

    def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns, removed ones too."""
        ...

    def days(self, since: date, until: date) -> Sequence[AdDay]:
        """Return what is known now of the days from `since` to `until`, both included, in the order of day, campaign and ad group."""
        ...


class Records(Protocol):
    """What else a platform holds: sessions by day, or the objects of a CRM or shop."""

    def records(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the records of one kind as they are now, by the platform's own field names, in the order of their ids."""
        ...
