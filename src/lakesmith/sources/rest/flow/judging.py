"""What an answer means: good, or which kind of error, and how long the API wants us to wait."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lakesmith.sources.rest.flow.digging import HEADER, dig, found
from lakesmith.sources.rest.flow.values import Response
from lakesmith.sources.rest.options import ErrorRule

HEAD = 64 * 1024
"""How much of an answer is looked at for the words of an error, in bytes."""

SECONDS_SINCE_1970 = 1_000_000_000
"""A number from here on is a time, not a span."""

SPAN = re.compile(r"[0-9]+(\.[0-9]+)?")
HTML = re.compile(rb"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
BY_STATUS = {
    401: "renew",
    403: "permission",
    404: "missing",
    407: "config",
    408: "retry",
    409: "retry",
    410: "missing",
    421: "retry",
    423: "retry",
    425: "retry",
    429: "throttle",
    501: "config",
    505: "config",
    511: "config",
}
MESSAGES = (
    "error_description",
    "error.message",
    "error.errors.0.message",
    "errors.0.message",
    "errors.0.detail",
    "0.error.message",
    "0.message",
    "message",
    "detail",
    "details",
    "error",
    "errors",
    "title",
)
SUSPICIOUS = ("error", "errors", "fault", "exception", "Error", "Errors")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means, in the words of `ErrorRule` or good, html, broken; `wait_s` None where the API asks for no wait."""

    meaning: str
    wait_s: float | None = None
    message: str = ""
    fix: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the answer is what was asked for."""
        return self.meaning in ("good", "empty")


def judge(response: Response, rules: Iterable[ErrorRule], content: Any) -> Verdict:
    """Return what an answer means.

    Args:
        response: The answer.
        rules: What the project file says, in order.
        content: What it holds beside its records, as plain values; None where it is no JSON.
    """
    for rule in rules:
        if _fits(rule, response, content):
            wait = found(content, response.headers, rule.wait) if rule.wait else None
            seconds = _seconds(wait, response) if wait is not None else retry_after(response)
            return Verdict(rule.meaning, seconds, message_of(content, rule), rule.fix)
    if response.is_good:
        return Verdict("html") if is_html(response) else Verdict("good")
    meaning = BY_STATUS.get(response.status) or ("retry" if response.is_their_fault else "config")
    return Verdict(meaning, retry_after(response), message_of(content, None))


def is_html(response: Response) -> bool:
    """Whether an answer is a page for people."""
    return "html" in response.headers.get("content-type", "").lower() or HTML.match(head_of(response, 512)) is not None


def is_suspicious(content: Any) -> bool:
    """Whether an answer without records looks like an error that it was sent in the place of."""
    return isinstance(content, Mapping) and any(content.get(name) for name in SUSPICIOUS)


def head_of(response: Response, size: int = HEAD) -> bytes:
    """Return the beginning of an answer."""
    with response.body.open() as body:
        return body.read(size)


def plain_of(response: Response) -> Any:
    """Return a small answer as plain values, None where it is no JSON or too large to be an error."""
    if response.body.size > HEAD:
        return None
    try:
        return json.loads(head_of(response))
    except (ValueError, RecursionError):
        return None


def message_of(content: Any, rule: ErrorRule | None) -> str:
    """Return what an API says is wrong, as it says it: it has to be scrubbed before anybody sees it."""
    places = (*([rule.path] if rule and rule.path and not rule.path.startswith(HEADER) else []), *MESSAGES)
    for place in places:
        told = dig(content, place)
        if isinstance(told, str) and told.strip():
            return told[: HEAD // 8]
    return ""


def retry_after(response: Response) -> float | None:
    """Return how many seconds the header `Retry-After` asks to wait, given as seconds or as a date; None without one.

    A date is compared with the server's own clock, where it tells it.
    """
    told = response.headers.get("retry-after")
    return None if told is None else _seconds(told, response)


def _seconds(told: Any, response: Response) -> float | None:
    now = _date(response.headers.get("date", "")) or response.at
    text = str(told).strip().removesuffix("s")
    if SPAN.fullmatch(text):
        number = float(text)
        if number < SECONDS_SINCE_1970:
            return max(number, 0.0)
        number = number / 1000 if number > SECONDS_SINCE_1970 * 100 else number
        return max(number - now.timestamp(), 0.0) if now else None
    at = _date(text)
    return max((at - now).total_seconds(), 0.0) if at and now else None


def _date(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(text)
        except (TypeError, ValueError, IndexError, OverflowError):
            continue
        if at.tzinfo is not None:
            return at
    return None


def _fits(rule: ErrorRule, response: Response, content: Any) -> bool:
    if rule.status and response.status not in rule.status:
        return False
    if rule.path is None and rule.matches is None:
        return True
    if rule.path is None:
        return re.search(rule.matches or "", head_of(response).decode("utf-8", "replace")) is not None
    told = found(content, response.headers, rule.path)
    if told is None or told is False:
        return False
    return rule.matches is None or re.search(rule.matches, told if type(told) is str else json.dumps(told)) is not None
