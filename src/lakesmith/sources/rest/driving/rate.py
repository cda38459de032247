"""How fast requests may follow each other: a bucket of permits that fills with time, shared by all who ask one API."""

from __future__ import annotations

import threading


class Bucket:
    """Gives out permits: `requests` at once, and as many again in `per_s` seconds. Times are seconds of a steady clock."""

    def __init__(self, requests: int, per_s: float) -> None:
        self._lock = threading.Lock()
        self._most, self._per_permit_s = float(requests), per_s / requests
        self._permits, self._at_s = self._most, 0.0
        self._held_until_s = 0.0

    def take(self, now_s: float) -> float:
        """Take a permit; return for how many seconds it is not valid yet.

        Examples:
            >>> bucket = Bucket(2, 1)
            >>> bucket.take(0), bucket.take(0), bucket.take(0), bucket.take(10)
            (0.0, 0.0, 0.5, 0.0)
        """
        with self._lock:
            passed = max(now_s - self._at_s, 0.0)
            self._permits = min(self._most, self._permits + passed / self._per_permit_s)
            self._at_s = max(self._at_s, now_s)
            self._permits -= 1
            wait_s = max(0.0, -self._permits * self._per_permit_s, self._held_until_s - now_s)
            return round(wait_s, 6)

    def hold(self, now_s: float, seconds: float) -> None:
        """Give out no permit that is valid before so many seconds have passed: the API asked everybody to wait."""
        with self._lock:
            self._held_until_s = max(self._held_until_s, now_s + seconds)
