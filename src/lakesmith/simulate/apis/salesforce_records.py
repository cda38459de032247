"""Records of Salesforce as its APIs write them: JSON with moments at +0000 and doubles, CSV with texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.apis.salesforce_soql import Record, Soql, SoqlError
from lakesmith.simulate.apis.serving import Answer

MOST_WITHOUT_NAMES: Final = 200
_KINDS: Final = ((bool, "boolean"), (datetime, "datetime"), (date, "date"), (int, "int"), (Decimal, "currency"))
_WAYS: Final = {"FIELDS(STANDARD)", "FIELDS(ALL)", "FIELDS(CUSTOM)"}


def fields_of(records: Sequence[Record]) -> dict[str, Any]:
    """Return the fields of an object, each with a value that tells its kind (None where all are empty)."""
    found: dict[str, Any] = {}
    for record in records:
        for name, value in record.items():
            if found.get(name) is None:
                found[name] = value
    return found


def chosen(soql: Soql, records: Sequence[Record]) -> Soql:
    """Return a query with the names of its fields.

    Raises:
        SoqlError: If it asks for a field that is not there, or for unknown many of too many records.
    """
    known = fields_of(records)
    if soql.is_count or not known:
        return soql
    wanted: dict[str, None] = {}
    for field in soql.fields:
        way = field.upper()
        if way not in _WAYS and field not in known:
            raise SoqlError("INVALID_FIELD", f"No such column '{field}' on entity '{soql.object}'.")
        if way in _WAYS - {"FIELDS(STANDARD)"} and (soql.limit is None or soql.limit > MOST_WITHOUT_NAMES):
            raise SoqlError("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
        wanted |= dict.fromkeys(_group(way, known) if way in _WAYS else [field])
    return replace(soql, fields=tuple(wanted))


def _group(way: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if way == "FIELDS(ALL)" or name.endswith("__c") == (way == "FIELDS(CUSTOM)")]


def described(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the fields of an object as `describe` lists them."""
    return [
        {
            "name": name,
            "type": _kind(value),
            "custom": name.endswith("__c"),
            "nillable": name not in {"Id", "SystemModstamp"},
        }
        for name, value in fields_of(records).items()
    ]


def as_json(value: Any) -> Any:
    """Return a value as the REST API has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}+0000"
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def as_text(value: Any) -> str:
    """Return a value as Bulk API 2.0 writes it into CSV; nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return as_json(value).replace("+0000", "Z")  # type: ignore[no-any-return]
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(as_json(value))


def _kind(value: Any) -> str:
    if value is None or isinstance(value, str):
        return "string"
    return next(name for kind, name in _KINDS if isinstance(value, kind))


def refusal(status: int, code: str, message: str) -> Answer:
    """Return an error as Salesforce writes it: in a list."""
    return Answer.json([{"message": message, "errorCode": code}], status)
