"""HubSpot's CRM as it answers (objects v3, and the same under the dated paths of 2026-03): lists, archived records and search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

from lakesmith.simulate.apis.book import Records
from lakesmith.simulate.apis.faults import PAGES, WORDS
from lakesmith.simulate.apis.hubspot_filters import fits, order_of
from lakesmith.simulate.apis.key_paging import key_page
from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Answer, Asked
from lakesmith.simulate.apis.tokens import Tokens

TOKEN: Final = "pat-eu1-token-of-a-private-app"  # noqa: S105 - a token of nobody
REFRESH_TOKEN: Final = "refresh-token-of-an-app"  # noqa: S105
CLIENT_SECRET: Final = "secret-of-an-app"  # noqa: S105
MOST_LISTED: Final = 100
MOST_SEARCHED: Final = 200
SEARCH_ENDS_AT: Final = 10_000
ARCHIVED: Final = "archived"
MODIFIED: Final = {"contacts": "lastmodifieddate"}
_ID, _CREATED = "hs_object_id", "createdate"
_OWN: Final = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("domain", "name"),
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
}


class HubSpot:
    """One account. Records are `contacts`, `companies` and `deals`, by the names of their properties.

    Each has `hs_object_id`, `createdate`, `lastmodifieddate` (contacts) or `hs_lastmodifieddate` (the others); `archived` where it is.

    `total_changes` is what a search says; lists of objects have no total. The way on goes by the last record's id, so that records
    which come or go meanwhile move no other.
    """

    faults = WORDS | (PAGES - {"rows_move"})

    def __init__(self, records: Records, *, token: str = TOKEN, search_ends_at: int = SEARCH_ENDS_AT) -> None:
        self.records, self.tokens, self._end = records, Tokens(token), search_ends_at

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: hubspot` needs to read this account."""
        return {"token": TOKEN, "base_url": url}

    def answer(self, asked: Asked) -> Answer:
        """Return what the API says."""
        if asked.path in {"/oauth/v1/token", "/oauth/v3/token"}:
            return self._renewed(asked)
        kind = asked.fault.kind if asked.fault is not None else ""
        name, way = _named(asked.path)
        if kind in _REFUSALS:
            return _REFUSALS[kind](self, asked, name)
        if not self.tokens.is_good(asked.bearer()):
            return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        if name not in _OWN:
            return _error(404, "OBJECT_NOT_FOUND", "Unable to infer object type from: " + name)
        return self._searched(name, asked) if way == "search" else self._listed(name, asked)

    def _renewed(self, asked: Asked) -> Answer:
        form = asked.form()
        if self.tokens.is_revoked or form.get("refresh_token") != REFRESH_TOKEN:
            return Answer.json({"status": "BAD_REFRESH_TOKEN", "message": "missing or unknown refresh token"}, 400)
        if form.get("client_secret") != CLIENT_SECRET:
            return Answer.json({"status": "BAD_CLIENT_SECRET", "message": "missing or invalid client secret"}, 400)
        token = {"token_type": "bearer", "access_token": self.tokens.issue(), "expires_in": 1800}
        return Answer.json(token | {"refresh_token": REFRESH_TOKEN})

    def _listed(self, name: str, asked: Asked) -> Answer:
        size = int(asked.query.get("limit", "10"))
        if size > MOST_LISTED:
            return _error(400, "VALIDATION_ERROR", f"Invalid input: limit must be at most {MOST_LISTED}")
        is_archived = asked.query.get(ARCHIVED) == "true"
        rows = [record for record in self.records.records(name) if bool(record.get(ARCHIVED)) == is_archived]
        keys = [int(record[_ID]) for record in rows]
        listed = key_page(rows, keys, asked.query.get("after", ""), size, asked)
        wanted = [word for word in asked.query.get("properties", "").split(",") if word]
        body: dict[str, Any] = {"results": [_shown(name, record, wanted) for record in listed.rows]}
        if listed.next is not None:
            link = f"{asked.host}{asked.path}?limit={size}&after={listed.next}"
            body["paging"] = {"next": {"after": listed.next, "link": link}}
        return Answer.json(body, x_hubspot_ratelimit_max="190", x_hubspot_ratelimit_remaining="180")

    def _searched(self, name: str, asked: Asked) -> Answer:
        wanted = asked.json()
        size, start = int(wanted.get("limit", 10)), int(wanted.get("after") or 0)
        if size > MOST_SEARCHED:
            return _error(400, "VALIDATION_ERROR", f"Invalid input: limit must be at most {MOST_SEARCHED}")
        if start and start + size > self._end:
            return _error(400, "VALIDATION_ERROR", f"Paging through results past {self._end} is not supported")
        groups = wanted.get("filterGroups", [])
        rows = [
            record
            for record in self.records.records(name)
            if not record.get(ARCHIVED) and (not groups or any(fits(record, group["filters"]) for group in groups))
        ]
        for sort in reversed(wanted.get("sorts", [])):
            by, is_down = sort["propertyName"], sort.get("direction") == "DESCENDING"
            rows = sorted(rows, key=partial(_order_by, by), reverse=is_down)
        listed = page(rows, start, size, asked)
        results = [_shown(name, record, wanted.get("properties", [])) for record in listed.rows]
        body: dict[str, Any] = {"total": listed.total, "results": results}
        if listed.next is not None:
            body["paging"] = {"next": {"after": str(listed.next)}}
        return Answer.json(body)

    def _throttled(self, asked: Asked, _name: str) -> Answer:
        policy = "SECONDLY" if asked.path.endswith("search") else "TEN_SECONDLY_ROLLING"
        said = {
            "status": "error",
            "message": f"You have reached your {policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
        }
        answer = Answer.json(said | {"correlationId": _CORRELATION, "policyName": policy}, 429)
        headers = asked.fault.headers() if asked.fault is not None else {}
        return Answer(429, answer.body, {**answer.headers, **headers})

    def _expired(self, _asked: Asked, _name: str) -> Answer:
        self.tokens.expire()
        said = "The OAuth token used to make this call expired 12 second(s) ago."
        return _error(401, "EXPIRED_AUTHENTICATION", said)

    def _revoked(self, _asked: Asked, _name: str) -> Answer:
        self.tokens.revoke()
        return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")

    def _forbidden(self, _asked: Asked, name: str) -> Answer:
        said = "This app hasn't been granted all required scopes to make this call."
        scopes = {"requiredGranularScopes": [f"crm.objects.{name}.read"]}
        errors = [{"message": "One or more of the following scopes are required.", "context": scopes}]
        return _error(403, "MISSING_SCOPES", said, errors=errors)

    def _retired(self, _asked: Asked, _name: str) -> Answer:
        return _error(410, "DEPRECATED", "This API version is no longer available.")

    def _swallowed(self, _asked: Asked, _name: str) -> Answer:
        said = _error(500, "INTERNAL_ERROR", "internal error")
        return Answer(200, said.body, said.headers)


_REFUSALS: Final[Mapping[str, Callable[[HubSpot, Asked, str], Answer]]] = {
    "throttled": HubSpot._throttled,  # noqa: SLF001 - a table of its own methods
    "token_expired": HubSpot._expired,  # noqa: SLF001
    "token_revoked": HubSpot._revoked,  # noqa: SLF001
    "permission_missing": HubSpot._forbidden,  # noqa: SLF001
    "retired": HubSpot._retired,  # noqa: SLF001
    "error_body": HubSpot._swallowed,  # noqa: SLF001
}
_CORRELATION: Final = "6f1c1a0e-0000-4000-8000-000000000001"


def _named(path: str) -> tuple[str, str]:
    """Return the kind of object and what is wanted of it: `/crm/v3/objects/deals/search`, `/crm/objects/2026-03/deals`."""
    words = path.strip("/").split("/")
    if len(words) < 4 or words[0] != "crm" or "objects" not in words[1:3]:  # noqa: PLR2004 - the parts of a path
        return "", ""
    return words[3], words[4] if len(words) > 4 else ""  # noqa: PLR2004


def _shown(name: str, record: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    """Return a record as HubSpot shows it: properties are texts, those nobody asked for stay away."""
    modified = MODIFIED.get(name, "hs_lastmodifieddate")
    shown = dict.fromkeys([*(wanted or _OWN[name]), _CREATED, modified, _ID])
    said: dict[str, Any] = {
        "id": str(record[_ID]),
        "properties": {field: _text(record.get(field)) for field in shown},
        "createdAt": _text(record[_CREATED]),
        "updatedAt": _text(record[modified]),
        ARCHIVED: bool(record.get(ARCHIVED)),
    }
    return said | {"archivedAt": _text(record[modified])} if record.get(ARCHIVED) else said


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _order_by(name: str, record: Mapping[str, Any]) -> tuple[int, Any]:
    return order_of(record.get(name))


def _error(status: int, category: str, message: str, **more: Any) -> Answer:
    said = {"status": "error", "message": message, "correlationId": _CORRELATION, "category": category}
    return Answer.json(said | more, status)
