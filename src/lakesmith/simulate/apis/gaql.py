"""As much of the Google Ads Query Language as reports use: fields, a resource, conditions joined by AND, an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_QUERY: Final = re.compile(
    r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<resource>\w+)(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+ORDER BY\s+(?P<order>[\w., ]+?))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION: Final = re.compile(
    r"(?P<field>[\w.]+)\s*(?:(?P<sign>=|!=|>=|<=)\s*'(?P<value>[^']*)'|BETWEEN\s+'(?P<low>[^']*)'\s+AND\s+'(?P<high>[^']*)')",
    re.IGNORECASE,
)
_SIGNS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": str.__eq__,
    "!=": str.__ne__,
    ">=": str.__ge__,
    "<=": str.__le__,
}


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks for: fields in its spelling (`metrics.cost_micros`), the resource, and (field, sign, value) to hold."""

    fields: tuple[str, ...]
    resource: str
    conditions: tuple[tuple[str, str, str], ...]
    order: tuple[str, ...]

    def named(self) -> set[str]:
        """Return every field that the query names."""
        return {*self.fields, *(field for field, _, _ in self.conditions), *self.order}

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row, values by field, fits all conditions."""
        return all(_SIGNS[sign](str(row[field]), value) for field, sign, value in self.conditions)

    def bounds(self, field: str) -> tuple[str, str]:
        """Return the lowest and highest value that a field may have, empty where it may have any."""
        low = [value for name, sign, value in self.conditions if name == field and sign in (">=", "=")]
        high = [value for name, sign, value in self.conditions if name == field and sign in ("<=", "=")]
        return max(low, default=""), min(high, default="")


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        ValueError: If it is not of the grammar.
    """
    found = _QUERY.fullmatch(text)
    if found is None:
        raise ValueError("not a query")
    conditions: list[tuple[str, str, str]] = []
    rest = found["where"] or ""
    while rest:
        condition = _CONDITION.match(rest)
        if condition is None:
            raise ValueError("not a condition")
        if condition["sign"]:
            conditions.append((condition["field"], condition["sign"], condition["value"]))
        else:
            conditions += [(condition["field"], ">=", condition["low"]), (condition["field"], "<=", condition["high"])]
        rest = re.sub(r"^\s*AND\s+", "", rest[condition.end() :], flags=re.IGNORECASE).strip()
    order = tuple(part.split()[0] for part in (found["order"] or "").split(",") if part.strip())
    fields = tuple(part.strip() for part in found["fields"].split(",") if part.strip())
    return Query(fields, found["resource"], tuple(conditions), order)
