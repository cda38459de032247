"""Shopify's REST Admin API as it answers (2026-10): orders, customers and products, pages by the header Link."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from lakesmith.simulate.apis.book import Records
from lakesmith.simulate.apis.faults import PAGES, REPORTS, WORDS
from lakesmith.simulate.apis.key_paging import key_page, word_of
from lakesmith.simulate.apis.serving import Answer, Asked
from lakesmith.simulate.apis.shopify_bulk import PATH, Bulk
from lakesmith.simulate.apis.tokens import Tokens

VERSION: Final = "2026-10"
NEXT_VERSION: Final = "2027-01"
TOKEN: Final = "shpat_token_of_an_app"  # noqa: S105 - a token of nobody
CLIENT_ID: Final = "client-of-an-app"
CLIENT_SECRET: Final = "shpss_secret_of_an_app"  # noqa: S105
MOST_ROWS: Final = 250
KINDS: Final = ("orders", "customers", "products")
_WITH_A_PAGE: Final = frozenset({"page_info", "limit", "fields"})
_BOUNDS: Final = ("updated_at_min", "updated_at_max", "created_at_min", "created_at_max")


class Shopify:
    """One shop. Records are `orders`, `customers` and `products` by the names of their fields, `id` a number, amounts as `Decimal`.

    A token is either that of an app made before 2026, which does not end, or one of a day, from client id and secret. A version that
    is gone is answered by the oldest one that is not; the header `X-Shopify-API-Version` says which. The way on goes by what the last
    record was, so that records which come or go meanwhile move no other.
    """

    faults = WORDS | (PAGES - {"total_changes", "rows_move"}) | REPORTS

    def __init__(self, records: Records, *, token: str = TOKEN) -> None:
        self.records, self.tokens, self._bulk = records, Tokens(token), Bulk()

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: shopify` needs to read this shop."""
        address = {"base_url": f"{url}/admin/api/{VERSION}", "token_url": f"{url}/admin/oauth/access_token"}
        return {"shop": "sample", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | address

    def answer(self, asked: Asked) -> Answer:
        """Return what the Admin API says."""
        if asked.path == "/admin/oauth/access_token":
            return self._granted(asked)
        if asked.path.startswith(PATH):
            return self._bulk.fetched(asked)
        kind = asked.fault.kind if asked.fault is not None else ""
        words = asked.path.removeprefix("/admin/api/").removesuffix(".json").split("/")
        name = words[1] if len(words) > 1 else ""
        if kind in _REFUSALS and (name, kind) != ("graphql", "throttled"):
            return _REFUSALS[kind](self, asked, name)
        if not self.tokens.is_good(asked.headers.get("x-shopify-access-token", "")):
            return _wrong_token()
        if name == "graphql":
            return self._bulk.answer(asked, {each: self.records.records(each) for each in KINDS})
        return self._resource(words, asked)

    def _resource(self, words: Sequence[str], asked: Asked) -> Answer:
        name = words[1] if len(words) > 1 else ""
        if name not in KINDS or asked.method != "GET":
            return Answer.json({"errors": "Not Found"}, 404)
        version = NEXT_VERSION if asked.is_spoilt("retired") or words[0] != VERSION else VERSION
        said = self._counted(name, asked) if words[2:] == ["count"] else self._listed(name, asked)
        told = {"X-Shopify-API-Version": version, "X-Shopify-Shop-Api-Call-Limit": "3/40"}
        return Answer(said.status, said.body, {**said.headers, **told})

    def _granted(self, asked: Asked) -> Answer:
        form = asked.form() if asked.body[:1] != b"{" else asked.json()
        is_right = form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET
        if not is_right or form.get("grant_type") != "client_credentials" or self.tokens.is_revoked:
            said = "The client id or secret is wrong, or the app is not installed."
            return Answer.json({"error": "application_cannot_be_found", "error_description": said}, 400)
        scopes = "read_customers,read_orders,read_all_orders,read_products"
        return Answer.json({"access_token": self.tokens.issue(), "scope": scopes, "expires_in": 86_399})

    def _listed(self, name: str, asked: Asked) -> Answer:
        query, word = dict(asked.query), ""
        if "page_info" in query:
            if set(query) - _WITH_A_PAGE:
                first = min(set(query) - _WITH_A_PAGE)
                return Answer.json({"errors": {first: f"{first} cannot be passed when page_info is present."}}, 400)
            query, word = json.loads(base64.urlsafe_b64decode(query["page_info"]))
        size = min(int(asked.query.get("limit", query.get("limit", "50"))), MOST_ROWS)
        rows = self._chosen(name, query)
        by = query.get("order", "id").partition(" ")[0]
        listed = key_page(rows, [[str(_shown(row[by])), row["id"]] for row in rows], word, size, asked)
        links = []
        for rel, at in (("previous", word or None), ("next", listed.next)):
            if at is not None:
                way = urlencode({"limit": size, "page_info": word_of([query, at])})
                links.append(f'<{asked.host}{asked.path}?{way}>; rel="{rel}"')
        said = Answer.json({name: [_shown(row) for row in listed.rows]})
        return Answer(200, said.body, {**said.headers, **({"Link": ", ".join(links)} if links else {})})

    def _counted(self, name: str, asked: Asked) -> Answer:
        return Answer.json({"count": len(self._chosen(name, asked.query))})

    def _chosen(self, name: str, query: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Return the records of a list; of orders the open ones only, where nobody asks for `any`."""
        rows = [row for row in self.records.records(name) if name != "orders" or _has_status(row, query.get("status"))]
        for bound in _BOUNDS:
            if bound in query:
                field, edge = bound[:-4], datetime.fromisoformat(query[bound])
                rows = [row for row in rows if (row[field] >= edge if bound.endswith("min") else row[field] <= edge)]
        if "since_id" in query:
            rows = [row for row in rows if row["id"] > int(query["since_id"])]
        by, _, way = query.get("order", "id asc").partition(" ")
        return sorted(rows, key=lambda row: (row[by], row["id"]), reverse=way.lower() == "desc")

    def _throttled(self, asked: Asked, _name: str) -> Answer:
        said = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
        headers = {"X-Shopify-Shop-Api-Call-Limit": "40/40"}
        if asked.fault is not None and isinstance(asked.fault.retry_after, int):
            headers["Retry-After"] = f"{asked.fault.retry_after}.0"
        elif asked.fault is not None:
            headers |= asked.fault.headers()
        answer = Answer.json({"errors": said}, 429)
        return Answer(429, answer.body, {**answer.headers, **headers})

    def _expired(self, _asked: Asked, _name: str) -> Answer:
        self.tokens.expire()
        return _wrong_token()

    def _revoked(self, _asked: Asked, _name: str) -> Answer:
        self.tokens.revoke()
        return _wrong_token()

    def _forbidden(self, _asked: Asked, name: str) -> Answer:
        return Answer.json({"errors": f"[API] This action requires merchant approval for read_{name} scope."}, 403)

    def _swallowed(self, _asked: Asked, _name: str) -> Answer:
        return Answer.json({"errors": "Internal error. Looks like something went wrong on our end."})


_REFUSALS: Final[Mapping[str, Callable[[Shopify, Asked, str], Answer]]] = {
    "throttled": Shopify._throttled,  # noqa: SLF001 - a table of its own methods
    "token_expired": Shopify._expired,  # noqa: SLF001
    "token_revoked": Shopify._revoked,  # noqa: SLF001
    "permission_missing": Shopify._forbidden,  # noqa: SLF001
    "error_body": Shopify._swallowed,  # noqa: SLF001
}


def _wrong_token() -> Answer:
    said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return Answer.json({"errors": said}, 401)


def _has_status(order: Mapping[str, Any], wanted: str | None) -> bool:
    state = "cancelled" if order.get("cancelled_at") else "closed" if order.get("closed_at") else "open"
    return wanted == "any" or state == (wanted or "open")


def _shown(value: Any) -> Any:
    """Return a value as JSON has it there: amounts as texts, moments with the offset of the shop."""
    if isinstance(value, Mapping):
        return {name: _shown(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value
