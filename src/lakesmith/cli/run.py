"""`lakesmith run`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import (
    Output,
    common,
    error_text,
    exclude_option,
    json_option,
    output_for,
    project_option,
    select_option,
    target_option,
)
from lakesmith.errors import RetriableError

if TYPE_CHECKING:
    from lakesmith.api import Project, RunResult
    from lakesmith.model.protocols import Recorder
    from lakesmith.model.watching import Glance

STOPPED = 130


@click.command("run")
@common(select_option, exclude_option, project_option, target_option)
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="The date that goes into paths; default: today.")
@click.option("--full-refresh", is_flag=True, help="Build incremental models from the beginning.")
@json_option
def command(select: tuple[str, ...], exclude: tuple[str, ...], on: datetime | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Load what is new, build and test the models, publish, write the page."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    order = {
        "select": select,
        "exclude": exclude,
        "on": on.date() if on else None,
        "full_refresh": given["full_refresh"],
    }
    return carry_out(project, lambda recorders: project.run(**order, recorders=recorders), output, as_json=as_json)


def carry_out(
    project: Project, do: Callable[[tuple[Recorder, ...]], RunResult], output: Output, *, as_json: bool
) -> int:
    """Do what makes a run, show it to people as it happens, and say how it went; return the exit code."""
    if as_json:
        return report(project, do(()), output)
    from lakesmith.cli.progress import Progress

    with Progress() as progress:
        result = do((progress,))
    return report(project, result, output)


def report(project: Project, result: RunResult, output: Output) -> int:
    """Say how a run went; return the exit code."""
    outcome = result.outcome
    for step, error in outcome.errors:
        output.fail(f"\n{step} failed: {error_text(error)}")
    output.facts({"ok": result.ok, "run_id": result.run_id, "state": result.state, "seconds": round(result.seconds, 3)})
    output.facts(
        {"steps": outcome.steps, "errors": [{"step": step, **error.as_dict()} for step, error in outcome.errors]}
    )
    output.facts(
        {"loads": [load_facts(load) for load in outcome.loads], "page": str(result.page) if result.page else None}
    )
    output.facts({"found": result.news.facts() if result.news else []})
    output.facts({"tables_of_others": [table_facts(glance) for glance in outcome.glances.values()]})
    if outcome.missed:
        output.fail(f"\nNot fresh: {outcome.missed}. What is built on it keeps its last good version; run again later.")
    output.say(_last_line(project, result), mood="plain" if result.ok else "bad")
    output.close()
    if result.state == "stopped":
        return STOPPED
    return 0 if result.ok else max((error.exit_code for _, error in outcome.errors), default=RetriableError.exit_code)


def table_facts(glance: Glance) -> dict[str, Any]:
    """Return what was seen of a table that others load, as plain values."""
    seen, verdict = glance.seen, glance.verdict
    told = {"rows": seen.rows, "loaded_at_utc": seen.loaded_at, "message": verdict.text}
    return {"table": str(glance.stream), "state": verdict.state, **told}


def load_facts(load: Any) -> dict[str, Any]:
    """Return a load as plain values."""
    counts = load.counts
    return {
        "stream": str(load.stream),
        "state": load.state,
        "read": counts.read,
        "written": counts.written,
        "quarantined": counts.quarantined,
        "filtered": counts.filtered,
        "derived": counts.derived,
        "proven": counts.proven,
        "reject_reasons": load.reject_reasons,
        "filter_reasons": load.filter_reasons,
        "notices": list(load.notices),
        "drift": [{"column": d.column, "kind": d.kind, "outcome": d.outcome} for d in load.drift],
        "snapshots": [str(commit.snapshot_id) for commit in load.commits],
    }


def _last_line(project: Project, result: RunResult) -> str:
    if result.state == "nothing_new":
        last = project.history().last_success()
        since = f" since {last.started_at:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        return f"Nothing new{since}. No model changed. {result.seconds:.1f} s"
    words = {"stopped": "Stopped at a safe point after", "failed": "Ended with failures after"}
    line = f"{words.get(result.state, 'Done in')} {result.seconds:.1f} s."
    waiting = sum(load.counts.quarantined for load in result.outcome.loads)
    if waiting:
        line += f" {waiting:,} new {'record waits' if waiting == 1 else 'records wait'} in quarantine: lakesmith quarantine show."
    if result.page:
        line += f"  Page: {_relative(project, result)}"
    return line


def _relative(project: Project, result: RunResult) -> str:
    from pathlib import Path

    page = result.page or project.page
    try:
        return str(page.relative_to(Path.cwd()))
    except ValueError:
        return str(page)
