"""An HTTP server on 127.0.0.1 that speaks as a platform does, and fails as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http.server import ThreadingHTTPServer
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qsl

from lakesmith.simulate.apis.faults import PLAIN, WIRE, Fault, Script
from lakesmith.simulate.apis.wire import Called, Handler

_LOGIN: Final = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/login'></form></body></html>"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `path` is without the query, header names are lower case, `host` is what addresses in answers begin with."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    host: str
    fault: Fault | None = None

    def is_spoilt(self, kind: str) -> bool:
        """Return whether this answer is to be wrong in this way."""
        return self.fault is not None and self.fault.kind == kind

    def form(self) -> dict[str, str]:
        """Return the body as the fields of a form."""
        return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True))

    def json(self) -> Any:
        """Return the body as JSON; an empty one is an empty object."""
        return json.loads(self.body or b"{}")

    def bearer(self) -> str:
        """Return the token of the header Authorization; empty without one."""
        return self.headers.get("authorization", "").removeprefix("Bearer ").strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> Answer:
        """Return an answer of JSON; headers are named with `_` for `-`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=UTF-8", **named})


class Platform(Protocol):
    """What speaks. It answers every fault of `WORDS`, `PAGES` and `REPORTS` that it names in `faults`; the server does the others."""

    faults: frozenset[str]

    def answer(self, asked: Asked) -> Answer:
        """Return what the platform says to a request; `asked.fault` says what has to be wrong with it."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """One request and how it was answered; `asked.fault` is what went wrong."""

    asked: Asked
    status: int


class ApiServer:
    """A platform on a free port, for the length of a `with`. A fault of the platform's own code is raised at the end of it.

    Attributes:
        url: `http://127.0.0.1:port`.
        heard: All requests in the order of their arrival, for tests: also what credentials came.
    """

    def __init__(self, platform: Platform, faults: Iterable[Fault] = (), *, port: int = 0) -> None:
        self.platform = platform
        self.heard: list[Heard] = []
        self._broken: list[Exception] = []
        self._port, self._count, self._lock = port, 0, threading.Lock()
        self.spoil(*faults)

    def spoil(self, *faults: Fault) -> None:
        """Go by this script from now on; its counts begin anew.

        Raises:
            ValueError: If the platform cannot do one of these faults.
        """
        for fault in faults:
            if fault.kind not in WIRE | PLAIN | self.platform.faults:
                raise ValueError(f"{type(self.platform).__name__} cannot do {fault.kind!r}")
        self._script = Script(faults)

    def spoilt(self, kind: str) -> int:
        """Return how often this fault has happened."""
        return sum(heard.asked.is_spoilt(kind) for heard in self.heard)

    def __enter__(self) -> Self:
        handler = type("Handler", (Handler,), {"hear": staticmethod(self.hear)})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._broken and kind is None:
            raise self._broken[0]

    def hear(self, called: Called) -> tuple[Answer, Fault | None]:
        """Return the answer to a request, and how it is to be spoilt on the wire."""
        asked = Asked(0, called.method, called.path, called.query, called.headers, called.body, called.host)
        with self._lock:
            self._count += 1
            query = "&".join(f"{name}={value}" for name, value in asked.query.items())
            fault = self._script.of(f"{asked.method} {asked.path}?{query}")
            asked = replace(asked, number=self._count, fault=fault)
            place = len(self.heard)
            self.heard.append(Heard(asked, 0))
        answer = self._answer(asked)
        self.heard[place] = Heard(asked, answer.status)
        return answer, asked.fault if asked.fault is not None and asked.fault.kind in WIRE else None

    def _answer(self, asked: Asked) -> Answer:
        if asked.fault is not None and asked.fault.kind in PLAIN:
            return _plain(asked.fault)
        try:
            return self.platform.answer(asked)
        except Exception as error:  # noqa: BLE001 - a test has to see it; the client gets an answer of its kind
            self._broken.append(error)
            return Answer(500, b"the server of the test is broken")


def _plain(fault: Fault) -> Answer:
    html = {"Content-Type": "text/html; charset=utf-8"}
    if fault.kind == "login_page":
        return Answer(200, _LOGIN, html)
    if fault.kind == "no_content":
        return Answer(204)
    if fault.kind == "redirect":
        return Answer(302, b"", {"Location": fault.to})
    return Answer(fault.status, b"<html><body><h1>Bad gateway</h1></body></html>", {**html, **fault.headers()})
