"""Answers with the headers that every one of them bears; refusals say what to do and nothing about what is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from lakesmith.pages.frame import bare, heading, style_hash
from lakesmith.pages.html import tag

HTML, JSON, METRICS = "text/html; charset=utf-8", "application/json", "text/plain; version=0.0.4; charset=utf-8"


def headers() -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer."""
    policy = (
        f"default-src 'none'; style-src '{style_hash()}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return (
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("cache-control", "no-store"),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: str = ""
    kind: str = HTML
    headers: tuple[tuple[str, str], ...] = ()

    async def send(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]], *, bare: bool = False) -> None:
        """Send it; `bare` leaves the body out, as HEAD asks for."""
        body = self.body.encode("utf-8", "replace")
        sent = (*headers(), *self.headers, ("content-type", self.kind), ("content-length", str(len(body))))
        lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent]
        await send({"type": "http.response.start", "status": self.status, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if bare else body})


def refusal(status: int, detail: str = "") -> Answer:
    """Return a page that says no, and what to do."""
    title, text = _REFUSALS.get(status, _REFUSALS[500])
    again = tag("p", tag("a", "Ask for this page again", href="")) if status == 401 else ""  # noqa: PLR2004 - the one without a session
    home = tag("p", tag("a", "Today", href="/")) if status in (400, 404) else ""
    page = bare(title, heading(title, "unknown"), tag("p", detail or text), again, home)
    extra = (("allow", "GET, HEAD, POST"),) if status == 405 else ()  # noqa: PLR2004 - the one that says what is allowed
    return Answer(status, page, headers=extra)


_REFUSALS = {
    400: ("That cannot be asked", "The address has a part that means nothing here."),
    401: (
        "Not let in yet",
        "The console opens for whoever follows its link: `lakesmith ui --link` prints a new one. If you came from another page and were let in before, ask again.",
    ),
    403: ("Refused", "A page of somebody else sent this request."),
    404: ("Not here", "There is no such page, or what it was about is no longer on record."),
    405: ("Not this way", "Pages are read here; only logging out sends a form."),
    421: ("Called by another name", "This console answers to localhost only."),
    500: ("Something went wrong", "The page could not be made. `lakesmith doctor` examines the record of runs."),
    503: ("The record cannot be read", "Try again in a moment; `lakesmith doctor` examines the record of runs."),
}
