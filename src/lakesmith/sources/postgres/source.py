"""Tables of a PostgreSQL server as a source: read by binary COPY, side by side, in one snapshot that all streams share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from lakesmith.host.clock import Clock, SystemClock
from lakesmith.model.loads import Reached
from lakesmith.model.streams import Ask, Chunk, Discovery, Finding, Position, SourceContext, Split, StreamId, StreamSpec
from lakesmith.sources.postgres.catalog.tables import parse_relation
from lakesmith.sources.postgres.checking import check_source
from lakesmith.sources.postgres.connecting.drivers import ADBC, load_driver
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.postgres.connecting.server import Server
from lakesmith.sources.postgres.finding import find_streams
from lakesmith.sources.postgres.options import PostgresOptions, PostgresStreamOptions
from lakesmith.sources.postgres.planning.identity import key_columns, names_before, need_same, origin_of
from lakesmith.sources.postgres.planning.known import Known, learn
from lakesmith.sources.postgres.planning.plan import KB, Planning, Token
from lakesmith.sources.postgres.planning.snapshot import Snapshot, SnapshotHolder
from lakesmith.sources.postgres.position import Origin, Place, advanced
from lakesmith.sources.postgres.reaching import reach_server
from lakesmith.sources.postgres.reading.ahead import ReadingAhead
from lakesmith.sources.postgres.types import table_types

if TYPE_CHECKING:
    from lakesmith.sources.postgres.reading.reader import Task
    from lakesmith.sources.postgres.reading.session import Brake, Chunks


class PostgresSource:
    """Reads tables and views, each load all of them (`replace`) or what a cursor has not seen (`append`, `dedupe`).

    The first plan opens a session that exports its snapshot. Everything is planned and read in that snapshot, so what is loaded of
    several tables fits together. No other snapshot can go on with such a plan.
    """

    Options: ClassVar[type[PostgresOptions]] = PostgresOptions
    StreamOptions: ClassVar[type[PostgresStreamOptions]] = PostgresStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe", "replace")
    default_mode: ClassVar[str] = "replace"

    def __init__(self, context: SourceContext, clock: Clock | None = None) -> None:
        self._context, self._options = context, context.options
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._before: dict[
            StreamId, Origin
        ] = {}  # what was loaded last of streams whose loads begin without a position
        self._planned: dict[StreamId, tuple[Position | None, Sequence[Split]]] = {}  # asked last; the splits read first
        self._ahead = ReadingAhead()
        self._holder = SnapshotHolder(self._reach, clock or SystemClock(), self._options.snapshot_max_age_min * 60)

    def check(self) -> Iterator[Finding]:
        """Say of each stream what it would read, and what is in its way; of `include`, which tables it takes in, and their sizes."""
        yield from check_source(self._context, self._reach)

    def lanes(self, stream: StreamSpec) -> int:  # noqa: ARG002 - the same for all of them
        """Return how many splits are read at a time."""
        lanes: int = self._options.lanes
        return lanes

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the parts of the table, or what its cursor has not seen yet, planned in the snapshot.

        Raises:
            ConnectorOptionsError: If the address, the table or a column that the options name is wrong, or not readable.
            SourceMissingError: If there is no such table.
            SourceDataError: If the table is not the one that was read before, or late rows cannot be told from those that are held.
            RetriableError: If the server cannot be reached, or a table is locked.
        """
        snapshot = self._holder.take()
        with driver_errors(self._reach().scene(self._about(stream))):
            known, since = self._known(snapshot, stream), Place.decode(ask.since)
            need_same(since, origin_of(self._reach().identify(), known), stream)
            if since is not None:
                self._before[stream.id] = since.origin
            with snapshot.session.transaction():  # what fails here must not end the snapshot for the other streams
                planned = Planning(stream, known, snapshot, self._options).splits(ask)
        self._planned[stream.id] = (ask.since, planned[: self.lanes(stream)])
        return planned

    def read_ahead(self, stream: StreamSpec) -> None:
        """Begin to read the first of the splits that were planned last, as many as are read at a time; `read` goes on with them.

        Nothing is read ahead where a statement may not take any time it wants: while it waits to be taken, its time runs.

        Raises:
            MissingExtraError: If a driver is not installed.
        """
        if self._options.statement_timeout_s is not None:
            return
        load_driver(ADBC)  # here, as nothing that threads import may be what this one imports meanwhile
        import_module("lakesmith.sources.postgres.reading.reader")
        import_module("lakesmith.sources.postgres.types.batches")
        import_module("lakesmith.sources.postgres.types.unpacking")
        since, splits = self._planned.get(stream.id, (None, ()))
        self._ahead.begin(stream, since, splits, lambda split: self._chunks(stream, split, Ask(since=since)))

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        """Yield the rows of one split, by a session of its own in the snapshot. Any thread may ask.

        Raises:
            RetriableError: If the snapshot is gone or too old, or the connection was lost.
            LakesmithError: If the server fails over the data.
        """
        return self._ahead.take(stream, ask.since, split) or self._chunks(stream, split, ask)

    def keys(self, stream: StreamSpec, ask: Ask) -> Iterator[Chunk]:
        """Yield the key of every row that there is now, whatever its cursor says.

        Raises:
            ConnectorOptionsError: If the key is not among the columns of the table, or it is another one than what was loaded.
            LakesmithError: See `splits` and `read`.
        """
        key = self._source_key(stream, Place.decode(ask.since))
        keys_alone = {"select": key, "exclude": (), "cursor": None, "look_back": None}
        whole = replace(stream, mode="replace", options=stream.options.model_copy(update=keys_alone))
        for split in self.splits(whole, Ask()):
            for chunk in self.read(whole, split, Ask()):
                yield replace(chunk, after=b"{}", notices=())

    def discover(self) -> Sequence[Discovery]:
        """Return the tables that `include` takes in and no stream reads, with their sizes.

        Raises:
            ConnectorOptionsError: If a stream of another table has the name of one of them, or the server cannot be used as named.
            RetriableError: If the server cannot be reached.
        """
        return find_streams(self._context, self._reach())

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - `after` says which
        """Return where the stream is after a split: its cursor moves once the last split is read."""
        return advanced(position, after)

    def reached(self, stream: StreamSpec, position: Position) -> Reached | None:  # noqa: ARG002 - the position says the column
        """Return the cursor and its last value, as the server writes it."""
        place = Place.decode(position)
        return Reached(place.cursor.column, place.cursor.last or "") if place and place.cursor else None

    def close(self) -> None:
        """Let go of the snapshot, and end the tunnel."""
        self._ahead.close()
        self._holder.close()
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def _chunks(self, stream: StreamSpec, split: Split, ask: Ask) -> Chunks:
        from lakesmith.sources.postgres.reading.session import Chunks

        return Chunks(lambda brake: self._read(stream, split, ask, brake))

    def _read(self, stream: StreamSpec, split: Split, ask: Ask, brake: Brake) -> Iterator[Chunk]:
        from lakesmith.sources.postgres.reading.reader import read_split
        from lakesmith.sources.postgres.reading.session import reading

        token, about, server = Token.decode(split.token), self._about(stream), self._reach()
        snapshot = self._holder.need(token.snapshot, about)
        task = self._task(snapshot, stream, token, Place.decode(ask.since))
        with reading(server, snapshot, server.scene(about), self._options.batch_kb * KB, brake) as session:
            for chunk in read_split(session, task):
                yield chunk
                self._holder.need(token.snapshot, about)
            self._holder.prove(token.snapshot, about)

    def _reach(self) -> Server:
        with self._lock:
            if self._server is None:
                self._server = reach_server(self._options, self._context.where)
            return self._server

    def _known(self, snapshot: Snapshot, stream: StreamSpec) -> Known:
        relation = parse_relation(stream.options.table or stream.id.name, self._options.schema_)
        found = snapshot.known.get(relation.quoted)
        if found is None:
            with snapshot.session.transaction():
                found = learn(snapshot.session, relation, stream.where or self._context.where)
            snapshot.known[relation.quoted] = found
        return found

    def _source_key(self, stream: StreamSpec, since: Place | None) -> tuple[str, ...]:
        snapshot = self._holder.take()
        with driver_errors(self._reach().scene(self._about(stream))):
            known = self._known(snapshot, stream)
            now = origin_of(self._reach().identify(), known)
            need_same(since, now, stream)
        return key_columns(stream, known, names_before(since.origin if since else None, now) or {})

    def _task(self, snapshot: Snapshot, stream: StreamSpec, token: Token, since: Place | None) -> Task:
        from lakesmith.sources.postgres.reading.reader import Partitions, Task

        known = self._known(snapshot, stream)
        planning, columns = Planning(stream, known, snapshot, self._options), known.chosen(stream)
        origin = origin_of(self._reach().identify(), known)
        before = since.origin if since is not None else self._before.get(stream.id)
        return Task(
            stream,
            token,
            table_types(columns, stream, known=names_before(before, origin)),
            origin,
            columns,
            lambda condition: f"{known.table.relation.quoted} where {planning.filtered(condition)}",
            planning.cursor(),
            since.cursor if since else None,
            known.key(stream),
            Partitions(known.table.oid, known.parts) if known.parts else None,
        )

    def _about(self, stream: StreamSpec) -> str:
        return f"stream {stream.id}"
