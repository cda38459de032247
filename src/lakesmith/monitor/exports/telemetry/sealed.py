"""Rows that are a run's, read once the run is sealed. Seals are numbered without a race, and a run's rows do not change after one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, exists, func, not_, or_, select

from lakesmith.monitor import tables
from lakesmith.monitor.exports.telemetry.contents import Content
from lakesmith.monitor.exports.telemetry.pages import Page, canonical
from lakesmith.monitor.exports.telemetry.places import reading
from lakesmith.monitor.sealing import of_row

RUNS = 200
"""Runs whose rows are looked for at a time."""
HOLES = 1_000
"""Seals that are waited for at most."""
_OF = "_seal"
"""The name of the column that says whose a row is."""
_IDLE, _WELL = "nothing_new", ("succeeded", "warned")
_SEAL = tables.seal.c


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the runs are read: all up to a seal; `chain` and `at` tell that seal from another store's.

    `missing` are seals before it that were not there: the store had lost them, and `lakesmith doctor` may bring them back. `part` is
    the seal of a run of which only `rows` rows are read, 0 without one.
    """

    seal: int = 0
    chain: str = ""
    at: str = ""
    rows: int = 0
    missing: tuple[int, ...] = ()
    part: int = 0

    @classmethod
    def read(cls, position: bytes | None) -> Mark:
        """Return what a position says; the beginning for None."""
        if position is None:
            return cls()
        plain = json.loads(position)
        return cls(**{**plain, "missing": tuple(plain["missing"])})

    def position(self) -> bytes:
        """Return the position that says this."""
        return canonical(asdict(self))


BEGINNING = Mark().position()
"""Where nothing is read yet."""


def news(engine: Engine, content: Content, position: bytes | None, own: str) -> bytes | None:
    """Return what `pages` needs to read what is new, None if nothing is.

    A run that moved nothing but rows of this source is no news by itself: else each run would be the next one's.

    Args:
        engine: The run store.
        content: The table.
        position: Where the stream is.
        own: The name of this source.
    """
    mark = Mark.read(position)
    with reading(engine) as connection:
        mark = _here(connection, mark)
        unread = _unread(mark)
        until = connection.execute(_of(content, unread, func.max(_SEAL.sequence))).scalar()
        if until is None:
            return None
        tells = select(_SEAL.sequence).where(unread, _is_loud(own)).limit(1)
        if not mark.rows and connection.execute(tells).first() is None:
            return None
    return canonical({"since": mark.position().decode(), "until": max(until, mark.seal)})


def pages(engine: Engine, content: Content, token: bytes, size: int) -> Iterator[Page]:
    """Yield the rows of the runs that `news` found, `size` at a time."""
    told = json.loads(token)
    mark = Mark.read(told["since"].encode())
    while (found := _next(engine, content, mark, told["until"], size)) is not None:
        page, mark = found
        if page.rows:
            yield page


def _next(engine: Engine, content: Content, mark: Mark, until: int, size: int) -> tuple[Page, Mark] | None:
    """Return the next page, which may be empty, and the mark after it; None at the end."""
    with reading(engine) as connection:
        group = _group(connection, mark, until)
        if not group:
            return None
        columns = [column.label(name) for name, column in content.columns.items()]
        stretch = select(*columns, _SEAL.sequence.label(_OF)).select_from(content.rows).order_by(*content.order)
        stretch = stretch.where(_SEAL.sequence.in_(group)).limit(size).offset(mark.rows)
        found = [dict(row) for row in connection.execute(stretch).mappings()]
        counted = connection.execute(select(func.count()).select_from(stretch.subquery())).scalar() or 0
        numbers = [row.pop(_OF) for row in found]
        if len(found) < size:
            after = _past(connection, mark, group)
        else:
            after = _within(connection, content, mark, group, numbers)
    return Page(found, counted, after.position(), f"runs {group[0]}..{group[-1]}"), after


def _within(connection: Connection, content: Content, mark: Mark, group: Sequence[int], numbers: Sequence[int]) -> Mark:
    """Return the mark after a page that may have ended in the middle of a run; `numbers` are the seals of its rows."""
    last = numbers[-1]
    read = numbers.count(last) + (mark.rows if mark.part == last else 0)
    total = connection.execute(_of(content, _SEAL.sequence == last, func.count())).scalar() or 0
    done = [one for one in group if one < last or (one == last and read >= total)]
    after = _past(connection, mark, done) if done else mark
    return after if done and done[-1] == last else replace(after, part=last, rows=read)


def _group(connection: Connection, mark: Mark, until: int) -> Sequence[int]:
    """Return the next seals to read: the one that is begun, one that is back again, or those that follow."""
    if mark.part:
        return (mark.part,)
    query = select(_SEAL.sequence).order_by(_SEAL.sequence)
    if mark.missing:
        back = connection.execute(query.where(_SEAL.sequence.in_(mark.missing)).limit(1)).scalar()
        if back is not None:
            return (back,)
    ahead = query.where(_SEAL.sequence > mark.seal, _SEAL.sequence <= until)
    return connection.execute(ahead.limit(RUNS)).scalars().all()


def _past(connection: Connection, mark: Mark, group: Sequence[int]) -> Mark:
    """Return the mark once all rows of a group are read."""
    if group[-1] <= mark.seal:
        return replace(mark, rows=0, part=0, missing=tuple(one for one in mark.missing if one not in group))
    first = connection.execute(select(func.min(_SEAL.sequence))).scalar() or 1
    holes = sorted({*range(max(mark.seal + 1, first), group[-1])}.difference(group))
    row = connection.execute(select(_SEAL.chain, _SEAL.sealed_at).where(_SEAL.sequence == group[-1])).first()
    chain, at = (row[0], row[1]) if row else ("", mark.at)  # it was let go meanwhile
    return Mark(group[-1], chain, at, 0, (*mark.missing, *holes)[-HOLES:])


def _here(connection: Connection, mark: Mark) -> Mark:
    """Return the mark as this store counts: one that began anew has numbered its seals from the beginning."""
    if not mark.seal or not mark.chain:
        return mark
    query = select(tables.seal).where(_SEAL.sequence.in_((mark.seal, mark.seal + 1)))
    there = {row["sequence"]: of_row(row) for row in map(dict, connection.execute(query).mappings())}
    last, following = there.get(mark.seal), there.get(mark.seal + 1)
    lowest = connection.execute(select(func.min(_SEAL.sequence))).scalar()
    is_known = last.chain == mark.chain if last else following is not None and following.follows(mark.chain)
    if is_known or lowest is None or lowest > mark.seal:
        return mark
    younger = connection.execute(select(func.min(_SEAL.sequence)).where(_SEAL.sealed_at > mark.at)).scalar()
    return mark if younger is None else Mark(younger - 1, "", mark.at)


def _unread(mark: Mark) -> ColumnElement[bool]:
    after = _SEAL.sequence > mark.seal
    return or_(after, _SEAL.sequence.in_(mark.missing)) if mark.missing else after


def _is_loud(own: str) -> ColumnElement[bool]:
    """Whether a run did more than bring the record of others into the lake."""
    run, load, prefix = tables.run.alias(), tables.table_load.alias(), f"{own}."
    moved = exists().where(load.c.run_id == _SEAL.run_id, load.c.rows_read > 0)
    mine = func.substr(load.c.stream, 1, len(prefix)) == prefix
    failed = exists().where(run.c.run_id == _SEAL.run_id, not_(run.c.state.in_((_IDLE, *_WELL))))
    built = exists().where(run.c.run_id == _SEAL.run_id, run.c.state.in_(_WELL))
    return or_(failed, moved.where(not_(mine)), and_(built, not_(moved.where(mine))))


def _of(content: Content, where: ColumnElement[bool], what: Any) -> Select[Any]:
    query: Select[Any] = select(what).select_from(content.rows).where(where)
    return query
