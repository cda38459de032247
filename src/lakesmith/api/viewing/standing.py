"""What every rule thinks now: the newest judgement of each table, kept up to date by reading only what is new in the record.

A page about a thousand tables cannot ask the record for each of them. The first look reads the newest judgement of every table and rule by
the index; every later one only the rows written since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from lakesmith.api.viewing.desk import ORDER, worst
from lakesmith.monitor import tables
from lakesmith.monitor.judging.values import CHECK_RULES, FRESHNESS_RULES
from lakesmith.pages.views.common import Health, JudgementLine

READ_ANEW = timedelta(hours=1)
"""So often everything is read from the start: rows that were taken out of the record are forgotten then."""
STALE = timedelta(hours=26)
"""A judgement of freshness says nothing any more after that: time went on, and nobody looked."""


class Standing:
    """The newest judgements of one target. Give it a connection with each question; safe for several threads."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._lock = Lock()
        self._newest: dict[str, dict[tuple[str, str], JudgementLine]] = {}
        self._last_id = 0
        self._read_at: datetime | None = None

    def read(self, connection: Connection, now: datetime) -> None:
        """Take note of what was judged since the last look."""
        with self._lock:
            if self._read_at is None or now - self._read_at > READ_ANEW:
                self._newest, self._read_at = {}, now
                top = connection.execute(select(func.max(tables.judgement.c.judgement_id))).scalar()
                self._take(connection.execute(_newest_of_all(self._target)).mappings())
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
        found = [_aged(one, now) for one in self._newest.get(subject, {}).values()]
        return sorted(found, key=lambda one: (ORDER.get(one.verdict, 2), one.rule, one.column))

    def health(self, subject: str, now: datetime) -> Health:
        """Return the worst of load, freshness and checks; a part that no rule has looked at is unknown, and so never good."""
        found = self.judgements(subject, now)
        parts: dict[str, list[str]] = {"load": [], "freshness": [], "checks": []}
        for one in found:
            parts[_part(one.rule)].append(one.verdict)
        load, freshness, checks = (worst(verdicts) for verdicts in parts.values())
        whole = worst([load, freshness, checks])
        reason = next((one.reason for one in found if one.verdict == whole != "good"), "")
        return Health(whole, load, freshness, checks, reason or _unlooked(parts, whole))

    def blind(self, now: datetime) -> list[JudgementLine]:
        """Return the judgements of rules that are learning, or could not look."""
        every = (_aged(one, now) for rules in self._newest.values() for one in rules.values())
        return sorted(
            (one for one in every if one.verdict in ("learning", "unknown")), key=lambda one: (one.subject, one.rule)
        )

    def by_rule(self, rules: Iterable[str], now: datetime) -> list[JudgementLine]:
        """Return the newest judgements of some rules about whole tables."""
        wanted = tuple(rules)
        return [
            _aged(one, now)
            for found in self._newest.values()
            for (rule, column), one in found.items()
            if rule in wanted and not column
        ]

    def _take(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        for row in rows:
            self._last_id = max(self._last_id, row["judgement_id"])
            line = judgement_line(row)
            rules = self._newest.setdefault(line.subject, {})
            known = rules.get((line.rule, line.column))
            if known is None or known.judged_at <= line.judged_at:
                rules[line.rule, line.column] = line


def judgement_line(row: Mapping[Any, Any]) -> JudgementLine:
    """Return a judgement of the record as pages show it."""
    return JudgementLine(
        row["subject"],
        row["column_name"],
        row["rule"],
        row["verdict"],
        datetime.fromisoformat(row["judged_at"]),
        row["reason"],
        row["value"],
        row["expected"],
        row["lower"],
        row["upper"],
        row["trained_on"],
    )


def _part(rule: str) -> str:
    return "freshness" if rule in FRESHNESS_RULES else "checks" if rule in CHECK_RULES else "load"


def _unlooked(parts: Mapping[str, list[str]], whole: str) -> str:
    lacking = [name for name, verdicts in parts.items() if not verdicts]
    return f"nothing has judged its {' and '.join(lacking)} yet" if whole == "unknown" and lacking else ""


def _aged(one: JudgementLine, now: datetime) -> JudgementLine:
    """Return a good judgement of freshness as unknown once it is too old to say anything."""
    if one.rule not in FRESHNESS_RULES or one.verdict != "good" or now - one.judged_at <= STALE:
        return one
    text = f"was well on {one.judged_at:%d %b %H:%M}; nobody has looked since"
    return JudgementLine(
        one.subject,
        one.column,
        one.rule,
        "unknown",
        one.judged_at,
        text,
        one.value,
        one.expected,
        one.lower,
        one.upper,
        one.trained_on,
    )


def _since(target: str, last_id: int) -> Select[Any]:
    table = tables.judgement
    return select(table).where(table.c.judgement_id > last_id, table.c.target == target).order_by(table.c.judgement_id)


def _newest_of_all(target: str) -> Select[Any]:
    """Jump from one pair of table and rule to the next along the index, and take what was judged last of each."""
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
    newest = (
        select(pairs.c.subject, pairs.c.rule, last.label("judged_at")).where(pairs.c.subject.is_not(None)).cte("newest")
    )
    same = and_(
        table.c.subject == newest.c.subject, table.c.rule == newest.c.rule, table.c.judged_at == newest.c.judged_at
    )
    return select(table).select_from(newest).join(table, same).where(table.c.target == target)
