"""A stream from its first page to its last: the flow that a source drives."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError, SourceDataError, SourceMissingError
from lakesmith.sources.rest.flow.asking import AstrayError, NoPlaceError
from lakesmith.sources.rest.flow.attempts import Answered, Attempts
from lakesmith.sources.rest.flow.digging import found, whole_number
from lakesmith.sources.rest.flow.faults import AGAIN, wrong_paging
from lakesmith.sources.rest.flow.jobs import ReportFailedError, ordered
from lakesmith.sources.rest.flow.looking import key_of, look
from lakesmith.sources.rest.flow.paging import LAST, NoWayOnError, Sight, State, first, following, turned
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.tally import MovedError, Tally
from lakesmith.sources.rest.flow.values import Answer, Flow, Held, Page, Request, Response, Restart, Step, Told
from lakesmith.sources.rest.reading.documents import Document

RESTARTS = 3
EMPTIES = 3
"""How many empty pages may follow each other where records are counted."""

EMPTIES_WITH_MORE = 100
"""How many, where the API says after each that there is more."""


def flow(plan: Plan, since: Mapping[str, Any] | None = None) -> Flow:
    """Yield requests, waits and pages until all is read.

    Args:
        plan: What is read.
        since: Where a load of the same stopped: `after` of its last page that is kept. None: at the beginning.

    Raises:
        LakesmithError: If the API refuses, or what it sends does not add up.
    """
    orders = restarts = 0
    while True:
        try:
            requests: tuple[Request, ...]
            if plan.options.jobs is None:
                requests = (plan.asking.request(plan.options, plan.places, plan.name),)
            else:
                orders += 1
                requests = (yield from ordered(plan, plan.options.jobs)).requests
            return (yield from _parts(plan, requests, since))
        except ReportFailedError as error:
            if plan.options.jobs is None or orders >= plan.options.jobs.orders:
                raise _never_made(plan, orders, str(error)) from error
            yield Restart("the report failed, and is ordered again")
        except MovedError as error:
            restarts += 1
            if restarts >= RESTARTS or not plan.keeps_pages:
                raise RetriableError(f"{error} Nothing of it was loaded.", where=plan.where, fix=AGAIN) from error
            since = None
            yield Restart(str(error))


def _parts(plan: Plan, requests: tuple[Request, ...], since: Mapping[str, Any] | None) -> Flow:
    """Read what several requests bring, one behind the other."""
    at, told = dict(since or {}), Told()
    for number in range(at.get("part", 0), len(requests)):
        part = yield from _Reading(plan, requests[number], number).read(at)
        told = Told(told.pages + part.pages, told.records + part.records, part.total, told.notices + part.notices)
        at = {}
    return told


class _Reading:
    """The pages that begin with one request."""

    def __init__(self, plan: Plan, request: Request, part: int) -> None:
        self.plan, self.request, self.part = plan, request, part
        self.paging = plan.options.paging
        self.tally = Tally(is_stable=not plan.keeps_pages, most_keys=plan.most_keys)

    def read(self, at: Mapping[str, Any]) -> Flow:
        state: State | None = at.get("next", first(self.paging))
        self.tally.records, skip = at.get("records", 0), at.get("skip", 0)
        while state is not None:
            self._arrive(state)
            answered = yield from self._page(state)
            document: Document = Document() if answered.is_empty else answered.seen or Document()
            following_state = self._leave(state, answered, document)
            after: dict[str, Any] = {"part": self.part, "records": self.tally.records}
            if following_state is None:
                after["done"] = True
            else:
                after["next"] = dict(following_state)
            body = Held() if answered.is_empty else answered.response.body
            yield Page(body, document.count, after, document.beside, skip, document.cut)
            state, skip = following_state, 0
        if self.plan.options.format != "csv":
            self.tally.prove()
        notices = self.tally.notices(self.plan.options.records)
        return Told(self.tally.pages, self.tally.records, self.tally.total, notices)

    def _arrive(self, state: State) -> None:
        """Take note of where reading stands.

        Raises:
            SourceDataError: If it stood there before, or has come too far.
        """
        place = json.dumps(state, sort_keys=True)
        if place in self.tally.places:
            raise wrong_paging(self.plan, "The API sends us back to a page that was read before, without end.")
        self.tally.places.add(place)
        self.tally.pages += 1
        if self.tally.pages > self.paging.max_pages:
            raise wrong_paging(self.plan, f"The API has more than {self.paging.max_pages:,} pages (`max_pages`).")

    def _page(self, state: State) -> Generator[Step, Answer, Answered]:
        """Return the answer for one page; once more where it is the same as one before."""
        request = self._turned(state)
        for is_last in (False, True):
            try:
                answered = yield from Attempts(self.plan, request, self._look)
            except (SourceMissingError, ConnectorOptionsError) as error:
                is_gone = isinstance(error, SourceMissingError) or not request.is_trusted
                if self.plan.options.jobs is None or not is_gone:
                    raise
                raise ReportFailedError(error.what) from error  # an address that was good for some time only
            document: Document = Document() if answered.is_empty else answered.seen or Document()
            if not self.tally.has(document):
                break
            if is_last and self.plan.keeps_pages:
                raise MovedError("The API sends the same page twice.")
            if is_last:
                raise wrong_paging(self.plan, "The API sends the same page twice.")
        return answered

    def _turned(self, state: State) -> Request:
        try:
            return turned(self.paging, self.request, state, self.plan.asking)
        except NoPlaceError:
            raise ConnectorOptionsError(
                f"The body of the request has no place `{self.paging.sent_as}` for where reading stands.",
                where=self.plan.where,
                fix="write in `body:` what lies around it, or correct `paging: {param: …}`",
            ) from None
        except AstrayError as error:
            raise self._astray(error) from None

    def _astray(self, error: AstrayError) -> SourceDataError:
        return wrong_paging(self.plan, f"The API sends us {error} for the next page.")

    def _look(self, response: Response) -> tuple[Document, Any]:
        return look(self.plan.options, response, self.plan.name, self._picked)

    @property
    def _picked(self) -> Any:
        """What is kept of each record: its key, where it matters that it comes on two pages."""
        key = self.plan.key
        if not self.plan.looks_at_keys or not self.tally.has_room:
            return None
        return lambda text: key_of(text, key)

    def _leave(self, state: State, answered: Answered, document: Document) -> State | None:
        """Return where the next page is, None after the last.

        Raises:
            MovedError: If a record of this page was on one before.
            SourceDataError: If the API says that there is more, and not where.
        """
        tally = self.tally
        is_nothing = answered.is_empty or answered.response.is_none
        headers = answered.response.headers
        total = whole_number(found(document.beside, headers, self.paging.total))
        tally.take(document, total, is_miss=not (document.has_records or is_nothing))
        if is_nothing:
            return None
        sight = Sight(document.beside, headers, document.count, tally.records, self.request.url, self._last(document))
        try:
            state_after = following(self.paging, state, sight)
        except NoWayOnError:
            raise wrong_paging(self.plan, "The API says that there is more, and not how to get it.") from None
        except AstrayError as error:
            raise self._astray(error) from None
        if state_after is not None and "url" in state_after:
            state_after = {"url": self.plan.scrub.url(state_after["url"])}
        if not document.count and tally.empties < EMPTIES and state_after == state:
            tally.places.discard(json.dumps(state, sort_keys=True))  # nothing yet, and the way on leads here again
        return state_after if self._goes_on() else None

    def _goes_on(self) -> bool:
        """Whether there may be records behind as many empty pages as came.

        Raises:
            SourceDataError: If the API says so, and only sends empty ones.
        """
        empties, paging = self.tally.empties, self.paging
        if paging.type not in ("page", "offset") or empties < EMPTIES:
            return True
        if paging.more is None and paging.pages is None:
            return False
        if empties >= EMPTIES_WITH_MORE and paging.more is not None:
            raise wrong_paging(self.plan, f"The API says that there is more, and sent {empties:,} empty pages.")
        return True

    def _last(self, document: Document) -> Any:
        """Return the last record, where it says how to go on."""
        if not (self.paging.next or "").startswith(LAST) or not document.last:
            return None
        try:
            return json.loads(document.last)
        except (ValueError, RecursionError):
            raise wrong_paging(
                self.plan, "The last record of a page, which says how to go on, cannot be read."
            ) from None


def _never_made(plan: Plan, orders: int, told: str) -> LakesmithError:
    said = f' The API says "{plan.scrub.message(told)}".' if told else ""
    return RetriableError(
        f"A report could not be had, though it was ordered {orders} times.{said}", where=plan.where, fix=AGAIN
    )
