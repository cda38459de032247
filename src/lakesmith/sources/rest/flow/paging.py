"""From one page to the next: where reading stands, what is asked for it, and what an answer says of the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.sources.rest.flow.asking import Asking, led, with_body, with_params
from lakesmith.sources.rest.flow.digging import dig, found, whole_number
from lakesmith.sources.rest.flow.values import Request
from lakesmith.sources.rest.options import PagingOptions

_LINK = re.compile(r"<(?P<url>[^>]*)>(?P<rest>[^<]*)")
_NEXT = re.compile(r';\s*rel\s*=\s*"?[^";,]*\bnext\b', re.IGNORECASE)
LAST = "last:"
ENDS = (None, "", False, "null")

State = Mapping[str, Any]
"""Where reading stands: `{"page": 3}`, `{"offset": 200}`, `{"cursor": …}`, `{"url": …}`; empty at the first page of the last three."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What an answer says: its parts beside the records, its headers, how many records it has, and how many there were with it."""

    beside: Any
    headers: Mapping[str, str]
    count: int
    so_far: int
    url: str = field(default="", repr=False)
    last: Any = field(default=None, repr=False)


class NoWayOnError(Exception):
    """An answer says that there is more, and not how to get it."""


def first(paging: PagingOptions) -> State:
    """Return where reading begins."""
    if paging.type == "cursor" and paging.first_value is not None:
        return {"cursor": paging.first_value}
    return {"page": {"page": paging.first}, "offset": {"offset": 0}}.get(paging.type, {})


def turned(paging: PagingOptions, request: Request, state: State, asking: Asking) -> Request:
    """Return the request for the page at which reading stands."""
    if "url" in state:
        return asking.next(request, state["url"])
    sent: dict[str, Any] = {}
    if paging.size_param and paging.size:
        sent[paging.size_param] = paging.size
    value = state.get(paging.type)
    if value is not None and paging.sent_as:
        sent[paging.sent_as] = value
    if paging.into == "body":
        return with_body(request, sent)
    return Request(request.method, with_params(request.url, sent), request.headers, request.body, request.is_trusted)


def following(paging: PagingOptions, state: State, sight: Sight) -> State | None:
    """Return where the next page is, None after the last.

    Raises:
        NoWayOnError: If there is more, and the answer does not say where.
        AstrayError: If it says an address that leads nowhere, or from https to http.
    """
    if paging.type == "none":
        return None
    more = found(sight.beside, sight.headers, paging.more)
    if paging.more is not None and more in (*ENDS, "false", 0, "0"):
        return None
    if paging.type in ("page", "offset"):
        return _counted(paging, state, sight)
    if paging.type == "link":
        target: Any = next_link(sight.headers.get("link", ""))
    else:
        target = _target(paging, sight)
    if target in ENDS:
        if paging.more is not None:
            raise NoWayOnError
        return None
    if paging.type == "cursor":
        return {"cursor": target}
    return {"url": led(sight.url, str(target))}


def _target(paging: PagingOptions, sight: Sight) -> Any:
    """Return what an answer says of the next page."""
    place = paging.next or ""
    if place.startswith(LAST):
        return dig(sight.last, place.removeprefix(LAST))
    return found(sight.beside, sight.headers, place)


def _counted(paging: PagingOptions, state: State, sight: Sight) -> State | None:
    total = whole_number(found(sight.beside, sight.headers, paging.total))
    pages = whole_number(found(sight.beside, sight.headers, paging.pages))
    if paging.type == "page":
        step: State = {"page": state["page"] + 1}
    else:
        step = {"offset": state["offset"] + (sight.count or paging.size or 1)}
    if paging.more is not None:
        return step
    if pages is not None and paging.type == "page":
        return step if state["page"] - paging.first + 1 < pages else None
    if total is not None:
        return step if sight.so_far < total else None
    least = paging.size if paging.stop == "short" else 1
    return step if sight.count >= (least or 1) else None


def next_link(header: str) -> str | None:
    """Return the address that a `Link` header calls the next one.

    Examples:
        >>> next_link('<https://a.b/?p=1>; rel="previous", <https://a.b/?p=3>; rel="next"')
        'https://a.b/?p=3'
    """
    for match in _LINK.finditer(header):
        if _NEXT.search(match["rest"]):
            return match["url"]
    return None
