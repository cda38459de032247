"""Today: one sentence, what needs a person, what is on its way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from lakesmith.api.existing import verdict_of
from lakesmith.api.viewing.desk import ORDER, Desk, at
from lakesmith.api.viewing.hourly import small_plots
from lakesmith.api.viewing.lines import OPEN, change_line, incident_lines
from lakesmith.api.viewing.others import fresh_line, others_of
from lakesmith.api.viewing.tables import table_lines
from lakesmith.api.viewing.timelines import timeline_of
from lakesmith.model.watching import LATE
from lakesmith.monitor import tables
from lakesmith.monitor.judging.values import FRESHNESS_RULES
from lakesmith.pages.views.common import ChangeLine, IncidentLine, JudgementLine
from lakesmith.pages.views.listings import FreshLine, Front, MuteLine, TableLine

SHOWN_INCIDENTS, SHOWN_FRESH, SHOWN_CHANGES, SHOWN_LEARNING, SHOWN_MUTES = 10, 10, 8, 8, 6
SEVERITY = {"error": 0, "warn": 1}


def front_view(desk: Desk) -> Front:
    """Return the first page."""
    incidents, more = open_now(desk)
    lines = table_lines(desk)
    blind = desk.standing.blind(desk.now)
    unlooked = sum(not desk.standing.is_judged(line.name) for line in lines)
    verdicts = Counter(line.health.verdict for line in lines)
    mood, headline = sentence(lines, incidents, len(incidents) + more, unlooked)
    has_run = bool(desk.first(select(tables.run.c.run_id).where(tables.run.c.target == desk.target)))
    if lines and not has_run:
        headline = (
            f"Nothing has run yet, so nothing is known of {len(lines):,} {'table' if len(lines) == 1 else 'tables'}."
        )
    missed = verdict_of(others_of(desk))
    if missed and mood in ("good", "unknown"):
        mood, headline = ("warn" if missed[0] == LATE else "unknown"), missed[1]
    return Front(
        desk.place,
        headline,
        mood,
        verdicts,
        incidents,
        more,
        _freshness(desk, lines),
        timeline_of(desk),
        small_plots(desk) if has_run else [],
        _changes(desk),
        _mutes(desk),
        [one for one in blind if one.verdict == "learning"][:SHOWN_LEARNING],
        len(blind),
        _unwatched(desk),
        unlooked,
    )


def open_now(desk: Desk) -> tuple[list[IncidentLine], int]:
    """Return the open incidents that matter most, and how many more there are."""
    incident = tables.incident
    mine = (incident.c.state.in_(OPEN), incident.c.target == desk.target)
    newest = desk.all(
        select(incident).where(*mine).order_by(incident.c.severity, incident.c.opened_at).limit(SHOWN_INCIDENTS)
    )
    total = desk.number(select(func.count()).select_from(incident).where(*mine))
    return incident_lines(desk, newest), total - len(newest)


def sentence(
    lines: Sequence[TableLine], incidents: Sequence[IncidentLine], causes: int, unlooked: int
) -> tuple[str, str]:
    """Return the mood of a project and one sentence: how many tables need somebody, how many causes, what is worst since when."""
    total = len(lines)
    need = sum(line.health.verdict in ("bad", "warn") for line in lines)
    if incidents or need:
        worst = min(incidents, key=lambda one: (SEVERITY.get(one.severity, 2), one.opened_at), default=None)
        parts = [f"{need:,} of {total:,} tables need you" if need else "an incident is open"]
        parts += [f"{causes:,} {'cause' if causes == 1 else 'causes'}"] if causes else []
        parts += [f"{worst.subject} since {worst.opened_at:%d %b %H:%M}"] if worst else []
        is_bad = any(one.severity == "error" for one in incidents) or any(
            line.health.verdict == "bad" for line in lines
        )
        said = "; ".join(parts)
        return ("bad" if is_bad else "warn"), f"{said[0].upper()}{said[1:]}."
    if not total:
        return "unknown", "The project has no table yet, so nothing is known."
    good = sum(line.health.verdict == "good" for line in lines)
    if good == total:
        return "good", f"All {total:,} tables are loaded, fresh and pass their checks."
    blind = f"{good:,} of {total:,} tables are known to be well; nothing is known to be wrong with the others"
    return "unknown", f"{blind}{f', and {unlooked:,} were never judged' if unlooked else ''}."


def _freshness(desk: Desk, lines: Sequence[TableLine]) -> list[FreshLine]:
    """Return the tables that are oldest against what is promised, worst first."""
    known = {line.name for line in lines}
    newest: dict[str, JudgementLine] = {}
    for one in desk.standing.by_rule(FRESHNESS_RULES, desk.now):
        if one.subject in known and (one.subject not in newest or _urgency(one) < _urgency(newest[one.subject])):
            newest[one.subject] = one
    worst = sorted(newest.values(), key=_urgency)[:SHOWN_FRESH]
    others = [fresh_line(desk, one) for one in others_of(desk) if one.state == LATE]
    return others[:SHOWN_FRESH] + [
        FreshLine(one.subject, one.verdict, one.value, one.upper if one.upper is not None else one.expected, one.reason)
        for one in worst
    ]


def _urgency(one: JudgementLine) -> tuple[int, float, str]:
    limit = one.upper if one.upper is not None else one.expected
    share = one.value / limit if one.value is not None and limit else 0.0
    return ORDER.get(one.verdict, 2), -share, one.subject


def _changes(desk: Desk) -> list[ChangeLine]:
    drift, run = tables.drift, tables.run
    query = (
        select(drift)
        .join(run, run.c.run_id == drift.c.run_id)
        .where(run.c.started_at >= desk.ago(hours=24), run.c.target == desk.target)
    )
    return [change_line(row) for row in desk.all(query.order_by(drift.c.seen_at.desc()).limit(SHOWN_CHANGES))]


def _mutes(desk: Desk) -> list[MuteLine]:
    mute = tables.mute
    query = select(mute).where(mute.c.until > desk.ago(hours=0), mute.c.ended_at.is_(None)).order_by(mute.c.until)
    return [
        MuteLine(_muted(row["matches"]), row["reason"], row["actor"], until)
        for row in desk.all(query.limit(SHOWN_MUTES))
        if (until := at(row["until"])) is not None
    ]


def _muted(matches: str) -> str:
    """Return what a mute is about, in words."""
    told = json.loads(matches or "{}")
    return ", ".join(str(value) for value in told.values()) if isinstance(told, dict) else str(told)


def _unwatched(desk: Desk) -> list[str]:
    """Return what the project leaves without a promise or a rule."""
    config = desk.shop.config
    found = []
    if config.schedule is None and not any(one.schedule for one in config.pipelines.values()):
        found.append("The project has no schedule, so nothing promises how old a table may be.")
    off: Mapping[str, list[str]] = {
        "rows per day": [name for name, watch in config.monitor.tables.items() if not watch.volume],
        "columns": [name for name, watch in config.monitor.tables.items() if not watch.columns],
    }
    found += [f"Turned off by the project: {what} of {', '.join(names[:6])}." for what, names in off.items() if names]
    return found
