"""HTTP APIs as a source: what the project file says of them is all there is to it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, SecretStr

from lakesmith.host.clock import Clock, SystemClock
from lakesmith.host.patience import Patience
from lakesmith.model.loads import Reached, Traffic
from lakesmith.model.streams import Ask, Chunk, Finding, Position, SourceContext, Split, StreamSpec
from lakesmith.sources.rest.options import RestOptions, RestStreamOptions
from lakesmith.sources.rest.planning.position import Place
from lakesmith.sources.rest.planning.splits import Planning

if TYPE_CHECKING:
    from lakesmith.sources.rest.api import Api


class RestSource:
    """Reads the streams of one HTTP API: windows of days, from a cursor's last value on, or as a whole.

    Presets of single platforms derive from it and say what is the same for everybody: `api`, `described`, `key_of`, `rows`, `notices`.
    """

    Options: ClassVar[type[Any]] = RestOptions
    StreamOptions: ClassVar[type[Any]] = RestStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe", "replace")
    default_mode: ClassVar[str] = "replace"

    def __init__(
        self,
        context: SourceContext,
        clock: Clock | None = None,
        patience: Patience | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._context, self._clock = context, clock or SystemClock()
        self._patience, self._chance = patience or Patience(), chance or random.random
        self._lock = threading.Lock()
        self._api: Api | None = None

    @property
    def context(self) -> SourceContext:
        """What the source was made with."""
        return self._context

    def api(self) -> RestOptions:
        """Return what there is to know of the API as a whole."""
        options: RestOptions = self._context.options
        return options

    def described(self, stream: StreamSpec) -> RestStreamOptions:
        """Return what there is to know of a stream."""
        options: RestStreamOptions = stream.options
        return options

    def key_of(self, stream: StreamSpec) -> tuple[str, ...]:
        """Return the fields that identify a stream's records, by the API's own names; empty where nobody knows."""
        return stream.key

    def identity_of(self, stream: StreamSpec) -> tuple[str, ...]:
        """Return the paths, in a record as it comes, of what identifies it: they tell whether records move between pages."""
        return self.key_of(stream)

    def rows(self, stream: StreamSpec, record: dict[str, Any], beside: Any) -> Iterable[Mapping[str, Any]] | None:  # noqa: ARG002 - for presets
        """Return what becomes of one record, given what stands beside the records in its answer; None: it stays as it is."""
        return None

    def notices(self, stream: StreamSpec, beside: Any) -> Iterable[str]:  # noqa: ARG002 - for presets
        """Return what a person should know of an answer, given what stands beside its records; asked after each page."""
        return ()

    def secrets(self) -> list[str]:
        """Return the texts that nobody may see; headers are looked at by themselves, for many are no secrets."""
        options = self._context.options
        return hidden_in(options.auth if isinstance(options, RestOptions) else options)

    def needs(self, stream: StreamSpec | None = None) -> str:  # noqa: ARG002 - for presets
        """Return what credentials the API wants and how they are had, in words for `check`; empty where nobody knows."""
        return ""

    def check(self) -> Iterator[Finding]:
        """Read one page of each stream, and say what it holds, or what is in the way."""
        from lakesmith.sources.rest.checking import check_source

        yield from check_source(self, self._reach)

    def lanes(self, stream: StreamSpec) -> int:  # noqa: ARG002 - the same for all of them
        """Return how many windows are read at a time."""
        return self.api().rate.concurrent

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the windows that are due, or one split: everything, or what the cursor has not seen. Nothing is asked of the API.

        Raises:
            ConnectorOptionsError: If the stream's mode cannot work with how it is asked for.
        """
        return self.planning(stream).splits(ask)

    def planning(self, stream: StreamSpec) -> Planning:
        """Return what plans a stream now."""
        return Planning(stream, self.described(stream), self.key_of(stream), self._clock.now())

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        """Yield the records of one split, page by page. Any thread may ask.

        Raises:
            RetriableError: If the API does not answer, allows no more requests, or what it sends does not add up.
            ConnectorOptionsError: If it refuses credentials or request.
            LakesmithError: If it sends what cannot be read.
        """
        from lakesmith.sources.rest.reading.chunks import Chunks, Reading

        api = self._reach()
        return Chunks(Reading(self, api, stream).chunks(split, Place.decode(ask.since)), api.line.stops)

    def keys(self, stream: StreamSpec, ask: Ask) -> Iterator[Chunk]:
        """Yield the key of every record that there is now, from the first window on.

        Raises:
            LakesmithError: See `read`.
        """
        whole = replace(stream, mode="replace")
        key = {_spelled(name) for name in self.key_of(stream)}
        for split in self.planning(whole).whole(Place.decode(ask.since)):
            for chunk in self.read(whole, split, Ask()):
                at = [number for number, name in enumerate(chunk.rows.schema.names) if _spelled(name) in key]
                yield replace(chunk, rows=chunk.rows.select(at), after=b"{}", notices=())

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        """Return where the stream is once a split was read up to `after`."""
        return Place.decode(position).after(split.name, after).encode()

    def traffic(self) -> Traffic:
        """Return what passed between the API and us."""
        with self._lock:
            passed = self._api.line.traffic if self._api is not None else None
        if passed is None:
            return Traffic(0, 0, 0, 0.0)
        return Traffic(passed.bytes_read, passed.requests, passed.retries, passed.throttled_s)

    def reached(self, stream: StreamSpec, position: Position) -> Reached | None:
        """Return the last value of a cursor, or the last day of windows that was read."""
        place, incremental = Place.decode(position), self.described(stream).incremental
        if incremental is None:
            return None
        if incremental.cursor is None:
            return Reached("day", place.until.isoformat() if place.until else "")
        return Reached(incremental.cursor, "" if place.last is None else str(place.last))

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            api, self._api = self._api, None
        if api is not None:
            api.close()

    def _reach(self) -> Api:
        from lakesmith.sources.rest.api import Api

        with self._lock:
            if self._api is None:
                around = (self._clock, self._patience, self._chance)
                self._api = Api(self.api(), self._context, around, self.secrets(), self.needs())
            return self._api


def _spelled(name: str) -> str:
    """Return a name without what tells its spellings apart: `campaign.id`, `campaignId` and `campaign_id` are the same field."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def hidden_in(options: Any) -> list[str]:
    """Return every secret in some options, at any depth."""
    if isinstance(options, SecretStr):
        return [options.get_secret_value()]
    if isinstance(options, BaseModel):
        return [secret for name in type(options).model_fields for secret in hidden_in(getattr(options, name))]
    if isinstance(options, Mapping):
        return [secret for value in options.values() for secret in hidden_in(value)]
    return [secret for item in options for secret in hidden_in(item)] if isinstance(options, list | tuple) else []
