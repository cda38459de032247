"""Runs as a list, and the newest ones by their steps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from lakesmith.api.viewing.desk import Desk
from lakesmith.api.viewing.lines import EVERYTHING, ended, run_line, sums_of
from lakesmith.api.viewing.timelines import timeline_of
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.links import address
from lakesmith.pages.views.common import RunLine, Wanted
from lakesmith.pages.views.listings import Runs, StepRow

PAGE, GRID_RUNS, GRID_STEPS, NAMED = 50, 60, 40, 400


def runs_view(desk: Desk, *, state: str = "", pipeline: str = "", before: str = "") -> Runs:
    """Return the runs of a target, newest first; `before` is the id of the run that the page comes after."""
    run, now = tables.run, stamp(desk.now)
    asked = [run.c.target == desk.target, *_state(state, now), *_pipeline(pipeline)]
    paged = [*asked, *_before(desk, before)]
    found = desk.all(select(run).where(*paged).order_by(run.c.started_at.desc(), run.c.run_id.desc()).limit(PAGE + 1))
    shown = found[:PAGE]
    sums = sums_of(desk, [row["run_id"] for row in shown])
    lines = [run_line(row, now, sums[row["run_id"]]) for row in shown]
    older = address("/runs", state=state, pipeline=pipeline, before=shown[-1]["run_id"]) if len(found) > PAGE else None
    newer = address("/runs", state=state, pipeline=pipeline) if before else None
    newest = lines if not before else []
    if not before and len(newest) == PAGE:
        newest = [
            run_line(row, now)
            for row in desk.all(select(run).where(*asked).order_by(run.c.started_at.desc()).limit(GRID_RUNS))
        ]
    drawn = list(reversed(newest[:GRID_RUNS]))
    grid, left_out = _grid(desk, drawn)
    wanted = Wanted(len(lines), None, newer, older)
    return Runs(desk.place, timeline_of(desk), drawn, grid, left_out, lines, wanted, _pipelines(desk), state, pipeline)


def _state(state: str, now: str) -> list[ColumnElement[bool]]:
    run = tables.run
    if not state:
        return []
    if state == "lost":
        return [or_(run.c.state == "lost", and_(run.c.state == "running", run.c.lease_until < now))]
    if state == "running":
        return [run.c.state == "running", run.c.lease_until >= now]
    return [run.c.state == state]


def _pipeline(pipeline: str) -> list[ColumnElement[bool]]:
    run = tables.run
    if not pipeline:
        return []
    return [run.c.pipeline.is_(None), run.c.selection == ""] if pipeline == EVERYTHING else [run.c.pipeline == pipeline]


def _before(desk: Desk, run_id: str) -> list[ColumnElement[bool]]:
    run = tables.run
    row = desk.first(select(run.c.started_at).where(run.c.run_id == run_id)) if run_id else None
    if row is None:
        return []
    earlier = run.c.started_at < row["started_at"]
    return [run.c.started_at <= row["started_at"], earlier | (run.c.run_id < run_id)]


def _grid(desk: Desk, runs: list[RunLine]) -> tuple[list[StepRow], int]:
    """Return the steps of runs, those with trouble first, then those that are in most runs."""
    step = tables.run_step
    place = {run.run_id: index for index, run in enumerate(runs)}
    states: dict[str, list[str | None]] = {}
    query = select(step.c.run_id, step.c.step, step.c.state).where(step.c.run_id.in_(list(place)))
    for row in desk.all(query) if runs else []:
        index = place[row["run_id"]]
        states.setdefault(row["step"], [None] * len(runs))[index] = ended(row["state"], runs[index].state)

    def weight(name: str) -> tuple[int, int, str]:
        """Return the order of a step."""
        bad = sum(one == "failed" for one in states[name])
        return -bad, -sum(one is not None for one in states[name]), name

    names = sorted(states, key=weight)
    return [StepRow(name, states[name]) for name in names[:GRID_STEPS]], max(len(names) - GRID_STEPS, 0)


def _pipelines(desk: Desk) -> list[str]:
    """Return the pipelines of the project and of its newest runs."""
    run = tables.run
    newest: Any = (
        select(run.c.pipeline).where(run.c.target == desk.target).order_by(run.c.started_at.desc()).limit(NAMED)
    )
    return sorted({*desk.shop.config.pipelines, *(row["pipeline"] or EVERYTHING for row in desk.all(newest))})
