"""What the silver tables must hold: the clean rows as dates, times, decimals and keys."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from lakesmith.simulate.company import Company
from lakesmith.simulate.world import Row, arrived, as_amount, as_date, as_key, blocks_of, delivered_companies, rows_of
from lakesmith.simulate.write import rows_before_cut


def _as_is(value: Any) -> Any:
    return value


def _time(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, tz=UTC)


def _key(letter: str) -> Callable[[int], str | None]:
    return lambda number: as_key(letter, number) if number else None


_COMPANY, _CUSTOMER, _PRODUCT, _ORDER, _LEAD = (_key(letter) for letter in "CUPOL")
_CLEANERS: Final[dict[str, tuple[Callable[[Any], Any], ...]]] = {
    "companies": (_COMPANY, _as_is, _as_is, _as_is, _as_is, _as_is, _as_is, _time),
    "customers": (_CUSTOMER, _COMPANY, _as_is, _as_is, _as_is, _as_is, as_date),
    "products": (_PRODUCT, _as_is, _as_is, as_amount, as_date),
    "orders": (_ORDER, _CUSTOMER, _PRODUCT, _time, _as_is, as_amount, _as_is, _as_is),
    "leads": (_LEAD, _COMPANY, _as_is, _as_is, _as_is, _as_is, _time, _time),
}


def clean_tables(company: Company, through: int, *, cut_short: frozenset[int] = frozenset()) -> dict[str, list[Row]]:
    """Return the clean rows as of day `through`, sorted by key, in the column order of the files.

    Foreign keys stay as delivered: None where the key was lost, and keys that exist nowhere from number 900,000,000 on.
    `leads` always has `utm_term`, None in rows that came before the column did. `company_versions` has every version of
    every company once; `companies` and `leads` have the newest.

    Args:
        company: Whose rows.
        through: The last day delivered, counted from 1.
        cut_short: Days of which the companies have arrived only up to the cut.
    """
    world = arrived(company, through, cut_short=cut_short)
    versions = {
        (row[0], row[-1]): row
        for day in range(1, through + 1)
        for row in delivered_companies(company, day, keep=rows_before_cut(company) if day in cut_short else None)
    }
    sold = [row for block in blocks_of(company, 1, "orders") for row in rows_of(block)]
    tables = {
        "companies": list(world.companies.values()),
        "customers": list(world.customers.values()),
        "products": list(world.products.values()),
        "leads": list(world.leads.values()),
        "orders": sold,
    }
    clean = {name: _clean(name, rows) for name, rows in tables.items()}
    return {**clean, "company_versions": _clean("companies", [versions[key] for key in sorted(versions)])}


def _clean(table: str, rows: list[Row]) -> list[Row]:
    cleaners = _CLEANERS[table]
    return [
        tuple(clean(value) for clean, value in zip(cleaners, row, strict=True)) for row in sorted(rows, key=_by_key)
    ]


def _by_key(row: Row) -> tuple[int, Any]:
    return row[0], row[-1]
