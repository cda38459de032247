"""Requests and answers on the wire, and what breaks there."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from lakesmith.simulate.apis.faults import Fault
    from lakesmith.simulate.apis.serving import Answer

_PAUSE_S: Final = 0.002
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Called:
    """A request as it came; header names are lower case, `host` is the address that the client knows the server by."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    host: str


Hear = Callable[[Called], "tuple[Answer, Fault | None]"]


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    hear: Hear
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_rest: object) -> None:
        """Say nothing: `heard` knows."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        host = f"http://{headers.get('host', '')}"
        answer, fault = self.hear(Called(self.command, parts.path, query, headers, body, host))
        if fault is None:
            self._send(answer, answer.body)
            return
        self.close_connection = True
        getattr(self, f"_{fault.kind}")(answer, fault.amount)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names the standard library calls

    def _send(self, answer: Answer, body: bytes, **headers: str) -> None:
        self.send_response(answer.status)
        lengths = {} if "Transfer_Encoding" in headers else {"Content_Length": str(len(answer.body))}
        for name, value in (dict(answer.headers) | lengths | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _cut(self, answer: Answer, amount: int) -> None:
        self._send(answer, answer.body[:amount])

    def _cut_chunk(self, answer: Answer, amount: int) -> None:
        self._send(answer, b"%x\r\n" % len(answer.body) + answer.body[:amount], Transfer_Encoding="chunked")

    def _reset(self, _answer: Answer, _amount: int) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def _slow(self, answer: Answer, amount: int) -> None:
        self._send(answer, b"")
        for start in range(0, len(answer.body), amount):
            self.wfile.write(answer.body[start : start + amount])
            self.wfile.flush()
            time.sleep(_PAUSE_S)

    def _wrong_length(self, answer: Answer, amount: int) -> None:
        self._send(answer, answer.body, Content_Length=str(len(answer.body) + amount))
