"""Moves one stream: source → shape → lake, in commit groups, under the row law."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lakesmith.errors import ProjectFileError, TooManyRejectsError
from lakesmith.host import Host
from lakesmith.host.crash import point
from lakesmith.model.loads import Batch, Checkpoint, Counts, Group, Head, Load, Staged
from lakesmith.model.protocols import Bronze, Source, Stage
from lakesmith.model.streams import Ask, Chunk, Position, Split, StreamSpec

if TYPE_CHECKING:
    from lakesmith.model.shapes import Shaped
    from lakesmith.model.types import Schema, Type
    from lakesmith.shape import Shaper

GROUP_BYTES = 1024 * 1024 * 1024
"""A group is committed at the first end of a split beyond this many bytes of rows, as they are in memory."""

CRASH_POINTS = ("run.load.begun", "run.load.split_read", "run.load.before_commit", "run.load.committed")

Progress = Callable[[int, int], None]
"""Told rows and source bytes so far."""


@dataclass(frozen=True, slots=True)
class LoadJob:
    """One stream to move: what it is, where it comes from, where it goes.

    `known_ordinal` is the highest ordinal anybody remembers of the table: new ones are higher, also after a restored catalog.
    """

    spec: StreamSpec
    source: Source
    bronze: Bronze
    host: Host
    config_hash: str = ""
    known_ordinal: int = 0
    group_bytes: int = GROUP_BYTES


def load_stream(job: LoadJob, *, progress: Progress = lambda _rows, _bytes: None) -> Load:
    """Load everything the stream has and bronze lacks; return what was done.

    Raises:
        StopRequestedError: If somebody asked to stop; whole groups committed before stay, nothing of the open one is visible.
        LakesmithError: If the source, the shape or the lake refuses; the same holds.
    """
    head = job.bronze.head()
    position = head.checkpoint.position if head and head.checkpoint else None
    splits = job.source.splits(job.spec, Ask(since=position))
    if not splits:
        return Load(job.spec.id, "nothing_new")
    return _Loading(job, head, progress).run(splits)


@dataclass(slots=True)
class _Tally:
    """What one group has met so far."""

    counted: int | None = 0
    written: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk, shaped: Shaped) -> None:
        """Count a chunk and what became of it."""
        self.counted = None if self.counted is None or chunk.counted is None else self.counted + chunk.counted
        self.written += shaped.rows.num_rows
        self.rejects.update(reject.reason for reject in (*chunk.rejects, *shaped.rejects))
        self.filtered.update(shaped.filtered)
        if chunk.held:
            self.filtered["held"] += chunk.held

    def counts(self) -> Counts:
        """Return the row law of the group so far."""
        kept = self.written + self.rejects.total() + self.filtered.total()
        read = kept if self.counted is None else self.counted
        return Counts(read, self.written, self.rejects.total(), self.filtered.total(), proven=self.counted is not None)


class _Loading:
    """One load in progress: the open group, its stage, and what has been committed."""

    def __init__(self, job: LoadJob, head: Head | None, progress: Progress) -> None:
        self.job, self.head, self.progress = job, head, progress
        self.resumed = head is not None and head.snapshot_id is not None
        self.load = Load(job.spec.id, "succeeded")
        self.position: Position | None = head.checkpoint.position if head and head.checkpoint else None
        self.text_types: dict[str, Type] = {}
        self.profiled: set[str] = set()
        self.sent: set[str] = set()
        self.phases: Counter[str] = Counter()
        self.rows_seen = self.bytes_seen = 0
        self._open(head)

    def _open(self, head: Head | None) -> None:
        """Open the next group on top of `head`."""
        from lakesmith.shape import Policy, Shaper

        self.head = head
        self.group: Group = self.job.bronze.open_group(head, above=self.job.known_ordinal)
        known = head.schema.data if head else None
        self.shaper: Shaper = Shaper(known, Policy.of(self.job.spec), self.text_types)
        self.stage: Stage | None = None
        self.stage_schema: Schema | None = None
        self.staged: list[Staged] = []
        self.group_bytes = 0
        self.tally = _Tally()

    def run(self, splits: Sequence[Split]) -> Load:
        """Read every split and commit; return what was done."""
        point("run.load.begun")
        try:
            for number, split in enumerate(splits):
                self._read(split, splits[number:])
                if self.group_bytes >= self.job.group_bytes:
                    self._commit()
                    self._open(self.job.bronze.head())
            if self.tally.counts() != Counts() or self._moved():
                self._commit()
        except BaseException:
            if self.stage is not None:
                with suppress(OSError):  # a full disk fails the cleaning up as well, and must not hide what went wrong
                    self.stage.abandon()
            raise
        return replace(
            self.load,
            splits=len(splits),
            size_bytes=self.bytes_seen,
            resumed=self.resumed,
            phases_s={name: round(seconds, 4) for name, seconds in self.phases.items()},
        )

    def _moved(self) -> bool:
        before = self.head.checkpoint.position if self.head and self.head.checkpoint else None
        return self.position != before

    def _read(self, split: Split, rest: Sequence[Split]) -> None:
        """Read one split to its end into the open group."""
        after: Position | None = None
        before = self.bytes_seen
        rows_of_split = 0
        for chunk in self._timed("read", self.job.source.read(self.job.spec, split, self._ask())):
            self.job.host.stop.check()
            self._learn(chunk, rest)
            self.sent.update(chunk.rows.schema.names)
            first = rows_of_split
            with self._phase("shape"):
                shaped = self.shaper.shape(chunk.rows, lambda row: f"{chunk.origin}, row {first + row + 1}")  # noqa: B023 - used at once
            self._write(chunk, shaped)
            after, rows_of_split = chunk.after, rows_of_split + chunk.rows.num_rows
            self.rows_seen += chunk.rows.num_rows + len(chunk.rejects)
            self.progress(self.rows_seen, self.bytes_seen)
        self.bytes_seen = before + (split.size_bytes or 0)
        self.progress(self.rows_seen, self.bytes_seen)
        if after is not None:
            self.position = self.job.source.advance(self.position, split, after)
        point("run.load.split_read")

    def _ask(self) -> Ask:
        return Ask(since=self.position)

    def _learn(self, chunk: Chunk, rest: Sequence[Split]) -> None:
        """Give text columns that are new a type, from everything this load will still bring."""
        needed = self.shaper.text_types_needed(chunk.rows.schema)
        if needed <= self.profiled:
            return
        from lakesmith.shape import TextProfile

        profile = TextProfile()
        with self._phase("profile"):
            for split in rest:
                for later in self.job.source.read(self.job.spec, split, self._ask()):
                    self.job.host.stop.check()
                    profile.observe(later.rows)
        self.profiled |= needed | {column.source_name for column in profile.report()}
        self.text_types.update(profile.types())
        self.shaper.learn(profile.types())

    def _write(self, chunk: Chunk, shaped: Shaped) -> None:
        self.tally.add(chunk, shaped)
        with self._phase("stage"):
            if self.stage is None or shaped.reshape.after != self.stage_schema:
                self._close_stage()
                schema = self.job.bronze.number(self.head, shaped.reshape)
                first_row = self.staged[-1].next_row if self.staged else 0
                self.stage = self.job.bronze.stage(self.group, schema, first_row)
                self.stage_schema = shaped.reshape.after
            if shaped.rows.num_rows:
                self.stage.write(shaped.rows, chunk.origin)
                self.group_bytes += shaped.rows.nbytes
            rejects = (*chunk.rejects, *shaped.rejects)
            if rejects:
                self.stage.reject(rejects)

    def _close_stage(self) -> None:
        if self.stage is not None:
            self.staged.append(self.stage.close())
            self.stage = None

    def _commit(self) -> None:
        with self._phase("stage"):
            self._close_stage()
        counts = self.tally.counts()
        self._refuse_too_many(self.load.counts + counts)
        reshape = self.shaper.finish()
        need_columns(self.job.spec, reshape.after, self.sent)
        checkpoint = Checkpoint(
            self.job.spec.id,
            self.position or b"{}",
            self.group.ordinal,
            self.head.checkpoint.generation if self.head and self.head.checkpoint else 0,
            self.job.config_hash,
        )
        point("run.load.before_commit")
        with self._phase("commit"):
            commit = self.job.bronze.commit(self.group, Batch(tuple(self.staged), checkpoint, reshape, counts))
        point("run.load.committed")
        self.load = replace(
            self.load.with_commit(commit),
            drift=tuple(dict.fromkeys((*self.load.drift, *reshape.drift))),
            reject_reasons=_merged(self.load.reject_reasons, self.tally.rejects),
            filter_reasons=_merged(self.load.filter_reasons, self.tally.filtered),
        )

    def _refuse_too_many(self, counts: Counts) -> None:
        """Refuse the open group if the rejects of the load so far are too many.

        Raises:
            TooManyRejectsError: If they are more than `max_rejects`.
        """
        limit = self.job.spec.max_rejects
        if limit is None or not counts.quarantined:
            return
        allowed = limit * counts.read if limit < 1 else limit
        if counts.quarantined > allowed:
            reasons = self.tally.rejects + Counter(self.load.reject_reasons)
            worst, times = reasons.most_common(1)[0]
            stayed = "What this load had committed before stays." if self.load.commits else "Nothing was loaded."
            raise TooManyRejectsError(
                f"{counts.quarantined:,} of {counts.read:,} records of {self.job.spec.id} would go to quarantine, "
                f"more than the {allowed:,.0f} that max_rejects allows; most often: {worst} ({times:,}). {stayed}",
                where=self.job.spec.where,
                fix="mend the source, or raise max_rejects for this stream",
            )

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        begun = self.job.host.clock.steady_s()
        try:
            yield
        finally:
            self.phases[name] += self.job.host.clock.steady_s() - begun  # type: ignore[assignment]

    def _timed(self, name: str, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield chunks, counting the time the reader takes."""
        for _ in itertools.count():
            with self._phase(name):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk


def _merged(one: dict[str, int], other: Counter[str]) -> dict[str, int]:
    return dict(Counter(one) + other)


def need_columns(spec: StreamSpec, after: Schema, sent: Collection[str]) -> None:
    """Refuse a key, a mask or a pin on a column that the stream never had: a slip of the pen would load a private value in clear.

    Args:
        spec: The stream.
        after: The columns the table is going to have.
        sent: What the source called the columns of this load; nothing is refused while it sent none.

    Raises:
        ProjectFileError: If the project names a column that is neither sent nor known.
    """
    from lakesmith.shape.names import fold

    known = {*sent, *fold(sorted(sent)), *after.names, *(field.source_name for field in after)}
    named = {**dict.fromkeys(spec.key, "key"), **dict.fromkeys(spec.columns, "columns")}
    for name, where in named.items():
        if sent and name not in known:
            near = get_close_matches(name, sorted(known - {""}), n=1)
            hint = f"did you mean {near[0]}?" if near else f"the stream has {', '.join(sorted(sent))}"
            raise ProjectFileError(
                f"{spec.id} has no column {name!r}, which `{where}:` names. Nothing of it was loaded.",
                where=spec.where,
                fix=hint,
            )
