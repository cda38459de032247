"""A split from its first page to its last chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.host.stop import Stop, StopRequestedError
from lakesmith.model.streams import Ask, Chunk, Split, StreamId, StreamSpec, canonical
from lakesmith.sources.files.formats.nested.json_records import EMPTY
from lakesmith.sources.files.formats.nested.json_values import UnreadableError, decode, dump
from lakesmith.sources.rest.driving.stopping import Stops
from lakesmith.sources.rest.flow.digging import dig
from lakesmith.sources.rest.flow.pages import flow
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.values import Page
from lakesmith.sources.rest.options import ParentOptions, RestStreamOptions
from lakesmith.sources.rest.planning.position import Place
from lakesmith.sources.rest.planning.splits import Token
from lakesmith.sources.rest.planning.times import asked_since
from lakesmith.sources.rest.reading.documents import walk
from lakesmith.sources.rest.reading.records import Batch, Recipe
from lakesmith.sources.rest.reading.sifting import Sieve

if TYPE_CHECKING:
    from lakesmith.sources.rest.api import Api
    from lakesmith.sources.rest.source import RestSource

MOST_PARENTS = 1_000_000
"""How many records a parent may have: what is needed of them lies in memory."""


class Chunks:
    """The chunks of a split, which the thread that waits for them shares with one that may end the wait."""

    def __init__(self, chunks: Iterator[Chunk], stops: Stops) -> None:
        self._chunks, self._stops, self._stop = chunks, stops, Stop()

    def __iter__(self) -> Iterator[Chunk]:
        """Return the chunks."""
        return self

    def __next__(self) -> Chunk:
        """Return the next chunk.

        Raises:
            RetriableError: If the load was stopped.
        """
        self._stops.use(self._stop)
        try:
            return next(self._chunks)
        except StopRequestedError:
            raise RetriableError("The load was stopped.", fix="run the same command again") from None

    def close(self) -> None:
        """Let go of what is open."""
        getattr(self._chunks, "close", lambda: None)()

    def cancel(self) -> None:
        """End what is waited for, and read no further. Any thread may ask."""
        self._stop.request()


@dataclass(frozen=True, slots=True)
class Reading:
    """How one stream of a source is read."""

    source: RestSource
    api: Api
    stream: StreamSpec

    @property
    def options(self) -> RestStreamOptions:
        """What there is to know of the stream."""
        return self.source.described(self.stream)

    def chunks(self, split: Split, since: Place) -> Iterator[Chunk]:
        """Yield the chunks of a split; the last brings what the whole of it does to the position."""
        token = Token.decode(split.token)
        recipe = Recipe(self.options, token.origin, remake=self.remake, sieve=self._sieve(token, since))
        at, waiting = token.state or {}, None
        for page in self._pages(token, recipe) if token.asks else ():
            for batch, is_last in _with_last(recipe.batches(page)):
                if waiting is not None:
                    yield waiting
                state = dict(page.after) if is_last else {**at, "skip": batch.taken}
                waiting = Chunk(
                    rows=batch.rows,
                    after=canonical({"state": state} if split.resumable else {}),
                    rejects=batch.rejects,
                    counted=batch.counted,
                    origin=token.origin,
                    held=batch.held,
                    notices=tuple(self.source.notices(self.stream, page.beside)) if is_last else (),
                )
            at = page.after
        yield self._last(waiting, token, recipe)

    def _last(self, chunk: Chunk | None, token: Token, recipe: Recipe) -> Chunk:
        noted = recipe.sieve.noted() if recipe.sieve is not None else {}
        done = canonical({**token.done, **noted})
        chunk = chunk or Chunk(EMPTY, done, counted=0, origin=token.origin)
        return replace(chunk, after=done, notices=(*chunk.notices, *recipe.notices, *token.notices))

    def _pages(self, token: Token, recipe: Recipe) -> Iterator[Page]:
        """Yield all pages of a split, for each record of the parent if there is one."""
        parent = self.options.parent
        if parent is None:
            yield from self._flow(token.places, token.state, recipe)
            return
        for record in self._parents(parent):
            recipe.beside = {name: record.get(path) for name, path in parent.fields.items()}
            yield from self._flow({f"parent.{path}": value for path, value in record.items()}, None)

    def _flow(
        self, places: Mapping[str, Any], state: Mapping[str, Any] | None, recipe: Recipe | None = None
    ) -> Iterator[Page]:
        plan = self.plan(places)
        told = yield from self.api.line.drive(flow(plan, state), keeps=plan.keeps_pages)
        if recipe is not None:
            recipe.notices = (*recipe.notices, *told.notices)

    def plan(self, places: Mapping[str, Any]) -> Plan:
        """Return what is read with these values in its places."""
        where = f"stream {self.stream.id}" + (f", {self.stream.where}" if self.stream.where else "")
        key = self.source.identity_of(self.stream)
        made = self.api.plan(self.stream.id.name, self.options, places, key=key, where=where)
        return replace(made, is_newest_of_key=self.stream.mode == "dedupe")

    def _parents(self, parent: ParentOptions) -> list[dict[str, Any]]:
        """Return what is needed of each record of the parent.

        Raises:
            ConnectorOptionsError: If there is no such stream, or it has too many records.
        """
        spec = self._spec_of(parent.stream)
        reading = Reading(self.source, self.api, spec)
        paths = _parent_paths(parent, self.options)
        found: dict[str, dict[str, Any]] = {}  # one that is there twice, such as once for each day, is asked for once
        for page in reading.pages_of_all():
            with page.body.open() as file:
                for elements in walk(file, reading.options.records, parent.stream) if page.body.size else ():
                    for text in elements.texts:
                        record = _read(text)
                        wanted = {path: dig(record, path) for path in paths}
                        found.setdefault(dump(wanted), wanted)
            if len(found) > MOST_PARENTS:
                raise ConnectorOptionsError(
                    f"The parent of {self.stream.id} has more than {MOST_PARENTS:,} records.",
                    where=self.stream.where,
                    fix="read this stream by windows or a cursor instead",
                )
        return list(found.values())

    def pages_of_all(self) -> Iterator[Page]:
        """Yield the pages of all there is of the stream, whatever a load would ask for."""
        planning = self.source.planning(replace(self.stream, mode="replace"))
        for split in planning.splits(Ask()):
            yield from self._flow(Token.decode(split.token).places, None)

    def _spec_of(self, name: str) -> StreamSpec:
        for stream in self.source.context.streams:
            if stream.id.name == name:
                return stream
        unnamed = StreamSpec(StreamId(self.stream.id.source, name), options=None, where=self.stream.where)
        try:
            self.source.described(unnamed).records  # noqa: B018 - a preset may know it
        except (AttributeError, KeyError):
            raise ConnectorOptionsError(
                f"{self.stream.id} names the parent {name!r}, which is no stream of this source.",
                where=self.stream.where,
                fix="name it under `streams:`, too",
            ) from None
        return unnamed

    @property
    def remake(self) -> Any:
        """What makes rows of one record, None where records stay what they are."""
        from lakesmith.sources.rest.source import RestSource

        if type(self.source).rows is RestSource.rows:
            return None
        return lambda record, beside: self.source.rows(self.stream, record, beside)

    def _sieve(self, token: Token, since: Place) -> Sieve | None:
        incremental = self.options.incremental
        if incremental is None or incremental.is_windows or self.stream.mode == "replace":
            return None
        day = date.fromisoformat(token.day)
        _, mark = asked_since(incremental, since.last, day)
        return Sieve(
            cursor=incremental.cursor or "",
            since=mark,
            floor_of=lambda last: asked_since(incremental, last, day)[1],
            held=frozenset(since.held),
            is_strict=self.stream.mode == "append",
            where=f"stream {self.stream.id}",
            last=since.last,
        )


def _parent_paths(parent: ParentOptions, options: RestStreamOptions) -> list[str]:
    from lakesmith.sources.rest.flow.places import names_in

    asked = names_in([options.path, options.params, options.headers, options.body])
    if options.jobs is not None:
        asked |= names_in(
            [(ask.path, ask.params, ask.headers, ask.body) for ask in (options.jobs.submit, options.jobs.poll)]
        )
    named = [name.removeprefix("parent.") for name in sorted(asked) if name.startswith("parent.")]
    return list(dict.fromkeys([*named, *parent.fields.values()]))


def _read(text: bytes) -> Any:
    try:
        return decode(text)
    except UnreadableError:
        return None


def _with_last(batches: Iterator[Batch]) -> Iterator[tuple[Batch, bool]]:
    """Yield batches, each with whether it is the last."""
    before: Batch | None = None
    for batch in batches:
        if before is not None:
            yield before, False
        before = batch
    if before is not None:
        yield before, True
