"""Brings records of quarantine in after a mend: parsed again by their source, shaped by today's rules, landed in one commit.

The commit that makes them rows also names them as taken, so that each is brought in exactly once, whenever the process dies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from lakesmith.errors import UsageError
from lakesmith.host.crash import point
from lakesmith.lake.contents.newer import newest_ordinals
from lakesmith.lake.quarantine.rejects import write_note
from lakesmith.model.loads import Batch, Checkpoint, Head, Load, QuarantinedRow, Staged
from lakesmith.model.protocols import Replays
from lakesmith.model.shapes import Drift, Reshape, Shaped
from lakesmith.model.streams import Chunk, Reject, StreamSpec
from lakesmith.run.filling import Filling
from lakesmith.run.load import LoadJob
from lakesmith.run.metering import types_of

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.lake import Table
    from lakesmith.model.types import Schema
    from lakesmith.shape import Policy

CRASH_POINTS = ("run.replay.begun", "run.replay.noted", "run.replay.committed")
SLICE = 5_000
"""Records that are parsed and shaped at a time."""

CUT = "its raw text was cut at 64 kB"
UNMASKED = "its value of {} is a hash, and that column is not masked any more"
OVERTAKEN = "a row of the same key came with the same load or a later one"
UNSAID = frozenset({"column_missing", "rename_candidate"})
"""Drift that a replay says nothing about: it is not what the source sends today."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be replayed.

    `wanted` chooses records; `dry_run` only looks; `overtaking` also brings in records of keys that have newer rows, and so makes them
    the newest.
    """

    wanted: Callable[[QuarantinedRow], bool] = lambda _record: True
    dry_run: bool = False
    overtaking: bool = False


@dataclass(slots=True)
class Replayed:
    """What a replay did, or would do: records by what became of them.

    `reasons` are why those that wait on could not become rows, `kept` why others cannot be replayed at all. `load` is the commit's
    load, None where nothing was committed.
    """

    spec: StreamSpec
    looked_at: int = 0
    passed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    load: Load | None = None


def replay_stream(job: LoadJob, table: Table, wish: Wish) -> Replayed:
    """Replay the records of one stream that are wanted; return what became of them.

    Nothing is committed where none of them can become a row.

    Raises:
        UsageError: If the source cannot parse records again.
        DriftRefusedError: If a record has a shape that `freeze` does not let pass; nothing is committed.
        FencedError: If another program changed the table meanwhile; nothing is committed.
    """
    head = table.head()
    told = Replayed(job.spec)
    records = filter(wish.wanted, table.quarantined()) if head else iter(())
    first = next(records, None)
    if first is None or head is None:
        return told
    if not isinstance(job.source, Replays):
        raise UsageError(
            f"The source of {job.spec.id} cannot parse records of quarantine again.",
            where=job.spec.where,
            fix="load them again from the source, once it is mended",
        )
    point("run.replay.begun")
    return _Replaying(job, table, head, wish, told).run(_chain(first, records))


def _chain(first: QuarantinedRow, rest: Iterable[QuarantinedRow]) -> Iterator[QuarantinedRow]:
    yield first
    yield from rest


@dataclass(slots=True)
class _Outcome:
    """What became of the records of one slice: rows in their new shape, rejects by number, and why some are left as they are."""

    shaped: list[tuple[Shaped, tuple[int, ...], str]] = field(default_factory=list)
    rejects: dict[int, list[Reject]] = field(default_factory=dict)
    kept: dict[int, str] = field(default_factory=dict)

    def add_reject(self, number: int, reject: Reject) -> None:
        """Take note that a record, or a part of one, still cannot become a row."""
        self.rejects.setdefault(number, []).append(reject)

    @property
    def passed(self) -> set[int]:
        """The records that became rows."""
        return {number for _, taken, _ in self.shaped for number in taken} - self.kept.keys()


class _Replaying:
    """One replay in progress."""

    def __init__(self, job: LoadJob, table: Table, head: Head, wish: Wish, told: Replayed) -> None:
        self.job, self.table, self.head, self.wish, self.told = job, table, head, wish, told
        self.after: Schema = head.schema.data
        self.drift: list[Drift] = []
        self.filling: Filling | None = None
        self.ids: list[str] = []

    def run(self, records: Iterator[QuarantinedRow]) -> Replayed:
        """Replay slice by slice, and commit."""
        try:
            while part := list(islice(records, SLICE)):
                self.job.host.stop.check()
                self._slice(part)
            if self.told.passed and self.filling is not None:
                self.told.load = self._commit(self.filling)
        except BaseException:
            if self.filling is not None:
                self.filling.abandon()
            raise
        return self.told

    def _slice(self, records: Sequence[QuarantinedRow]) -> None:
        outcome = _Outcome()
        for masked, numbers in self._by_masked(records, outcome).items():
            self._shape(records, (numbers, masked), outcome)
        if not self.wish.overtaking:
            self._leave_overtaken(records, outcome)
        passed = outcome.passed
        told = self.told
        told.looked_at += len(records)
        told.passed += len(passed)
        told.kept.update(outcome.kept.values())
        told.reasons.update(reject.reason for rejects in outcome.rejects.values() for reject in rejects)
        moved = {
            number
            for number, rejects in outcome.rejects.items()
            if number in passed or [reject.reason for reject in rejects] != [records[number].reason]
        } - outcome.kept.keys()
        self.ids += [records[number].id for number in sorted(passed | moved)]
        if not self.wish.dry_run:
            self._stage(outcome, moved)

    def _by_masked(self, records: Sequence[QuarantinedRow], outcome: _Outcome) -> dict[tuple[str, ...], list[int]]:
        """Return the records that can be replayed, by number, grouped by which of their values are hashes already."""
        from lakesmith.shape import Policy

        policy = Policy.of(self.job.spec)
        groups: dict[tuple[str, ...], list[int]] = {}
        for number, record in enumerate(records):
            bare = [name for name in record.masked if policy.column(name, _folded(name)).mask is None]
            if record.cut or bare:
                outcome.kept[number] = CUT if record.cut else UNMASKED.format(bare[0])
            else:
                groups.setdefault(record.masked, []).append(number)
        return groups

    def _shape(
        self, records: Sequence[QuarantinedRow], group: tuple[list[int], tuple[str, ...]], outcome: _Outcome
    ) -> None:
        from lakesmith.shape import Policy, Shaper

        numbers, masked = group
        shaper = Shaper(self.after, _unmasking(Policy.of(self.job.spec), masked))
        source = self.job.source
        if not isinstance(source, Replays):
            raise TypeError(type(source))
        for replay in source.replay(self.job.spec, [records[number] for number in numbers]):
            taken = tuple(numbers[at] for at in replay.taken)
            outcome.kept.update({numbers[at]: why for at, why in replay.kept})
            for at, reject in replay.rejects:
                outcome.add_reject(numbers[at], reject)
            if not taken:
                continue
            shaped = shaper.shape(replay.rows, str)
            gone = {int(reject.where): reject for reject in shaped.rejects}
            for row, reject in gone.items():
                record = records[taken[row]]
                outcome.add_reject(taken[row], _as_before(reject, record, masked))
            rest = tuple(number for row, number in enumerate(taken) if row not in gone)
            outcome.shaped.append((shaped, rest, replay.origin))
        self.drift += [drift for drift in shaper.reshape.drift if drift.kind not in UNSAID]
        self.after = shaper.reshape.after

    def _leave_overtaken(self, records: Sequence[QuarantinedRow], outcome: _Outcome) -> None:
        """Leave records where they are that would become the newest row of a key that has newer ones."""
        key = _key_columns(self.job.spec, self.after)
        if not key or any(self.head.schema.find(name) is None for name in key):
            return
        keys = [
            (number, values)
            for shaped, taken, _ in outcome.shaped
            for number, *values in zip(taken, *(shaped.rows.column(name).to_pylist() for name in key), strict=True)
        ]
        wanted = {tuple(values) for _, values in keys}
        since = min((records[number].ordinal for number, _ in keys), default=0)
        newest = newest_ordinals(self.table, key, wanted, since)
        for number, values in keys:
            if newest.get(tuple(values), -1) >= records[number].ordinal:
                outcome.kept[number] = OVERTAKEN

    def _stage(self, outcome: _Outcome, moved: set[int]) -> None:
        rejects = tuple(reject for number in sorted(moved) for reject in outcome.rejects[number])
        for shaped, taken, origin in outcome.shaped:
            rows = _without(shaped.rows, taken, outcome.kept)
            if rows.num_rows:
                self._fill(rows, shaped.reshape, (), origin)
        if rejects:
            self._fill(_no_rows(self.after), Reshape(self.head.schema.data, self.after), rejects, "")

    def _fill(self, rows: pa.RecordBatch, reshape: Reshape, rejects: tuple[Reject, ...], origin: str) -> None:
        if self.filling is None:
            group = self.table.open_group(self.head, above=self.job.known_ordinal)
            self.filling = Filling(self.table, self.head, group)
        chunk = Chunk(rows, b"", rejects, rows.num_rows + len(rejects), origin)
        self.filling.add(chunk, Shaped(rows, reshape))

    def _commit(self, filling: Filling) -> Load:
        staged = _with_note(filling.close(), write_note(self.table.services, filling.group, self.ids))
        point("run.replay.noted")
        before, group, spec = self.head.checkpoint, filling.group, self.job.spec
        position, open_splits = (before.position, before.open_splits) if before else (b"{}", ())
        checkpoint = Checkpoint(spec.id, position, group.ordinal, group.generation, self.job.config_hash, open_splits)
        drift = tuple(dict.fromkeys(self.drift))
        reshape = Reshape(self.head.schema.data, self.after, drift)
        commit = self.table.commit(group, Batch(staged, checkpoint, reshape, filling.tally.counts()))
        point("run.replay.committed")
        load = Load(spec.id, "succeeded", drift=drift, reject_reasons=dict(filling.tally.rejects), resumed=True)
        known = replace(load, reason="replay", columns=types_of(self.after), ops=dict(filling.tally.ops))
        rows = self.head.rows
        known = replace(known, mode=spec.mode, rows_before=rows, rows_after=rows + commit.counts.written)
        return known.with_commit(commit)


def _with_note(staged: tuple[Staged, ...], path: str) -> tuple[Staged, ...]:
    """Return receipts whose last one also names the note of what was taken, so that the commit claims it."""
    last = staged[-1]
    return (*staged[:-1], replace(last, reject_files=(*last.reject_files, path)))


def _as_before(reject: Reject, record: QuarantinedRow, masked: tuple[str, ...]) -> Reject:
    """Return a row that `shape` refused again as the record it came from, under the new reason."""
    names = tuple(dict.fromkeys((*masked, *reject.masked)))
    return replace(reject, where=record.where, masked=names)


def _unmasking(policy: Policy, masked: tuple[str, ...]) -> Policy:
    """Return the policy for rows in which some columns hold hashes already."""
    from lakesmith.model.types import STRING

    names = {*masked, *map(_folded, masked)}
    columns = {
        name: replace(column, mask=None, type=STRING) if name in names and column.mask == "hash" else column
        for name, column in policy.columns.items()
    }
    return replace(policy, columns=columns)


def _folded(name: str) -> str:
    from lakesmith.shape.names import candidate

    return candidate(name)


def _key_columns(spec: StreamSpec, schema: Schema) -> tuple[str, ...]:
    """Return the key by the table's names; nothing for a stream whose rows do not stand in for each other."""
    if spec.mode != "dedupe":
        return ()
    return tuple(name for name in map(_folded, spec.key) if schema.find(name))


def _without(rows: pa.RecordBatch, taken: tuple[int, ...], kept: dict[int, str]) -> pa.RecordBatch:
    import pyarrow as pa

    if not kept.keys() & set(taken):
        return rows
    return rows.filter(pa.array([number not in kept for number in taken], pa.bool_()))


def _no_rows(schema: Schema) -> pa.RecordBatch:
    import pyarrow as pa

    from lakesmith.shape import arrow_schema

    return pa.RecordBatch.from_pylist([], schema=arrow_schema(schema))
