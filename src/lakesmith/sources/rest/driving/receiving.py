"""An answer taken in, or what came in its place."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from lakesmith.host.addresses import ForbiddenAddressError
from lakesmith.sources.rest.driving.keeping import TooLargeError
from lakesmith.sources.rest.driving.transport import TooSlowError
from lakesmith.sources.rest.driving.unpacking import PACKINGS, CutShortError, Inflating, Unpacked
from lakesmith.sources.rest.flow.values import Failure, Fault

if TYPE_CHECKING:
    from lakesmith.host.stop import Stop
    from lakesmith.sources.rest.driving.keeping import Gathering

FAILURES: dict[type[BaseException], Fault] = {
    ForbiddenAddressError: "forbidden",
    TooLargeError: "too_large",
    TooSlowError: "too_slow",
    CutShortError: "broken_off",
    httpcore.ReadError: "broken_off",
    httpcore.WriteError: "broken_off",
    httpcore.RemoteProtocolError: "broken_off",
    httpcore.TimeoutException: "timeout",
    httpcore.ConnectError: "unreachable",
    httpx.InvalidURL: "astray",
    httpcore.UnsupportedProtocol: "astray",
    httpcore.LocalProtocolError: "unsendable",
    UnicodeError: "unsendable",
}
"""What may happen in the place of an answer; the first that fits says what it is."""


def poured(answer: httpx.Response, gathering: Gathering, stop: Stop) -> None:
    """Take an answer in, unpacked.

    Raises:
        CutShortError: If it ends in the middle.
        TooLargeError: If it is larger than it may be.
        StopRequestedError: If somebody asked to stop meanwhile.
    """
    try:
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        inner = Unpacked(gathering)
        outer = Inflating(inner) if encoding in PACKINGS else inner
        for piece in answer.iter_raw():
            stop.check()
            outer.write(piece)
        if outer is not inner:
            outer.close()
        inner.close()
    except BaseException:
        gathering.drop()
        raise
    finally:
        answer.close()


def failure_in(error: BaseException) -> Failure:
    """Return what an exception says of an answer that did not come."""
    kind = next(kind for known, kind in FAILURES.items() if isinstance(error, known))
    if kind == "unreachable" and isinstance(_cause(error), ssl.SSLCertVerificationError):
        return Failure("certificate")
    return Failure(kind, str(error) if kind in ("too_large", "forbidden") else "")


def _cause(error: BaseException) -> Any:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]  # one of them is there
    return error
