"""A Google Analytics 4 property: the Data API's `runReport`, v1beta, as known in 2026."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

from lakesmith.simulate.apis.book import Records
from lakesmith.simulate.apis.faults import PAGES, WORDS
from lakesmith.simulate.apis.google import TOKEN_PATH, Accounts, error, service_account
from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Answer, Asked

SCOPE: Final = "https://www.googleapis.com/auth/analytics.readonly"
_ROUTE: Final = re.compile(r"/v1beta/properties/(\d+):runReport")
_USUAL, _MOST = 10_000, 250_000
_TYPES: Final[Mapping[type, str]] = {int: "TYPE_INTEGER", float: "TYPE_FLOAT", Decimal: "TYPE_CURRENCY"}
_OTHER: Final = "(other)"


class Ga4:
    """One property.

    Its records are of two kinds, `sessions` and `events` (asked for if a dimension is `eventName`). Each holds dimensions and
    metrics by their API names: text for dimensions, `date` as a date, numbers for metrics. A report adds up what it groups.

    Attributes:
        other_beyond: So many rows a day are told apart, by their first metric; the rest are one row `(other)`. None: all are.
        sampled: (samples read, of how many) that every answer is marked with, or None.
    """

    faults: ClassVar[frozenset[str]] = WORDS | PAGES - {"cursor_loop"}

    def __init__(
        self,
        records: Records,
        *,
        property_id: str = "123456789",
        other_beyond: int | None = None,
        sampled: tuple[int, int] | None = None,
    ) -> None:
        self.accounts = Accounts(SCOPE)
        self.other_beyond, self.sampled = other_beyond, sampled
        self._records, self._property, self._used = records, property_id, 0

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: ga4` needs to read this property."""
        return {"property_id": self._property, "service_account": json.dumps(service_account(url)), "base_url": url}

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path == TOKEN_PATH:
            return self.accounts.token(asked)
        route = _ROUTE.fullmatch(asked.path)
        if route is None or asked.is_spoilt("retired"):
            return Answer(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", {"Content-Type": "text/html"})
        return self.accounts.refused(asked) or self._refusal(asked, route[1]) or self._report(asked)

    def _refusal(self, asked: Asked, property_id: str) -> Answer | None:
        if asked.fault is not None and asked.is_spoilt("throttled"):
            text = "Exhausted property tokens for a project per hour. These quota tokens will return in under an hour."
            return error(429, text, **asked.fault.headers())
        if property_id != self._property or asked.is_spoilt("permission_missing"):
            return error(403, "User does not have sufficient permissions for this property.")
        if asked.is_spoilt("error_body"):
            said = {"code": 500, "message": "An internal error has occurred. Please retry.", "status": "INTERNAL"}
            return Answer.json({"error": said})
        return None

    def _report(self, asked: Asked) -> Answer:
        body = asked.json()
        names = [dimension["name"] for dimension in body.get("dimensions", [])]
        metrics = [metric["name"] for metric in body.get("metrics", [])]
        limit, offset = int(body.get("limit", _USUAL)), int(body.get("offset", 0))
        if not body.get("dateRanges") or not metrics or limit < 1 or offset < 0:
            return error(400, "The request is missing dateRanges or metrics, or its limit or offset is out of range.")
        since, until = (date.fromisoformat(body["dateRanges"][0][name]) for name in ("startDate", "endDate"))
        found = self._found("events" if "eventName" in names else "sessions", since, until)
        for name in [*names, *metrics]:
            if found and name not in found[0]:
                return error(400, f"Field {name} is not a valid dimension or metric.")
        rows, is_lossy = _rolled(_grouped(found, names, metrics), names, self.other_beyond)
        self._used += 10
        part = page(rows, offset, min(limit, _MOST), asked)
        types = {name: _TYPES[type(found[0][name])] if found else "TYPE_INTEGER" for name in metrics}
        said: dict[str, Any] = {
            "dimensionHeaders": [{"name": name} for name in names],
            "metricHeaders": [{"name": name, "type": kind} for name, kind in types.items()],
            "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Berlin"},
            "kind": "analyticsData#runReport",
        }
        if part.rows:
            said["rows"] = [_row(*row) for row in part.rows]
        if part.total:
            said["rowCount"] = part.total
        if is_lossy:
            said["metadata"]["dataLossFromOtherRow"] = True
        if self.sampled:
            read, size = self.sampled
            said["metadata"]["samplingMetadatas"] = [{"samplesReadCount": str(read), "samplingSpaceSize": str(size)}]
        if body.get("returnPropertyQuota"):
            said["propertyQuota"] = {"tokensPerHour": {"consumed": 10, "remaining": 40_000 - self._used}}
        return Answer.json(said)

    def _found(self, kind: str, since: date, until: date) -> list[Mapping[str, Any]]:
        return [record for record in self._records.records(kind) if since <= record["date"] <= until]


_Row = tuple[tuple[str, ...], list[Any]]


def _grouped(found: Sequence[Mapping[str, Any]], names: Sequence[str], metrics: Sequence[str]) -> list[_Row]:
    groups: dict[tuple[str, ...], list[Any]] = {}
    for record in found:
        spelled = tuple(
            f"{record[name]:%Y%m%d}" if isinstance(record[name], date) else str(record[name]) for name in names
        )
        values = [record[name] for name in metrics]
        held = groups.get(spelled)
        groups[spelled] = values if held is None else [one + more for one, more in zip(held, values, strict=True)]
    return sorted(groups.items())


def _rolled(rows: list[_Row], names: Sequence[str], beyond: int | None) -> tuple[list[_Row], bool]:
    """Return the rows with the small ones of each day in one row `(other)`, and whether there are such."""
    if beyond is None or "date" not in names:
        return rows, False
    place = names.index("date")
    days: dict[str, list[_Row]] = {}
    for row in rows:
        days.setdefault(row[0][place], []).append(row)
    kept: list[_Row] = []
    for day, of_day in days.items():
        ordered = sorted(of_day, key=lambda row: row[1][0], reverse=True)
        kept += ordered[:beyond]
        if ordered[beyond:]:
            sums = [sum(values) for values in zip(*(row[1] for row in ordered[beyond:]), strict=True)]
            kept.append((tuple(day if at == place else _OTHER for at in range(len(names))), sums))
    return sorted(kept), any(len(of_day) > beyond for of_day in days.values())


def _row(dimensions: Sequence[str], metrics: Sequence[Any]) -> dict[str, Any]:
    return {
        "dimensionValues": [{"value": value} for value in dimensions],
        "metricValues": [{"value": str(value)} for value in metrics],
    }
