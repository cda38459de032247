"""The runs of a day by pipeline, and the starts that are due next."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import select

from lakesmith.api.viewing.desk import Desk
from lakesmith.api.viewing.lines import EVERYTHING, run_line
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.views.common import Lane, RunLine, Timeline
from lakesmith.project.ticks import ticks

BEHIND, AHEAD = timedelta(hours=24), timedelta(hours=6)
MOST_LANES, MOST_RUNS, MOST_DRAWN, MOST_STARTS = 12, 5000, 150, 24
LOUD = ("failed", "lost", "running", "stopped", "warned")
_SHORT = (
    "run_id",
    "pipeline",
    "selection",
    "started_at",
    "finished_at",
    "lease_until",
    "state",
    "message",
    "command",
    "trigger",
)


def timeline_of(desk: Desk) -> Timeline:
    """Return the last 24 hours and the next 6; pipelines with trouble come first."""
    start, end = desk.now - BEHIND, desk.now + AHEAD
    run, now = tables.run, stamp(desk.now)
    columns = [run.c[name] for name in _SHORT]
    query = select(*columns).where(run.c.started_at >= stamp(start), run.c.target == desk.target)
    lanes: dict[str, list[RunLine]] = defaultdict(list)
    for row in desk.all(query.order_by(run.c.started_at.desc()).limit(MOST_RUNS)):
        line = run_line(row, now)
        lanes[line.pipeline].append(line)
    due = {name: starts_of(desk, name, end) for name in {*_scheduled(desk), *lanes}}
    named = [
        Lane(name, lanes.get(name, ())[:MOST_DRAWN][::-1], due[name]) for name in due if lanes.get(name) or due[name]
    ]
    named.sort(key=_loudness)
    return Timeline(start, desk.now, end, named[:MOST_LANES], max(len(named) - MOST_LANES, 0))


def starts_of(desk: Desk, pipeline: str, until: datetime) -> tuple[datetime, ...]:
    """Return when a pipeline starts next, up to a moment; nothing where no schedule says so."""
    config = desk.shop.config
    known = config.pipelines.get(pipeline)
    schedule = (known.schedule if known else None) or (config.schedule if known or pipeline == EVERYTHING else None)
    if schedule is None:
        return ()
    found = ticks(schedule, desk.now, until)
    return tuple(at for at, _ in zip(found, range(MOST_STARTS), strict=False))


def _scheduled(desk: Desk) -> list[str]:
    config = desk.shop.config
    return list(config.pipelines) or ([EVERYTHING] if config.schedule else [])


def _loudness(lane: Lane) -> tuple[int, int, str]:
    trouble = min((LOUD.index(run.state) for run in lane.runs if run.state in LOUD), default=len(LOUD))
    return trouble, -len(lane.runs), lane.pipeline
