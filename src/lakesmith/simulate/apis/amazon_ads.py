"""An Amazon Ads profile: Sponsored Products lists and version 3 reports, which are asked for, waited for and fetched."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from lakesmith.simulate.apis.amazon_ads_rows import STATES, ad_groups, campaigns
from lakesmith.simulate.apis.amazon_ads_rows import report as report_rows
from lakesmith.simulate.apis.book import AdBook
from lakesmith.simulate.apis.faults import PAGES, REPORTS, WORDS
from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Answer, Asked
from lakesmith.simulate.apis.tokens import Tokens

TOKEN_PATH: Final = "/auth/o2/token"  # noqa: S105 - an address
CLIENT_ID: Final = "amzn1.application-oa2-client.demo"
CLIENT_SECRET: Final = "amazon-secret-of-the-demo"  # noqa: S105 - made up, for a server on this machine
REFRESH_TOKEN: Final = "Atzr|refresh-token-of-the-demo"  # noqa: S105 - likewise
REPORT_TYPE: Final = "application/vnd.createasyncreportrequest.v3+json"
_MOST_DAYS: Final = timedelta(days=31)
_KEPT: Final = timedelta(days=95)
_LISTS: Final = {"/sp/campaigns/list": "campaigns", "/sp/adGroups/list": "adGroups"}


@dataclass(slots=True)
class _Report:
    """One report: `asked` as it was ordered, `waits` the polls that still find it unfinished."""

    id: str
    asked: Mapping[str, Any]
    waits: int
    status: str = "PENDING"


class AmazonAds:
    """One profile: lists in pages of `page_size`, reports that are ready after `polls` questions.

    Attributes:
        today: The day from which the 95 days are counted that reports are kept for; None: they are kept for good.
    """

    faults: ClassVar[frozenset[str]] = (WORDS | PAGES | REPORTS) - {"rows_move"}

    def __init__(self, book: AdBook, *, page_size: int = 1_000, polls: int = 1, today: date | None = None) -> None:
        self.tokens = Tokens()
        self.today = today
        self._book, self._size, self._polls = book, page_size, polls
        self._reports: dict[str, _Report] = {}
        self._lock = threading.Lock()

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: amazon_ads` needs to read this profile."""
        return {
            "profile_id": self._book.account_id,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "base_url": url,
            "token_url": url + TOKEN_PATH,
        }

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.is_spoilt("token_revoked"):
            self.tokens.revoke()
        if asked.path == TOKEN_PATH:
            return self._token(asked)
        if asked.path.startswith("/report-download/"):
            return self._download(asked)
        refused = self._refusal(asked)
        if refused is not None:
            return refused
        if asked.path in _LISTS and asked.method == "POST":
            return self._list(asked, _LISTS[asked.path])
        if asked.path == "/reporting/reports" and asked.method == "POST":
            return self._create(asked)
        report = self._reports.get(asked.path.removeprefix("/reporting/reports/"))
        return _error(404, "Not Found") if report is None else self._poll(asked, report)

    def _token(self, asked: Asked) -> Answer:
        form = asked.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _denied("invalid_client", "Client authentication failed", 401)
        if self.tokens.is_revoked or form.get("refresh_token") != REFRESH_TOKEN:
            return _denied("invalid_grant", "The request has an invalid grant parameter : refresh_token")
        said = {"access_token": self.tokens.issue(), "refresh_token": REFRESH_TOKEN, "token_type": "bearer"}
        return Answer.json(said | {"expires_in": 3600})

    def _refusal(self, asked: Asked) -> Answer | None:
        if asked.is_spoilt("token_expired"):
            self.tokens.expire()
        if not self.tokens.is_good(asked.bearer()):
            return _error(401, "Unauthorized", "UNAUTHORIZED")
        if asked.headers.get("amazon-advertising-api-clientid") != CLIENT_ID:
            return _error(401, "Invalid or missing header Amazon-Advertising-API-ClientId", "UNAUTHORIZED")
        if asked.headers.get("amazon-advertising-api-scope") != self._book.account_id:
            return _error(401, "Not authorized to access scope", "UNAUTHORIZED")
        return _fault(asked)

    def _list(self, asked: Asked, kind: str) -> Answer:
        kind_type = f"application/vnd.{'spCampaign' if kind == 'campaigns' else 'spAdGroup'}.v3+json"
        if asked.headers.get("content-type") != kind_type or asked.headers.get("accept") != kind_type:
            return _error(415, "Cannot consume content type", "UNSUPPORTED_MEDIA_TYPE")
        body = asked.json()
        states = body.get("stateFilter", {}).get("include", list(STATES.values()))
        whole = (campaigns if kind == "campaigns" else ad_groups)(self._book)
        rows = [row for row in whole if row["state"] in states]
        size = min(int(body.get("maxResults", self._size)), self._size)
        part = page(rows, int(body.get("nextToken", "0").rstrip(".")), size, asked)
        said = {kind: list(part.rows), "totalResults": part.total}
        return Answer.json(
            said | ({} if part.next is None else {"nextToken": f"{part.next}{'.' * asked.is_spoilt('empty_page')}"})
        )

    def _create(self, asked: Asked) -> Answer:
        body = asked.json()
        if asked.headers.get("content-type") != REPORT_TYPE:
            return _error(415, "Cannot consume content type", "UNSUPPORTED_MEDIA_TYPE")
        since, until = date.fromisoformat(body["startDate"]), date.fromisoformat(body["endDate"])
        if until < since or until - since >= _MOST_DAYS:
            return _error(400, "configuration startDate to endDate range should not exceed 31 days.")
        if self.today is not None and since < self.today - _KEPT:
            return _error(400, f"configuration startDate should not be earlier than {self.today - _KEPT}.")
        named = {name: body[name] for name in ("startDate", "endDate", "configuration")}
        with self._lock:
            for report in self._reports.values():
                if report.asked == named and report.status in ("PENDING", "PROCESSING"):
                    return _error(425, f"The Request is a duplicate of : {report.id}")
            report = _Report(f"report-{len(self._reports) + 1}", named, self._polls - 1)
            self._reports[report.id] = report
        return Answer.json(_told(report))

    def _poll(self, asked: Asked, report: _Report) -> Answer:
        with self._lock:
            if asked.fault is not None and asked.fault.kind == "report_slow":
                report.waits += asked.fault.amount
            if asked.is_spoilt("report_fails"):
                report.status = "FAILED"
            elif report.status != "FAILED":
                report.status = "PROCESSING" if report.waits > 0 else "COMPLETED"
                report.waits -= 1
        if report.status == "FAILED":
            return Answer.json(_told(report, failureReason="Internal error while the report was made"))
        if report.status == "PROCESSING":
            return Answer.json(_told(report))
        url = f"{asked.host}/report-download/{report.id}.json.gz?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=signature-{report.id}"
        return Answer.json(_told(report, url=url, fileSize=1))

    def _download(self, asked: Asked) -> Answer:
        """Answer as the object store does that holds reports: its own signature, and no other credential beside it."""
        report = self._reports.get(asked.path.removeprefix("/report-download/").removesuffix(".json.gz"))
        if "authorization" in asked.headers:
            return _stored(400, "InvalidArgument", "Only one auth mechanism allowed")
        is_signed = report is not None and asked.query.get("X-Amz-Signature") == f"signature-{report.id}"
        if report is None or not is_signed or asked.is_spoilt("report_expires"):
            return _stored(403, "AccessDenied", "Request has expired")
        rows = json.dumps(report_rows(self._book, report.asked)).encode()
        return Answer(200, gzip.compress(rows, mtime=0), {"Content-Type": "application/octet-stream"})


def _told(report: _Report, **more: Any) -> dict[str, Any]:
    nothing = {"url": None, "urlExpiresAt": None, "fileSize": None, "failureReason": None, "generatedAt": None}
    return {"reportId": report.id, "status": report.status, **report.asked, **nothing, **more}


def _fault(asked: Asked) -> Answer | None:
    if asked.fault is None:
        return None
    refusals = {
        "throttled": _error(429, "Too Many Requests", **asked.fault.headers()),
        "permission_missing": _error(403, "Not authorized to perform this operation", "FORBIDDEN"),
        "retired": _error(404, "Could not find resource for full path", "NOT_FOUND"),
        "error_body": Answer.json({"code": "500", "detail": "Internal server error"}),
    }
    return refusals.get(asked.fault.kind)


def _error(status: int, text: str, code: str = "", **headers: str) -> Answer:
    key = "details" if code else "detail"
    return Answer.json({"code": code or str(status), key: text, "requestId": "demo-request"}, status, **headers)


def _denied(code: str, text: str, status: int = 400) -> Answer:
    return Answer.json({"error": code, "error_description": text, "request_id": "demo-request"}, status)


def _stored(status: int, code: str, text: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})
