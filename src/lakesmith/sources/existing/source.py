"""A source that loads nothing: which tables it is about, what tells their freshness, and what a look at them means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, tzinfo
from typing import ClassVar, NoReturn

from lakesmith.errors import UsageError
from lakesmith.model.streams import Ask, Chunk, Finding, Position, SourceContext, Split, StreamId, StreamSpec
from lakesmith.model.watching import WHOLE, Clock, Column, Modelled, Place, Seen, Sight, Verdict
from lakesmith.sources.existing.options import ExistingOptions, ExistingStreamOptions
from lakesmith.sources.existing.promise import Moment, Promise, judge, longest_age
from lakesmith.sources.existing.tools import TOOLS, Tool

_LONGEST = 63


class ExistingSource:
    """Tables of one schema that another tool loads."""

    Options: ClassVar[type[ExistingOptions]] = ExistingOptions
    StreamOptions: ClassVar[type[ExistingStreamOptions]] = ExistingStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe")
    needs_streams: ClassVar[bool] = False
    loads: ClassVar[bool] = False

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._options: ExistingOptions = context.options

    @property
    def tool(self) -> Tool:
        """The conventions of who loads the tables."""
        return TOOLS[self._options.loaded_by]

    @property
    def look_every_s(self) -> float:
        """Seconds between two looks while a run waits."""
        return self._options.look_every.total_seconds()

    def place(self) -> Place:
        """Return where the tables are."""
        folder = self._options.folder
        return Place(self._options.schema_ or self._context.name, self._context.root / folder if folder else None)

    def sights(self, tables: Mapping[str, Sequence[Column]]) -> Sequence[Sight]:
        """Return what to look at, given the tables of the schema with their columns: the streams, or else every table of data."""
        if self._context.streams:
            return [
                self._sight(spec.id, self._options_of(spec).table or spec.id.name, tables)
                for spec in self._context.streams
            ]
        names = [name for name in sorted(tables) if not self.tool.is_own_table(name)]
        if not names:
            return [Sight(StreamId(self._context.name, WHOLE), WHOLE, is_there=False)]
        return [
            self._sight(StreamId(self._context.name, folded), name, tables)
            for name, folded in zip(names, fold(names), strict=True)
        ]

    def models(self, tables: Mapping[str, Sequence[Column]]) -> Sequence[Modelled]:
        """Return what staging models of the tables that are there are written from."""
        return [self._model(sight, tables) for sight in self.sights(tables) if sight.is_there]

    def judge(self, seen: Seen, *, now: datetime, zone: tzinfo, began: datetime | None = None) -> Verdict:
        """Return what a look at a table means; `began` is since when somebody is ready to wait, None if nobody is."""
        return judge(self.promise(seen.stream), seen, Moment(now, zone, began))

    def promise(self, stream: StreamId) -> Promise:
        """Return the promise of a table: its own if it makes one, else the source's."""
        own = next((self._options_of(spec) for spec in self._context.streams if spec.id == stream), None)
        said = own if own is not None and (own.fresh_by or own.max_age) else self._options
        return Promise(
            time.fromisoformat(said.fresh_by) if said.fresh_by else None,
            time.fromisoformat(said.fresh_since),
            said.max_age,
            self._options.wait,
            may_be_empty=bool(own and own.may_be_empty),
        )

    def check(self) -> Iterator[Finding]:
        """Say what is odd about the settings; what is in the database is looked at with the engine."""
        if not (self._options.fresh_by or self._options.max_age) and not any(
            self.promise(spec.id).is_made for spec in self._context.streams
        ):
            yield Finding(
                "note",
                self._context.name,
                "nothing is promised, so nobody can say whether the tables are fresh",
                "give a `fresh_by` or a `max_age`",
            )

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Refuse: nothing is ever loaded.

        Raises:
            UsageError: Always.
        """
        del ask
        self._refuse(stream)

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterable[Chunk]:
        """Refuse, as `splits` does."""
        del split, ask
        self._refuse(stream)

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        """Return `after`; nothing ever gets here."""
        del position, split
        return after

    def _refuse(self, stream: StreamSpec) -> NoReturn:
        raise UsageError(
            f"{stream.id} is a table that others load; Lakesmith only watches it.",
            where=stream.where,
            fix="give the source another `type:` if Lakesmith is to load it",
        )

    def _options_of(self, spec: StreamSpec) -> ExistingStreamOptions:
        options: ExistingStreamOptions = spec.options or ExistingStreamOptions()
        return options

    def _sight(self, stream: StreamId, table: str, tables: Mapping[str, Sequence[Column]]) -> Sight:
        columns = tables.get(table)
        if columns is None:
            return Sight(stream, table, is_there=False)
        wish = self._wish(stream)
        candidates = (Clock(wish),) if wish else self.tool.clocks
        for clock in candidates:
            beside = tables.get(clock.table, ()) if clock.table else columns
            if clock.column in {column.name for column in beside}:
                return Sight(stream, table, clock)
        names = " or ".join(f"{clock.table or table}.{clock.column}" for clock in candidates)
        note = f"there is no {names}" if names else "nothing tells when it was loaded: name a column as `loaded_at`"
        return Sight(stream, table, note=note)

    def _model(self, sight: Sight, tables: Mapping[str, Sequence[Column]]) -> Modelled:
        tool, columns = self.tool, tables[sight.table]
        names = [column.name for column in columns]
        spec = next((spec for spec in self._context.streams if spec.id == sight.stream), None)
        own = tool.bookkeeping(sight.table, names, tables)
        newest_by = (*(self._options_of(spec).newest_by if spec else ()), *tool.newest_by)
        complete = tool.complete_in
        says_complete = complete is not None and complete.table in tables and tool.load_id in names
        clock = sight.clock
        beside = tables.get(clock.table or sight.table, ()) if clock else ()
        return Modelled(
            sight,
            self.place().schema,
            self._options.loaded_by,
            tuple(column for column in columns if column.name not in own),
            key=spec.key if spec else (),
            newest_by=tuple(name for name in dict.fromkeys(newest_by) if name in names),
            alive=tuple((name, tool.alive[name]) for name in names if name in tool.alive),
            load_id=tool.load_id,
            complete_in=complete if says_complete else None,
            clock_type=next((column.type for column in beside if clock and column.name == clock.column), ""),
            max_age=longest_age(self.promise(sight.stream)),
        )

    def _wish(self, stream: StreamId) -> str | None:
        own = next((self._options_of(spec).loaded_at for spec in self._context.streams if spec.id == stream), None)
        return own or self._options.loaded_at


def fold(names: Sequence[str]) -> tuple[str, ...]:
    """Return a stream's name for each table, all different: lower case letters, digits and underscores.

    Examples:
        >>> fold(["Orders", "orders", "2024 sales"])
        ('orders', 'orders_2', 't_2024_sales')
    """
    taken: list[str] = []
    for name in names:
        body = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "table"
        plain = (body if body[0].isalpha() else f"t_{body}")[:_LONGEST]
        free, number = plain, 1
        while free in taken:
            number += 1
            free = f"{plain[: _LONGEST - len(str(number)) - 1]}_{number}"
        taken.append(free)
    return tuple(taken)
