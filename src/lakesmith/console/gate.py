"""The gate before every route: who asks, from where, for what. Whatever is not let through on purpose is refused.

It looks at nothing but headers, the cookie and the bytes of the path, and comes before any routing: no path is let through by its look,
and what does not exist answers as what does to somebody without a session.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lakesmith.console.answers import Answer, refusal
from lakesmith.console.keys import Keys

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = re.compile(rb"/|(?:/[A-Za-z0-9_~][A-Za-z0-9_.~-]*)+")
QUERY = re.compile(rb"[A-Za-z0-9_.~%+=&*-]*")
LONGEST_PATH, LONGEST_QUERY = 600, 1200
READS, METHODS = ("GET", "HEAD"), ("GET", "HEAD", "POST")
LINK_NAME = "token"
METRICS, BEARER = b"/metrics", "Bearer "
SAME_SITE = ("same-origin", "none")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gate looks at. A header that is there twice is as bad as a wrong one: it reads as None."""

    method: str
    path: bytes
    query: bytes
    headers: Mapping[str, str | None]

    @classmethod
    def of(cls, scope: Scope) -> Asked:
        """Read a request."""
        headers: dict[str, str | None] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            headers[key] = None if key in headers else value.decode("latin-1")
        raw = scope.get("raw_path") or b""
        return cls(scope["method"], raw.partition(b"?")[0], scope.get("query_string", b""), headers)


class Gate:
    """Wraps the routes. `hosts` are the names with port by which the console may be called, `origins` the pages that may send forms."""

    def __init__(self, inner: App, keys: Keys, hosts: frozenset[str], origins: frozenset[str], cookie: str) -> None:
        self._inner, self._keys, self._cookie = inner, keys, cookie
        self._hosts, self._origins = hosts, origins
        self._is_secure = any(origin.startswith("https:") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        asked = Asked.of(scope)
        answer = self._foreign(asked) or self._enters(asked)
        session = self._session(asked)
        if answer is None and not self._is_let_in(asked, session):
            answer = refusal(401)
        answer = answer or self._misspelt(asked)
        if answer is not None:
            await answer.send(send, bare=asked.method == "HEAD")
            return
        scope["lakesmith_session"] = session
        await self._inner(scope, receive, send)

    def _is_let_in(self, asked: Asked, session: str) -> bool:
        """Whether who asks may: browsers by their session; for metrics alone, programs by the key and nobody by a session."""
        if asked.path != METRICS:
            return self._keys.knows_session(session)
        told = asked.headers.get("authorization") or ""
        return self._keys.knows_bearer(told.removeprefix(BEARER)) and told.startswith(BEARER)

    def _foreign(self, asked: Asked) -> Answer | None:
        """Refuse what calls us by another name, and what a page of somebody else sends."""
        host = asked.headers.get("host")
        if host is None or host.lower() not in self._hosts:
            return refusal(421)
        if "origin" in asked.headers and not self._is_ours(asked):
            return refusal(403)
        site = asked.headers.get("sec-fetch-site", "none")
        is_visit = (
            asked.method in READS
            and asked.headers.get("sec-fetch-mode") == "navigate"
            and asked.headers.get("sec-fetch-dest") == "document"
        )
        if site not in SAME_SITE and not is_visit:
            return refusal(403)
        return None

    def _is_ours(self, asked: Asked) -> bool:
        """Whether a request comes from a page of ours. Browsers say `null` for one that tells no address, and then who sent it in words of their own."""
        origin = asked.headers["origin"]
        unsaid = origin == "null" and asked.method == "POST" and asked.headers.get("sec-fetch-site") == "same-origin"
        return unsaid or origin in self._origins

    def _enters(self, asked: Asked) -> Answer | None:
        """Let somebody in who brings a link that has not been used: the only request that needs no session."""
        if asked.method != "GET" or asked.path != b"/" or not asked.query.startswith(f"{LINK_NAME}=".encode()):
            return None
        told = parse_qs(asked.query.decode("latin-1"), max_num_fields=1) if asked.query.count(b"&") == 0 else {}
        if not self._keys.takes_link(told.get(LINK_NAME, [""])[0]):
            return refusal(401)
        secure = "; Secure" if self._is_secure else ""
        life = 7 * 86400
        cookie = f"{self._cookie}={self._keys.session()}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{secure}"
        return Answer(303, headers=(("location", "/"), ("set-cookie", cookie)))

    def _misspelt(self, asked: Asked) -> Answer | None:
        """Refuse methods nobody needs, and paths that could be read in two ways."""
        if asked.method not in METHODS:
            return refusal(405)
        if len(asked.path) > LONGEST_PATH or not PATH.fullmatch(asked.path) or b".." in asked.path:
            return refusal(404)
        if len(asked.query) > LONGEST_QUERY or not QUERY.fullmatch(asked.query):
            return refusal(400)
        return None

    def _session(self, asked: Asked) -> str:
        """Return the session a browser brings; empty where there is none, or more than one."""
        found = [
            value
            for name, _, value in (
                part.strip().partition("=") for part in (asked.headers.get("cookie") or "").split(";")
            )
            if name == self._cookie
        ]
        return found[0] if len(found) == 1 else ""


def names_of(port: int, address: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names by which a console on a port may be called, and the origins of its pages; `address` is one that the project names."""
    hosts = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
    origins = {f"http://{host}" for host in hosts}
    if address:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.netloc and "@" not in parts.netloc:
            hosts.add(parts.netloc.lower())
            origins.add(f"{parts.scheme}://{parts.netloc.lower()}")
    return frozenset(hosts), frozenset(origins)
