"""Collections of a MongoDB server as a source: raw documents by ranges of `_id`, or by a cursor, decoded in processes side by side."""

from __future__ import annotations

import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.loads import Reached
from lakesmith.model.streams import Ask, Chunk, Discovery, Finding, Position, SourceContext, Split, StreamId, StreamSpec
from lakesmith.sources.mongodb.connecting.address import Address
from lakesmith.sources.mongodb.connecting.faults import driver_errors
from lakesmith.sources.mongodb.connecting.server import Collection, Server, Settings
from lakesmith.sources.mongodb.options import MongoOptions, MongoStreamOptions
from lakesmith.sources.mongodb.planning.continuing import is_another, need_same
from lakesmith.sources.mongodb.planning.cursors import Cursor
from lakesmith.sources.mongodb.planning.filters import filter_of, hash_of
from lakesmith.sources.mongodb.planning.looking import Looking
from lakesmith.sources.mongodb.planning.plan import KB, Planning, Sized, Token, resumed
from lakesmith.sources.mongodb.planning.ranges import within
from lakesmith.sources.mongodb.position import HALF, Place, Whole
from lakesmith.sources.mongodb.reading.crew import Crew
from lakesmith.sources.mongodb.reading.keyed import KEY

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.elements import Element
    from lakesmith.sources.mongodb.reading.job import Job
    from lakesmith.sources.mongodb.reading.reader import Stop, Task


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out of a collection for this load: the same question has the same answer until the source is closed."""

    collection: Collection
    sized: Sized
    plan: str


class MongoSource:
    """Reads collections and views, each load all of them (`replace`) or what a cursor has not seen (`append`, `dedupe`).

    A load is no point in time: documents come as they are when their range is read. A `replace` that was cut off begins anew. The
    first load of a cursor notes the cursor's greatest value before it reads, so its ranges go on where they were cut off, and what
    changed meanwhile comes with the next load.
    """

    Options: ClassVar[type[MongoOptions]] = MongoOptions
    StreamOptions: ClassVar[type[MongoStreamOptions]] = MongoStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe", "replace")
    default_mode: ClassVar[str] = "replace"
    finds_keys: ClassVar[bool] = True
    own_key: ClassVar[tuple[str, ...]] = (KEY,)

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._options: MongoOptions = context.options
        self._lock = threading.RLock()
        self._server: Server | None = None
        self._crew: Crew | None = None
        self._known: dict[StreamId, _Known] = {}
        self._cuts: dict[StreamId, list[Element]] = {}
        self._ids: dict[StreamId, dict[str, None]] = {}

    def check(self) -> Iterator[Finding]:
        """Say of each stream what it would read, and what is in its way; of `include`, which collections it takes in, and their sizes."""
        from lakesmith.sources.mongodb.checking import check_source

        yield from check_source(self._context, self._reach)

    def lanes(self, stream: StreamSpec) -> int:  # noqa: ARG002 - the same for all of them
        """Return how many splits are read at a time, each by a process of its own."""
        return self._options.lanes

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the parts of the collection, or what its cursor has not seen yet.

        Raises:
            ConnectorOptionsError: If the address, the filter or the cursor is wrong, or not allowed.
            SourceMissingError: If there is no such collection.
            SourceDataError: If the collection is not the one that was read before, or late documents cannot be told from those that are held.
            RetriableError: If the server cannot be reached.
        """
        server, since = self._reach(), Place.decode(ask.since)
        with driver_errors(server.scene(self._about(stream))):
            known = self._know(stream)
            if ask.resumes and is_another(since, known.collection, server.address.database):
                ask, since = (
                    Ask(),
                    None,
                )  # a load of the whole that was cut off begins anew, with other splits than it had
            need_same(since, known.collection, server.address.database, stream)
            planning = self._planning(stream, known)
            if stream.mode != "replace":
                self._need_key(stream)
                return planning.with_cursor(ask)
            self._refuse_cursor(stream)
            if stream.id not in self._cuts:
                self._cuts[stream.id] = planning.cuts()
            whole = planning.whole(known.plan, self._cuts[stream.id])
            return resumed(whole, since.whole if since is not None else None) if ask.resumes else whole

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        """Yield the documents of one split, by a process that connects on its own. Any thread may ask.

        Raises:
            RetriableError: If the connection was lost, the read was ended on the server, or its process died.
            LakesmithError: If the server fails over the data, or the collection is another one by now.
        """
        from lakesmith.sources.mongodb.reading.reader import Chunks

        return Chunks(lambda stop: self._read(stream, split, ask, stop))

    def keys(self, stream: StreamSpec, ask: Ask) -> Iterator[Chunk]:
        """Yield the key of every document that there is now, whatever its cursor says.

        Raises:
            ConnectorOptionsError: If the key is not among the fields of the documents.
            LakesmithError: See `splits` and `read`.
        """
        from lakesmith.sources.mongodb.keys import key_fields, keys_of

        server = self._reach()
        with driver_errors(server.scene(self._about(stream))):
            known = self._know(stream)
            need_same(Place.decode(ask.since), known.collection, server.address.database, stream)
            fields = key_fields(stream, Looking(server, known.collection))
        wanted = tuple(name for name in fields.values() if name != KEY) or ("_id",)
        options = stream.options.model_copy(update={"fields": wanted, "exclude": (), "cursor": None, "look_back": None})
        whole = replace(stream, mode="replace", options=options)
        for split in self.splits(whole, Ask()):
            for chunk in self.read(whole, split, Ask()):
                yield keys_of(chunk, fields)

    def discover(self) -> Sequence[Discovery]:
        """Return the collections that `include` takes in and no stream reads, with their sizes.

        Raises:
            ConnectorOptionsError: If a stream of another collection has the name of one of them, or the server cannot be used as named.
            RetriableError: If the server cannot be reached.
        """
        from lakesmith.sources.mongodb.discovering import find_streams

        return find_streams(self._context, self._reach())

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        """Return where the stream is after a split: its cursor moves once the last split of a plan is read."""
        return self.advance_all(position, [(split, after)])

    def reached(self, stream: StreamSpec, position: Position) -> Reached | None:  # noqa: ARG002 - the position says the field
        """Return the cursor's field and its last value, where that is a number or a date."""
        from lakesmith.sources.mongodb.elements import told

        place = Place.decode(position)
        return Reached(place.cursor.field, told(place.cursor.last)) if place and place.cursor else None

    def advance_all(self, position: Position | None, steps: Sequence[tuple[Split, Position]]) -> Position:
        """Return where the stream is after several splits, in their order."""
        from lakesmith.sources.mongodb.reading.reader import After

        place = Place.decode(position)
        for split, after in steps:
            token, said = Token.decode(split.token), After.decode(after)
            place = token.start or place or self._begun(split.stream, token)
            if token.end is not None:
                place = place.after(said.held, said.ids, said.late) if said.is_end else place
                continue
            done = token.number + said.is_end
            place = replace(place, cursor=None, plan=None, whole=Whole(token.plan, done, token.count))
        return place.encode() if place is not None else b"{}"

    def close(self) -> None:
        """End the processes and all connections."""
        with self._lock:
            server, self._server = self._server, None
            crew, self._crew = self._crew, None
            self._known.clear()
            self._cuts.clear()
            self._ids.clear()
        if crew is not None:
            crew.close()
        if server is not None:
            server.close()

    def _begun(self, stream: StreamId, token: Token) -> Place:
        known = self._known.get(stream)
        collection = known.collection.name if known is not None else ""
        database = self._server.address.database if self._server is not None else ""
        return Place(database, collection, token.uuid)

    def _read(self, stream: StreamSpec, split: Split, ask: Ask, stop: Stop) -> Iterator[Chunk]:
        from lakesmith.sources.mongodb.reading.reader import read_split

        server = self._reach()
        with driver_errors(server.scene(self._about(stream))):
            task = self._task(server, stream, Token.decode(split.token), Place.decode(ask.since))
        with self._lock:
            self._crew = self._crew or Crew(self._options.lanes)
            crew = self._crew
        yield from read_split(crew, server, task, stop)

    def _task(self, server: Server, stream: StreamSpec, token: Token, since: Place | None) -> Task:
        from lakesmith.sources.mongodb.reading.reader import Task

        end, before = token.end, since.cursor if since is not None else None
        planning = self._planning(stream, self._know(stream))
        ids = self._ids.setdefault(stream.id, {})
        ids.update(dict.fromkeys(before.ids if before is not None else ()))
        if end is None:
            return Task(stream, token, self._job(server, stream, token, []), ids)
        notices = token.notices

        def ask_at_end() -> tuple[str, ...]:
            """Return what a person should know of the load once its last part is read."""
            return (*notices, *self._unseen(stream, planning.looking, end.bracket)) if token.is_last else ()

        if not end.last:
            return Task(stream, token, None, ids, ask_at_end)
        cursor = Cursor(end.field, end.bracket)
        job = self._job(server, stream, token, cursor.within(token.part))
        if token.part.is_marked:
            job = replace(job, cursor=cursor.path, marks_from=end.lower, salt=end.salt)
        if token.part.is_window and before is not None:
            shown = before.shown == hash_of(stream.options.projection)
            plan = since.plan if since is not None else None
            held = before.held if plan is None else before.held + plan.end.held + plan.late
            job = replace(job, held=held.marks, held_digits=2 * HALF if shown else HALF, salt=before.salt)
        return Task(stream, token, job, ids, ask_at_end)

    def _job(self, server: Server, stream: StreamSpec, token: Token, conditions: list[dict[str, Any]]) -> Job:
        import bson

        from lakesmith.sources.mongodb.reading.job import Job

        known, options = self._know(stream), self._options
        looking = Looking(server, known.collection, filter_of(stream))
        sized, part = known.sized, token.part
        wanted = looking.all_of(*within(part), *conditions)
        low, high = ("", "") if part.ids else (part.low, part.high)
        return Job(
            server.address.url,
            options.read_preference,
            options.connect_timeout_s,
            server.address.database,
            known.collection.name,
            b64encode(bson.encode(wanted)).decode() if wanted else "",
            stream.options.projection,
            low,
            high,
            token.is_ranged,
            key_field=KEY if KEY in stream.key else "",
            tells_ids="_id" in stream.key,
            max_fields=stream.options.max_fields or options.max_fields,
            batch_bytes=options.batch_kb * KB,
            document_bytes=sized.bytes // max(1, sized.documents) or KB,
            causal=server.causal(),
            stream=str(stream.id),
            place=server.address.place,
            where=stream.where or self._context.where,
        )

    def _unseen(self, stream: StreamSpec, looking: Looking, bracket: str) -> tuple[str, ...]:
        name = stream.options.cursor
        with driver_errors(looking.server.scene(self._about(stream))):
            unseen = looking.unseen(name, bracket)
        if not unseen:
            return ()
        kind = f" of type {bracket}" if bracket else ""
        return (
            f"{unseen:,} documents of {stream.id} have no value{kind} in `{name}` that a cursor can stand at: they are not read.",
        )

    def _planning(self, stream: StreamSpec, known: _Known) -> Planning:
        looking = Looking(self._reach(), known.collection, filter_of(stream), stream.options.projection)
        return Planning(stream, looking, known.sized, self._options.split_kb * KB, self._options.lanes)

    def _reach(self) -> Server:
        with self._lock:
            if self._server is None:
                where, options = self._context.where, self._options
                address = Address.of(options.url.get_secret_value(), options.database, where)
                self._server = Server(address, Settings(options.read_preference, options.connect_timeout_s), where)
            return self._server

    def _know(self, stream: StreamSpec) -> _Known:
        with self._lock:
            found = self._known.get(stream.id)
            if found is None:
                server, name = self._reach(), stream.options.collection or stream.id.name
                collection = server.collection(name, self._about(stream), stream.where or self._context.where)
                found = _Known(collection, server.sized(collection), secrets.token_hex(4))
                self._known[stream.id] = found
            return found

    def _need_key(self, stream: StreamSpec) -> None:
        if stream.mode == "dedupe" and not stream.key:
            raise ConnectorOptionsError(
                f"{stream.id} is read by `mode: dedupe`, and says no key.",
                where=stream.where,
                fix=f"write `key: {KEY}`: the text of `_id`, with its type",
            )

    def _refuse_cursor(self, stream: StreamSpec) -> None:
        if stream.options.cursor is not None:
            raise ConnectorOptionsError(
                f"{stream.id} has a cursor, and `mode: replace` reads all of the collection each time.",
                where=stream.where,
                fix="set `mode: dedupe`, or `mode: append` where documents never change; or leave `cursor:` out",
            )

    def _about(self, stream: StreamSpec) -> str:
        return f"stream {stream.id}"
