"""A Google Ads account: `googleAds:search` of the REST interface, v25, the newest version known."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from lakesmith.simulate.apis.book import AdBook
from lakesmith.simulate.apis.faults import PAGES, WORDS, Fault
from lakesmith.simulate.apis.gaql import parse
from lakesmith.simulate.apis.google import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN_PATH, Accounts, error
from lakesmith.simulate.apis.google_ads_rows import camel, result, rows
from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Answer, Asked

VERSION: Final = "v25"
DEVELOPER_TOKEN: Final = "developer-token-of-the-demo"  # noqa: S105 - made up, for a server on this machine
_SCOPE: Final = "https://www.googleapis.com/auth/adwords"
_ROUTE: Final = re.compile(r"/(v\d+)/customers/([\d-]+)/googleAds:search")
_PAGE_SIZE: Final = 10_000
_FAILURE: Final = f"type.googleapis.com/google.ads.googleads.{VERSION}.errors.GoogleAdsFailure"


class GoogleAds:
    """One account; with `manager_id` it is reached through that manager account only. Sums are 64-bit integers, sent as text."""

    faults: ClassVar[frozenset[str]] = WORDS | PAGES - {"rows_move"}

    def __init__(self, book: AdBook, *, manager_id: str = "", page_size: int = _PAGE_SIZE) -> None:
        self.accounts = Accounts(_SCOPE)
        self._book, self._manager, self._size = book, manager_id, page_size

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: google_ads` needs to read this account."""
        return {
            "customer_id": self._book.account_id,
            "developer_token": DEVELOPER_TOKEN,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "base_url": url,
            "token_url": url + TOKEN_PATH,
        } | ({"login_customer_id": self._manager} if self._manager else {})

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path == TOKEN_PATH:
            return self.accounts.token(asked)
        route = _ROUTE.fullmatch(asked.path)
        if route is None:
            return Answer(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", {"Content-Type": "text/html"})
        refused = self.accounts.refused(asked) or self._caller_fault(asked, *route.groups()) or _fault(asked)
        return refused or self._search(asked)

    def _caller_fault(self, asked: Asked, version: str, customer: str) -> Answer | None:
        if version != VERSION or asked.is_spoilt("retired"):
            text = f"Version {version} is deprecated. Requests to this version will be blocked."
            return _failure(400, "requestError", "UNSUPPORTED_VERSION", text)
        token = asked.headers.get("developer-token", "")
        if not token:
            text = "The developer token was not in the header of the request."
            return _failure(401, "authenticationError", "DEVELOPER_TOKEN_PARAMETER_MISSING", text)
        if token != DEVELOPER_TOKEN:
            return _failure(401, "authenticationError", "DEVELOPER_TOKEN_INVALID", "The developer token is not valid.")
        login = asked.headers.get("login-customer-id", "")
        if customer != self._book.account_id or login not in (self._manager, customer) or (self._manager and not login):
            text = "User doesn't have permission to access customer. Note: If you're accessing a client customer, the "
            text += "manager's customer id must be set in the 'login-customer-id' header."
            return _failure(403, "authorizationError", "USER_PERMISSION_DENIED", text)
        return None

    def _search(self, asked: Asked) -> Answer:
        body = asked.json()
        if "pageSize" in body:
            return _failure(400, "requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported.")
        try:
            query = parse(body.get("query", ""))
            start = _start(body.get("pageToken", ""), body["query"])
        except ValueError:
            return _failure(400, "queryError", "UNEXPECTED_INPUT", "Error in query: unexpected input.")
        found = [row for row in rows(self._book, query) if set(row) >= query.named()]
        if not found and any(True for _ in rows(self._book, query)):
            return _failure(400, "queryError", "UNRECOGNIZED_FIELD", "Error in query: unrecognized field.")
        kept = sorted(
            (row for row in found if query.holds(row)), key=lambda row: [str(row[name]) for name in query.order]
        )
        part = page(kept, start, self._size, asked)
        said: dict[str, Any] = {"fieldMask": ",".join(camel(name) for name in query.fields)}
        if part.rows:
            said["results"] = [result(row, query) for row in part.rows]
        if part.next is not None:
            said["nextPageToken"] = _page_token(part.next, body["query"], is_again=asked.is_spoilt("empty_page"))
        if body.get("searchSettings", {}).get("returnTotalResultsCount"):
            said["totalResultsCount"] = str(part.total)
        return Answer.json(said | {"queryResourceConsumption": "104"})


def _page_token(start: int, query: str, *, is_again: bool) -> str:
    """Return a word for a place; behind an empty page the same place has another word."""
    return base64.urlsafe_b64encode(f"{start}{'.' * is_again}|{query}".encode()).decode()


def _start(token: str, query: str) -> int:
    """Return where the page begins that a token stands for; a token is good for its own query only."""
    if not token:
        return 0
    start, _, of_query = base64.urlsafe_b64decode(token).decode().partition("|")
    if of_query != query:
        raise ValueError("the token of another query")
    return int(start.rstrip("."))


def _fault(asked: Asked) -> Answer | None:
    if asked.fault is None:
        return None
    if asked.fault.kind == "throttled":
        return _throttled(asked.fault)
    if asked.fault.kind == "permission_missing":
        text = "The developer does not have access to the metrics queried."
        return _failure(403, "authorizationError", "METRIC_ACCESS_DENIED", text)
    if asked.fault.kind == "error_body":
        said = {"code": 500, "message": "Internal error encountered.", "status": "INTERNAL"}
        return Answer.json({"error": said})
    return None


def _throttled(fault: Fault) -> Answer:
    """Say that there were too many requests, and in the body how long to wait, if anybody knows."""
    text, details = "Too many requests.", None
    if isinstance(fault.retry_after, int):
        scope = {"rateScope": "DEVELOPER", "rateName": "Requests per second", "retryDelay": f"{fault.retry_after}s"}
        text, details = f"Too many requests. Retry in {fault.retry_after} seconds.", {"quotaErrorDetails": scope}
    return _failure(429, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", text, details, **fault.headers())


def _failure(
    code: int, kind: str, name: str, text: str, details: Mapping[str, Any] | None = None, **headers: str
) -> Answer:
    fault: dict[str, Any] = {"errorCode": {kind: name}, "message": text}
    if details:
        fault["details"] = details
    messages = {
        400: "Request contains an invalid argument.",
        401: "Request had invalid authentication credentials.",
        403: "The caller does not have permission",
        429: "Resource has been exhausted (e.g. check quota).",
    }
    return error(code, messages[code], {"@type": _FAILURE, "errors": [fault], "requestId": "demo-request"}, **headers)
