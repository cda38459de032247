"""What HubSpot's search means by its filters and its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any


def fits(record: Mapping[str, Any], filters: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a record fits all filters of a group."""
    return all(_holds(record.get(one["propertyName"]), one["operator"], one) for one in filters)


def _holds(value: Any, operator: str, wanted: Mapping[str, Any]) -> bool:
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return (value is not None) == (operator == "HAS_PROPERTY")
    if value is None:
        return False
    has = order_of(value)
    low = order_of(_read(wanted["value"], value))
    if operator == "BETWEEN":
        return low <= has <= order_of(_read(wanted["highValue"], value))
    return {"EQ": has == low, "GT": has > low, "GTE": has >= low, "LT": has < low, "LTE": has <= low}[operator]


def _read(text: Any, like: Any) -> Any:
    """Return a value of a filter as the kind that it is compared with; moments are milliseconds, or ISO texts."""
    if isinstance(like, datetime):
        return datetime.fromtimestamp(int(text) / 1000, UTC) if str(text).isdigit() else datetime.fromisoformat(text)
    return text


def order_of(value: Any) -> tuple[int, Any]:
    """Return what records are ordered by: nothing first, then numbers, then moments and texts."""
    if value is None:
        return (0, 0)
    if isinstance(value, datetime):
        return (2, value.timestamp())
    try:
        return (1, Decimal(str(value)))
    except InvalidOperation:
        return (3, str(value))
