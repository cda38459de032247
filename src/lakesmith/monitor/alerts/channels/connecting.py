"""Connections to checked addresses only, with a limit on the time they take as a whole."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lakesmith.host.addresses import METADATA, ForbiddenAddressError, reachable

TIMEOUT_S = 5.0
ANSWER_BYTES = 4096
REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: its status, the beginning of its text, and how long it wants to be left alone."""

    status: int
    text: str
    wait_s: float | None = None


class TooSlowError(OSError):
    """The whole took longer than it may."""


def checked(host: str, port: int, *, private: bool) -> list[str]:
    """Return the addresses of a host, once it is clear that all of them may be reached.

    Raises:
        ForbiddenAddressError: If it is private and nobody allowed that, or a cloud's own service.
        OSError: If there is no such host.
    """
    addresses = reachable(host, port, {host.lower().strip("[]").rstrip(".")} if private else ())
    for address in addresses:
        found = ipaddress.ip_address(address.partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        if found in METADATA or (mapped is not None and mapped in METADATA) or found.is_link_local:
            raise ForbiddenAddressError(host)
    return addresses


def dial(addresses: Sequence[str], port: int, timeout_s: float) -> socket.socket:
    """Return a connection to the first address that answers.

    Raises:
        OSError: If none does.
    """
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout_s / len(addresses))
    return socket.create_connection((addresses[-1], port), timeout_s)


@contextmanager
def in_time(holder: list[socket.socket], limit_s: float) -> Iterator[None]:
    """Cut the connection in `holder` once a `with` takes longer than `limit_s`.

    Raises:
        TooSlowError: If it was cut.
    """
    late = threading.Event()

    def cut() -> None:
        late.set()
        for connection in holder:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    timer = threading.Timer(limit_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if late.is_set():
            raise TooSlowError from error
        raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TooSlowError


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool, limit_s: float = TIMEOUT_S) -> Answer:
    """Send a request with a body, and return the answer; redirects are not followed.

    Args:
        url: Where to.
        body: What.
        headers: What else is said.
        private: Whether the address may be a private one.
        limit_s: How long all of it may take.

    Raises:
        ForbiddenAddressError: If the address may not be reached.
        OSError: If nobody answers in time.
        http.client.HTTPException: If what comes is no answer.
    """
    return _ask("POST", url, body, headers, private=private, limit_s=limit_s)


def get(url: str, *, private: bool, limit_s: float = TIMEOUT_S) -> Answer:
    """Ask for an address, and return the answer; raises what `post` raises."""
    return _ask("GET", url, None, {}, private=private, limit_s=limit_s)


def _ask(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, private: bool, limit_s: float
) -> Answer:
    parts = urlsplit(url)
    host, is_safe = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_safe else 80)
    addresses = checked(host, port, private=private)
    holder: list[socket.socket] = []
    with in_time(holder, limit_s):
        raw = dial(addresses, port, limit_s)
        holder.append(raw)
        try:
            connection = http.client.HTTPConnection(host, parts.port, timeout=limit_s)
            connection.sock = _encrypted(raw, host, holder) if is_safe else raw
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            named = f"[{host}]" if ":" in host else host
            name = named if parts.port is None else f"{named}:{parts.port}"
            connection.request(method, target, body, {"Host": name, "Connection": "close", **headers})
            response = connection.getresponse()
            text = response.read(ANSWER_BYTES).decode("utf-8", "replace")
            return Answer(response.status, text, _wait(response.getheader("Retry-After")))
        finally:
            for one in holder:
                one.close()


def _encrypted(raw: socket.socket, host: str, holder: list[socket.socket]) -> socket.socket:
    encrypted = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    holder[:] = [encrypted]
    return encrypted


def _wait(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdigit() else None
