"""What was seen of a stream while its pages were read: whether they add up is told by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.sources.rest.reading.documents import Document

KEYS = 1_000_000
"""How many keys are remembered to see whether records moved between pages; they take some 80 MB."""


class MovedError(Exception):
    """Records moved between pages while they were read, so that some may be missing, or there twice."""


@dataclass(slots=True)
class Tally:
    """Pages by their digests, places by what they are, keys of records by their hashes.

    `empties` are the pages without records that came last, `misses` answers without a list of records; `total` is what the API says.
    `is_stable`: records keep their places, so that one whose key came before is not one that moved: these are counted in `doubles`.
    `most_keys` are remembered, and not those of records beyond.
    """

    is_stable: bool = False
    most_keys: int = KEYS

    pages: int = 0
    records: int = 0
    empties: int = 0
    misses: int = 0
    doubles: int = 0
    total: int | None = None
    digests: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)

    @property
    def has_room(self) -> bool:
        """Whether more keys are remembered."""
        return len(self.keys) <= self.most_keys

    def has(self, document: Document) -> bool:
        """Whether a page with the same records was there before."""
        return bool(document.count) and document.digest in self.digests

    def take(self, document: Document, total: int | None, *, is_miss: bool) -> None:
        """Take note of a page, and of what it says of the number of all records.

        Raises:
            MovedError: If a record of it was on a page before, and they may move.
        """
        if document.count:
            self.digests.add(document.digest)
        self.records += document.count
        self.empties = 0 if document.count else self.empties + 1
        self.misses += is_miss
        self.total = total if total is not None else self.total
        picked = list(filter(None, document.picked))
        keys = set(picked)
        if self.is_stable:
            self.doubles += len(picked) - len(keys - self.keys)
        elif keys & self.keys:
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
        """Return what a person should know of keys that came twice, and of answers without a list at the path `records`."""
        return (*self._of_doubles(), *self._of_misses(records))

    def _of_doubles(self) -> tuple[str, ...]:
        if not self.doubles:
            return ()
        came = "1 record came" if self.doubles == 1 else f"{self.doubles:,} records came"
        came = came if self.has_room else f"At least {came}"
        return (
            f"{came} with a key that came before, and each is a row; with `mode: dedupe` the newest of a key counts.",
        )

    def _of_misses(self, records: str) -> tuple[str, ...]:
        if not self.misses:
            return ()
        if self.misses == self.pages and not self.records:
            return (f"The answers have nothing at `records: {records}`: no record was found.",)
        told = "1 answer has" if self.misses == 1 else f"{self.misses:,} answers have"
        return (f"{told} nothing at `records: {records}`, others have. `expects:` says what every good answer has.",)
