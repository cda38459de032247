"""The chunks of one split, counted by the server in the same snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakesmith.errors import RetriableError, SourceDataError
from lakesmith.model.streams import Chunk, StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.planning.cursors import Cursor
from lakesmith.sources.postgres.planning.plan import Token
from lakesmith.sources.postgres.planning.telling import sum_query
from lakesmith.sources.postgres.planning.window import MOST_HELD
from lakesmith.sources.postgres.position import CursorPlace, CutOff, Origin, Place
from lakesmith.sources.postgres.reading.blocks import read_blocks

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.sources.postgres.planning.keeping import Keeping
    from lakesmith.sources.postgres.reading.session import ReadingSession
    from lakesmith.sources.postgres.types import TableTypes


# Looks at what is attached now, not at what the snapshot's catalog has.
_PARTS = "select coalesce(string_agg(relid::oid::text, ',' order by relid::oid), '') from pg_catalog.pg_partition_tree({oid}::oid::regclass) where isleaf"


@dataclass(frozen=True, slots=True)
class Partitions:
    """The partitions of the table `oid` when its plan was made, by their oids."""

    oid: int
    leaves: tuple[int, ...]

    def need_same(self, session: ReadingSession, about: str) -> None:
        """Go on if they are the same now: a lock does not keep others out, whose rows a statement sees in the midst of a snapshot.

        Raises:
            RetriableError: If they are not.
        """
        if session.answer(_PARTS.format(oid=self.oid))[0] != ",".join(map(str, self.leaves)):
            raise RetriableError(
                f"Partitions of the table of {about} came or went while it was read.",
                where=about,
                fix="run the same command again",
            )


@dataclass(frozen=True, slots=True)
class Task:
    """One split to read: what is selected of which table, and where the stream was before.

    `rows` is the table with the stream's own filter, as SQL has it behind `from`, with a place for one more condition.
    """

    stream: StreamSpec
    token: Token
    types: TableTypes
    origin: Origin
    columns: tuple[Column, ...]
    rows: Callable[[str], str]
    cursor: Cursor | None = None
    before: CursorPlace | None = None
    key: tuple[Column, ...] = ()
    """The columns that tell its rows apart, as far as they are read; empty where nothing does."""
    partitions: Partitions | None = None


def read_split(session: ReadingSession, task: Task) -> Iterator[Chunk]:
    """Yield the rows of a split; the last chunk has none, and accounts for what the server counted beyond those that came.

    It counts with the rows where they come in blocks, before them where they come one by one.
    """
    rows = f"{task.token.relation}{' where ' if task.token.where else ''}{task.token.where}"
    blocks = read_blocks(session, task.token, task.types)
    counted = None if blocks is not None else int(session.answer(f"select count(*) from {rows}")[0])  # noqa: S608 - names are quoted, values are literals
    going = _place(task, done=task.token.number).encode()
    arrived = 0
    for batch, held in _one_by_one(session, task, rows) if blocks is None else ((batch, 0) for batch in blocks):
        arrived += batch.num_rows + held
        yield Chunk(batch, going, counted=batch.num_rows + held, origin=str(task.stream.id.name), held=held)
    end, notices = _end(session, task), _notices(session, task)
    if task.partitions is not None and (task.cursor is not None or not task.token.relation.startswith("only ")):
        task.partitions.need_same(session, str(task.stream.id))
    yield Chunk(
        task.types.empty(),
        end.encode(),
        counted=0 if counted is None else counted - arrived,
        origin=str(task.stream.id.name),
        notices=notices,
    )


def _one_by_one(session: ReadingSession, task: Task, rows: str) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield rows without those that the lake holds, and how many those were."""
    before, marks = task.before, task.token.marks
    ordered = f"{rows} order by {task.token.order}" if task.token.order else rows
    if not marks or before is None:
        for batch in session.batches(f"select {task.types.select} from {ordered}"):  # noqa: S608 - names are quoted, values are literals
            yield task.types.rows(batch), 0
        return
    held = Counter(before.held)
    for batch in session.batches(f"select {task.types.select}, {marks} from {ordered}"):  # noqa: S608 - names are quoted, values are literals
        last = batch.num_columns - 1
        new = [_is_new(str(mark), held) for mark in batch.column(last).to_pylist()]
        yield task.types.rows(batch.select(range(last)).filter(_mask(new))), len(new) - sum(new)


def _is_new(mark: str, held: Counter[str]) -> bool:
    """Whether no row of the lake is left that this one could be; each of them stands for one row."""
    if held[mark] <= 0:  # which adds nothing: there may be any number of new rows
        return True
    held[mark] -= 1
    return False


def _mask(new: Sequence[bool]) -> pa.BooleanArray:
    import pyarrow as pa

    return pa.array(new, pa.bool_())


def _place(task: Task, *, done: int) -> Place:
    return Place(task.origin, cut_off=CutOff(task.token.plan, done))


def _end(session: ReadingSession, task: Task) -> Place:
    """Return where the stream is once this split is read."""
    if not task.token.is_last:
        return _place(task, done=task.token.number + 1)
    keeping = task.token.keeping
    cursor = _holding(session, task, keeping) if keeping is not None else None
    return Place(task.origin, cursor, whole=task.token.whole)


def _holding(session: ReadingSession, task: Task, keeping: Keeping) -> CursorPlace:
    """Return a place with the fingerprints of the rows that the next load looks back on.

    Raises:
        SourceDataError: If they are others whenever one asks.
    """
    place, rows, mark = keeping.place, keeping.rows, keeping.mark
    if place.last is None:
        return place
    if keeping.seen and session.answer(sum_query(mark, rows)) != keeping.seen:
        raise SourceDataError(
            f"The last rows of {task.stream.id} are other ones each time they are read: an expression of the view depends on the time, or on chance.",
            where=task.stream.where,
            fix="name its column in `exclude:`, give the stream a `key` and `mode: dedupe`, or use `mode: replace`",
        )
    if keeping.sums:
        place = replace(place, sums=session.answer(keeping.sums)[1:])
    if int(session.answer(f"select count(*) from (select from {rows} limit {MOST_HELD + 1}) as found")[0]) > MOST_HELD:  # noqa: S608 - names are quoted, values are literals
        return replace(place, held=session.answer(sum_query(mark, rows)), is_sum=True)
    query = f"select {mark} from {rows}"  # noqa: S608 - names are quoted, values are literals
    marks = (str(text) for batch in session.batches(query) for text in batch.column(0).to_pylist())
    return replace(place, held=tuple(sorted(marks)))


def _notices(session: ReadingSession, task: Task) -> tuple[str, ...]:
    if task.cursor is None or not task.token.is_last:
        return ()
    told = task.token.keeping.notices if task.token.keeping is not None else ()
    unseen = int(session.answer(f"select count(*) from {task.rows(task.cursor.misses)}")[0])  # noqa: S608 - names are quoted, values are literals
    if not unseen:
        return told
    name = task.cursor.column.name
    return (
        *told,
        f"{unseen:,} rows of {task.stream.id} have no value in `{name}` that a cursor can stand at: they are not read.",
    )
