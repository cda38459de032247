"""`lakesmith runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option
from lakesmith.cli.seeing import found, show, single

if TYPE_CHECKING:
    from lakesmith.pages.views.common import RunLine
    from lakesmith.pages.views.details import Run
    from lakesmith.pages.views.listings import Runs

STATES = ("succeeded", "nothing_new", "warned", "failed", "lost", "stopped", "running")


@click.command("runs")
@click.argument("run", required=False)
@click.option("--state", type=click.Choice(STATES), default=None, help="Only runs that ended so.")
@click.option("--pipeline", default=None, help="Only runs of this pipeline.")
@click.option("--before", default=None, help="Only runs older than this one, by its whole id.")
@common(project_option, target_option, json_option)
def command(run: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """List the runs, newest first, or say all that is on record of RUN; the beginning of its id is enough."""
    output = output_for(as_json=as_json)
    wishes = {name: given[name] or "" for name in ("state", "pipeline", "before")}
    with show(given) as (project, viewing):
        if run is None:
            _list(viewing.runs(**wishes), output)
        else:
            known = [one.run_id for one in project.history().runs_like(run)]
            _one(found(viewing.run(single(known, run, "run")), run, "run"), output)
    output.close()
    return 0


def _list(view: Runs, output: Output) -> None:
    from lakesmith.api.viewing.twins import as_facts

    output.table("runs", [_row(line) for line in view.runs], empty="There is no such run.")
    if view.wanted.older:
        output.say(f"\nOlder ones: lakesmith runs --before {view.runs[-1].run_id}", mood="quiet")
    output.facts(as_facts(view))


def _one(view: Run, output: Output) -> None:
    from lakesmith.api.viewing.twins import as_facts

    output.say(f"{view.headline}\n", mood={"busy": "plain", "unknown": "warn"}.get(view.mood, view.mood))
    steps = [{"step": step.step, "state": step.state, "seconds": step.seconds} for step in view.steps]
    output.table("steps", steps, empty="No step is on record.")
    output.say("")
    loads = [
        {
            "stream": one.stream,
            "read": one.read,
            "written": one.written,
            "quarantined": one.quarantined,
            "filtered": one.filtered,
            "law": one.law,
        }
        for one in view.loads
    ]
    output.table("loads", loads, empty="It moved no stream.")
    for error in view.errors:
        output.say(f"\n{error.step}: {error.what}\n  fix: {error.fix}", mood="bad")
    output.facts(as_facts(view))


def _row(line: RunLine) -> dict[str, Any]:
    return {
        "began_utc": f"{line.started_at:%Y-%m-%d %H:%M}",
        "state": line.state.replace("_", " "),
        "seconds": line.seconds,
        "pipeline": line.pipeline,
        "rows": line.rows_written,
        "run": line.run_id[:13],
    }
