"""What the platform says of itself."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from lakesmith.about import __version__
from lakesmith.api.viewing.desk import Desk, at
from lakesmith.api.viewing.lines import run_line
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.views.common import RunLine
from lakesmith.pages.views.listings import ActionLine, DeliveryLine, HeartbeatLine, System, TickLine

SILENT = timedelta(minutes=3)
LOST_DAYS, SHOWN, SHOWN_BLIND, MOST_UNENDED = 30, 20, 60, 2000
QUIET = ("started", "done", "running", "succeeded")
NOT_OUT = ("failed", "given_up")


def system_view(desk: Desk) -> System:
    """Return the page."""
    seal = tables.seal
    heartbeats, lost, running = _heartbeats(desk), _runs(desk, lost=True), _runs(desk, lost=False)
    deliveries = _deliveries(desk)
    sealed = desk.first(select(seal).order_by(seal.c.sequence.desc()))
    blind = desk.standing.blind(desk.now)
    mood, headline = _verdict(heartbeats, lost, deliveries)
    return System(
        desk.place,
        headline,
        mood,
        desk.store,
        desk.number(select(func.count()).select_from(seal)),
        at(sealed["sealed_at"]) if sealed else None,
        _versions(desk),
        heartbeats,
        lost,
        running,
        blind[:SHOWN_BLIND],
        len(blind),
        deliveries,
        _ticks(desk),
        _actions(desk),
    )


def _verdict(
    heartbeats: Sequence[HeartbeatLine], lost: Sequence[RunLine], deliveries: Sequence[DeliveryLine]
) -> tuple[str, str]:
    silent = [one.component for one in heartbeats if one.verdict != "good"]
    stuck = [one for one in deliveries if one.state in NOT_OUT]
    parts = [f"{len(lost):,} lost {'run' if len(lost) == 1 else 'runs'} in {LOST_DAYS} days"] if lost else []
    parts += [f"{', '.join(silent[:3])} silent"] if silent else []
    parts += [f"{len(stuck):,} messages did not get out"] if stuck else []
    if parts:
        return ("bad" if silent or stuck else "warn"), f"The platform needs a look: {'; '.join(parts)}."
    if not heartbeats:
        return "unknown", "No run was lost. Nothing runs on its own here, so nobody says that it is alive."
    return "good", "Every part of the platform was heard of lately, and no run was lost."


def _versions(desk: Desk) -> dict[str, str]:
    run = tables.run
    row = desk.first(
        select(run.c.version, run.c.versions).where(run.c.target == desk.target).order_by(run.c.started_at.desc())
    )
    libraries = json.loads(row["versions"] or "{}") if row else {}
    told = ", ".join(f"{name} {version}" for name, version in sorted(libraries.items()))
    return {
        "Lakesmith here": __version__,
        "Lakesmith of the newest run": row["version"] if row else "",
        "Python here": platform.python_version(),
        "libraries of the newest run": told,
    }


def _heartbeats(desk: Desk) -> list[HeartbeatLine]:
    heartbeat = tables.heartbeat
    lines = []
    for row in desk.all(select(heartbeat).order_by(heartbeat.c.component).limit(SHOWN)):
        seen, began = at(row["seen_at"]), at(row["started_at"])
        if seen and began:
            verdict = "good" if desk.now - seen <= SILENT else "bad"
            lines.append(
                HeartbeatLine(
                    row["component"],
                    verdict,
                    seen,
                    began,
                    row["version"],
                    f"{row['host']}, process {row['pid']}",
                    row["detail"],
                )
            )
    return lines


def _runs(desk: Desk, *, lost: bool) -> list[RunLine]:
    run, now = tables.run, stamp(desk.now)
    since = desk.ago(days=LOST_DAYS)
    mine = (run.c.target == desk.target, run.c.state == "running")
    wanted = [select(run).where(*mine, run.c.lease_until < now if lost else run.c.lease_until >= now)]
    if lost:
        wanted += [select(run).where(run.c.target == desk.target, run.c.state == "lost", run.c.started_at >= since)]
    rows = [row for query in wanted for row in desk.all(query.limit(MOST_UNENDED))]
    recent = [row for row in rows if row["started_at"] >= since]
    return [run_line(row, now) for row in sorted(recent, key=lambda row: row["started_at"], reverse=True)[:SHOWN]]


def _deliveries(desk: Desk) -> list[DeliveryLine]:
    delivery = tables.delivery
    lines = []
    for row in desk.all(select(delivery).order_by(delivery.c.queued_at.desc()).limit(SHOWN)):
        queued = at(row["queued_at"])
        if queued:
            told = (row["route"], row["channel"], row["kind"], row["state"], row["attempts"])
            lines.append(DeliveryLine(queued, *told, at(row["sent_at"]), row["fault"]))
    return lines


def _ticks(desk: Desk) -> list[TickLine]:
    tick = tables.tick
    query = select(tick).where(
        tick.c.target == desk.target, tick.c.state.not_in(QUIET), tick.c.nominal_at >= desk.ago(days=7)
    )
    rows = desk.all(query.order_by(tick.c.nominal_at.desc()).limit(SHOWN))
    return [
        TickLine(row["pipeline"], due, row["state"], row["reason"]) for row in rows if (due := at(row["nominal_at"]))
    ]


def _actions(desk: Desk) -> list[ActionLine]:
    action = tables.user_action
    rows = desk.all(select(action).order_by(action.c.at.desc()).limit(SHOWN))
    return [
        ActionLine(moment, row["actor"], row["via"], row["verb"], row["target"], row["outcome"])
        for row in rows
        if (moment := at(row["at"]))
    ]
