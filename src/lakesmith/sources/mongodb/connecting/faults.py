"""What MongoDB and its driver say goes wrong, as errors a person can act on. Their own words stay out: they may hold values."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError, SourceDataError, SourceMissingError
from lakesmith.sources.scene import Fault, Scene

LATER = "run the same command again: it reads what is there then"


PASSWORD = Fault(
    ConnectorOptionsError,
    "The server does not accept this user or this password.",
    "check user and password, and `authSource=` behind the ? of `url:`; characters such as @ / : # % are written as %40 %2F %3A %23 %25",
)
DENIED = Fault(
    ConnectorOptionsError,
    "The user may not read this, or did not log in.",
    "let an administrator grant the role `read` on the database, and put user and password into `url:`",
)
NO_HOST = Fault(
    ConnectorOptionsError,
    "The name of the host leads to no address.",
    "correct the part of `url:` between @ and /; a password with an @ in it is written with %40",
)
TLS = Fault(
    ConnectorOptionsError,
    "Encryption could not be agreed on with the server, or its certificate does not prove what it should.",
    "write `tls=true` behind the ? of `url:` where the server wants it, and `tlsCAFile=` where a private authority signed its certificate",
)
UNREACHABLE = Fault(
    RetriableError,
    "No server that may be read answers at this address.",
    "check that it runs and listens, that no firewall is in between, whether it wants `tls=true`, and what `read_preference:` asks for; then run again",
)
LOST = Fault(RetriableError, "The connection to the server was lost.", f"check that the server is up, then {LATER}")
NOT_PRIMARY = Fault(
    RetriableError,
    "The server is not the primary any more, or is not ready to be read.",
    f"wait until the replica set has a primary, then {LATER}",
)
CURSOR_GONE = Fault(
    RetriableError,
    "The server ended a read before it was through: somebody killed it, it stood idle for too long, or its collection was dropped or renamed.",
    LATER,
)
TIMEOUT = Fault(RetriableError, "The server ended a statement: it took too long, or somebody cancelled it.", LATER)
BUSY = Fault(RetriableError, "The server met a limit of its resources.", "look into its log, then run again")
MISSING = Fault(
    SourceMissingError,
    "There is no such collection or view.",
    "correct `collection:` or `database:`; `lakesmith check` lists what there is",
)
QUERY = Fault(
    ConnectorOptionsError,
    "The server does not understand what the stream asks for.",
    "correct `filter:`, `fields:`, `exclude:` or `cursor:` of the stream",
)
UNSUPPORTED = Fault(ConnectorOptionsError, "The server cannot do this.", "MongoDB 5.0 or newer is needed")
BROKEN = Fault(
    SourceDataError,
    "The server sent what is no document, or found its own data broken.",
    "look into the server's log; `validate` of the collection tells what is broken",
)
OTHER = Fault(
    SourceDataError,
    "The server refused a command.",
    "look into the server's log at this time; the connections are called lakesmith",
)

BY_CODE: dict[int, Fault] = {
    **dict.fromkeys((11, 18, 334), PASSWORD),
    **dict.fromkeys((13, 31, 33, 8000), DENIED),
    **dict.fromkeys((89, 6, 7, 9001, 202, 317), LOST),
    **dict.fromkeys((91, 189, 10107, 11600, 11602, 13435, 13436, 133, 216, 234, 13388), NOT_PRIMARY),
    **dict.fromkeys((43, 136, 175, 237, 290, 246, 228), CURSOR_GONE),
    **dict.fromkeys((50, 262, 11601, 24), TIMEOUT),
    **dict.fromkeys((39, 146, 14031, 292, 462), BUSY),
    **dict.fromkeys((26,), MISSING),
    **dict.fromkeys(
        (2, 9, 14, 51, 52, 16, 167, 168, 40323, 40324, 31249, 31250, 31253, 31254, 51024, 40415, 115), QUERY
    ),
    **dict.fromkeys((59, 72, 238), UNSUPPORTED),
    **dict.fromkeys((22, 1, 8, 28662), BROKEN),
}
"""Faults by the code of the server's answer."""

BY_TEXT = (
    (r"SSL|TLS|certificate", TLS),
    (
        r"Name or service not known|nodename nor servname|getaddrinfo|No address associated|DNS query name|NXDOMAIN",
        NO_HOST,
    ),
)
"""Faults by words, for what happens before a server has answered."""

PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), fault) for pattern, fault in BY_TEXT)
BY_CLASS = (
    ("ConfigurationError", QUERY),
    ("NotPrimaryError", NOT_PRIMARY),
    ("ServerSelectionTimeoutError", UNREACHABLE),
    ("NetworkTimeout", LOST),
    ("ConnectionFailure", LOST),
    ("ProtocolError", BROKEN),
    ("InvalidBSON", BROKEN),
)
"""Faults by the class of what the driver raised, or one of its parents; the first one counts."""


def raised_by_driver() -> tuple[type[BaseException], ...]:
    """Return the classes of exceptions that the driver raises, if it is loaded."""
    found = [
        getattr(sys.modules[name], kind)
        for name, kind in (("pymongo.errors", "PyMongoError"), ("bson.errors", "BSONError"))
        if name in sys.modules
    ]
    return tuple(found)


def fault_of(error: BaseException) -> Fault:
    """Return which kind of failure it is that the driver raised."""
    code = getattr(error, "code", None)
    if isinstance(code, int) and code in BY_CODE:
        return BY_CODE[code]
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if "ConnectionFailure" in kinds or "ConfigurationError" in kinds:
        found = next((fault for pattern, fault in PATTERNS if pattern.search(str(error))), None)
        if found is not None:
            return found
    return next((fault for name, fault in BY_CLASS if name in kinds), OTHER)


def explain(error: BaseException, scene: Scene) -> LakesmithError:
    """Return the error a person can act on for what the driver raised."""
    code = getattr(error, "code", None)
    return fault_of(error).at(scene, f"code {code}" if isinstance(code, int) else "")


@contextmanager
def driver_errors(scene: Scene) -> Iterator[None]:
    """Turn what the driver raises, also in the middle of reading, into errors a person can act on.

    Raises:
        LakesmithError: The one that `explain` gives.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, raised_by_driver()):
            raise
        raise explain(error, scene) from None  # its text may hold values of documents, or the address
