"""The seams. A connector, an engine or a publisher is a class that fits one of these and an entry point that names it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from lakesmith.model.events import Event
from lakesmith.model.loads import (
    Batch,
    BronzeSnapshot,
    Commit,
    Group,
    Head,
    QuarantinedRow,
    Reached,
    Staged,
    Traffic,
    Upkeep,
)
from lakesmith.model.plans import Dataset
from lakesmith.model.shapes import Marks, Reshape
from lakesmith.model.streams import Ask, Chunk, Discovery, Finding, Kept, Position, Reject, Replay, Split, StreamSpec
from lakesmith.model.types import Schema
from lakesmith.model.watching import Column, Modelled, Place, Seen, Sight, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.errors import SourceDataError


@runtime_checkable
class Source(Protocol):
    """A system that is read. Registered under the entry point group `lakesmith.sources`; the entry point's name is the `type:`.

    `Options` and `StreamOptions` are frozen pydantic models that describe the settings of the source and of each stream; their
    fields, types and descriptions also become the editor's JSON Schema. The source is constructed as `Source(context)` with a
    `SourceContext`. A class may also say `modes` (what it can do; append and dedupe if it does not say), `default_mode` (of streams that say none), `needs_streams` (False: it
    works without any named stream), `finds_keys` (True: dedupe needs no `key:`), `own_key` (of dedupe without one) and `stream_defaults(name)` (a class method: `mode`, `key` and `columns` of a
    stream where the project says nothing of them). Reading needs no knowledge of the lake: a position is whatever JSON the source wants to find again.
    """

    Options: ClassVar[type[Any]]
    StreamOptions: ClassVar[type[Any]]

    def check(self) -> Iterable[Finding]:
        """Look at every stream without loading anything, and say what would happen."""
        ...

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the parts that `ask` still lacks, in the order they must be read; empty when there is nothing new.

        Names are unique within one call.

        This is called on every run, so it must be cheap and import nothing heavy.
        """
        ...

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        """Yield the rows of one split in batches of at most 64 MiB. Reading the same split twice yields the same rows."""
        ...

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        """Return the stream's position once `split` has been read up to `after`, which any of its chunks may have brought.

        `position` is the one from before the split, None at the very beginning.
        """
        ...


@runtime_checkable
class Replays(Protocol):
    """What a source may be able to do besides: parse records of quarantine again, from their raw text."""

    def replay(self, stream: StreamSpec, records: Sequence[QuarantinedRow]) -> Iterator[Replay]:
        """Yield what becomes of every record by today's settings; each is in one `Replay`, numbered as in `records`."""
        ...


@runtime_checkable
class Dates(Protocol):
    """What a source may be able to do besides: tell from which day its records are, for `rebuild --since`."""

    def keep_before(self, stream: StreamSpec, position: Position, since: date) -> Kept:
        """Return what stays of the stream if everything from `since` on is read anew."""
        ...


@runtime_checkable
class Misses(Protocol):
    """What a source may be able to do besides: tell what it once sent and has no more, so that a rebuild can warn."""

    def gone(self, stream: StreamSpec, position: Position) -> Sequence[str]:
        """Return the names of the parts that were loaded up to `position` and are not there any more."""
        ...


@runtime_checkable
class Gathers(Protocol):
    """What a source may be able to do besides: move a position over many splits at once, where that costs less than one by one.

    Its `read` is then asked with the position of the group's beginning.
    """

    def advance_all(self, position: Position | None, steps: Sequence[tuple[Split, Position]]) -> Position:
        """Return what `advance` would after all `steps`, each a split and what its last chunk brought, in order."""
        ...


@runtime_checkable
class GoesOn(Protocol):
    """What a source may be able to do besides: go on without a split that turns out to be broken after some of it was read."""

    def go_on(self, stream: StreamSpec, splits: Sequence[Split], error: SourceDataError) -> Sequence[Split] | None:
        """Return `splits` with one in the place of the broken one that only puts it aside, under the same name.

        None if the error is not about one of them, or the stream stops there.
        """
        ...


@runtime_checkable
class Discovers(Protocol):
    """What a source may be able to do besides: find streams by itself, by patterns in its options (`include`, `exclude`)."""

    def discover(self) -> Sequence[Discovery]:
        """Return the streams that the patterns take in and the project does not name; asked where `include` is set."""
        ...


@runtime_checkable
class Keys(Protocol):
    """What a source may be able to do besides: send the keys of all it holds, so that records which vanished can be found."""

    def keys(self, stream: StreamSpec, ask: Ask) -> Iterator[Chunk]:
        """Yield the columns of the stream's key alone, of every record there is now; `counted` as in `read`, positions empty.

        `ask.since` is how far the stream was loaded: a source that is another one by now refuses, as it does in `splits`.
        """
        ...


@runtime_checkable
class Lanes(Protocol):
    """What a source may be able to do besides: read several splits of a stream at the same time."""

    def lanes(self, stream: StreamSpec) -> int:
        """Return how many splits may be read at a time: `read` is called from as many threads, with the position before all of them."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """What a source may be able to do besides: read what it planned last for a stream before anybody takes it."""

    def read_ahead(self, stream: StreamSpec) -> None:
        """Begin to read; it may use the processor while its caller does something else. What nobody takes ends with `close`."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """What an iterator of chunks may be able to do besides: let another thread end a long wait in it."""

    def cancel(self) -> None:
        """End what it waits for, soon; whoever waits gets an error. It is asked again as long as it goes on."""
        ...


@runtime_checkable
class Measures(Protocol):
    """What a source may be able to do besides: count what passes between its system and us."""

    def traffic(self) -> Traffic:
        """Return what passed since the source was made; its numbers never go back."""
        ...


@runtime_checkable
class Reaches(Protocol):
    """What a source may be able to do besides: say how far the cursor of a stream is at a position."""

    def reached(self, stream: StreamSpec, position: Position) -> Reached | None:
        """Return the cursor and its value there: a number, a day or a time, else an empty text. None where there is no cursor."""
        ...


@runtime_checkable
class Closes(Protocol):
    """What a source or an engine may be able to do besides: let go of what it holds between calls, such as a connection or a lock."""

    def close(self) -> None:
        """Let go of everything. Called when loading, or for an engine the run, is over, however it went; it is not used after that."""
        ...


@runtime_checkable
class Watches(Protocol):
    """What a source is that says `loads = False`: it knows tables that others load into the engine's database, and reads none."""

    @property
    def look_every_s(self) -> float:
        """Seconds between two looks while a run waits."""
        ...

    def place(self) -> Place:
        """Return where the tables are."""
        ...

    def sights(self, tables: Mapping[str, Sequence[Column]]) -> Sequence[Sight]:
        """Return what to look at, given the tables of the place with their columns."""
        ...

    def models(self, tables: Mapping[str, Sequence[Column]]) -> Sequence[Modelled]:
        """Return what staging models of the tables that are there are written from."""
        ...

    def judge(self, seen: Seen, *, now: datetime, zone: tzinfo, began: datetime | None = None) -> Verdict:
        """Return what a look at a table means; `began` is since when somebody is ready to wait, None if nobody is."""
        ...


@runtime_checkable
class Others(Protocol):
    """The half of an engine that sees tables which others load into its database. An engine has it if it has a method `others`."""

    def tables(self, place: Place) -> Mapping[str, Sequence[Column]]:
        """Return the tables of a place with their columns; empty where there is no such place."""
        ...

    def look(self, place: Place, sights: Sequence[Sight]) -> Sequence[Seen]:
        """Return what is seen of tables that are there, in their order; what cannot be read is a `fault`, not an error."""
        ...

    def attach(self, places: Sequence[Place]) -> None:
        """Make the tables readable where dbt builds, each as `schema.table`."""
        ...


@runtime_checkable
class Stage(Protocol):
    """Files of one group in the making, under one schema. Nothing of it is visible before the group's commit."""

    def write(self, rows: pa.RecordBatch, origin: str, marks: Marks | None = None) -> None:
        """Append rows, which have exactly the data columns of the stage's schema, in its order; all were read (`r`) without marks."""
        ...

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Put records aside: they go to quarantine, stamped with the group's batch id."""
        ...

    def close(self) -> Staged:
        """Finish and fsync the files, and return the receipt."""
        ...

    def abandon(self) -> None:
        """Stop writing. Files that exist stay: only the collector deletes."""
        ...


class Bronze(Protocol):
    """One table of the lake: a stream's complete history."""

    def head(self) -> Head | None:
        """Return what the newest metadata says, or None where there is no table yet."""
        ...

    def open_group(self, head: Head | None, *, above: int = 0, aside: bool = False, fresh: bool = False) -> Group:
        """Give out the next ordinal, higher than `above`, the batch id, and the constant of `_ls_loaded_at`.

        With `aside` the group belongs to a new generation, which nobody sees before `swap`; with `fresh` it begins that generation anew.
        """
        ...

    def swap(self, head: Head) -> Commit:
        """Make the generation that was built aside, as `head` knows it, the one that readers see."""
        ...

    def rollback(self, snapshot_id: int) -> Commit:
        """Make the content and position of a kept snapshot current again, as a new commit of a higher generation."""
        ...

    def tend(self) -> Upkeep | None:
        """Do the upkeep that is due (many small files, old metadata files); None if nothing is. Cheap to ask."""
        ...

    def number(
        self, head: Head | None, reshape: Reshape, *, before: Schema | None = None, holes: bool = False
    ) -> Schema:
        """Return the full schema (data and system columns) with the field ids that a commit of `reshape` will give.

        `before` is what the group's stage before this one was numbered with: ids once written into a file stay. With `holes` the
        table gets the columns that say which values a log did not bring.
        """
        ...

    def stage(self, group: Group, schema: Schema, first_row: int) -> Stage:
        """Open a stage for rows numbered from `first_row` on."""
        ...

    def commit(self, group: Group, batch: Batch) -> Commit:
        """Make the group visible in one snapshot: files, schema change, checkpoint and counts; exactly once."""
        ...

    def vanished(
        self, staged: Sequence[Staged], schema: Schema, key: tuple[str, ...], *, origins: Collection[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield a row, null but for its key, for each key that is current in the table and not among staged rows.

        With `origins`, only for keys whose current row came from one of them.
        """
        ...

    def rows_from(self, origins: Collection[str]) -> Iterator[tuple[pa.RecordBatch, str, pa.Array[Any]]]:
        """Yield the rows that came from some origins, in order: data columns, the origin, and the operation of each row."""
        ...

    def quarantined(self) -> Iterator[QuarantinedRow]:
        """Yield the records in quarantine whose batch landed, newest batch first."""
        ...

    def history(self) -> list[Commit]:
        """Return the loads that landed and are still known, newest first."""
        ...

    def snapshot(self) -> BronzeSnapshot | None:
        """Return the current snapshot as engines attach it."""
        ...


class Engine(Protocol):
    """Where dbt runs and silver, gold and marts live. Registered under `lakesmith.engines`; made with an `EngineContext`."""

    Options: ClassVar[type[Any]]

    def profile(self) -> dict[str, Any]:
        """Return the dbt profile output for this target, secrets only as `env_var()`."""
        ...

    def has_build(self) -> bool:
        """Return whether the private workspace of this target exists. Asked on every run, so it imports nothing heavy."""
        ...

    def attach(self, tables: Sequence[BronzeSnapshot]) -> Sequence[str] | None:
        """Make bronze readable where dbt builds: one relation `bronze_<source>.<stream>` per table.

        Returns sentences about what could not be made readable as it is, such as texts that the engine cannot hold; None: nothing.
        """
        ...

    def forget(self, relations: Sequence[str]) -> None:
        """Take built tables (`schema.name`) out of the private workspace, so that dbt makes them anew."""
        ...

    def swap(self, datasets: Sequence[Dataset]) -> Sequence[Dataset]:
        """Make the tested relations what readers open, all together, and return them with their files and row counts."""
        ...

    def query(self, sql: str) -> pa.RecordBatchReader:
        """Run one statement on what readers open."""
        ...


@runtime_checkable
class Tells(Protocol):
    """What an engine may be able to do besides: say which server it works on."""

    def tell(self) -> str:
        """Return the server, its version and its place without a secret; asked by `doctor`."""
        ...


class Publisher(Protocol):
    """Writes data sets out. Registered under `lakesmith.publishers`; the entry point's name is the `format:`."""

    Options: ClassVar[type[Any]]

    def publish(self, dataset: Dataset, place: str) -> tuple[int, int]:
        """Write `dataset` to `place`, as a whole or not at all; return its rows and the bytes that were sent.

        `place` is the folder that `path:` names, which exists afterwards, or what the publisher `Places` it in.
        """
        ...


@runtime_checkable
class Places(Protocol):
    """What a publisher may be able to do besides: say itself where data sets go. Its class says `needs_path = False`: no `path:`."""

    def place(self, dataset: Dataset) -> str:
        """Return where a data set goes, as people write it and without a secret; no two data sets share a place."""
        ...


class Recorder(Protocol):
    """Writes down what happens. A recorder that fails never fails a load."""

    def record(self, event: Event) -> None:
        """Take note of one event."""
        ...
