"""The truth equals what an independent reader finds in the dirty files."""

import re
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lakesmith.simulate import MART_COLUMNS, Company, clean_tables, deliver, truth

DAYS = 4
CENT = Decimal("0.01")
Rows = list[dict[str, Any]]
STATES: dict[str, tuple[Company, frozenset[int]]] = {
    "whole": (Company(), frozenset()),
    "cut": (Company(seed=3, scale=0.4), frozenset({2, 4})),
    "small": (Company(seed=5, scale=0.13), frozenset()),
}
BOTS = re.compile(r"bot|crawler|spider|curl|wget|python-requests|headless", re.IGNORECASE)
ASSETS = (".css", ".js", ".png", ".svg", ".ico")


class Delivered:
    """The rows found in the files, with their truth beside them."""

    def __init__(self, root: Path, reader: SimpleNamespace, company: Company, cut: frozenset[int]) -> None:
        for day in range(1, DAYS + 1):
            deliver(company, root, day, cut_short=day in cut)
        init, raw = root / "data/init", sorted((root / "data/raw").iterdir())
        one = {
            name: list(reader.csv(init / f"{name}.csv")) for name in ("companies", "customers", "products", "orders")
        }
        self.versions: Rows = one["companies"] + [row for day in raw for row in reader.csv(day / "companycsv.csv")]
        self.companies = newest(self.versions, "company_id")
        self.leads = newest([row for day in raw for row in reader.csv(day / "leadcsv.csv")], "lead_id")
        self.customers = {row["customer_id"]: row for row in one["customers"]}
        self.products = {row["product_id"]: row for row in one["products"]}
        self.orders = {row["order_id"]: row for row in one["orders"]}
        self.requests: Rows = [row for day in raw for row in reader.log(day / "weblogs.log")]
        self.truth = truth(company, DAYS, cut_short=cut)
        self.clean = clean_tables(company, DAYS, cut_short=cut)


def newest(rows: Rows, key: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row[key] not in found or row["updated_at"] >= found[row[key]]["updated_at"]:
            found[row[key]] = row
    return found


def grouped(rows: Rows, *names: str) -> dict[tuple[Any, ...], Rows]:
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


@pytest.fixture(scope="module", params=[pytest.param("whole", marks=pytest.mark.long), "cut", "small"])
def delivered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, reader: SimpleNamespace
) -> Delivered:
    return Delivered(tmp_path_factory.mktemp("company"), reader, *STATES[request.param])


def sales(world: Delivered) -> Rows:
    rows = []
    unknown = {"customer_id": "unknown", "first_name": "Unknown", "last_name": "", "company_id": None}
    nowhere = {"company_id": "unknown", "name": "Unknown", "country": "Unknown"}
    for order in world.orders.values():
        if order["status"] in {"paid", "shipped"}:
            customer = world.customers.get(order["customer_id"], unknown)
            home = world.companies.get(customer["company_id"], nowhere)
            product = world.products[order["product_id"]]
            gross = order["quantity"] * order["unit_price"]
            rows.append(
                {
                    "on": order["ordered_at"].date(),
                    "month": order["ordered_at"].date().replace(day=1),
                    "product": (order["product_id"], product["name"], product["category"]),
                    "home": (home["company_id"], home["name"], home["country"] or "Unknown"),
                    "customer": (customer["customer_id"], f"{customer['first_name']} {customer['last_name']}".strip()),
                    "quantity": order["quantity"],
                    "gross": gross,
                    "net": (gross * (100 - order["discount_pct"]) / 100).quantize(CENT, ROUND_HALF_UP),
                }
            )
    return rows


@pytest.mark.few(1)
def test_monthly_sales(delivered: Delivered) -> None:
    expected = [
        (month, *product, *home, len(rows), *(sum(row[name] for row in rows) for name in ("quantity", "gross", "net")))
        for (month, product, home), rows in grouped(sales(delivered), "month", "product", "home").items()
    ]
    assert delivered.truth["mart_monthly_sales"] == sorted(expected)


def test_customer_value(delivered: Delivered) -> None:
    expected = []
    for (customer, home), rows in grouped(sales(delivered), "customer", "home").items():
        net = sum((row["net"] for row in rows), Decimal(0))
        segment = "high" if net >= 10_000 else "medium" if net >= 2_000 else "low"
        average = (net / len(rows)).quantize(CENT, ROUND_HALF_UP)
        days = [row["on"] for row in rows]
        expected.append((*customer, *home[:2], min(days), max(days), len(rows), net, average, segment))
    assert delivered.truth["mart_customer_value"] == sorted(expected)


def test_lead_conversion(delivered: Delivered) -> None:
    leads = [
        {"on": row["created_at"].date(), "campaign": row["campaign"] or "(none)", "status": row["status"]}
        for row in delivered.leads.values()
    ]
    expected = []
    for (on, campaign), rows in grouped(leads, "on", "campaign").items():
        found = {s: sum(row["status"] == s for row in rows) for s in ("contacted", "qualified", "converted", "lost")}
        qualified = found["qualified"] + found["converted"]
        rate = (Decimal(found["converted"]) / len(rows)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        contacted = found["contacted"] + qualified
        expected.append((on, campaign, len(rows), contacted, qualified, found["converted"], found["lost"], rate))
    assert delivered.truth["mart_lead_conversion"] == sorted(expected)


def human_views(world: Delivered) -> Rows:
    return [
        {**row, "visitor": (row["ip"], row["agent"])}
        for row in world.requests
        if row["method"] == "GET"
        and 200 <= int(row["status"]) < 400
        and not BOTS.search(row["agent"])
        and not row["path"].endswith(ASSETS)
    ]


def test_traffic(delivered: Delivered) -> None:
    expected = [
        (*key, len(rows), len({row["visitor"] for row in rows}))
        for key, rows in grouped(human_views(delivered), "on", "page", "campaign").items()
    ]
    assert delivered.truth["mart_traffic"] == sorted(expected)


def test_daily_metrics(delivered: Delivered) -> None:
    columns: list[dict[date, Any]] = [defaultdict(int) for _ in range(7)]
    leads, conversions, views, visitors, bots, sold, net = columns
    for lead in delivered.leads.values():
        leads[lead["created_at"].date()] += 1
        if lead["status"] == "converted":
            conversions[lead["updated_at"].date()] += 1
    for (on,), rows in grouped(human_views(delivered), "on").items():
        views[on], visitors[on] = len(rows), len({row["visitor"] for row in rows})
    for request in delivered.requests:
        bots[request["on"]] += bool(BOTS.search(request["agent"]))
    for sale in sales(delivered):
        sold[sale["on"]] += 1
        net[sale["on"]] += sale["net"]
    days = sorted({day for column in columns for day, value in column.items() if value})
    assert delivered.truth["mart_daily_metrics"] == [(day, *(column[day] for column in columns)) for day in days]


def test_amounts_have_the_scale_of_their_columns(delivered: Delivered) -> None:
    for mart, rows in delivered.truth.items():
        for row in rows:
            for name, value in zip(MART_COLUMNS[mart], row, strict=True):
                if isinstance(value, Decimal):
                    assert value.as_tuple().exponent == (-4 if name == "conversion_rate" else -2)


def test_clean_tables(delivered: Delivered) -> None:
    for table in ("companies", "customers", "products", "orders"):
        found = sorted(tuple(row.values()) for row in getattr(delivered, table).values())
        assert delivered.clean[table] == found
    before = {key: row for key, row in delivered.leads.items() if "utm_term" not in row}
    expected = [tuple((row | {"utm_term": None})[name] for name in LEAD_COLUMNS) for row in before.values()]
    expected += [tuple(row.values()) for key, row in delivered.leads.items() if key not in before]
    assert delivered.clean["leads"] == sorted(expected, key=lambda row: row[0])
    versions = {tuple(row.values()) for row in delivered.versions}
    assert delivered.clean["company_versions"] == sorted(versions, key=lambda row: (row[0], row[-1]))


LEAD_COLUMNS = ("lead_id", "company_id", "email", "campaign", "utm_term", "status", "created_at", "updated_at")


@pytest.mark.long
def test_a_cut_file_is_missed_until_it_is_sent_again() -> None:
    company = Company()
    whole, cut = truth(company, 3), truth(company, 3, cut_short=frozenset({3}))
    assert whole["mart_monthly_sales"] != cut["mart_monthly_sales"]
    assert whole["mart_lead_conversion"] == cut["mart_lead_conversion"]
