"""A web server that does what no honest one does: each request is answered by a function with the bytes of a whole answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

Answering = Callable[[str, str], Iterator[bytes]]


@dataclass
class HostileServer:
    """Answers every request with the pieces that `answering(method, head)` yields; `heads` holds the requests that came."""

    answering: Answering
    heads: list[str] = field(default_factory=list)
    sent: int = 0

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._is_over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.host}/files"
        return self

    def __exit__(self, *_rest: object) -> None:
        self._is_over.set()
        self._socket.close()

    def _serve(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65_536)
                if not piece:
                    return
                head += piece
            self.heads.append(head.decode("latin-1"))
            for piece in self.answering(self.heads[-1].split()[0], self.heads[-1]):
                if self._is_over.is_set():
                    return
                connection.sendall(piece)
                self.sent += len(piece)


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole answer; headers are named with `_` for `-`."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body
