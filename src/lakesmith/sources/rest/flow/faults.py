"""What goes wrong with an API, as errors a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakesmith.errors import (
    ConnectorOptionsError,
    LakesmithError,
    RetriableError,
    SourceDataError,
    SourceMissingError,
)

if TYPE_CHECKING:
    from lakesmith.sources.rest.flow.judging import Verdict
    from lakesmith.sources.rest.flow.plan import Plan
    from lakesmith.sources.rest.flow.values import Failure, Response

AGAIN = "run the same command again later: it goes on where it was"
MEANINGS: dict[str, tuple[type[LakesmithError], str, str]] = {
    "retry": (RetriableError, "The API did not answer as it should, after several attempts", AGAIN),
    "throttle": (RetriableError, "The API allows no more requests for now", f"{AGAIN}; ask less with `rate:`"),
    "renew": (
        ConnectorOptionsError,
        "The API does not accept the credentials, not even new ones",
        "check `auth:`: whether the token, key or grant is still valid, and for this account",
    ),
    "auth": (
        ConnectorOptionsError,
        "The API does not accept the credentials",
        "check `auth:`: whether the token, key or grant is still valid, and for this account",
    ),
    "permission": (
        ConnectorOptionsError,
        "The credentials may not read this",
        "have the account, or the app, granted the right to read it",
    ),
    "config": (
        ConnectorOptionsError,
        "The API refuses the request",
        "correct `path`, `params` or `body` of the stream",
    ),
    "missing": (SourceMissingError, "The API has nothing at this path", "correct `path:` or `base_url:`"),
    "html": (
        ConnectorOptionsError,
        "The API answers with a web page in the place of records",
        "check `base_url:` and `auth:`; a login page comes where credentials are missing or a proxy stands between",
    ),
    "broken": (
        SourceDataError,
        "The API sends answers that cannot be read to their end",
        "check `records:` and `format:`; if they are right, ask whoever runs the API",
    ),
}
CREDENTIALS = ("renew", "auth", "permission")
FAILURES = {
    "unreachable": "it cannot be reached",
    "timeout": "no answer came in time",
    "broken_off": "the answer broke off",
    "too_slow": "it sends hardly anything",
}
FATAL = {
    "too_large": (
        "An answer of the API is larger than it may be",
        "ask for smaller pages or windows, or raise `max_answer_mb`",
    ),
    "forbidden": (
        "The API, or an address that it sends us to, is none that may be reached",
        "name the host in `allow_hosts:` if it is meant",
    ),
    "astray": ("The address of a request is none", "correct `base_url:` or `path:`"),
    "unsendable": (
        "The request cannot be sent: a header has a line end, or letters that headers have no room for",
        "look at `auth:` and `headers:`; a token that is read from a file may end with an empty line",
    ),
    "certificate": ("The server cannot prove who it is", "check `base_url:`, and the certificates of this machine"),
}


def error_of(plan: Plan, response: Response, verdict: Verdict) -> LakesmithError:
    """Return the error for an answer; what the API says is part of it, without secrets and values."""
    kind, what, fix = MEANINGS[verdict.meaning]
    said = plan.scrub.message(verdict.message)
    told = f' and says "{said}"' if said else ""
    needs = plan.needs if verdict.meaning in CREDENTIALS else ""
    return kind(f"{what} (HTTP {response.status}{told}).", where=plan.where, fix=verdict.fix or needs or fix)


def failure_of(plan: Plan, failure: Failure) -> LakesmithError:
    """Return the error for an answer that did not come."""
    detail = f" ({failure.detail})" if failure.detail else ""
    if failure.kind in FATAL:
        what, fix = FATAL[failure.kind]
        return ConnectorOptionsError(f"{what}{detail}.", where=plan.where, fix=fix)
    what = FAILURES[failure.kind]
    return RetriableError(
        f"The API did not answer, after several attempts: {what}{detail}.", where=plan.where, fix=AGAIN
    )


def wrong_paging(plan: Plan, what: str) -> SourceDataError:
    """Return the error for pages that do not go on as they should; nothing of what they hold is loaded."""
    return SourceDataError(
        f"{what} Nothing of it was loaded.",
        where=plan.where,
        fix="correct `paging:`; if it is right, the API has a fault: run again, or ask whoever runs it",
    )
