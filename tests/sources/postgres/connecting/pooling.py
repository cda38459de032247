"""A pooler for tests, as PgBouncer works: it lets everybody in, and gives them server processes for a session or a transaction each."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from psycopg import pq

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
STATUSES = (
    "server_version",
    "server_encoding",
    "client_encoding",
    "DateStyle",
    "integer_datetimes",
    "standard_conforming_strings",
)


@dataclass
class Pooler:
    """Listens on `port`. `mode` is session or transaction; `size` is how many server processes there are at most."""

    url: str
    mode: str
    size: int = 4
    port: int = 0
    free: list[socket.socket] = field(default_factory=list)
    kept: list[pq.PGconn] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self) -> Iterator[Pooler]:
        """Serve for the length of a `with`."""
        self.room, self.lock = threading.Semaphore(self.size), threading.Lock()
        with socket.create_server(("127.0.0.1", 0)) as door:
            self.port = door.getsockname()[1]
            threading.Thread(target=self._accept, args=(door,), daemon=True).start()
            try:
                yield self
            finally:
                door.shutdown(socket.SHUT_RDWR)
                for connection in self.kept:
                    connection.finish()

    def _accept(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _take(self) -> socket.socket:
        self.room.acquire()
        with self.lock:
            if self.free:
                return self.free.pop()
            made = pq.PGconn.connect(self.url.encode())
            assert made.status == pq.ConnStatus.OK, made.error_message
            self.kept.append(made)
            return socket.socket(fileno=os.dup(made.socket))

    def _give_back(self, server: socket.socket) -> None:
        with self.lock:
            self.free.append(server)
        self.room.release()

    def _serve(self, client: socket.socket) -> None:
        server = None
        try:
            self._greet(client)
            while True:
                message = _message(client)
                if message[:1] == b"X":
                    return
                server = server or self._take()
                server.setblocking(True)
                server.sendall(message)
                if message[:1] in b"QS" and self._answer(server, client) == b"I" and self.mode == "transaction":
                    self._give_back(server)
                    server = None
        except (OSError, EOFError):
            return
        finally:
            client.close()
            if server is not None:
                self._give_back(server)

    def _greet(self, client: socket.socket) -> None:
        while True:
            (size,) = struct.unpack("!i", _exactly(client, 4))
            (code,) = struct.unpack("!i", _exactly(client, size - 4)[:4])
            if code not in (SSL_REQUEST, GSS_REQUEST):
                break
            client.sendall(b"N")
        with self.lock:
            known = self.kept[0] if self.kept else pq.PGconn.connect(self.url.encode())
        words = [(name, known.parameter_status(name.encode()) or b"") for name in STATUSES]
        client.sendall(_packed(b"R", struct.pack("!i", 0)))
        for name, value in words:
            client.sendall(_packed(b"S", name.encode() + b"\0" + value + b"\0"))
        client.sendall(_packed(b"K", os.urandom(8)) + _packed(b"Z", b"I"))

    def _answer(self, server: socket.socket, client: socket.socket) -> bytes:
        while True:
            message = _message(server)
            client.sendall(message)
            if message[:1] == b"Z":
                return message[5:6]


def _packed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _message(line: socket.socket) -> bytes:
    head = _exactly(line, 5)
    return head + _exactly(line, struct.unpack("!i", head[1:])[0] - 4)


def _exactly(line: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = line.recv(size - len(got))
        if not piece:
            raise EOFError
        got += piece
    return got
