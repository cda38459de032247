"""Small CRMs and a small shop, for servers that are started by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lakesmith.simulate.apis.book import Records
from lakesmith.simulate.apis.sample import ListedRecords


def _at(hours: int) -> datetime:
    return datetime(2026, 10, 1, 9, tzinfo=UTC) + timedelta(hours=hours)


def organisation(size: int = 40) -> Records:
    """Return accounts and leads as Salesforce names them; every tenth is deleted."""
    accounts = [
        {
            "Id": f"001{number:012d}AAA",
            "IsDeleted": number % 10 == 0,
            "Name": f"Account {number}",
            "AnnualRevenue": Decimal(100_000 * number),
            "NumberOfEmployees": 3 * number,
            "CreatedDate": _at(number),
            "SystemModstamp": _at(2 * number),
        }
        for number in range(size)
    ]
    leads = [
        {
            "Id": f"00Q{number:012d}AAA",
            "IsDeleted": False,
            "LastName": f"Lead {number}",
            "Company": f"Company {number // 2}",
            "Status": ("Open", "Working", "Converted")[number % 3],
            "CreatedDate": _at(number),
            "SystemModstamp": _at(3 * number),
        }
        for number in range(size)
    ]
    return ListedRecords({"Account": accounts, "Lead": leads})


def portal(size: int = 40) -> Records:
    """Return contacts, companies and deals as HubSpot names them."""
    contacts = [
        {
            "hs_object_id": 500 + number,
            "createdate": _at(number),
            "lastmodifieddate": _at(2 * number),
            "email": f"contact{number}@example.com",
            "firstname": "Contact",
            "lastname": str(number),
        }
        for number in range(size)
    ]
    companies = [
        {
            "hs_object_id": 700 + number,
            "createdate": _at(number),
            "hs_lastmodifieddate": _at(2 * number),
            "name": f"Company {number}",
            "domain": f"company{number}.example.com",
        }
        for number in range(size // 2)
    ]
    deals = [
        {
            "hs_object_id": 900 + number,
            "createdate": _at(number),
            "hs_lastmodifieddate": _at(2 * number),
            "dealname": f"Deal {number}",
            "amount": Decimal("99.50") * number,
            "dealstage": "closedwon",
            "pipeline": "default",
        }
        for number in range(size // 2)
    ]
    return ListedRecords({"contacts": contacts, "companies": companies, "deals": deals})


def shop(size: int = 40) -> Records:
    """Return orders, customers and products as Shopify names them."""
    orders = [
        {
            "id": 5_000 + number,
            "name": f"#{1_000 + number}",
            "created_at": _at(number),
            "updated_at": _at(2 * number),
            "closed_at": _at(2 * number) if number % 4 == 0 else None,
            "cancelled_at": None,
            "currency": "EUR",
            "total_price": Decimal("19.90") * (number % 5 + 1),
            "line_items": [{"id": number, "sku": "LAMP", "quantity": number % 5 + 1, "price": Decimal("19.90")}],
        }
        for number in range(size)
    ]
    customers = [
        {"id": 70 + number, "email": f"c{number}@example.com", "created_at": _at(number), "updated_at": _at(number)}
        for number in range(size // 2)
    ]
    products = [{"id": 80, "title": "Lamp", "created_at": _at(0), "updated_at": _at(0)}]
    return ListedRecords({"orders": orders, "customers": customers, "products": products})
