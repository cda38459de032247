"""Salesforce as it answers (v67.0, Summer '26): SOQL with nextRecordsUrl, describe, and query jobs of Bulk API 2.0."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lakesmith.simulate.apis.book import Records
from lakesmith.simulate.apis.faults import PAGES, REPORTS, WORDS
from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.salesforce_jobs import Jobs
from lakesmith.simulate.apis.salesforce_records import as_json, chosen, described, refusal
from lakesmith.simulate.apis.salesforce_soql import Record, Soql, SoqlError, parse
from lakesmith.simulate.apis.serving import Answer, Asked
from lakesmith.simulate.apis.tokens import Tokens

VERSION: Final = "v67.0"
CLIENT_ID: Final = "client-of-a-connected-app"
CLIENT_SECRET: Final = "secret-of-a-connected-app"  # noqa: S105 - a secret of nobody
REFRESH_TOKEN: Final = "refresh-token-of-a-user"  # noqa: S105
OBJECTS: Final = ("Account", "Contact", "Lead", "Opportunity", "Campaign")
MOST_ROWS: Final = 2_000
_ROOT: Final = f"/services/data/{VERSION}"


@dataclass(slots=True)
class _Cursor:
    soql: Soql
    rows: Sequence[Record]
    is_all: bool = False


class Salesforce:
    """One organisation. Records are of `OBJECTS`, or of other objects that are named, by the names of their fields.

    Each has `Id`, `IsDeleted` and `SystemModstamp`; what is deleted shows in `queryAll` alone. A cursor holds the records as they
    were when it was opened.
    """

    faults = WORDS | (PAGES - {"rows_move"}) | REPORTS

    def __init__(self, records: Records, *, objects: Sequence[str] = OBJECTS, page_rows: int = MOST_ROWS) -> None:
        self.records, self.objects, self.tokens, self._most = records, tuple(objects), Tokens(), page_rows
        self._cursors: dict[str, _Cursor] = {}
        self._jobs = Jobs(VERSION, page_rows)
        self._lock = threading.Lock()

    def settings(self, url: str) -> dict[str, Any]:
        """Return what a source of `type: salesforce` needs to read this organisation."""
        return {"instance_url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "base_url": url + _ROOT}

    def answer(self, asked: Asked) -> Answer:
        """Return what the REST API says."""
        kind = asked.fault.kind if asked.fault is not None else ""
        if asked.path == "/services/oauth2/token":
            return self._granted(asked)
        if kind in _REFUSALS:
            return _REFUSALS[kind](self, asked)
        if not self.tokens.is_good(asked.bearer()):
            return refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if not asked.path.startswith(_ROOT + "/"):
            return refusal(404, "NOT_FOUND", "The requested resource does not exist")
        try:
            return self._resource(asked.path.removeprefix(_ROOT + "/").split("/"), asked)
        except SoqlError as error:
            return refusal(400, *error.args)

    def _granted(self, asked: Asked) -> Answer:
        form = asked.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Answer.json({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        way = form.get("grant_type")
        is_known = way == "client_credentials" or (way, form.get("refresh_token")) == ("refresh_token", REFRESH_TOKEN)
        if self.tokens.is_revoked or not is_known:
            return Answer.json({"error": "invalid_grant", "error_description": "expired access/refresh token"}, 400)
        token = {"access_token": self.tokens.issue(), "token_type": "Bearer", "scope": "api"}
        return Answer.json(token | {"instance_url": asked.host, "issued_at": "1795300000000"})

    def _resource(self, words: Sequence[str], asked: Asked) -> Answer:
        if words[0] in {"query", "queryAll"}:
            return self._next(words[1], asked) if len(words) > 1 else self._begun(asked, is_all=words[0] == "queryAll")
        if words[0] == "sobjects" and words[2:] == ["describe"]:
            return Answer.json({"name": words[1], "fields": described(self._records(words[1], is_all=True))})
        if words[:2] == ["jobs", "query"]:
            return self._job(words[2:], asked)
        return refusal(404, "NOT_FOUND", "The requested resource does not exist")

    def _job(self, words: Sequence[str], asked: Asked) -> Answer:
        if asked.method == "POST":
            wanted = asked.json()
            operation = wanted.get("operation", "query")
            cursor = self._opened(wanted["query"], is_all=operation == "queryAll")
            return self._jobs.order(cursor.soql, cursor.rows, operation)
        said = self._jobs.status(words[0], asked) if len(words) == 1 else self._jobs.results(words[0], asked)
        return said or refusal(404, "NOT_FOUND", "The requested resource does not exist")

    def _records(self, name: str, *, is_all: bool) -> list[Record]:
        if name not in self.objects:
            raise SoqlError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return [record for record in self.records.records(name) if is_all or not record.get("IsDeleted")]

    def _opened(self, text: str, *, is_all: bool) -> _Cursor:
        soql = parse(text)
        records = self._records(soql.object, is_all=is_all)
        return _Cursor(chosen(soql, records), soql.run(records), is_all)

    def _begun(self, asked: Asked, *, is_all: bool) -> Answer:
        cursor = self._opened(asked.query.get("q", ""), is_all=is_all)
        if cursor.soql.is_count:
            return Answer.json({"totalSize": len(cursor.rows), "done": True, "records": []})
        return self._page(self._kept(cursor), 0, asked)

    def _kept(self, cursor: _Cursor) -> str:
        with self._lock:
            locator = f"01g{len(self._cursors):012d}AAA"
            self._cursors[locator] = cursor
        return locator

    def _next(self, word: str, asked: Asked) -> Answer:
        locator, _, start = word.rpartition("-")
        if locator not in self._cursors or not start.isdigit():
            return refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(locator, int(start), asked)

    def _page(self, locator: str, start: int, asked: Asked) -> Answer:
        cursor = self._cursors[locator]
        told = asked.headers.get("sforce-query-options", "").partition("batchSize=")[2]
        size = min(max(int(told), 200) if told.isdigit() else MOST_ROWS, self._most)
        listed = page(cursor.rows, start, size, asked)
        body: dict[str, Any] = {"totalSize": listed.total, "done": listed.next is None}
        if listed.next is not None:
            way_on = self._kept(cursor) if asked.is_spoilt("empty_page") else locator
            body["nextRecordsUrl"] = f"{_ROOT}/query/{way_on}-{listed.next}"
        kind = cursor.soql.object
        records = [
            {"attributes": {"type": kind, "url": f"{_ROOT}/sobjects/{kind}/{row['Id']}"}}
            | {field: as_json(row.get(field)) for field in cursor.soql.fields}
            for row in listed.rows
        ]
        return Answer.json(body | {"records": records}, sforce_limit_info="api-usage=1200/100000")

    def _throttled(self, asked: Asked) -> Answer:
        answer = refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
        headers = asked.fault.headers() if asked.fault is not None else {}
        return Answer(403, answer.body, {**answer.headers, **headers})

    def _expired(self, _asked: Asked) -> Answer:
        self.tokens.expire()
        return refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def _revoked(self, _asked: Asked) -> Answer:
        self.tokens.revoke()
        return refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def _forbidden(self, asked: Asked) -> Answer:
        name = next((name for name in self.objects if name in asked.query.get("q", "")), self.objects[0])
        said = f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c'."
        return refusal(400, "INVALID_TYPE", said)

    def _retired(self, _asked: Asked) -> Answer:
        return refusal(410, "GONE", "The requested resource is no longer available")

    def _swallowed(self, _asked: Asked) -> Answer:
        answer = refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")
        return Answer(200, answer.body, answer.headers)


_REFUSALS: Final[Mapping[str, Callable[[Salesforce, Asked], Answer]]] = {
    "throttled": Salesforce._throttled,  # noqa: SLF001 - a table of its own methods
    "token_expired": Salesforce._expired,  # noqa: SLF001
    "token_revoked": Salesforce._revoked,  # noqa: SLF001
    "permission_missing": Salesforce._forbidden,  # noqa: SLF001
    "retired": Salesforce._retired,  # noqa: SLF001
    "error_body": Salesforce._swallowed,  # noqa: SLF001
}
