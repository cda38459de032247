"""A small API for tests: the same records by every kind of paging, with a key to it, and figures of days that are restated."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Answer, Asked

TOKEN = "canary-token-0123456789"


@dataclass
class Shelf:
    """Speaks of `records`; `days` are figures by day. Requests without the token of the moment are refused."""

    records: list[dict[str, Any]] = field(default_factory=list)
    days: list[dict[str, Any]] = field(default_factory=list)
    token: str = TOKEN
    issued: int = 0
    polls: int = 0
    orders: int = 0
    faults: frozenset[str] = frozenset(
        {
            "throttled", "token_expired", "error_body", "repeated_page", "skipped_page", "cursor_loop", "empty_page",
            "total_changes", "rows_move", "report_slow", "report_fails", "report_expires", "token_revoked",
        }
    )  # fmt: skip

    def answer(self, asked: Asked) -> Answer:
        """Return what the API says."""
        if asked.path == "/token":
            return self._token(asked)
        if asked.path == "/files/report":
            return self._download(asked)
        if asked.is_spoilt("token_expired"):
            self.token = f"{TOKEN}-voided"
        if asked.bearer() != self.token:
            return Answer.json({"error": {"code": "unauthorized", "message": f"bad token {asked.bearer()}"}}, 401)
        if asked.is_spoilt("throttled"):
            return Answer.json({"error": {"message": "slow down"}}, 429, **_headers(asked))
        if asked.is_spoilt("error_body"):
            return Answer.json({"error": {"code": 17, "message": "try again, ann@example.com"}})
        kind = asked.path.strip("/").split("/")[0]
        found = getattr(self, f"_{kind}", None)
        return found(asked) if found else Answer.json({"message": f"no {asked.path}"}, 404)

    def _token(self, asked: Asked) -> Answer:
        if asked.is_spoilt("token_revoked") or asked.form().get("refresh_token") == "taken-back-canary":
            return Answer.json({"error": "invalid_grant", "error_description": "the grant was revoked"}, 400)
        self.issued += 1
        self.token = f"{TOKEN}-{self.issued}"
        return Answer.json({"access_token": self.token, "expires_in": 3600})

    def _page(self, asked: Asked) -> Answer:
        size = int(asked.query.get("size", "3"))
        shown = page(self.records, (int(asked.query.get("page", "1")) - 1) * size, size, asked)
        return Answer.json({"data": shown.rows, "total": shown.total})

    def _offset(self, asked: Asked) -> Answer:
        size = int(asked.query.get("limit", "3"))
        shown = page(self.records, int(asked.query.get("offset", "0")), size, asked)
        return Answer.json({"data": {"items": shown.rows}, "meta": {"total": shown.total}})

    def _cursor(self, asked: Asked) -> Answer:
        shown = page(self.records, int(asked.query.get("after", "c0")[1:]), 3, asked)
        following = None if shown.next is None else f"c{shown.next}"
        return Answer.json({"results": shown.rows, "paging": {"next": {"after": following}}})

    def _link(self, asked: Asked) -> Answer:
        shown = page(self.records, int(asked.query.get("from", "0")), 3, asked)
        headers = {} if shown.next is None else {"Link": f'<{asked.host}/link?from={shown.next}>; rel="next"'}
        return Answer.json(list(shown.rows), 200, **headers)

    def _next(self, asked: Asked) -> Answer:
        shown = page(self.records, int(asked.query.get("from", "0")), 3, asked)
        following = None if shown.next is None else f"/next?from={shown.next}&key={asked.query.get('key', '')}"
        return Answer.json({"records": shown.rows, "nextRecordsUrl": following})

    def _days(self, asked: Asked) -> Answer:
        since, until = asked.query["since"], asked.query["until"]
        rows = [row for row in self.days if since <= row["day"] <= until]
        shown = page(rows, int(asked.query.get("after", "0")), 3, asked)
        return Answer.json({"rows": shown.rows, "next": None if shown.next is None else str(shown.next)})

    def _changed(self, asked: Asked) -> Answer:
        since = asked.query.get("since", "")
        rows = sorted((row for row in self.records if (row["seen"] or "") >= since), key=lambda row: row["seen"] or "")
        shown = page(rows, int(asked.query.get("after", "0")), 3, asked)
        return Answer.json({"rows": shown.rows, "next": None if shown.next is None else str(shown.next)})

    def _lines(self, _asked: Asked) -> Answer:
        return Answer(200, "".join(json.dumps(row) + "\n" for row in self.records).encode(), {})

    def _table(self, _asked: Asked) -> Answer:
        names = list(self.records[0])
        lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in self.records)]
        return Answer(200, ("\n".join(lines) + "\n").encode(), {"Content-Type": "text/csv"})

    def _items(self, asked: Asked) -> Answer:
        """Return the parts of one record."""
        number = int(asked.path.split("/")[2])
        return Answer.json({"parts": [{"part": part, "of": number} for part in range(number % 3)]})

    def _reports(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            self.orders += 1
            self.polls = 0
            return Answer.json({"id": f"r{self.orders}"}, 202)
        self.polls += 1
        if asked.is_spoilt("report_fails"):
            return Answer.json({"status": "FAILED", "reason": "an internal error"})
        is_slow = asked.fault is not None and asked.fault.kind == "report_slow"
        if is_slow or self.polls < 2:
            return Answer.json({"status": "RUNNING"})
        return Answer.json({"status": "DONE", "url": f"{asked.host}/files/report?id={asked.path.rpartition('/')[2]}"})

    def _download(self, asked: Asked) -> Answer:
        if "authorization" in asked.headers:
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>")
        if asked.is_spoilt("report_expires"):
            return Answer(403, b"<Error><Code>ExpiredToken</Code></Error>")
        return Answer(
            200, gzip.compress(json.dumps(self.records).encode(), mtime=0), {"Content-Type": "application/octet-stream"}
        )


def _headers(asked: Asked) -> dict[str, str]:
    headers = asked.fault.headers() if asked.fault else {}
    return {name.replace("-", "_"): value for name, value in headers.items()}


def records(count: int, start: int = 1) -> list[dict[str, Any]]:
    """Return records with all kinds of values, exact numbers among them."""
    return [
        {
            "id": number,
            "name": f"name é {number}",
            "price": f"{number}.10",
            "big": 9_007_199_254_740_993 + number,
            "tags": ["a", "b"][: number % 3],
            "seen": f"2026-01-{(number - 1) // 4 + 1:02d}T00:00:00Z",
            "more": {"ok": number % 2 == 0, "deep": {"n": number}},
        }
        for number in range(start, start + count)
    ]


def figures(days: Sequence[str], clicks: int = 1) -> list[dict[str, Any]]:
    """Return four rows for each day."""
    return [
        {"day": day, "campaign": c, "clicks": clicks * c, "cost": f"{clicks * c}.50"}
        for day in days
        for c in range(1, 5)
    ]


class FixedClock:
    """A clock that stands, unless somebody waits by it."""

    def __init__(self, now: datetime) -> None:
        self._now, self.waited = now, [0.0]

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def set(self, now: datetime) -> None:
        """Set the time."""
        self._now = now

    def steady_s(self) -> float:
        """Return seconds."""
        return sum(self.waited)


class NoPatience:
    """Waits by moving a clock."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock

    def wait(self, seconds: float, stop: Any) -> None:
        """Note the wait."""
        stop.check()
        if seconds:
            self._clock.waited.append(seconds)
