"""Requests made of what the project file says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urljoin, urlsplit, urlunsplit

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.rest.flow.places import UnknownPlaceError, filled, filled_path
from lakesmith.sources.rest.flow.values import Request
from lakesmith.sources.rest.options import AskOptions
from lakesmith.sources.rest.scrub import Scrubber

PORTS = {"http": 80, "https": 443}
TRUE = {True: "true", False: "false"}
BODY_HEADERS = ("content-type", "content-length")


class NoPlaceError(ValueError):
    """The body has nothing at the path that the place of a page is sent at."""


class AstrayError(ValueError):
    """An answer names an address that nobody can, or should, go to; the text says how, without the address."""


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
            raise self._unknown(error, known) from None
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        content, kind = _body(body, ask.body_as)
        made = {name.lower(): str(value) for name, value in headers.items()}
        if kind:
            made.setdefault("content-type", kind)
        return self.to(with_params(url, params), Request(ask.method, "", made, content))

    def to(self, url: str, like: Request) -> Request:
        """Return a request for an address; only where that is the API itself it is trusted, and gets the parameters of the source.

        Raises:
            ConnectorOptionsError: If these parameters name a place that has no value.
        """
        if origin(url) != origin(self.base_url):
            return replace(like, url=self.scrub.url(url), is_trusted=False)
        try:
            params = filled(dict(self.params), self.places)
        except UnknownPlaceError as error:
            raise self._unknown(error, self.places) from None
        return replace(like, url=with_params(url, params, over=False), is_trusted=True)

    def next(self, like: Request, url: str) -> Request:
        """Return the request for an address that an answer names, seen from the request before it. Another host gets neither headers nor body.

        Raises:
            AstrayError: If it is none that can be gone to, or leads from https to http.
        """
        url = led(like.url, url)
        made = self.to(url, like)
        if not like.is_trusted:  # back from elsewhere: nobody else decides what is asked in our name
            made = replace(made, is_trusted=False)
        if made.is_trusted or origin(url) == origin(like.url):
            return made
        headers = {name: value for name, value in made.headers.items() if name in ("accept", *BODY_HEADERS)}
        return replace(made, headers=headers, body=None)

    def _unknown(self, error: UnknownPlaceError, known: Mapping[str, Any]) -> ConnectorOptionsError:
        return ConnectorOptionsError(
            f"A request has a place `{{{error}}}` that nothing is known for.",
            where=self.where,
            fix=f"known are {', '.join(f'{{{name}}}' for name in sorted(known)) or 'none'}; `{{{{` is a brace",
        )


def led(begin: str, url: str) -> str:
    """Return the address that an answer from `begin` names.

    Raises:
        AstrayError: If it is none that can be gone to, or leads from https to http.
    """
    try:
        url = urljoin(begin, url)
        scheme, host, _ = origin(url)
    except ValueError:
        scheme, host = "", ""
    if scheme not in ("http", "https") or not host:
        raise AstrayError("to an address that is none")
    if scheme == "http" and urlsplit(begin).scheme == "https":
        raise AstrayError("from https to http, where others can read along")
    return url


def with_params(url: str, params: Mapping[str, Any], *, over: bool = True) -> str:
    """Return an address with parameters; those it has already are replaced, or stay unless `over`. All else stays as it is written.

    Examples:
        >>> with_params("https://a.b/c?x=1", {"x": 2, "y": [True, "é"]})
        'https://a.b/c?x=2&y=true&y=%C3%A9'
    """
    if not params:
        return url
    parts = urlsplit(url)
    pieces = [(unquote_plus(piece.partition("=")[0]), piece) for piece in parts.query.split("&") if piece]
    has = {name for name, _ in pieces}
    new = {name: value for name, value in params.items() if over or name not in has}
    kept = [piece for name, piece in pieces if name not in new]
    added = [
        (name, TRUE.get(item, item) if isinstance(item, bool) else item)
        for name, value in new.items()
        for item in (value if isinstance(value, list | tuple) else (value,))
        if item is not None
    ]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(filter(None, [*kept, urlencode(added)])), ""))


def with_body(request: Request, changes: Mapping[str, Any]) -> Request:
    """Return a request whose body, JSON or a form, has other values at some paths.

    Raises:
        NoPlaceError: If the body has no such path.
    """
    if not changes:
        return request
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = {**dict(parse_qsl((request.body or b"").decode(), keep_blank_values=True)), **changes}
        return replace(request, body=urlencode(form).encode())
    try:
        plain = json.loads(request.body or b"{}")
        for path, value in changes.items():
            *ways, last = path.split(".")
            inner = plain
            for way in ways:
                inner = inner[int(way)] if isinstance(inner, list) else inner.setdefault(way, {})
            inner[int(last) if isinstance(inner, list) else last] = value
    except (ValueError, TypeError, AttributeError, IndexError):
        raise NoPlaceError from None
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
