"""Sources over an API for tests, and what comes out of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rest_api import TOKEN, FixedClock, NoPatience

from lakesmith.model.streams import Ask, Chunk, Position, SourceContext, StreamId, StreamSpec
from lakesmith.sources.rest import RestOptions, RestSource, RestStreamOptions

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
QUICK = {"requests": 1000, "per_s": 1}


class Desk:
    """One stream of one API, read with a clock that stands."""

    def __init__(self, url: str, folder: Path, stream: dict[str, Any], **more: Any) -> None:
        mode, key = more.pop("mode", "replace"), more.pop("key", ())
        auth = more.pop("auth", {"type": "bearer", "token": TOKEN})
        host = urlsplit(url).hostname
        said = {"base_url": url, "auth": auth, "allow_hosts": [host], "rate": QUICK, **more}
        self.options = RestOptions.model_validate({name: value for name, value in said.items() if value is not None})
        self.spec = StreamSpec(
            StreamId("api", "things"), mode=mode, key=key, options=RestStreamOptions.model_validate(stream), where="lakesmith.yml:9"
        )  # fmt: skip
        self.clock = FixedClock(NOW)
        self.context = SourceContext("api", self.options, folder, (self.spec,), where="lakesmith.yml:5")
        self.source = RestSource(self.context, self.clock, NoPatience(self.clock), lambda: 0.5)
        self.position: Position | None = None

    def read(self) -> list[Chunk]:
        """Return what a load brings, and move the position."""
        chunks: list[Chunk] = []
        for split in self.source.splits(self.spec, Ask(self.position)):
            came = list(self.source.read(self.spec, split, Ask(self.position)))
            self.position = self.source.advance(self.position, split, came[-1].after)
            chunks += came
        return chunks

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows that a load brings."""
        return [row for chunk in self.read() for row in chunk.rows.to_pylist()]

    @property
    def waits(self) -> list[float]:
        """The waits so far, in seconds."""
        return self.clock.waited[1:]
