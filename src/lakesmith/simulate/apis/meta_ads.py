"""Meta's Marketing API as it answers (v26.0 of July 2026): campaigns, ad sets and insights, the latter also as reports that take time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from lakesmith.simulate.apis.book import AdBook
from lakesmith.simulate.apis.faults import PAGES, REPORTS, WORDS
from lakesmith.simulate.apis.key_paging import key_page, word_of
from lakesmith.simulate.apis.meta_ads_rows import ad_sets, campaigns, insights, key_of, only, shown
from lakesmith.simulate.apis.serving import Answer, Asked
from lakesmith.simulate.apis.tokens import Tokens

VERSION: Final = "v26.0"
TOKEN: Final = "EAAB-token-of-a-system-user"  # noqa: S105 - a token of nobody
MOST_ROWS: Final = 500


@dataclass(slots=True)
class _Report:
    rows: Sequence[Mapping[str, Any]]
    fields: str
    polls_left: int = 1
    fails: bool = False


class MetaAds:
    """One advertising account. The token is that of a system user: it does not end by itself, and nobody renews it.

    The way on goes by what the last record was, so that records which come or go meanwhile move no other.

    A fault `throttled` is the limit of the account (HTTP 400, code 80000 for insights and 80004 for the rest), `error_body` an
    error in a body of 200, which batches and proxies make of one.
    """

    faults = WORDS | (PAGES - {"rows_move"}) | REPORTS

    def __init__(self, book: AdBook, *, token: str = TOKEN, page_rows: int = MOST_ROWS) -> None:
        self.book, self.tokens, self._most = book, Tokens(token), page_rows
        self._reports: dict[str, _Report] = {}
        self._lock = threading.Lock()

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: meta_ads` needs to read this account."""
        return {"account_id": self.book.account_id, "access_token": TOKEN, "base_url": f"{url}/{VERSION}"}

    def answer(self, asked: Asked) -> Answer:
        """Return what the Graph API says."""
        kind = asked.fault.kind if asked.fault is not None else ""
        version, _, path = asked.path.lstrip("/").partition("/")
        if kind == "retired" or version != VERSION:
            return _error(
                2635, f"(#2635) You are calling a deprecated version of the Ads API. Please update to {VERSION}."
            )
        if kind in _REFUSALS:
            return _REFUSALS[kind](self, asked)
        if not self.tokens.is_good(asked.query.get("access_token", "") or asked.bearer()):
            return _error(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        return self._edge(path, asked)

    def _edge(self, path: str, asked: Asked) -> Answer:
        account, _, edge = path.partition("/")
        if path in self._reports:
            return self._status(path, asked)
        if account in self._reports and edge == "insights":
            return self._fetched(account, asked)
        if account != f"act_{self.book.account_id}":
            return _missing(account)
        if edge == "insights" and asked.method == "POST":
            return self._begun(asked)
        rows = self._rows(edge, asked.query)
        return _error(2500, f"Unknown path components: /{edge}") if rows is None else self._listed(rows, asked)

    def _rows(self, edge: str, query: Mapping[str, str]) -> Sequence[Mapping[str, Any]] | None:
        if edge == "insights":
            return insights(self.book, query)
        if edge == "campaigns":
            return shown(campaigns(self.book), query)
        return shown(ad_sets(self.book), query) if edge == "adsets" else None

    def _listed(self, rows: Sequence[Mapping[str, Any]], asked: Asked, fields: str = "") -> Answer:
        """Return one page; the address of the next one bears the token, as Meta's does. A report has the fields it was ordered with."""
        size = min(int(asked.query.get("limit", "25")), self._most)
        fields, before = asked.query.get("fields", fields), asked.query.get("after", "")
        listed = key_page(rows, [key_of(row) for row in rows], before, size, asked)
        body: dict[str, Any] = {"data": [only(row, fields) for row in listed.rows]}
        if rows:
            after = listed.next or word_of([key_of(rows[-1])])
            body["paging"] = {"cursors": {"before": before, "after": after}}
            if listed.next is not None:
                token = asked.query.get("access_token", "") or asked.bearer()
                query = dict(asked.query) | {"access_token": token, "after": after}
                body["paging"]["next"] = f"{asked.host}{asked.path}?{urlencode(query)}"
        if "total_count" in asked.query.get("summary", ""):
            body["summary"] = {"total_count": listed.total}
        return Answer.json(body, x_business_use_case_usage=self._usage(12, 0))

    def _begun(self, asked: Asked) -> Answer:
        wanted = dict(asked.query) | asked.form() if asked.body[:1] != b"{" else dict(asked.query) | asked.json()
        text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in wanted.items()}
        with self._lock:
            number = str(6_100_000_000_000 + len(self._reports) + 1)
            self._reports[number] = _Report(insights(self.book, text), text.get("fields", ""))
        return Answer.json({"report_run_id": number})

    def _status(self, number: str, asked: Asked) -> Answer:
        report = self._reports[number]
        if asked.is_spoilt("report_slow") and asked.fault is not None:
            report.polls_left = asked.fault.amount
        if asked.is_spoilt("report_fails"):
            report.fails = True
        ready = report.polls_left <= 0
        report.polls_left -= 1
        said: dict[str, Any] = {
            "id": number,
            "account_id": self.book.account_id,
            "async_status": "Job Completed" if ready else "Job Running",
            "async_percent_completion": 100 if ready else 40,
        }
        if report.fails:
            said |= {
                "async_status": "Job Failed",
                "error_code": -2,
                "error_subcode": 2490547,
                "error_message": "Report Failed",
            }
        return Answer.json(said)

    def _fetched(self, number: str, asked: Asked) -> Answer:
        if asked.is_spoilt("report_expires"):
            del self._reports[number]
            return _missing(number)
        if self._reports[number].polls_left >= 0:
            return _error(2601, "(#2601) Error accessing adreport job.", subcode=1815107)
        return self._listed(self._reports[number].rows, asked, self._reports[number].fields)

    def _throttled(self, asked: Asked) -> Answer:
        code = 80000 if "insights" in asked.path else 80004
        message = f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again."
        headers = asked.fault.headers() if asked.fault is not None else {}
        return _error(code, message, subcode=2446079, usage=self._usage(100, 1), headers=headers)

    def _expired(self, _asked: Asked) -> Answer:
        self.tokens.expire()
        said = "Error validating access token: Session has expired on Saturday, 21-Nov-26 10:00:00 PST."
        return _error(190, said, subcode=463, status=401)

    def _revoked(self, _asked: Asked) -> Answer:
        self.tokens.revoke()
        return _error(
            190, "Error validating access token: The user has not authorized application 1.", subcode=458, status=401
        )

    def _forbidden(self, _asked: Asked) -> Answer:
        said = "(#200) Ad account owner has NOT grant ads_management or ads_read permission"
        return _error(200, said, status=403)

    def _swallowed(self, _asked: Asked) -> Answer:
        said = _error(2, "Service temporarily unavailable")
        return Answer(200, said.body, said.headers)

    def _usage(self, percent: int, minutes: int) -> str:
        told = {"type": "ads_insights", "call_count": percent, "total_cputime": percent, "total_time": percent}
        return json.dumps({self.book.account_id: [told | {"estimated_time_to_regain_access": minutes}]})


_REFUSALS: Final[Mapping[str, Callable[[MetaAds, Asked], Answer]]] = {
    "throttled": MetaAds._throttled,  # noqa: SLF001 - a table of its own methods
    "token_expired": MetaAds._expired,  # noqa: SLF001
    "token_revoked": MetaAds._revoked,  # noqa: SLF001
    "permission_missing": MetaAds._forbidden,  # noqa: SLF001
    "error_body": MetaAds._swallowed,  # noqa: SLF001
}


def _error(
    code: int,
    message: str,
    *,
    subcode: int = 0,
    status: int = 400,
    usage: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode:
        error["error_subcode"] = subcode
    more = {"X-Business-Use-Case-Usage": usage} if usage else {}
    said = Answer.json({"error": error | {"fbtrace_id": "Af5kPzXvRkq1mQ"}}, status)
    return Answer(status, said.body, dict(said.headers) | more | dict(headers or {}))


def _missing(number: str) -> Answer:
    said = (
        f"Unsupported get request. Object with ID '{number}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation"
    )
    return _error(100, said, subcode=33)
