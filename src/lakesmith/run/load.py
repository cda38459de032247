"""Moves one stream: source → shape → lake, in commit groups, under the row law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakesmith.errors import FencedError, SourceDataError
from lakesmith.host import Host
from lakesmith.host.crash import point
from lakesmith.model.loads import Batch, Checkpoint, Counts, Group, Head, Load
from lakesmith.model.protocols import Bronze, Gathers, GoesOn, Lanes, Source
from lakesmith.model.streams import Ask, Chunk, Position, Split, StreamSpec
from lakesmith.run.deriving import Restating, add_kept, add_vanished
from lakesmith.run.filling import Filling
from lakesmith.run.lanes import Arriving, SplitLanes
from lakesmith.run.learning import SAMPLE_BYTES, OtherTypesError, Reading, TextTypes
from lakesmith.run.limits import need_columns, refuse_emptied, refuse_too_many
from lakesmith.run.metering import Meter, Newest, types_of
from lakesmith.run.phases import Phases
from lakesmith.run.renames import is_rename
from lakesmith.run.routes import Rebuild, Route, find_route

if TYPE_CHECKING:
    from lakesmith.model.shapes import Reshape, Shaped
    from lakesmith.shape import Shaper

GROUP_BYTES = 1024 * 1024 * 1024
"""A group is committed at the first end of a split beyond this many bytes of rows, as they are in memory."""

ASSUMED_GROUPS = 8
"""How many groups large the first one may become while its types are assumed: they are proven before it is committed."""

CRASH_POINTS = ("run.load.begun", "run.load.split_read", "run.load.before_commit", "run.load.committed")
ANEW_POINTS = ("run.load.begun_anew",)
SWAP_POINTS = ("run.load.before_swap", "run.load.swapped")

NOWHERE: Position = b"{}"
"""The position of a stream of which nothing was read."""

Progress = Callable[[int, int], None]
"""Told rows and source bytes so far."""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the open group begins: the position, the number of its first split, and the rows, bytes and notices before it."""

    position: Position | None
    split: int = 0
    rows: int = 0
    bytes: int = 0
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadJob:
    """One stream to move: what it is, where it comes from, where it goes.

    `known_ordinal` is the highest ordinal anybody remembers of the table: new ones are higher, also after a restored catalog.
    `rebuild` asks for a load from the start, None for what is new. `event_time` is the column that says when a row happened, None
    where nobody said.
    """

    spec: StreamSpec
    source: Source
    bronze: Bronze
    host: Host
    config_hash: str = ""
    known_ordinal: int = 0
    group_bytes: int = GROUP_BYTES
    sample_bytes: int = SAMPLE_BYTES
    rebuild: Rebuild | None = None
    event_time: str | None = None


def load_stream(job: LoadJob, *, progress: Progress = lambda _rows, _bytes: None) -> Load:
    """Load everything the stream has and bronze lacks; return what was done.

    Raises:
        StopRequestedError: If somebody asked to stop; whole groups committed before stay, nothing of the open one is visible.
        LakesmithError: If the source, the shape or the lake refuses; the same holds.
    """
    head = job.bronze.head()
    meter = Meter.begin(job, head)
    route = find_route(job, head)
    if route is None:
        return meter.told(Load(job.spec.id, "nothing_new"), None, None)
    loading = _Loading(job, route, head, progress)
    return meter.told(loading.run(), head.position if head else None, loading.position)


class _Loading:
    """One load in progress: the open group, its stage, and what has been committed."""

    def __init__(self, job: LoadJob, route: Route, head: Head | None, progress: Progress) -> None:
        self.job, self.route, self.progress = job, route, progress
        base = head.snapshot_id if head else None
        resumed = not route.fresh if route.aside else base is not None
        self.load = Load(job.spec.id, "succeeded", splits=len(route.splits), resumed=resumed, base=base)
        self.position: Position | None = route.position
        self.splits: Sequence[Split] = route.splits
        self.start = _Start(self.position)
        self.steps: list[tuple[Split, Position]] = []
        self.sent: set[str] = set()
        self.notices: dict[str, None] = {}
        self.newest = Newest(job.event_time)
        self.phases = Phases(job.host)
        self.text_types = TextTypes(self.phases, job.sample_bytes)
        self.rows_seen = self.bytes_seen = self.carried = 0
        self._open(head, fresh=route.fresh)

    def _open(self, head: Head | None, *, fresh: bool = False) -> None:
        """Open the next group on top of `head`."""
        from lakesmith.shape import Policy, Shaper

        self.head = head
        group = self.job.bronze.open_group(head, above=self.job.known_ordinal, aside=self.route.aside, fresh=fresh)
        self.filling = Filling(self.job.bronze, head, group)
        self.restating = Restating(self.job.spec)
        known = head.schema.data if head else None
        self.shaper: Shaper = Shaper(known, Policy.of(self.job.spec), self.text_types.known, self.text_types.joint)

    def run(self) -> Load:
        """Read every split and commit; return what was done."""
        point("run.load.begun")
        try:
            while not self._is_filled():
                self._begin_anew()
            if self._is_due():
                self._commit(())
        except BaseException:
            self.filling.abandon()
            raise
        if self.route.aside:
            self._swap()
        load = replace(self.load, size_bytes=self.bytes_seen, notices=tuple(self.notices))
        return replace(load, phases_s=self.phases.rounded(), newest_event_at=self.newest.at)

    def _is_filled(self) -> bool:
        """Read every split, committing whole groups; whether that went through, or the open group has to begin anew."""
        try:
            if self.route.kept is not None and not self.start.split:
                add_kept(self.filling, self.route.kept)
            number = self.start.split
            while number < len(self.splits):
                number = self._fill(number)
                rest = self.splits[number:]
                if rest:
                    self.text_types.prove(self.shaper, rest=True)
                    self._commit(rest)
                    self._open(self._go_on())
                    self.start = _Start(self.position, number, self.rows_seen, self.bytes_seen, tuple(self.notices))
            self.text_types.prove(self.shaper, rest=False)
        except OtherTypesError:
            return False
        except SourceDataError as error:
            if not self._can_go_on(error):
                raise
            return False
        return True

    def _can_go_on(self, error: SourceDataError) -> bool:
        """Whether the source can do without the split that is broken; what was learned of it is forgotten."""
        source = self.job.source
        splits = source.go_on(self.job.spec, self.splits, error) if isinstance(source, GoesOn) else None
        if splits is None:
            return False
        self.splits = splits
        self.text_types = TextTypes(self.phases, self.job.sample_bytes)
        return True

    def _is_full(self) -> bool:
        """Whether the open group is to be committed at the next end of a split."""
        return self.filling.bytes >= self.job.group_bytes * (ASSUMED_GROUPS if self.text_types.is_assumed else 1)

    def _begin_anew(self) -> None:
        """Drop what was staged of the open group, and nothing else was done: what was committed before stays."""
        self.filling.abandon()
        start = self.start
        self.position, self.steps, self.notices = start.position, [], dict.fromkeys(start.notices)
        self.rows_seen, self.bytes_seen = start.rows, start.bytes
        self._open(self.head, fresh=self.route.fresh and not start.split)
        point("run.load.begun_anew")

    def _is_due(self) -> bool:
        """Whether the open group has anything to commit: rows, a position that moved, or the end of a build."""
        if self.route.aside:
            return bool(self.route.splits) or self.route.fresh
        self._catch_up()
        before = self.head.position if self.head else None
        if self.filling.tally.counts() == Counts() and (self.position or NOWHERE) == (before or NOWHERE):
            self._restate(self.shaper.reshape)  # an answer without a record may be all that is left of an origin
            return self.filling.tally.derived > 0
        return True

    def _restate(self, reshape: Reshape) -> None:
        """Say of the keys that vanished from what was read again as a whole that they are gone."""
        if self.restating.is_due and not self.route.aside:
            with self.phases.phase("compare"):
                self.notices.update(dict.fromkeys(self.restating.add_vanished(self.filling, reshape)))

    def _fill(self, first: int) -> int:
        """Read splits from number `first` on into the open group until it is full; return the number of the next one."""
        source, spec, begun_at = self.job.source, self.job.spec, self._ask()
        count = source.lanes(spec) if isinstance(source, Lanes) else None
        arriving, check = Arriving(first, parallel=(count or 1) > 1), self.job.host.stop.check

        def read(split: Split) -> Iterator[Chunk]:
            """Read a split, from where the stream is by then if splits are read one after the other."""
            return source.read(spec, split, self._ask() if count is None else begun_at)

        with SplitLanes(read, self.splits, first, count, check=check) as lanes:
            for piece in self.phases.timed("read", iter(lanes)):
                if piece.chunk is not None:
                    self._take(piece.chunk, arriving.rows_before(piece), self.splits[arriving.earliest(piece) :])
                    continue
                self.bytes_seen += self.splits[piece.number].size_bytes or 0
                self.progress(self.rows_seen, self.bytes_seen)
                self.restating.end(self.splits[piece.number])
                self._step(arriving.end(piece.number))
                point("run.load.split_read")
                if self._is_full() and not self.route.is_one_group:
                    lanes.hold()
        return lanes.begun

    def _take(self, chunk: Chunk, first: int, rest: Sequence[Split]) -> None:
        """Take one chunk into the open group; its first row is number `first` of its split."""
        self.job.host.stop.check()
        self.sent.update(chunk.rows.schema.names)
        self.notices.update(dict.fromkeys(chunk.notices))
        shaped = self._shape(chunk, first, rest)
        self.restating.take(chunk, shaped)
        self.newest.take(shaped)
        with self.phases.phase("stage"):
            self.filling.add(chunk, shaped)
        self.rows_seen += chunk.rows.num_rows + len(chunk.rejects)
        self.progress(self.rows_seen, self.bytes_seen)

    def _step(self, ended: Iterable[tuple[int, Position]]) -> None:
        """Move the position over splits that have ended, and all before them."""
        self.steps.extend((self.splits[number], after) for number, after in ended)
        if not isinstance(self.job.source, Gathers):
            self._catch_up()

    def _catch_up(self) -> None:
        """Move the position over the splits that were read since it was moved last."""
        source = self.job.source
        if self.steps and isinstance(source, Gathers):
            self.position = source.advance_all(self.position, self.steps)
        else:
            for split, after in self.steps:
                self.position = source.advance(self.position, split, after)
        self.steps = []

    def _ask(self) -> Ask:
        return Ask(since=self.position)

    def _shape(self, chunk: Chunk, first: int, rest: Sequence[Split]) -> Shaped:
        """Return a chunk in the columns of bronze; its first row is number `first` of its split."""
        reading = Reading(self.job.source, self.job.spec, rest, self._ask(), self.job.host.stop.check)
        is_first = self.head is None and not self.rows_seen
        return self.text_types.shape(
            chunk, self.shaper, lambda row: f"{chunk.origin}, row {first + row + 1}", reading, first=is_first
        )

    def _commit(self, rest: Sequence[Split]) -> None:
        """Commit the open group; `rest` is what this load has yet to read."""
        with self.phases.phase("stage"):
            staged = self.filling.close()
        spec, tally = self.job.spec, self.filling.tally
        counts = tally.counts()
        total = self.load.counts + counts
        self.carried += tally.carried
        judged = replace(total, read=total.read - self.carried, quarantined=total.quarantined - self.carried)
        refuse_too_many(spec, self.load, judged, tally.rejects, aside=self.route.aside)
        if self.route.replaces and not rest:
            refuse_emptied(spec, self.head.rows if self.head else 0, total.written)
        reshape = self.shaper.finish()
        need_columns(spec, reshape.after, self.sent)
        group = self._group(reshape)
        if self.route.whole:
            with self.phases.phase("compare"):
                add_vanished(self.filling, spec, reshape)
        self._restate(reshape)
        staged, counts = self.filling.close(), tally.counts()
        to_read = tuple(split.name for split in rest) if self.route.aside else ()
        self._catch_up()
        position = self.position or NOWHERE
        checkpoint = Checkpoint(spec.id, position, group.ordinal, group.generation, self.route.mark, to_read)
        point("run.load.before_commit")
        with self.phases.phase("commit"):
            commit = self.job.bronze.commit(group, Batch(staged, checkpoint, reshape, counts))
        point("run.load.committed")
        self.load = replace(
            self.load.with_commit(commit),
            drift=tuple(dict.fromkeys((*self.load.drift, *reshape.drift))),
            reject_reasons=_merged(self.load.reject_reasons, tally.rejects),
            filter_reasons=_merged(self.load.filter_reasons, tally.filtered),
            ops=_merged(self.load.ops, tally.ops),
            columns=types_of(reshape.after),
        )

    def _group(self, reshape: Reshape) -> Group:
        """Return the open group; of a new generation if a column is renamed: what was built under the old name is built anew."""
        group = self.filling.group
        if self.route.aside or not any(map(is_rename, reshape.drift)):
            return group
        return replace(group, generation=group.generation + 1)

    def _go_on(self) -> Head:
        """Return the table's head, whose newest commit must be the last of this load: its position goes on from there.

        Raises:
            FencedError: If another program loaded, rolled back or began a generation meanwhile; what was committed before stays.
        """
        head, before = self.job.bronze.head(), self.head.building if self.head else None
        mine = self.load.commits[-1].checkpoint if self.load.commits else before
        newest = None if head is None else head.building if self.route.aside else head.checkpoint
        same_table = head is not None and head.table_uuid == self.filling.group.table_uuid
        if head is None or newest is None or mine is None or not same_table or newest.ordinal != mine.ordinal:
            raise FencedError(
                f"Another program changed {self.job.spec.id} while this load ran, after its load {mine.ordinal if mine else 0} was committed.",
                where=str(self.job.spec.id),
                fix="see that one machine alone loads into this lake, then run the same command again: it resumes from the table",
            )
        return head

    def _swap(self) -> None:
        """Make the generation that is whole now the one that readers see."""
        head = self._go_on()
        point("run.load.before_swap")
        with self.phases.phase("swap"):
            swapped = self.job.bronze.swap(head)
        point("run.load.swapped")
        self.load = replace(self.load, commits=(*self.load.commits, swapped))


def _merged(one: dict[str, int], other: Counter[str]) -> dict[str, int]:
    return dict(Counter(one) + other)
