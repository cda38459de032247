"""The line to one API: sends what flows ask for, one connection pool, one rate and one set of credentials for all of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

import httpx

from lakesmith.about import __version__
from lakesmith.host.clock import Clock
from lakesmith.host.patience import Patience
from lakesmith.sources.files.limits import MB
from lakesmith.sources.rest.driving.credentials import Credential, Keyring
from lakesmith.sources.rest.driving.keeping import Cellar, Gathering, Shelf, drop
from lakesmith.sources.rest.driving.rate import Bucket
from lakesmith.sources.rest.driving.receiving import FAILURES, failure_in, poured
from lakesmith.sources.rest.driving.stopping import Stops
from lakesmith.sources.rest.driving.transport import GuardedTransport
from lakesmith.sources.rest.flow.asking import with_params
from lakesmith.sources.rest.flow.attempts import Answered, Attempts
from lakesmith.sources.rest.flow.places import filled
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.values import (
    Answer,
    Failure,
    Flow,
    Page,
    Renew,
    Request,
    Response,
    Restart,
    Step,
    Told,
    Wait,
)
from lakesmith.sources.rest.options import RestOptions

ALWAYS = {
    "accept": "application/json, */*;q=0.5",
    "accept-encoding": "gzip",
    "user-agent": f"lakesmith/{__version__}",
}


@dataclass(slots=True)
class Traffic:
    """What passed: requests, how many of them were made again, seconds waited, and limits that the API told in its headers.

    `bytes_read` are those of answers as they came, `throttled_s` the seconds waited because there are only so many requests at a time.
    """

    requests: int = 0
    retries: int = 0
    bytes_read: int = 0
    throttled_s: float = 0.0
    waits: int = 0
    waited_s: float = 0.0
    renewals: int = 0
    limits: dict[str, str] = field(default_factory=dict)


class Line:
    """Sends requests to an API, waits, and keeps answers. Threads may share it."""

    def __init__(self, options: RestOptions, token_plan: Plan, clock: Clock, patience: Patience) -> None:
        self._options, self._clock, self._patience = options, clock, patience
        self.stops, self.traffic = Stops(), Traffic()
        self._lock = threading.Lock()
        rate = options.rate
        self._bucket = Bucket(rate.requests, rate.per_s)
        named = frozenset(host.lower().strip("[]").rstrip(".") for host in options.allow_hosts)
        # no client above it: that would keep cookies, and look where redirects lead
        self._transport = GuardedTransport(named, self.stops, rate.concurrent + 1, options.slow_s)
        timeout = httpx.Timeout(options.read_timeout_s, connect=options.connect_timeout_s)
        self._extensions = {"timeout": timeout.as_dict()}
        self._keyring = Keyring(options.auth, token_plan, clock, self._run)
        told = {name.lower(): value.get_secret_value() for name, value in options.headers.items()}
        self._headers = filled(told, options.variables, strict=False)
        self._cellar = Cellar()

    def drive(self, flow: Flow, *, keeps: bool) -> Generator[Page, None, Told]:
        """Do what a flow asks for, and yield its pages; all at its end, if it `keeps` them.

        Raises:
            StopRequestedError: If somebody asked to stop.
            LakesmithError: If the flow, or whoever issues tokens, gives up.
        """
        shelf, answer = Shelf(self._cellar), None
        agains: Counter[str] = Counter()
        waited_s = 0.0
        try:
            while True:
                try:
                    step = flow.send(answer)
                except StopIteration as done:
                    told: Told = done.value
                    break
                answer = None
                if isinstance(step, Page) and not keeps:
                    yield step
                    drop(step.body)
                elif isinstance(step, Page):
                    shelf.add(step)
                elif isinstance(step, Restart):
                    shelf.clear()
                else:
                    answer = self._do(step)
                if isinstance(step, Wait) and step.again:
                    agains[step.again] += 1
                    waited_s += step.seconds
            yield from shelf
            return replace(told, notices=(*told.notices, *_told_again(agains, waited_s)))
        finally:
            shelf.clear()
            flow.close()

    def close(self) -> None:
        """End all connections, and take away what lies on disk."""
        self._transport.close()
        self._cellar.close()

    def _run(self, attempts: Attempts) -> Answered:
        """Do what the attempts at one request ask for, outside of any flow of pages."""
        steps, answer = attempts.run(), None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as done:
                answered: Answered = done.value
                return answered
            answer = self._do(step)

    def _do(self, step: Step) -> Answer:
        if isinstance(step, Request):
            return self._send(step)
        if isinstance(step, Wait):
            self._wait(step)
        elif isinstance(step, Renew):
            self.traffic.renewals += 1
            self._keyring.renew(step.credential)
        return None

    def _wait(self, wait: Wait) -> None:
        if wait.shared:
            self._bucket.hold(self._clock.steady_s(), wait.seconds)
        with self._lock:
            self.traffic.waits += 1
            self.traffic.retries += bool(wait.again)
            self.traffic.waited_s += wait.seconds
            self.traffic.throttled_s += wait.seconds if wait.shared else 0.0
        self._patience.wait(wait.seconds, self.stops.now)

    def _send(self, request: Request) -> Response | Failure:
        """Send one request once there is a permit for it."""
        credential = self._keyring.current() if request.is_trusted else Credential()
        permit_s = self._bucket.take(self._clock.steady_s())
        self._patience.wait(permit_s, self.stops.now)
        with self._lock:
            self.traffic.requests += 1
            self.traffic.throttled_s += permit_s
        headers = dict(ALWAYS)
        if request.is_trusted:
            headers |= {**self._headers, **request.headers, **credential.headers}
        else:
            headers |= request.headers
        url = with_params(request.url, credential.params)
        try:
            made = httpx.Request(
                request.method, url, headers=headers, content=request.body, extensions=self._extensions
            )
            return self._received(made, credential)
        except tuple(FAILURES) as error:
            return failure_in(error)

    def _received(self, request: httpx.Request, credential: Credential) -> Response | Failure:
        self.stops.now.check()
        answer = self._transport.handle_request(request)
        gathering = Gathering(self._cellar, self._options.max_answer_mb * MB)
        try:
            poured(answer, gathering, self.stops.now)
        finally:
            with self._lock:
                self.traffic.bytes_read += answer.num_bytes_downloaded
        headers = {name.lower(): value for name, value in answer.headers.items()}
        self._note_limits(headers)
        return Response(answer.status_code, headers, gathering.body(), self._clock.now(), credential.number)

    def _note_limits(self, headers: dict[str, str]) -> None:
        told = {
            name: value
            for name, value in headers.items()
            if "ratelimit" in name or "rate-limit" in name or "call-limit" in name
        }
        if told:
            with self._lock:
                self.traffic.limits |= told


def first_page(line: Line, flow: Flow) -> Iterator[Page]:
    """Yield the first page of a flow, and end it."""
    pages = line.drive(flow, keeps=False)
    try:
        page = next(pages, None)
        if page is not None:
            yield page
    finally:
        pages.close()


def _told_again(agains: Counter[str], waited_s: float) -> tuple[str, ...]:
    """Return what a person should know of requests that were made again."""
    if not agains:
        return ()
    listed = ", ".join(f"{count} × {why}" for why, count in sorted(agains.items()))
    total = agains.total()
    made = "1 request was" if total == 1 else f"{total:,} requests were"
    return (f"{made} made again ({listed}), after {waited_s:.1f} s of waiting.",)
