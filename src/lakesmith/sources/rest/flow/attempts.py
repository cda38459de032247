"""One request until it is answered well: again after faults that pass, with new credentials after others, on to where it is sent."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError
from lakesmith.sources.rest.flow.asking import BODY_HEADERS, AstrayError
from lakesmith.sources.rest.flow.faults import AGAIN, FAILURES, error_of, failure_of
from lakesmith.sources.rest.flow.judging import Verdict, judge, plain_of
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.values import Answer, Failure, Renew, Request, Response, Step, Wait

REDIRECTS = (301, 302, 303, 307, 308)
AS_GET = (301, 302, 303)
MOST_REDIRECTS = 10
HTML_ATTEMPTS = 2
WORDS = {"broken": ", broken", "html": ", a web page", "throttle": ", too many requests"}
PASSING = ("unreachable", "timeout", "broken_off", "too_slow")


class BrokenAnswerError(Exception):
    """An answer cannot be read to its end; the text says why, without anything of it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is good; `seen` is what was made of it, `is_empty` that it stands for no records."""

    response: Response
    seen: Any = field(default=None, repr=False)
    is_empty: bool = False


Look = Callable[[Response], tuple[Any, Any]]
"""Makes of an answer what is wanted of it, and its parts as plain values, by which it is judged; raises `BrokenAnswerError`."""

Asked = Generator[Step, Answer, Answered]


def plainly(response: Response) -> tuple[Any, Any]:
    """Return a small answer as plain values.

    Raises:
        BrokenAnswerError: If it is no JSON, or a large one.
    """
    plain = plain_of(response)
    if plain is None and response.body.size:
        raise BrokenAnswerError("it is no JSON")
    return plain, plain


class Attempts:
    """The attempts at one request."""

    def __init__(
        self, plan: Plan, request: Request, look: Look, accepts: Callable[[Response], bool] = lambda _response: False
    ) -> None:
        self._plan, self._look, self._accepts = plan, look, accepts
        self._first = self._request = request
        self._tries = self._pages = 0
        self._seen = {(request.method, request.url)}
        self._is_renewed = False

    def __iter__(self) -> Asked:
        return self.run()

    def run(self) -> Asked:
        """Yield requests and waits until the answer is good.

        Raises:
            RetriableError: If it is not after as many attempts as there may be.
            ConnectorOptionsError: If it is refused for good.
            SourceMissingError: If there is nothing.
            SourceDataError: If what comes cannot be read.
        """
        while True:
            answer = yield self._request
            if isinstance(answer, Failure):
                yield from self._failed(answer)
            elif isinstance(answer, Response):
                if answer.status in REDIRECTS and "location" in answer.headers:
                    self._redirect(answer)
                    continue
                if self._accepts(answer):
                    return Answered(answer, plain_of(answer))
                done = yield from self._judged(answer)
                if done is not None:
                    return done

    def _judged(self, response: Response) -> Generator[Step, Answer, Answered | None]:
        seen, verdict = self._looked(response)
        if verdict.is_good:
            return Answered(response, seen, is_empty=verdict.meaning == "empty")
        if verdict.meaning == "renew" and not self._is_renewed and self._request.is_trusted:
            self._is_renewed = True
            self._begin_anew()
            yield Renew(response.credential)
            return None
        error = error_of(self._plan, response, verdict)
        self._pages += verdict.meaning == "html"
        may = verdict.meaning in ("retry", "throttle", "broken") or (
            verdict.meaning == "html" and self._pages < HTML_ATTEMPTS
        )
        if not may:
            raise error
        yield self._wait(verdict, error, f"HTTP {response.status}" + WORDS.get(verdict.meaning, ""))
        return None

    def _looked(self, response: Response) -> tuple[Any, Verdict]:
        """Return what was made of an answer, and what it means; one with an error's status is never looked at for records."""
        rules = self._plan.rules
        if not response.is_good:
            return None, judge(response, rules, plain_of(response))
        before = judge(response, rules, None)
        if before.meaning == "html":
            return None, before
        try:
            seen, content = self._look(response)
        except BrokenAnswerError as broken:
            plain = judge(response, rules, plain_of(response))
            return None, plain if not plain.is_good else Verdict("broken", message=str(broken))
        return seen, judge(response, rules, content)

    def _failed(self, failure: Failure) -> Generator[Step, Answer]:
        error = failure_of(self._plan, failure)
        if failure.kind not in PASSING:
            raise error
        yield self._wait(Verdict("retry"), error, FAILURES[failure.kind])

    def _wait(self, verdict: Verdict, error: LakesmithError, again: str) -> Wait:
        """Return the wait before the next attempt.

        Raises:
            LakesmithError: If there is to be none: `error`, or that the API asks for more patience than we have.
        """
        self._tries += 1
        if self._tries >= self._plan.retries.attempts:
            raise error
        self._begin_anew()
        seconds = verdict.wait_s
        if seconds is None:
            return Wait(
                self._plan.backoff_s(self._tries), error.what, shared=verdict.meaning == "throttle", again=again
            )
        if seconds > self._plan.retries.patience_min * 60:
            raise RetriableError(
                f"The API asks to wait {seconds / 60:.0f} minutes before the next request.",
                where=self._plan.where,
                fix=f"{AGAIN}, or raise `retries: {{patience_min: …}}`",
            ) from error
        return Wait(seconds, error.what, shared=verdict.meaning == "throttle", again=again)

    def _begin_anew(self) -> None:
        self._request = self._first
        self._seen = {(self._first.method, self._first.url)}

    def _redirect(self, response: Response) -> None:
        """Go to where an answer sends us. Credentials go along only within the API itself, and nothing goes from https to http.

        Raises:
            ConnectorOptionsError: If it sends us round in circles, or to an address that is none.
        """
        before = self._request
        try:
            request = self._plan.asking.next(before, response.headers["location"])
        except AstrayError as error:
            raise self._astray(str(error)) from None
        if response.status in AS_GET and before.method == "POST":
            headers = {name: value for name, value in request.headers.items() if name not in BODY_HEADERS}
            request = replace(request, method="GET", headers=headers, body=None)
        self._request = request
        step = (self._request.method, self._request.url)
        if step in self._seen or len(self._seen) > MOST_REDIRECTS:
            raise self._astray("from one address to the next without end")
        self._seen.add(step)

    def _astray(self, how: str) -> ConnectorOptionsError:
        return ConnectorOptionsError(
            f"The API sends us {how}.", where=self._plan.where, fix="correct `base_url:` or `path:`"
        )
