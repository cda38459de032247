"""An S3 server on this machine behind a line that fails: refusals, broken connections, and answers lost after the write landed."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import importlib.util
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from lakesmith.testing.torture import victims

BUCKET = "torture"
PATIENCE_S = 60.0
ADDRESS = "bucket.json"
NOT_PASSED_ON = ("content-length", "transfer-encoding", "connection", "expect", "host", "date", "server")
SIGNED = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def may_serve() -> bool:
    """Whether an S3 server is installed here."""
    return importlib.util.find_spec("moto") is not None and importlib.util.find_spec("flask") is not None


@contextlib.contextmanager
def serve(place: Path) -> Iterator[int]:
    """Run an S3 server with one bucket for the length of a `with`; return its port."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (place / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port)
        _request(port, f"/{BUCKET}", "PUT")
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextlib.contextmanager
def flaky(backend: int, share: float, seed: int, place: Path) -> Iterator[int]:
    """Run a line to the server that fails for a share of the requests, in a process of its own; return its port."""
    port = free_port()
    child = victims.start(lambda: _serve_flaky(port, backend, share, seed), place)
    wait_for(port)
    try:
        yield port
    finally:
        os.kill(child, 15)
        victims.wait(child, place)


def point_to(home: Path, name: str, port: int) -> None:
    """Say where the lake of a project is: in a bucket, with its catalog in the project folder."""
    (home / "catalog").mkdir(exist_ok=True)
    told = {"root": f"s3://{BUCKET}/{name}", "port": port, "catalog": f"sqlite:///{home}/catalog/catalog.db"}
    (home / ADDRESS).write_text(json.dumps(told))


def address_of(home: Path) -> dict[str, Any] | None:
    """Return where the lake of a project is, None if it is in its folder."""
    file = home / ADDRESS
    return json.loads(file.read_text()) if file.exists() else None


def fetch(port: int, url: str) -> bytes:
    """Return an object, read by plain HTTP.

    Raises:
        KeyError: If it is not there.
    """
    try:
        return _request(port, f"/{url.partition('://')[2]}", "GET")
    except urllib.error.HTTPError as error:
        raise KeyError(url) from error


def put(port: int, url: str, content: bytes) -> None:
    """Write an object by plain HTTP."""
    _request(port, f"/{url.partition('://')[2]}", "PUT", content)


def _request(port: int, path: str, method: str, content: bytes | None = None) -> bytes:
    headers = {"Authorization": SIGNED, "Content-Type": "application/octet-stream"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", content, headers, method=method)
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
        said: bytes = answer.read()
        return said


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port.

    Raises:
        RuntimeError: If nobody does.
    """
    give_up = time.monotonic() + PATIENCE_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > give_up:
            raise RuntimeError(f"nobody listens on port {port}")
        time.sleep(0.05)


def _serve_flaky(port: int, backend: int, share: float, seed: int) -> None:
    Line.chance, Line.backend, Line.share = random.Random(seed), backend, share  # noqa: S311 - repeatable, as far as requests are
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Line)
    server.daemon_threads = True
    server.serve_forever(0.05)


class Line(http.server.BaseHTTPRequestHandler):
    """Passes requests on, or not."""

    chance: ClassVar[random.Random]
    backend: ClassVar[int]
    share: ClassVar[float]

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Pass one request on."""
        body = self.body()
        fate = (
            self.chance.choice(("refused", "cut", "lost answer")) if self.chance.random() < self.share else "passed on"
        )
        if fate == "refused":
            self.say(503, b"", {})
        elif fate == "cut":
            self.close_connection = True
        else:
            status, content, headers = self.pass_on(body)
            if fate == "lost answer":
                self.close_connection = True
            else:
                self.say(status, content, headers)

    def pass_on(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Ask the server; return status, content and headers of its answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=PATIENCE_S)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        line.request(self.command, self.path, body, kept | {"Content-Length": str(len(body))})
        got = line.getresponse()
        content, headers = got.read(), dict(got.getheaders())
        line.close()
        return got.status, content, headers

    def say(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    def body(self) -> bytes:
        """Return what was sent with the request."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *_rest: object) -> None:
        """Say nothing."""
