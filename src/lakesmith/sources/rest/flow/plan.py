"""All that a flow knows before it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.sources.rest.flow.asking import Asking
from lakesmith.sources.rest.flow.tally import KEYS
from lakesmith.sources.rest.options import RestStreamOptions, RetryOptions
from lakesmith.sources.rest.scrub import Scrubber
from lakesmith.sources.rest.settings.errors import ErrorRule


@dataclass(frozen=True, slots=True)
class Plan:
    """What one flow reads, and how.

    `places` are the values of this window or parent. `chance` gives numbers from 0 up to 1. `key` are the fields that identify a
    record, which tell whether records moved between pages; empty where nobody knows. `needs` says what credentials the API wants.
    `is_newest_of_key`: of records with one key the newest counts, so that nobody needs to be told of the others.
    `flows` is how many of them there may be at a time.
    """

    name: str
    asking: Asking
    options: RestStreamOptions
    retries: RetryOptions
    chance: Callable[[], float]
    scrub: Scrubber
    rules: tuple[ErrorRule, ...] = ()
    places: Mapping[str, Any] = field(default_factory=dict, repr=False)
    key: tuple[str, ...] = ()
    where: str = ""
    needs: str = ""
    is_newest_of_key: bool = False
    flows: int = 1

    @property
    def keeps_pages(self) -> bool:
        """Whether pages are of use only once all of them are there: records may move, or a report may have to be made again."""
        paging = self.options.paging
        return self.options.jobs is not None or (paging.type != "none" and not paging.is_stable)

    @property
    def looks_at_keys(self) -> bool:
        """Whether it matters that a key comes on two pages: records moved, or each of them becomes a row."""
        has_pages = self.options.paging.type != "none"
        return bool(self.key) and (self.keeps_pages or (has_pages and not self.is_newest_of_key))

    @property
    def most_keys(self) -> int:
        """Return how many keys may be remembered: where they only tell of doubles, all flows together remember what one of them may."""
        return KEYS if self.keeps_pages else KEYS // self.flows

    def backoff_s(self, tries: int) -> float:
        """Return how long to wait before attempt number `tries` + 1, in seconds: by chance, up to a limit that doubles."""
        longest = min(self.retries.longest_s, self.retries.first_s * 2.0 ** min(tries - 1, 32))
        return longest * self.chance()
