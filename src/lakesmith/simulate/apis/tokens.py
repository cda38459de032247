"""Access tokens that a platform gives out and takes back."""

from __future__ import annotations

import threading


class Tokens:
    """Counts what it gives out; `first` is good from the start, for platforms whose tokens are made in a console.

    Attributes:
        issued: How many have been given out, so that a test sees one refresh and not ten.
        is_revoked: Whether the grant behind them is gone: no new ones, and none is good.
    """

    def __init__(self, first: str = "") -> None:
        self.issued = 0
        self.is_revoked = False
        self._first = first
        self._good = {first} if first else set()
        self._lock = threading.Lock()

    def issue(self) -> str:
        """Return a new token; the earlier ones stay good."""
        with self._lock:
            self.issued += 1
            token = f"access-{self.issued}-of-this-run"
            self._good.add(token)
            return token

    def is_good(self, token: str) -> bool:
        """Return whether requests with it are answered."""
        return not self.is_revoked and token in self._good

    def expire(self) -> None:
        """Let none be good that was given out until now."""
        with self._lock:
            self._good.clear()

    def revoke(self) -> None:
        """Take the grant back."""
        self.is_revoked = True
