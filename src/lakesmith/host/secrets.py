"""Values that must never be shown: whatever came out of `${env:…}` or `${file:…}` is taken out of every text that leaves."""

from __future__ import annotations

import re

MASK = "••••"
SHORTEST = 4


class Secrets:
    """The secret values of a project, known so that they can be taken out of logs and messages."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """Remember a value. Values under four characters are not masked: they would tear holes in ordinary text."""
        if len(value) >= SHORTEST:
            self._values.add(value)
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(known) for known in longest_first))

    def mask(self, text: str) -> str:
        """Return `text` with every known value replaced."""
        return self._pattern.sub(MASK, text) if self._pattern else text
