"""What every rule thinks now: the newest judgement of each table, kept up to date by reading only what is new in the record.

A page about a thousand tables cannot ask the record for each of them. The first look reads the newest judgement of every table and rule by
the index; every later one only the rows written since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from lakesmith.api.viewing.desk import ORDER
from lakesmith.monitor import tables
from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.health import health_of
from lakesmith.monitor.judging.reading import JUDGED_BACK, PROFILES_BACK
from lakesmith.monitor.judging.rows import judgement_of
from lakesmith.monitor.judging.values import FRESHNESS_RULES, GOOD, UNKNOWN, Judgement
from lakesmith.monitor.judging.values import Health as Looked
from lakesmith.monitor.writing import stamp
from lakesmith.pages.views.common import Health, JudgementLine

if TYPE_CHECKING:
    from lakesmith.run.workshop import Workshop

READ_ANEW = timedelta(hours=1)
"""So often everything is read from the start: rows that were taken out of the record are forgotten then."""
STALE = timedelta(hours=26)
"""A judgement of freshness says nothing any more after that: time went on, and nobody looked."""


class Standing:
    """The newest judgements of one target. Give it a connection with each question; safe for several threads."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._lock = Lock()
        self._newest: dict[str, dict[tuple[str, str], Judgement]] = {}
        self._last_id = 0
        self._read_at: datetime | None = None

    def read(self, connection: Connection, now: datetime) -> None:
        """Take note of what was judged since the last look."""
        with self._lock:
            if self._read_at is None or now - self._read_at > READ_ANEW:
                self._newest, self._read_at = {}, now
                top = connection.execute(select(func.max(tables.judgement.c.judgement_id))).scalar()
                self._take(connection.execute(_newest_of_all(self._target, now)).mappings())
                self._last_id = top or 0
            else:
                self._take(connection.execute(_since(self._target, self._last_id)).mappings())

    def subjects(self) -> list[str]:
        """Return everything that has been judged."""
        return [name for name in self._newest if not name.endswith("*")]

    def is_judged(self, subject: str) -> bool:
        """Whether any rule has ever looked at a table."""
        return bool(self._newest.get(subject))

    def judgements(self, subject: str, now: datetime) -> list[JudgementLine]:
        """Return the newest judgement of each rule and column of a table, worst first."""
        found = map(_line, self._known(subject, now))
        return sorted(found, key=lambda one: (ORDER.get(one.verdict, 2), one.rule, one.column))

    def health(self, subject: str, now: datetime) -> Health:
        """Return the worst of load, freshness and checks; a part that no rule has looked at is unknown, and so never good."""
        found = self._known(subject, now)
        one = health_of(subject, found)
        reason = next((told.reason for told in one.reasons if told.verdict == one.verdict), "")
        return Health(one.verdict, one.load, one.freshness, one.checks, reason or _unlooked(one))

    def blind(self, now: datetime) -> list[JudgementLine]:
        """Return the judgements of rules that are learning, or could not look."""
        every = (_line(one) for subject in self._newest for one in self._known(subject, now))
        return sorted(
            (one for one in every if one.verdict in ("learning", "unknown")), key=lambda one: (one.subject, one.rule)
        )

    def by_rule(self, rules: Iterable[str], now: datetime) -> list[JudgementLine]:
        """Return the newest judgements of some rules about whole tables."""
        wanted = tuple(rules)
        return [
            _line(one)
            for subject in self._newest
            for one in self._known(subject, now)
            if one.rule in wanted and not one.column
        ]

    def _known(self, subject: str, now: datetime) -> list[Judgement]:
        """Return what is thought of a table now: what was judged too long ago is not known any more."""
        found = self._newest.get(subject, {}).values()
        return [_aged(one, now) for one in found if now - one.judged_at <= _lasts(one.rule)]

    def _take(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        """Take note of judgements, oldest first. What other threads are looking at stays as it is."""
        newest = dict(self._newest)
        for row in rows:
            self._last_id = max(self._last_id, row["judgement_id"])
            one = judgement_of(row)
            newest[one.subject] = {**newest.get(one.subject, {}), (one.rule, one.column): one}
        self._newest = newest


def judgement_line(row: Mapping[Any, Any]) -> JudgementLine:
    """Return a judgement of the record as pages show it."""
    return _line(judgement_of(row))


def _line(one: Judgement) -> JudgementLine:
    range_ = (one.value, one.expected, one.lower, one.upper)
    return JudgementLine(
        one.subject, one.column, one.rule, one.verdict, one.judged_at, one.reason, *range_, one.trained_on
    )


def _unlooked(one: Looked) -> str:
    parts = {"load": one.load, "freshness": one.freshness, "checks": one.checks}
    lacking = [name for name, verdict in parts.items() if verdict == UNKNOWN]
    return f"nothing has judged its {' and '.join(lacking)} yet" if one.verdict == UNKNOWN and lacking else ""


def _lasts(rule: str) -> timedelta:
    """Return how long a judgement is known: columns are judged when something is loaded, which may be rarely."""
    return PROFILES_BACK if rule in COLUMN_RULES else JUDGED_BACK


def _aged(one: Judgement, now: datetime) -> Judgement:
    """Return a good judgement of freshness as unknown once it is too old to say anything."""
    if one.rule not in FRESHNESS_RULES or one.verdict != GOOD or now - one.judged_at <= STALE:
        return one
    text = f"was well on {one.judged_at:%d %b %H:%M}; nobody has looked since"
    return replace(one, verdict=UNKNOWN, reason=text)


def subjects_of(shop: Workshop, judged: Iterable[str]) -> list[str]:
    """Return the tables that a project answers for: its streams, and what readers get; without dbt's manifest all that was judged.

    Args:
        shop: The project on a target.
        judged: What has been judged: what the project does not have any more is among it.
    """
    streams = [str(spec.id) for spec in shop.config.streams()] if shop.target.ingest else []
    readers = _what_readers_get(shop)
    if readers is not None:
        return [*streams, *readers]
    return list(
        dict.fromkeys([*streams, *(name for name in judged if name.partition(".")[0] not in shop.config.sources)])
    )


def _what_readers_get(shop: Workshop) -> tuple[str, ...] | None:
    """Return the relations that readers get; None if dbt never wrote a manifest. It is read again when its file is another one."""
    from lakesmith.dbt.artifacts import MANIFEST

    folder = shop.paths.dbt_target
    try:
        facts = (folder / MANIFEST).stat()
    except OSError:
        return None
    return _relations_in(folder, (facts.st_mtime_ns, facts.st_size, facts.st_ino))


@lru_cache(maxsize=8)
def _relations_in(folder: Path, _version: tuple[int, ...]) -> tuple[str, ...] | None:
    from lakesmith.dbt.artifacts import read_manifest
    from lakesmith.errors import TransformError
    from lakesmith.run.selecting import datasets_of

    try:
        return tuple(dataset.relation for dataset in datasets_of(read_manifest(folder)))
    except TransformError:
        return None


def _since(target: str, last_id: int) -> Select[Any]:
    table = tables.judgement
    return select(table).where(table.c.judgement_id > last_id, table.c.target == target).order_by(table.c.judgement_id)


def _newest_of_all(target: str, now: datetime) -> Select[Any]:
    """Jump from one pair of table and rule to the next along the index, and take what was judged last of each.

    Of rules about columns all of the last days is taken, oldest first: each column has a newest one of its own.
    """
    table = tables.judgement
    first = select(table.c.subject, table.c.rule).order_by(table.c.subject, table.c.rule).limit(1).subquery()
    pairs = select(first.c.subject, first.c.rule).cte("pairs", recursive=True)
    other = tables.judgement.alias("other")
    after = or_(
        other.c.subject > pairs.c.subject, and_(other.c.subject == pairs.c.subject, other.c.rule > pairs.c.rule)
    )
    further = and_(other.c.subject >= pairs.c.subject, after)
    in_order = (other.c.subject, other.c.rule)
    next_subject = select(other.c.subject).where(further).order_by(*in_order).limit(1).scalar_subquery()
    next_rule = select(other.c.rule).where(further).order_by(*in_order).limit(1).scalar_subquery()
    pairs = pairs.union_all(select(next_subject, next_rule).where(pairs.c.subject.is_not(None)))
    mine = tables.judgement.alias("mine")
    last = (
        select(mine.c.judged_at)
        .where(mine.c.subject == pairs.c.subject, mine.c.rule == pairs.c.rule, mine.c.target == target)
        .order_by(mine.c.judged_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    since = case((pairs.c.rule.in_(COLUMN_RULES), stamp(now - PROFILES_BACK)), else_=last)
    newest = (
        select(pairs.c.subject, pairs.c.rule, since.label("since")).where(pairs.c.subject.is_not(None)).cte("newest")
    )
    same = and_(table.c.subject == newest.c.subject, table.c.rule == newest.c.rule, table.c.judged_at >= newest.c.since)
    found = select(table).select_from(newest).join(table, same)
    return found.where(table.c.target == target).order_by(table.c.judgement_id)
