"""Requests made of what the project file says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.rest.flow.places import UnknownPlaceError, filled, filled_path
from lakesmith.sources.rest.flow.values import Request
from lakesmith.sources.rest.options import AskOptions
from lakesmith.sources.rest.scrub import Scrubber

PORTS = {"http": 80, "https": 443}
TRUE = {True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class Asking:
    """Makes requests below `base_url`; `params` go with each that goes there, `places` are known to all."""

    base_url: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    places: Mapping[str, Any] = field(default_factory=dict, repr=False)
    scrub: Scrubber = field(default_factory=Scrubber, repr=False)
    where: str = ""

    def request(self, ask: AskOptions, places: Mapping[str, Any], default_path: str = "") -> Request:
        """Return the request, its places filled in.

        Raises:
            ConnectorOptionsError: If it names a place that has no value.
        """
        known = {**self.places, **places}
        try:
            path = filled_path(ask.path or default_path, known)
            params = filled(ask.params, known)
            headers = filled(ask.headers, known)
            body = filled(ask.body, known, strict=False)
        except UnknownPlaceError as error:
            raise ConnectorOptionsError(
                f"A request has a place `{{{error}}}` that nothing is known for.",
                where=self.where,
                fix=f"known are {', '.join(f'{{{name}}}' for name in sorted(known)) or 'none'}; `{{{{` is a brace",
            ) from None
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        content, kind = _body(body, ask.body_as)
        made = {name.lower(): str(value) for name, value in headers.items()}
        if kind:
            made.setdefault("content-type", kind)
        return self.to(with_params(url, params), Request(ask.method, "", made, content))

    def to(self, url: str, like: Request) -> Request:
        """Return a request for an address; only where that is the API itself it is trusted, and gets the parameters of the source."""
        is_trusted = origin(url) == origin(self.base_url)
        url = (
            with_params(url, filled(dict(self.params), self.places), over=False) if is_trusted else self.scrub.url(url)
        )
        return replace(like, url=url, is_trusted=is_trusted)

    def next(self, like: Request, url: str) -> Request:
        """Return the request for an address that an answer names, seen from the request before it."""
        return self.to(urljoin(like.url, url), like)


def with_params(url: str, params: Mapping[str, Any], *, over: bool = True) -> str:
    """Return an address with parameters; those it has already are replaced, or stay unless `over`.

    Examples:
        >>> with_params("https://a.b/c?x=1", {"x": 2, "y": [True, "é"]})
        'https://a.b/c?x=2&y=true&y=%C3%A9'
    """
    if not params:
        return url
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    has = {name for name, _ in pairs}
    new = {name: value for name, value in params.items() if over or name not in has}
    kept = [(name, value) for name, value in pairs if name not in new]
    added = [
        (name, TRUE.get(item, item) if isinstance(item, bool) else item)
        for name, value in new.items()
        for item in (value if isinstance(value, list | tuple) else (value,))
        if item is not None
    ]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode([*kept, *added]), ""))


def with_body(request: Request, changes: Mapping[str, Any]) -> Request:
    """Return a request whose body, JSON or a form, has other values at some paths."""
    if not changes:
        return request
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = {**dict(parse_qsl((request.body or b"").decode(), keep_blank_values=True)), **changes}
        return replace(request, body=urlencode(form).encode())
    plain = json.loads(request.body or b"{}")
    for path, value in changes.items():
        *ways, last = path.split(".")
        inner = plain
        for way in ways:
            inner = inner[int(way)] if isinstance(inner, list) else inner.setdefault(way, {})
        inner[int(last) if isinstance(inner, list) else last] = value
    content, kind = _body(plain, "json")
    return replace(request, body=content, headers={"content-type": kind, **request.headers})


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address; nothing that is equal to any other where it has none.

    Examples:
        >>> origin("https://A.b/c")
        ('https', 'a.b', 443)
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").rstrip("."), port or PORTS.get(parts.scheme, 0)


def _body(body: Any, written_as: str) -> tuple[bytes | None, str]:
    if body is None:
        return None, ""
    if written_as == "form":
        pairs = {name: TRUE.get(value, value) if isinstance(value, bool) else value for name, value in body.items()}
        return urlencode(pairs, doseq=True).encode(), "application/x-www-form-urlencoded"
    if isinstance(body, str):
        return body.encode(), "application/json"
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
