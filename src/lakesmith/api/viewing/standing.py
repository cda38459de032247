"""What every rule thinks now: the newest judgement of each table, kept up to date by reading only what is new in the record.

A page about a thousand tables cannot ask the record for each of them. The first look reads the newest judgement of every table and rule;
every later one only the rows written since. What follows from a table's judgements is worked out again when one of them is new, or too old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from lakesmith.api.viewing.desk import ORDER
from lakesmith.api.viewing.newest import judged_after, newest_of_columns, newest_of_tables
from lakesmith.api.viewing.thought import NOTHING, Newest, Thought, line_of, worked_out
from lakesmith.monitor import tables
from lakesmith.monitor.judging.rows import judgement_of
from lakesmith.monitor.judging.values import Judgement
from lakesmith.pages.views.common import Health, JudgementLine

if TYPE_CHECKING:
    from lakesmith.run.workshop import Workshop

READ_ANEW = timedelta(hours=1)
"""So often everything is read from the start: rows that were taken out of the record are forgotten then."""


class Standing:
    """The newest judgements of one target. Give it a connection with each question; safe for several threads."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._lock = Lock()
        self._newest: Mapping[str, Newest] = {}
        self._thoughts: dict[str, Thought] = {}
        self._last_id = 0
        self._read_at: datetime | None = None

    def read(self, connection: Connection, now: datetime) -> None:
        """Take note of what was judged since the last look."""
        with self._lock:
            if self._read_at is None or now - self._read_at > READ_ANEW:
                top = connection.execute(select(func.max(tables.judgement.c.judgement_id))).scalar()
                of_tables = connection.execute(newest_of_tables(self._target)).mappings()
                of_columns = connection.execute(newest_of_columns(self._target, now)).mappings()
                every = sorted((*of_tables, *of_columns), key=lambda row: row["judgement_id"])
                self._newest, self._thoughts, self._read_at = {}, {}, now
                self._take(every)
                self._last_id = top or 0
            else:
                self._take(connection.execute(judged_after(self._target, self._last_id)).mappings())

    def subjects(self) -> list[str]:
        """Return everything that has been judged."""
        return [name for name in self._newest if not name.endswith("*")]

    def is_judged(self, subject: str) -> bool:
        """Whether any rule has ever looked at a table."""
        return bool(self._newest.get(subject))

    def judgements(self, subject: str, now: datetime) -> list[JudgementLine]:
        """Return the newest judgement of each rule and column of a table, worst first."""
        found = map(line_of, self._thought(subject, now).known)
        return sorted(found, key=lambda one: (ORDER.get(one.verdict, 2), one.rule, one.column))

    def health(self, subject: str, now: datetime) -> Health:
        """Return the worst of load, freshness and checks; a part that no rule has looked at is unknown, and so never good."""
        return self._thought(subject, now).health

    def blind(self, now: datetime) -> list[JudgementLine]:
        """Return the judgements of rules that are learning, or could not look."""
        every = (one for subject in self._newest for one in self._thought(subject, now).blind)
        return sorted(every, key=lambda one: (one.subject, one.rule))

    def by_rule(self, rules: Iterable[str], now: datetime) -> list[JudgementLine]:
        """Return the newest judgements of some rules about whole tables."""
        wanted = frozenset(rules)
        return [
            line
            for subject in self._newest
            for rule, line in self._thought(subject, now).whole.items()
            if rule in wanted
        ]

    def _thought(self, subject: str, now: datetime) -> Thought:
        """Return what is thought of a table now, worked out only if something about it is another than at the last look."""
        newest, before = self._newest.get(subject, NOTHING), self._thoughts.get(subject)
        if before is None or not before.holds(newest, now):
            before = self._thoughts[subject] = worked_out(subject, newest, now)
        return before

    def _take(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        """Take note of judgements, oldest first. What other threads are looking at stays as it is."""
        fresh: dict[str, dict[tuple[str, str], Judgement]] = {}
        for row in rows:
            self._last_id = max(self._last_id, row["judgement_id"])
            one = judgement_of(row)
            own = fresh.get(one.subject)
            if own is None:
                own = fresh[one.subject] = dict(self._newest.get(one.subject, NOTHING))
            own[one.rule, one.column] = one
        if fresh:
            self._newest = {**self._newest, **fresh}


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
