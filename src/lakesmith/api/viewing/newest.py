"""The questions for the newest judgement of every rule, however long the record is: they walk along the index, or read what may still count."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Select, func, select

from lakesmith.monitor import tables
from lakesmith.monitor.asking import every_value
from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.reading import PROFILES_BACK, newest_judged


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
    return newest_judged(target, now - PROFILES_BACK, tables.judgement.c.rule.in_(COLUMN_RULES))


def judged_after(target: str, last_id: int) -> Select[Any]:
    """Ask for what was judged after a judgement, oldest first."""
    table = tables.judgement
    return select(table).where(table.c.judgement_id > last_id, table.c.target == target).order_by(table.c.judgement_id)


def _pairs() -> CTE:
    """Return every table with every rule that ever judged it: first the tables are walked through, then the rules of each."""
    subjects = every_value(tables.judgement, "subject")
    one, further = tables.judgement.alias("one"), tables.judgement.alias("further")
    rule = select(func.min(one.c.rule)).where(one.c.subject == subjects.c.value).scalar_subquery()
    begin = select(subjects.c.value.label("subject"), rule.label("rule")).where(subjects.c.value.is_not(None))
    pairs = begin.cte("pairs", recursive=True)
    following = (
        select(func.min(further.c.rule))
        .where(further.c.subject == pairs.c.subject, further.c.rule > pairs.c.rule)
        .scalar_subquery()
    )
    return pairs.union_all(select(pairs.c.subject, following).where(pairs.c.rule.is_not(None)))
