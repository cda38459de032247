"""How long the parts of a load take."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from lakesmith.host import Host

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds by phase (read, profile, shape, stage, commit, swap)."""

    host: Host
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens inside as `name`."""
        begun = self.host.clock.steady_s()
        try:
            yield
        finally:
            self.seconds[name] += self.host.clock.steady_s() - begun

    def timed(self, name: str, parts: Iterator[Part]) -> Iterator[Part]:
        """Yield what an iterator yields, counting the time it takes."""
        for _ in itertools.count():
            with self.phase(name):
                part = next(parts, None)
            if part is None:
                return
            yield part

    def rounded(self) -> dict[str, float]:
        """Return the seconds as a load keeps them."""
        return {name: round(seconds, 4) for name, seconds in self.seconds.items()}
