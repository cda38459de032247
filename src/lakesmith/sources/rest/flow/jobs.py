"""A report that is ordered, asked after until it is made, and fetched then."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.errors import RetriableError, SkippableError, SourceMissingError
from lakesmith.sources.rest.flow.asking import AstrayError, led
from lakesmith.sources.rest.flow.attempts import Attempts, plainly
from lakesmith.sources.rest.flow.digging import found, has
from lakesmith.sources.rest.flow.faults import AGAIN
from lakesmith.sources.rest.flow.judging import message_of, plain_of
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.values import Answer, Request, Response, Step, Wait
from lakesmith.sources.rest.options import JobOptions

SLOWER = 1.5


class ReportFailedError(Exception):
    """The report will never be made; the text is what the API says of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is made: the requests that fetch it, and what its own request is filled with."""

    requests: tuple[Request, ...]
    places: Mapping[str, Any] = field(default_factory=dict, repr=False)


Ordering = Generator[Step, Answer, Report]


def ordered(plan: Plan, jobs: JobOptions) -> Ordering:
    """Order a report and wait until it is made.

    Raises:
        ReportFailedError: If it failed, or is not there any more.
        RetriableError: If it takes too long.
        LakesmithError: If the API refuses.
    """
    order = plan.asking.request(jobs.submit, plan.places)
    answered = yield from Attempts(plan, order, plainly, lambda response: _same(jobs, response) is not None)
    number = _same(jobs, answered.response) or found(answered.seen, answered.response.headers, jobs.id)
    if number is None:
        raise SkippableError(
            "The API took the order of a report and did not say its id.",
            where=plan.where,
            fix="correct `jobs: {id: …}`: where the answer has it",
        )
    places = {**plan.places, "job.id": number}
    polled, content = yield from _made(plan, jobs, places)
    return Report(_requests(plan, jobs, (places, polled, content)), places)


def _same(jobs: JobOptions, response: Response) -> str | None:
    """Return the id of the report that is being made already, if that is what an answer to an order says."""
    same = jobs.same
    if same is None or (same.status and response.status not in same.status):
        return None
    told = found(plain_of(response), response.headers, same.path)
    match = re.search(same.matches, str(told)) if told is not None else None
    return match[1] if match else None


def _made(plan: Plan, jobs: JobOptions, places: Mapping[str, Any]) -> Generator[Step, Answer, tuple[Response, Any]]:
    waited, pause = 0.0, jobs.first_wait_s
    poll = plan.asking.request(jobs.poll, places)
    while waited <= jobs.give_up_min * 60:
        yield Wait(pause, "a report is being made")
        waited += pause
        pause = min(pause * SLOWER, jobs.longest_wait_s)
        try:
            answered = yield from Attempts(plan, poll, plainly)
        except SourceMissingError as error:
            raise ReportFailedError(error.what) from error
        state = found(answered.seen, answered.response.headers, jobs.state)
        if str(state) in jobs.done:
            return answered.response, answered.seen
        if str(state) in jobs.failed:
            reason = found(answered.seen, answered.response.headers, jobs.reason)
            told = str(reason) if reason else message_of(answered.seen, None)
            raise ReportFailedError(plan.scrub.message(told))
    raise RetriableError(
        f"A report was not made within {jobs.give_up_min:g} minutes.",
        where=plan.where,
        fix=f"{AGAIN}, or raise `jobs: {{give_up_min: …}}`",
    )


def _requests(plan: Plan, jobs: JobOptions, polled: tuple[Mapping[str, Any], Response, Any]) -> tuple[Request, ...]:
    """Return the requests that fetch a report; none where the API says that it is empty, with `null` or no address in a list."""
    places, response, content = polled
    if jobs.url is None:
        return (plan.asking.request(plan.options, places, plan.name),)
    urls = found(content, response.headers, jobs.url)
    listed = urls if isinstance(urls, list) else [] if urls is None else [urls]
    if (urls is None and not has(content, jobs.url)) or not all(isinstance(url, str) and url.strip() for url in listed):
        raise _no_address(plan, "The API made a report and does not say where it is.")
    try:
        return tuple(Request("GET", led(plan.asking.base_url, url), is_trusted=False) for url in listed)
    except AstrayError as error:
        raise _no_address(plan, f"The API sends us {error} for a report.") from None


def _no_address(plan: Plan, what: str) -> SkippableError:
    return SkippableError(what, where=plan.where, fix="correct `jobs: {url: …}`: where the answer has its address")
