"""How long the parts of a load take."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lakesmith.host import Host
from lakesmith.model.streams import Chunk


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

    def timed(self, name: str, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield chunks, counting the time the reader takes."""
        for _ in itertools.count():
            with self.phase(name):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    def rounded(self) -> dict[str, float]:
        """Return the seconds as a load keeps them."""
        return {name: round(seconds, 4) for name, seconds in self.seconds.items()}
