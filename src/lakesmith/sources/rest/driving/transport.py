"""Connections that are made to checked addresses only, and whose waits a person can end."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import httpcore
import httpx

from lakesmith.host.addresses import reachable
from lakesmith.sources.rest.driving.stopping import Stops

TICK_S = 1.0
"""How long one wait for bytes may take before it is looked whether anybody still wants them."""

SLOW_BYTES = 1024
"""So much has to come in the time that a server is given for it."""


class TooSlowError(Exception):
    """A server sends hardly anything."""


@cache
def proofs() -> ssl.SSLContext:
    """Return what servers prove themselves by; it takes a while to be read."""
    return httpx.create_ssl_context()


class GuardedStream(httpcore.NetworkStream):
    """A connection that waits for bytes in ticks, and for headers as for bodies no longer than `slow_s` for each kilobyte."""

    def __init__(self, stream: httpcore.NetworkStream, stops: Stops, slow_s: float) -> None:
        self._stream, self._stops, self._slow_s = stream, stops, slow_s
        self._began_s: float | None = None
        self._came = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes.

        Raises:
            StopRequestedError: If somebody asked to stop meanwhile.
            TooSlowError: If they come too slowly.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            self._stops.now.check()
            left = TICK_S if until is None else min(TICK_S, until - time.monotonic())
            try:
                return self._timed(self._stream.read(max_bytes, timeout=max(left, 0.001)))
            except httpcore.ReadTimeout:
                if until is not None and time.monotonic() >= until:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._began_s = None  # a server may think before it answers
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection, encrypted; the name of the server is proved, not its address."""
        return GuardedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._stops, self._slow_s)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)

    def _timed(self, piece: bytes) -> bytes:
        """Return what came, if it came fast enough."""
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s, self._came = now_s, 0
        self._came += len(piece)
        if self._came >= SLOW_BYTES:
            self._began_s, self._came = now_s, 0
        elif piece and now_s - self._began_s > self._slow_s:
            raise TooSlowError
        return piece


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to an address that was checked, and asks no name server again after that."""

    def __init__(self, named: frozenset[str], stops: Stops, slow_s: float) -> None:
        self._named, self._stops, self._slow_s, self._plain = named, stops, slow_s, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address of a host that answers.

        Raises:
            ForbiddenAddressError: If one of its addresses may not be reached.
        """
        try:
            addresses = reachable(host, port, self._named)
        except OSError as error:
            raise httpcore.ConnectError("there is no such host") from error
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            return GuardedStream(stream, self._stops, self._slow_s)
        raise failed or httpcore.ConnectError("the host has no address")


class GuardedTransport(httpx.BaseTransport):
    """What httpx sends requests by."""

    def __init__(self, named: frozenset[str], stops: Stops, connections: int, slow_s: float) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=proofs(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=20.0,
            network_backend=GuardedBackend(named, stops, slow_s),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, of which only the beginning is there."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        content: Any = request.stream
        made = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=content, extensions=request.extensions
        )
        answer = self._pool.handle_request(made)
        stream: Any = answer.stream
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Pieces(stream), extensions=answer.extensions
        )

    def close(self) -> None:
        """End all connections."""
        self._pool.close()


class _Pieces(httpx.SyncByteStream):
    """The bytes of an answer on their way."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        """Let go of the connection."""
        self._stream.close()
