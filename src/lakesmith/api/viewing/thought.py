"""What follows from the newest judgements of a table: those that still count, its health, and where rules are blind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.health import health_of
from lakesmith.monitor.judging.reading import JUDGED_BACK, PROFILES_BACK
from lakesmith.monitor.judging.rows import judgement_of
from lakesmith.monitor.judging.values import FRESHNESS_RULES, GOOD, LEARNING, UNKNOWN, Judgement
from lakesmith.monitor.judging.values import Health as Looked
from lakesmith.pages.views.common import Health, JudgementLine

STALE = timedelta(hours=26)
"""A judgement of freshness says nothing any more after that: time went on, and nobody looked."""
FOREVER = timedelta(days=36500)

Newest = Mapping[tuple[str, str], Judgement]
"""The newest judgement of one table by rule and column."""
NOTHING: Newest = {}


@dataclass(frozen=True, slots=True)
class Thought:
    """What follows from the judgements `newest` of a table, from one moment to another: time alone changes nothing before the end.

    `known` are those that still count; `whole` are those of them about the whole table, by rule; `blind` those that are learning or could not look.
    """

    newest: Newest
    begin: datetime
    end: datetime
    known: tuple[Judgement, ...]
    whole: Mapping[str, JudgementLine]
    blind: tuple[JudgementLine, ...]
    health: Health

    def holds(self, newest: Newest, now: datetime) -> bool:
        """Whether this is what follows from these judgements at a moment."""
        return self.newest is newest and self.begin <= now <= self.end


def worked_out(subject: str, newest: Newest, now: datetime) -> Thought:
    """Return what follows from judgements at a moment: what was judged too long ago is not known any more."""
    still = [one for one in newest.values() if now - one.judged_at <= _lasts(one.rule)]
    ends = [one.judged_at + (STALE if _is_fresh(one, now) else _lasts(one.rule)) for one in still]
    known = tuple(_aged(one, now) for one in still)
    found = health_of(subject, known)
    reason = next((told.reason for told in found.reasons if told.verdict == found.verdict), "")
    health = Health(found.verdict, found.load, found.freshness, found.checks, reason or _unlooked(found))
    whole = {one.rule: line_of(one) for one in known if not one.column}
    blind = tuple(line_of(one) for one in known if one.verdict in (LEARNING, UNKNOWN))
    return Thought(newest, now, min(ends, default=now + FOREVER), known, whole, blind, health)


def judgement_line(row: Mapping[Any, Any]) -> JudgementLine:
    """Return a judgement of the record as pages show it."""
    return line_of(judgement_of(row))


def line_of(one: Judgement) -> JudgementLine:
    """Return a judgement as pages show it."""
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


def _is_fresh(one: Judgement, now: datetime) -> bool:
    """Whether it is a good judgement of freshness that still says something."""
    return one.rule in FRESHNESS_RULES and one.verdict == GOOD and now - one.judged_at <= STALE


def _aged(one: Judgement, now: datetime) -> Judgement:
    """Return a good judgement of freshness as unknown once it is too old to say anything."""
    if one.rule not in FRESHNESS_RULES or one.verdict != GOOD or _is_fresh(one, now):
        return one
    text = f"was well on {one.judged_at:%d %b %H:%M}; nobody has looked since"
    return replace(one, verdict=UNKNOWN, reason=text)
