"""How every table is doing: what came into it, its health, since when it is not well, and what nobody can see yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lakesmith.api.thoughts import Thoughts
from lakesmith.monitor.judging import conservation
from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.health import WORST_FIRST, health_of
from lakesmith.monitor.judging.values import BAD, LEARNING, UNKNOWN, WARN, Health, Judgement

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.workshop import Workshop

NIGHT = timedelta(hours=24)
SINCE_AT_MOST = 40
"""Of so many troubles it is looked up since when they are there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One table: rows written in the last 24 hours (None: none came, or it is no stream), its health, since when it is not well."""

    subject: str
    rows: int | None
    health: Health
    since: datetime | None = None

    @property
    def reason(self) -> str:
        """Why it is not good: the sentence of the worst judgement, empty where all is good."""
        return self.health.reasons[0].reason if self.health.reasons else ""


@dataclass(frozen=True, slots=True)
class Standings:
    """All tables, worst first, and what is thought of groups of them."""

    tables: tuple[Standing, ...]
    groups: tuple[Judgement, ...]
    judged: tuple[Judgement, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many tables have each verdict, the worst first."""
        found = Counter(one.health.verdict for one in self.tables)
        return {verdict: found[verdict] for verdict in WORST_FIRST if found[verdict]}

    @property
    def blind(self) -> tuple[Judgement, ...]:
        """The rules that are learning."""
        return tuple(one for one in self.judged if one.verdict == LEARNING)

    @property
    def unseen(self) -> tuple[Judgement, ...]:
        """The rules that cannot look."""
        return tuple(one for one in self.judged if one.verdict == UNKNOWN)

    @property
    def safety(self) -> str:
        """One sentence on whether all rows are there."""
        rules = (conservation.LAW, conservation.CONTINUITY)
        found = [one for one in self.judged if one.rule in rules]
        broken = sorted({one.subject for one in found if one.verdict in (WARN, BAD)})
        tables = {one.subject for one in found}
        if broken:
            return f"Rows do not add up in {', '.join(broken[:3])}{' and others' if len(broken) > 3 else ''}."  # noqa: PLR2004
        if not tables:
            return "No load is on record, so nothing is known of rows."
        return f"No row is lost or doubled: the rows of {len(tables):,} {'table' if len(tables) == 1 else 'tables'} add up."


def standings(shop: Workshop, store: RunStore) -> Standings:
    """Return how the tables of a target are doing now. Nothing is written."""
    thoughts = Thoughts(shop, store)
    now = {(one.subject, one.column, one.rule): one for one in thoughts.all()}
    subjects = {one.subject for one in now.values() if not one.subject.endswith(".*")}
    # what is judged by the clock and is not judged now has no promise any more; columns are judged by loads alone
    columns = {name for name in subjects if thoughts.promises.watch(name).columns}
    kept = {key: one for key, one in thoughts.known.items() if one.rule in COLUMN_RULES and one.subject in columns}
    judged = {**kept, **now}
    rows = thoughts.rows_since(NIGHT)
    by_subject: dict[str, list[Judgement]] = {subject: [] for subject in subjects}
    for one in judged.values():
        if one.subject in by_subject:
            by_subject[one.subject].append(one)
    healths = {subject: health_of(subject, own) for subject, own in by_subject.items()}
    worst_first = sorted(healths.values(), key=lambda one: (WORST_FIRST.index(one.verdict), one.subject))
    since = _since(thoughts, [one.reasons[0] for one in worst_first if one.reasons and one.verdict in (WARN, BAD)])
    streams = set(thoughts.promises.streams)
    found = tuple(
        Standing(one.subject, rows.get(one.subject, 0) if one.subject in streams else None, one, since.get(one.subject))
        for one in worst_first
    )
    groups = tuple(one for one in now.values() if one.subject.endswith(".*"))
    return Standings(found, groups, tuple(judged.values()))


def _since(thoughts: Thoughts, worst: Sequence[Judgement]) -> Mapping[str, datetime]:
    """Return since when each of these is thought: what nobody has written down yet is new now."""
    some = worst[:SINCE_AT_MOST]
    known = thoughts.since([(one.subject, one.column, one.rule) for one in some])
    return {one.subject: known.get((one.subject, one.column, one.rule), one.judged_at) for one in some}
