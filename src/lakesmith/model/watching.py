"""Tables that others load into the engine's database: where they are, how their freshness is told, what was seen of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lakesmith.model.streams import StreamId

FRESH, LATE, UNKNOWN, UNWATCHED = "fresh", "late", "unknown", "unwatched"
USABLE = (FRESH, UNWATCHED)
"""States in which models are built from a table; in the others they keep their last good version."""

WHOLE = "*"
"""Name of the stream that stands for all tables of a source, where not even their names are known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tables of a source are: a schema of the engine's database; `folder` for engines that read files (None: not said)."""

    schema: str
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the engine has it; `type` is the engine's own word, in lower case."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells when a table was loaded last: the greatest value of a column.

    `table` is another table of the same schema that tells it, empty for the table itself; of that, only rows in which the column
    `only_where` is 0 count, where it is given. `is_epoch`: the column is text that holds seconds since 1970.
    """

    column: str
    table: str = ""
    only_where: str = ""
    is_epoch: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """A table to look at, by the name the engine knows it under. `clock` is None where nothing tells its freshness.

    `is_there` is False for one that ought to be there and is not; `note` says what is wrong with the clock, for people.
    """

    stream: StreamId
    table: str
    clock: Clock | None = None
    is_there: bool = True
    note: str = ""

    @property
    def clock_name(self) -> str:
        """`table.column` of the clock, for people; empty without one."""
        return f"{self.clock.table or self.table}.{self.clock.column}" if self.clock else ""


@dataclass(frozen=True, slots=True)
class Modelled:
    """What a staging model of a table is written from.

    `columns` are those that are no bookkeeping of the `loader`. Rows of one `key` are ordered by `newest_by`, greatest first (empty: a
    key has one row). `alive` has conditions over columns, `{}` standing for the column, under which a row was not deleted. Only rows
    whose `load_id` is in `complete_in` are of a complete load (None: the loader does not say). `max_age` is how old the newest load may
    get at most before the promise is broken for sure (None: nothing is promised).
    """

    sight: Sight
    schema: str
    loader: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    newest_by: tuple[str, ...] = ()
    alive: tuple[tuple[str, str], ...] = ()
    load_id: str = ""
    complete_in: Clock | None = None
    clock_type: str = ""
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at a table saw: its rows, and when it was loaded last (aware, UTC). None is unknown; `fault` says why."""

    stream: StreamId
    rows: int | None = None
    loaded_at: datetime | None = None
    fault: str = ""

    @property
    def mark(self) -> str:
        """A text that is another one when the table was loaded again, as far as one look can tell."""
        return f"{self.rows} rows, {self.loaded_at.isoformat() if self.loaded_at else 'no clock'}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look means by the source's promise. `state`: fresh, late, unknown or unwatched (nothing was promised).

    `text` says why, for people. `until` is how long it is worth waiting for the table, None if not at all.
    """

    state: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen of a table, and what it means."""

    seen: Seen
    verdict: Verdict

    @property
    def stream(self) -> StreamId:
        """The table."""
        return self.seen.stream

    @property
    def is_usable(self) -> bool:
        """Whether models are built from the table as it is."""
        return self.verdict.state in USABLE
