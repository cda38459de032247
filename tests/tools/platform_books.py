"""Small books that platforms speak of in tests: what a load has to bring, known without asking any server."""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from lakesmith.simulate.apis.book import AdDay, Campaign

FIRST_DAY = dt.date(2026, 11, 2)
STATUSES = ("ENABLED", "PAUSED", "REMOVED")


@dataclass
class SmallAds:
    """An advertising account of a few campaigns, each with two ad groups, that spends a little every day."""

    campaigns_: list[Campaign]
    days_: list[AdDay]
    account_id: str = "4711"

    @classmethod
    def make(cls, campaigns: int = 5, days: int = 6, first: dt.date = FIRST_DAY) -> "SmallAds":
        named = [
            Campaign(
                str(23_000 + n), f"Campaign «{n}», ü", STATUSES[n % 3], "OUTCOME_SALES", first, 10_000_000 + n * 10_000
            )
            for n in range(campaigns)
        ]
        rows = [
            AdDay(
                first + dt.timedelta(day),
                one.id,
                f"{one.id}{group}",
                f"Group {group}",
                impressions=1_000 * (n + 1) + 10 * day + group,
                reach=900 * (n + 1) + day,
                clicks=(n + 1) * (day + group),
                cost_micros=10_000 * (n * 100 + day * 7 + group + 1),
                conversions=Decimal(n * day) / 4,
                conversion_value_micros=10_000 * 25 * n * day,
            )
            for day in range(days)
            for n, one in enumerate(named)
            for group in (1, 2)
        ]
        return cls(named, rows)

    def campaigns(self) -> list[Campaign]:
        return self.campaigns_

    def days(self, since: dt.date, until: dt.date) -> list[AdDay]:
        return [row for row in self.days_ if since <= row.day <= until]

    def restate(self, day: dt.date, clicks: int = 3, cost_micros: int = 120_000) -> None:
        """Let a day have had more clicks than the platform knew before."""
        self.days_ = [
            replace(row, clicks=row.clicks + clicks, cost_micros=row.cost_micros + cost_micros)
            if row.day == day
            else row
            for row in self.days_
        ]


@dataclass
class SmallRecords:
    """Records of a CRM or a shop, by kind."""

    kinds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def records(self, name: str) -> list[dict[str, Any]]:
        return self.kinds.get(name, [])


def at(minutes: int) -> dt.datetime:
    """A moment, so many minutes after the small world began."""
    return dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)


def crm_of_salesforce(accounts: int = 7) -> SmallRecords:
    """Accounts, of which one is deleted, two are from the same moment, and none has every field."""
    rows = [
        {
            "Id": f"001{n:012d}AAA",
            "IsDeleted": n == 3,
            "Name": f'Firm "{n}", \n ü',
            "AnnualRevenue": None if n == 2 else Decimal("1234567.25") + n,
            "NumberOfEmployees": 10 * n,
            "CreatedDate": at(n),
            "SystemModstamp": at(60 + n // 2),
            "Founded__c": dt.date(1990, 1, 1 + n),
            "Active__c": n % 2 == 0,
        }
        for n in range(accounts)
    ]
    leads = [
        {
            "Id": f"00Q{n:012d}AAA",
            "IsDeleted": False,
            "Email": f"lead{n}@example.com",
            "Status": "Open",
            "SystemModstamp": at(n),
        }
        for n in range(3)
    ]
    return SmallRecords({"Account": rows, "Lead": leads})


def crm_of_hubspot(contacts: int = 7) -> SmallRecords:
    """Contacts, of which one is archived, and a few deals."""
    people = [
        {
            "hs_object_id": 500 + n,
            "createdate": at(n),
            "lastmodifieddate": at(60 + n // 2),
            "email": f"p{n}@example.com",
            "firstname": f"Änne {n}",
            "lastname": None if n == 1 else "Ö",
            "archived": n == 4,
        }
        for n in range(contacts)
    ]
    deals = [
        {
            "hs_object_id": 900 + n,
            "createdate": at(n),
            "hs_lastmodifieddate": at(30 + n),
            "dealname": f"Deal {n}",
            "amount": Decimal("1999.90") * n,
            "closedate": at(1440 * n),
            "dealstage": "closedwon",
            "pipeline": "default",
        }
        for n in range(5)
    ]
    return SmallRecords({"contacts": people, "deals": deals, "companies": []})


def shop(orders: int = 7) -> SmallRecords:
    """Orders with their lines, open, closed and cancelled, and a few products."""
    rows = [
        {
            "id": 5_400_000_000_000 + n,
            "name": f"#{1000 + n}",
            "created_at": at(n),
            "updated_at": at(60 + n // 2),
            "closed_at": at(90) if n % 3 == 1 else None,
            "cancelled_at": at(91) if n % 3 == 2 else None,
            "currency": "EUR",
            "total_price": Decimal("19.90") * n,
            "customer": {"id": 70 + n, "email": f"c{n}@example.com"},
            "line_items": [
                {"id": 10 * n + k, "sku": f"S-{k}", "quantity": k, "price": Decimal("1.50")} for k in range(n % 3)
            ],
        }
        for n in range(orders)
    ]
    products = [{"id": 80 + n, "title": f"Pröduct {n}", "created_at": at(n), "updated_at": at(n)} for n in range(3)]
    return SmallRecords({"orders": rows, "products": products, "customers": []})
