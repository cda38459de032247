"""What was seen of a stream while its pages were read: whether they add up is told by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.sources.rest.reading.documents import Document

KEYS = 1_000_000
"""How many keys are remembered to see whether records moved between pages."""


class MovedError(Exception):
    """Records moved between pages while they were read, so that some may be missing, or there twice."""


@dataclass(slots=True)
class Tally:
    """Pages by their digests, places by what they are, keys of records by their hashes.

    `empties` are the pages without records that came last, `misses` answers without a list of records; `total` is what the API says.
    """

    pages: int = 0
    records: int = 0
    empties: int = 0
    misses: int = 0
    total: int | None = None
    digests: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)

    @property
    def has_room(self) -> bool:
        """Whether more keys are remembered."""
        return len(self.keys) <= KEYS

    def has(self, document: Document) -> bool:
        """Whether a page with the same records was there before."""
        return bool(document.count) and document.digest in self.digests

    def take(self, document: Document, total: int | None, *, is_miss: bool) -> None:
        """Take note of a page, and of what it says of the number of all records.

        Raises:
            MovedError: If a record of it was on a page before.
        """
        if document.count:
            self.digests.add(document.digest)
        self.records += document.count
        self.empties = 0 if document.count else self.empties + 1
        self.misses += is_miss
        self.total = total if total is not None else self.total
        keys = set(filter(None, document.picked))
        if keys & self.keys:
            raise MovedError("Records moved from page to page while they were read.")
        self.keys |= keys

    def prove(self) -> None:
        """See that as many records came as the API said there are.

        Raises:
            MovedError: If there are more or fewer.
        """
        if self.total is not None and self.total != self.records:
            raise MovedError(f"The API says that there are {self.total:,} records, and {self.records:,} came.")

    def notices(self, records: str) -> tuple[str, ...]:
        """Return what a person should know of answers without a list at the path `records`, which may be none of the API's own."""
        if not self.misses:
            return ()
        if self.misses == self.pages and not self.records:
            return (f"The answers have nothing at `records: {records}`: no record was found.",)
        told = "1 answer has" if self.misses == 1 else f"{self.misses:,} answers have"
        return (f"{told} nothing at `records: {records}`, others have. `expects:` says what every good answer has.",)
