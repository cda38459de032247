"""What a kind of place far away can do: list, tell of a file, send a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lakesmith.sources.files.places.place import Status

ATTEMPTS = 5
PAUSE_S = 0.2
"""The pause before the second attempt; it doubles with each more."""


class Body(Protocol):
    """The bytes of a file on their way."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        ...

    def close(self) -> None:
        """Stop the transfer."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in a listing; `status` None where the listing only names it."""

    name: str
    status: Status | None


class Connection(Protocol):
    """What a kind of place can do. Every method raises `PlaceFaultError`s alone.

    `window` is the most one request may ask for, in bytes; None for no limit.
    """

    is_atomic: bool
    window: int | None

    def list(self, folder: str) -> Iterator[Listed]:
        """Yield every file below a folder, at any depth; the folder is relative to the root and may be empty."""
        ...

    def status(self, name: str) -> Status:
        """Return what the place says of a file now."""
        ...

    def stream(self, name: str, span: tuple[int, int], version: str) -> Body:
        """Return the bytes of a file from the first offset up to the second, of this version and no other."""
        ...
