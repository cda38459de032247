"""What can go wrong on the way from an API, as values: which answers a server spoils, and how. The same script spoils the same answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

WIRE: Final = frozenset({"cut", "cut_chunk", "reset", "slow", "wrong_length"})
"""The answer is right and does not arrive as it should: cut after `amount` bytes, cut in a chunk, the connection reset before
the first byte, sent in pieces of `amount` bytes with pauses, a Content-Length that is off by `amount`."""

PLAIN: Final = frozenset({"status", "login_page", "no_content", "redirect"})
"""Something else answers than the API: a proxy's page of `status`, HTML of a login with 200, an empty 204, a redirect to `to`."""

WORDS: Final = frozenset({"throttled", "token_expired", "token_revoked", "permission_missing", "retired", "error_body"})
"""The platform refuses in its own words: too many requests, a token that was good a moment ago (every token given out so far is
void), a grant taken back for good, an object the user may not see, an API version that is gone, an error in a body of 200."""

PAGES: Final = frozenset({"repeated_page", "skipped_page", "cursor_loop", "empty_page", "total_changes", "rows_move"})
"""The list is paged wrongly; `paging.page` says how."""

REPORTS: Final = frozenset({"report_slow", "report_fails", "report_expires"})
"""An asynchronous report is not ready for `amount` more polls, fails, or is gone when it is fetched."""

KINDS: Final = WIRE | PLAIN | WORDS | PAGES | REPORTS


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: One of `KINDS`.
        route: A regular expression, searched in `METHOD /path?query` of a request; empty: every request.
        at: Which of the requests of that route, from 1; empty: every one of them.
        status: For `status`.
        retry_after: For `status` and `throttled`: seconds, an aware moment (sent as an HTTP date), or None for no such header.
        to: For `redirect`: the address.
        amount: Bytes, polls or rows, as the kind says.
    """

    kind: str
    route: str = ""
    at: tuple[int, ...] = ()
    status: int = 503
    retry_after: int | datetime | None = None
    to: str = ""
    amount: int = 1

    def __post_init__(self) -> None:
        """Refuse a kind nobody knows, so that no test waits for a fault that never comes."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: one of {', '.join(sorted(KINDS))}")

    def headers(self) -> dict[str, str]:
        """Return the header Retry-After, if there is to be one."""
        if self.retry_after is None:
            return {}
        if isinstance(self.retry_after, int):
            return {"Retry-After": str(self.retry_after)}
        return {"Retry-After": format_datetime(self.retry_after, usegmt=True)}


class Script:
    """The faults of one server. Each counts the requests of its route on its own; of two that meet, the one named first happens."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = [(fault, re.compile(fault.route)) for fault in faults]
        self._seen = [0] * len(self._faults)
        self._lock = threading.Lock()

    def of(self, request: str) -> Fault | None:
        """Return what goes wrong with this request (`METHOD /path?query`), and count it."""
        found = None
        with self._lock:
            for index, (fault, route) in enumerate(self._faults):
                if not route.search(request):
                    continue
                self._seen[index] += 1
                if found is None and (not fault.at or self._seen[index] in fault.at):
                    found = fault
        return found
