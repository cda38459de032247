"""An independent reader of the company's files: it knows the contract, and nothing of the code that writes them."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
COMBINED = re.compile(
    r"(?P<ip>[\d.]+) - - \[(?P<day>\d\d)/(?P<month>\w{3})/(?P<year>\d{4}):(?P<time>[\d:]{8}) \+0000\] "
    r'"(?P<method>[A-Z]+) (?P<path>[^ ?"]+)(?:\?(?P<query>[^ "]*))? HTTP/1\.1" (?P<status>\d{3}) (?P<bytes>\d+|-) '
    r'"(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"'
)


def read_optional(text: str) -> str | None:
    return None if text in {"", "NULL", "n/a", "-"} else text


def read_key(text: str) -> str | None:
    return text.strip().upper().replace("-", "") or None


def read_date(text: str) -> date:
    if m := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", text):
        return date(int(m[1]), int(m[2]), int(m[3]))
    if m := re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text):
        return date(int(m[3]), int(m[2]), int(m[1]))
    if m := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text):
        return date(int(m[3]), int(m[1]), int(m[2]))
    m = re.fullmatch(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4})", text)
    assert m, text
    return date(int(m[3]), MONTHS[m[1]], int(m[2]))


def read_time(text: str) -> datetime:
    if re.fullmatch(r"\d{5,10}", text):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text))
    match = re.fullmatch(r"([\d./-]{10})[T ](\d\d:\d\d)(?::00Z?)?(?: ([AP]M))?", text)
    assert match, text
    day, clock, half = match.groups()
    hour, minute = int(clock[:2]), int(clock[3:])
    if half:
        assert 1 <= hour <= 12
        hour = hour % 12 + (12 if half == "PM" else 0)
    on = read_date(day)
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC)


def read_money(text: str) -> Decimal:
    digits = re.sub(r"[^\d.,]", "", text)
    assert digits[-3] in ".,", text
    return Decimal(re.sub(r"[.,]", "", digits)).scaleb(-2)


def read_revenue(text: str) -> int:
    number = Decimal(re.sub(r"[^\d.]", "", text))
    unit = text[-1] if not text.endswith("million") else "m"
    return int(number * {"M": 1_000_000, "m": 1_000_000, "K": 1_000}.get(unit, 1))


def read_count(text: str) -> int:
    return int(re.sub(r"[^\d]", "", text))


READERS: dict[str, Any] = {
    **dict.fromkeys(("company_id", "customer_id", "product_id", "order_id", "lead_id"), read_key),
    **dict.fromkeys(("name", "first_name", "last_name"), str.strip),
    **dict.fromkeys(("industry", "country", "website", "phone", "campaign", "utm_term"), read_optional),
    **dict.fromkeys(("updated_at", "created_at", "ordered_at"), read_time),
    **dict.fromkeys(("signed_up_on", "launched_on"), read_date),
    **dict.fromkeys(("employees", "quantity", "discount_pct"), read_count),
    "annual_revenue": read_revenue,
    "unit_price": read_money,
    "email": str.lower,
}


def raw_rows(path: Path) -> tuple[list[str], list[list[str]], int]:
    """Return header, intact rows and the number of broken ones."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    intact = [row for row in rows if len(row) == len(header)]
    return header, intact, len(rows) - len(intact)


def read_csv(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the intact rows with the dirt undone."""
    header, rows, _ = raw_rows(path)
    for row in rows:
        yield {name: READERS.get(name, str)(text) for name, text in zip(header, row, strict=True)}


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the requests of the lines that are in the combined format."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if m := COMBINED.fullmatch(line):
            parameters = dict(pair.split("=", 1) for pair in (m["query"] or "").split("&") if pair)
            campaign = parameters.get("utm_campaign", "(none)").lower()
            on = date(int(m["year"]), MONTHS[m["month"]], int(m["day"]))
            yield {**m.groupdict(), "on": on, "campaign": campaign, "page": m["path"].rstrip("/") or "/"}


@pytest.fixture(scope="session")
def reader() -> SimpleNamespace:
    return SimpleNamespace(
        key=read_key,
        date=read_date,
        time=read_time,
        money=read_money,
        revenue=read_revenue,
        count=read_count,
        raw_rows=raw_rows,
        csv=read_csv,
        log=read_log,
    )
