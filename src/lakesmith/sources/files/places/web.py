"""Files on a web server: by their names, or as an index lists them; ETag and Last-Modified tell whether one has changed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.connection import ATTEMPTS, PAUSE_S, Listed
from lakesmith.sources.files.places.faults import (
    ChangedFaultError,
    DeniedFaultError,
    MissingFaultError,
    PlaceFaultError,
    UnfitFaultError,
    UnreachableFaultError,
)
from lakesmith.sources.files.places.place import Status

if TYPE_CHECKING:
    from requests import Response

TIMEOUT_S = (10.0, 60.0)
"""For connecting, and for the next bytes."""

NANOS = 1_000_000_000
PIECE = 1024 * 1024
SIZE = re.compile(r"[0-9]{1,18}")
SLOW_BYTES, SLOW_S = 1024, 120.0
"""A server that sends fewer bytes than this in that time is as good as one that sends nothing."""

INDEX_BYTES = 64 * 1024 * 1024
PARTIAL = 206
NO_HEAD = (400, 403, 405, 501)
FAULTS: dict[int, type[PlaceFaultError]] = {
    401: DeniedFaultError,
    403: DeniedFaultError,
    404: MissingFaultError,
    407: DeniedFaultError,
    410: MissingFaultError,
    412: ChangedFaultError,
    416: ChangedFaultError,
}


class WebConnection:
    """A folder of a web server."""

    is_atomic = True
    window: int | None = None

    def __init__(self, address: Address, session: requests.Session) -> None:
        self._address, self._session = address, session

    def list(self, folder: str) -> Iterator[Listed]:
        """Yield the files that the index names."""
        index = self._address.index
        if index is None:
            raise UnfitFaultError(
                "a web server does not list its files: name each one without wildcards, or give an `index:`"
            )
        status = self.status(index)
        if status.size > INDEX_BYTES:
            raise UnfitFaultError("the index is larger than 64 MB")
        content = self._content(index, status)
        for line in content.decode("utf-8", "replace").splitlines():
            name = line.strip().removeprefix("./")
            if name and (not folder or name.startswith(f"{folder}/")):
                yield Listed(name, None)

    def status(self, name: str) -> Status:
        """Return size, time and ETag of a file, by a HEAD request, or by one for its first byte where HEAD is refused."""
        answer = self._ask("HEAD", name, {}, allowed=NO_HEAD)
        answer.close()
        size = answer.headers.get("Content-Length")
        if answer.status_code in NO_HEAD:
            answer = self._ask("GET", name, {"Range": "bytes=0-0"})
            answer.close()
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            size = whole if answer.status_code == PARTIAL else answer.headers.get("Content-Length")
        if size is None or not SIZE.fullmatch(size):
            raise UnfitFaultError("the server does not say how large the file is")
        return Status(int(size), _changed_ns(answer), _version(answer))

    def _content(self, name: str, status: Status) -> bytes:
        """Return a file whole, of the size it was said to have."""
        body, content = self.stream(name, (0, status.size), status.version), bytearray()
        try:
            while len(content) < status.size:
                piece = body.read(min(PIECE, status.size - len(content)))
                if not piece:
                    raise UnreachableFaultError("the transfer broke off")
                content += piece
        finally:
            body.close()
        return bytes(content)

    def stream(self, name: str, span: tuple[int, int], version: str) -> _Body:
        """Return a part of a file; where the server sends only whole files, what lies before it is read over."""
        headers = {"Range": f"bytes={span[0]}-{span[1] - 1}"}
        if version and not version.startswith("W/"):
            headers["If-Match"] = version
        answer = self._ask("GET", name, headers)
        if version and _version(answer) not in ("", version):
            answer.close()
            raise ChangedFaultError
        body = _Body(answer)
        before = 0 if answer.status_code == PARTIAL else span[0]
        while before > 0:
            piece = body.read(min(before, PIECE))
            if not piece:
                raise UnreachableFaultError("the transfer broke off")
            before -= len(piece)
        return body

    def _ask(self, method: str, name: str, headers: dict[str, str], allowed: tuple[int, ...] = ()) -> Response:
        url = f"{self._address.shown}/{quote(name)}" + (f"?{self._address.query}" if self._address.query else "")
        with _faults():
            answer = self._session.request(
                method, url, headers=headers, timeout=TIMEOUT_S, stream=True, allow_redirects=True
            )
        if answer.ok or answer.status_code in allowed:
            return answer
        answer.close()
        raise FAULTS.get(answer.status_code, UnreachableFaultError)(f"HTTP {answer.status_code}")


class _Body:
    """The bytes of a file on their way, as they are stored: nothing is unpacked."""

    def __init__(self, answer: Response, slow_s: float = SLOW_S) -> None:
        self._answer, self._slow_s = answer, slow_s
        self._waited_s, self._got = 0.0, 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes: what has arrived, so that one that sends drop by drop is noticed."""
        began = time.monotonic()
        with _faults():
            piece = bytes(self._answer.raw.read1(size, decode_content=False))
        self._judge(began, len(piece))
        return piece

    def _judge(self, began: float, size: int) -> None:
        """See that enough arrived; time in which nobody asked for anything does not count.

        Raises:
            UnreachableFaultError: If the server sends so slowly that it may never end.
        """
        now = time.monotonic()
        self._waited_s += now - began
        self._got += size
        if self._got >= SLOW_BYTES:
            self._waited_s, self._got = 0.0, 0
        elif self._waited_s > self._slow_s:
            raise UnreachableFaultError(f"less than {SLOW_BYTES} bytes in {self._slow_s:g} s")

    def close(self) -> None:
        """Stop the transfer."""
        self._answer.close()


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise UnfitFaultError("the URL cannot be used") from error
    except requests.exceptions.TooManyRedirects as error:
        raise UnfitFaultError("the server sends from one address to the next without end") from error
    except (requests.exceptions.RequestException, HTTPError, OSError) as error:
        raise UnreachableFaultError(type(error).__name__) from error
    except ValueError as error:  # of an address that the server sends us on to
        raise UnfitFaultError("the server answers with an address that is none") from error


def connect(address: Address) -> WebConnection:
    """Return a connection; nothing is sent before it is used.

    Raises:
        ConnectorOptionsError: If the token is none that can be sent.
    """
    address.refuse_unsendable("token")
    session = requests.Session()
    retry = Retry(
        total=ATTEMPTS - 1,
        read=1,  # whoever reads a file asks again himself
        backoff_factor=PAUSE_S,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    session.headers["Accept-Encoding"] = "identity"
    if address.storage.token:
        session.headers["Authorization"] = f"Bearer {address.storage.token}"
        session.trust_env = False  # a .netrc would put another password in the token's place
    elif address.user:
        # as bytes, since text would have to be Latin-1
        session.auth = HTTPBasicAuth(address.user.encode(), (address.password or "").encode())
    return WebConnection(address, session)


def _version(answer: Response) -> str:
    return str(answer.headers.get("ETag", ""))


def _changed_ns(answer: Any) -> int:
    """Return when a file was changed, 0 where the server does not say, or says it in a way nobody understands."""
    try:
        return int(parsedate_to_datetime(answer.headers["Last-Modified"]).timestamp() * NANOS)
    except (KeyError, TypeError, ValueError):
        return 0
