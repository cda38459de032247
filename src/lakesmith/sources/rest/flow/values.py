"""What passes between a flow, which decides, and whoever drives it, who talks to the network."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from lakesmith.model.streams import Reject

Fault: TypeAlias = Literal[
    "unreachable", "timeout", "broken_off", "too_slow", "too_large", "forbidden", "certificate", "unsendable", "astray"
]


class Body(Protocol):
    """What an answer holds, unpacked; it may lie on disk."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...

    def open(self) -> BinaryIO:
        """Return it from its beginning; whoever opens it closes it."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A body in memory."""

    content: bytes = field(default=b"", repr=False)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.content)

    def open(self) -> BinaryIO:
        """Return it from its beginning."""
        return BytesIO(self.content)


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `is_trusted`: it goes to the API itself, so that credentials and headers of the source are added to it."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    is_trusted: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. `headers` by their names in lower case, `at` when it came (aware, UTC), `credential` the number of the credentials that were sent."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body = Held()
    at: datetime | None = None
    credential: int = 0

    @property
    def is_good(self) -> bool:
        """Whether its status says that all went well."""
        return 200 <= self.status < 300  # noqa: PLR2004 - what these numbers mean is the point

    @property
    def is_none(self) -> bool:
        """Whether its status says that there is nothing to send."""
        return self.status == 204  # noqa: PLR2004

    @property
    def is_their_fault(self) -> bool:
        """Whether its status says that the server failed."""
        return self.status >= 500  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer, or not all of it. `detail` is a word of ours for it, never the other side's."""

    kind: Fault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so many seconds; `shared`: whoever else asks this API waits as well. `again` says why a request is made again after it."""

    seconds: float
    why: str
    shared: bool = False
    again: str = ""


@dataclass(frozen=True, slots=True)
class Renew:
    """Get new credentials, unless somebody has since those with this number were sent."""

    credential: int


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that holds records, `count` of them, at `records`; `after` is how reading goes on behind it, in plain values.

    `beside` is what stands beside the records in the answer. Of those at its beginning, `skip` were read before. `cut` are
    the records themselves, where they are few and were cut out already.
    """

    body: Body
    count: int
    after: Mapping[str, Any]
    beside: Any = field(default=None, repr=False)
    skip: int = 0
    cut: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Restart:
    """Forget all pages of this flow: records moved while they were read, and it begins again."""

    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of a flow that has ended."""

    pages: int = 0
    records: int = 0
    total: int | None = None
    notices: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = ()


Step: TypeAlias = "Request | Wait | Renew | Page | Restart"
Answer: TypeAlias = "Response | Failure | None"
Flow: TypeAlias = Generator[Step, Answer, Told]
