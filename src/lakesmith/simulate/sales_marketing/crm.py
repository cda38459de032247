"""The CRM: accounts, contacts, leads, opportunities and campaigns, by Salesforce's own names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from lakesmith.simulate.sales_marketing.business import CAMPAIGNS, PAST_DAYS
from lakesmith.simulate.sales_marketing.documents import instant
from lakesmith.simulate.sales_marketing.life import Life
from lakesmith.simulate.sales_marketing.records import Lead, Minute, Opportunity

Row = dict[str, Any]
R = TypeVar("R", Lead, Opportunity)
PREFIXES: Final = {"Account": "001", "Contact": "003", "Opportunity": "006", "Lead": "00Q", "Campaign": "701"}
DAY: Final = 1_440


@dataclass(frozen=True, slots=True)
class Crm:
    """What people see at the end of `today`, as `Records`; deleted leads are there, and say so."""

    life: Life
    today: int

    def records(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the records of an object, in the order of their ids; times are aware UTC, amounts in units of the currency.

        Raises:
            KeyError: If there is no such object.
        """
        return {
            "Account": self._accounts,
            "Contact": self._contacts,
            "Lead": self._leads,
            "Opportunity": self._opportunities,
            "Campaign": self._campaigns,
        }[name]()

    def leads(self) -> list[Lead]:
        """Return the leads as they stand."""
        return self._newest(Lead)

    def opportunities(self) -> list[Opportunity]:
        """Return the opportunities as they stand."""
        return self._newest(Opportunity)

    def _newest(self, kind: type[R]) -> list[R]:
        found: dict[int, R] = {}
        for day in sorted(self.life.writes):
            if day <= self.today:
                found.update((record.number, record) for record, _ in self.life.writes[day] if isinstance(record, kind))
        return [found[number] for number in sorted(found)]

    def _accounts(self) -> list[Row]:
        converted = [lead for lead in self.leads() if lead.converted_at is not None]
        return [
            {"Id": key("Account", lead.number), "Name": f"{lead.name} Ltd", "BillingCountry": "Germany", **_times(lead.converted_at or 0)}
            for lead in converted
        ]  # fmt: skip

    def _contacts(self) -> list[Row]:
        rows = []
        for lead in (one for one in self.leads() if one.converted_at is not None):
            first, last = lead.name.split(" ", 1)
            names = {"FirstName": first, "LastName": last, "Email": lead.email}
            about = {"Id": key("Contact", lead.number), "AccountId": key("Account", lead.number)}
            rows.append({**about, **names, **_times(lead.converted_at or 0)})
        return rows

    def _leads(self) -> list[Row]:
        return [self._lead(lead) for lead in self.leads()]

    def _lead(self, lead: Lead) -> Row:
        first, last = lead.name.split(" ", 1)
        became = {
            f"Converted{name}Id": key(name, lead.number) if lead.converted_at is not None else None
            for name in ("Account", "Contact")
        }
        return {
            "Id": key("Lead", lead.number),
            "FirstName": first,
            "LastName": last,
            "Company": f"{lead.name} Ltd",
            "Email": lead.email.title() if lead.number % 3 == 0 else lead.email,
            "LeadSource": lead.source,
            "Status": lead.status,
            "IsConverted": lead.converted_at is not None,
            "ConvertedDate": None if lead.converted_at is None else instant(lead.converted_at).date(),
            **became,
            **_times(lead.made_at, lead.updated_at),
            "IsDeleted": lead.is_deleted,
        }

    def _opportunities(self) -> list[Row]:
        campaigns = {campaign.id: key("Campaign", number) for number, campaign in enumerate(CAMPAIGNS, 1)}
        return [
            {
                "Id": key("Opportunity", one.number),
                "AccountId": key("Account", one.lead),
                "CampaignId": campaigns.get(one.campaign or ""),
                "Name": f"Deal {one.number}",
                "StageName": one.stage,
                "Amount": Decimal(one.amount) / 100,
                "CloseDate": instant(one.close_at).date(),
                "IsClosed": one.stage != "Prospecting",
                "IsWon": one.is_won,
                **_times(one.made_at, one.updated_at),
            }
            for one in self.opportunities()
        ]

    def _campaigns(self) -> list[Row]:
        business = self.life.business
        opened = business.start - timedelta(days=PAST_DAYS)
        return [
            {
                "Id": key("Campaign", number),
                "Name": campaign.name,
                "Type": "Advertisement",
                "Status": "In Progress",
                "IsActive": True,
                "StartDate": opened,
                "BudgetedCost": Decimal(campaign.budget * 90) / 100,
                "Ad_Campaign_Id__c": campaign.id,
                **_times(business.minute(1 - PAST_DAYS)),
            }
            for number, campaign in enumerate(CAMPAIGNS, 1)
        ]


def key(name: str, number: int) -> str:
    """Return the id of a record: 18 characters, of which the first three say what it is.

    Examples:
        >>> key("Lead", 12)
        '00QDe0000000012AAA'
    """
    return f"{PREFIXES[name]}De{number:010d}AAA"


def _times(made_at: Minute, updated_at: Minute | None = None) -> Row:
    changed = instant(made_at if updated_at is None else updated_at)
    return {"CreatedDate": instant(made_at), "LastModifiedDate": changed, "SystemModstamp": changed, "IsDeleted": False}
