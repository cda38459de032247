"""The questions for the newest judgement of every rule, however long the record is: they walk along the index, or read what may still count."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Select, func, select

from lakesmith.monitor import tables
from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.reading import PROFILES_BACK
from lakesmith.monitor.writing import stamp


def newest_of_tables(target: str) -> Select[Any]:
    """Ask for what each rule about whole tables said last of each table: one jump along the index for each of them."""
    table, pairs = tables.judgement, _pairs()
    last = (
        select(table.c.judgement_id)
        .where(table.c.subject == pairs.c.subject, table.c.rule == pairs.c.rule, table.c.target == target)
        .order_by(table.c.judged_at.desc(), table.c.judgement_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    newest = select(last.label("judgement_id")).where(pairs.c.rule.not_in(COLUMN_RULES)).cte("newest")
    return select(table).where(table.c.judgement_id.in_(select(newest.c.judgement_id)))


def newest_of_columns(target: str, now: datetime) -> Select[Any]:
    """Ask for what each rule about columns said last of each column, as long as it counts: there are too many for jumps."""
    table = tables.judgement
    mine = (table.c.rule.in_(COLUMN_RULES), table.c.judged_at >= stamp(now - PROFILES_BACK), table.c.target == target)
    newest = select(func.max(table.c.judgement_id)).where(*mine)
    return select(table).where(
        table.c.judgement_id.in_(newest.group_by(table.c.subject, table.c.rule, table.c.column_name))
    )


def judged_after(target: str, last_id: int) -> Select[Any]:
    """Ask for what was judged after a judgement, oldest first."""
    table = tables.judgement
    return select(table).where(table.c.judgement_id > last_id, table.c.target == target).order_by(table.c.judgement_id)


def _pairs() -> CTE:
    """Return every table with every rule that ever judged it: first the tables are walked through, then the rules of each."""
    table, other, first, further = (tables.judgement.alias(name) for name in ("a", "b", "c", "d"))
    subjects = select(func.min(table.c.subject).label("subject")).cte("subjects", recursive=True)
    following = select(func.min(other.c.subject)).where(other.c.subject > subjects.c.subject).scalar_subquery()
    subjects = subjects.union_all(select(following).where(subjects.c.subject.is_not(None)))
    rule = select(func.min(first.c.rule)).where(first.c.subject == subjects.c.subject).scalar_subquery()
    begin = select(subjects.c.subject, rule.label("rule")).where(subjects.c.subject.is_not(None))
    pairs = begin.cte("pairs", recursive=True)
    following = (
        select(func.min(further.c.rule))
        .where(further.c.subject == pairs.c.subject, further.c.rule > pairs.c.rule)
        .scalar_subquery()
    )
    return pairs.union_all(select(pairs.c.subject, following).where(pairs.c.rule.is_not(None)))
