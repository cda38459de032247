"""A visitor of the console who can send anything: any method, any path bytes, any header."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Visitor:
    """Holds the cookie once let in. `ask` sends exactly the path it is given."""

    port: int
    cookie: str = ""
    host: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        wire._validate_path = lambda _: None
        wire._validate_method = lambda _: None
        wire.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {
            "Host": self.host or f"localhost:{self.port}",
            **self.extra,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        for name, value in sent.items():
            if value is not None:
                wire.putheader(name, value)
        if body is not None:
            wire.putheader("Content-Length", str(len(body)))
        wire.endheaders(body)
        answer = wire.getresponse()
        text = answer.read().decode("utf-8")
        found = {name.lower(): value for name, value in answer.getheaders()}
        wire.close()
        return Reply(answer.status, found, text)

    def enter(self, link: str) -> Reply:
        """Follow a link; keep the cookie."""
        reply = self.ask(link[link.index("/?") :])
        if "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
        return reply

    def proof(self) -> str:
        """Return the proof in the form of a page."""
        return re.search(r'name="proof" value="([0-9a-f]+)"', self.ask("/system").body)[1]


def links_of(body: str) -> set[str]:
    """Return all addresses on a page."""
    from html import unescape

    return {unescape(found) for found in re.findall(r'href="([^"]*)"', body)}
