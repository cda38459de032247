"""`lakesmith rebuild`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.asking import agree, dry_run_option, yes_option
from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.api.rebuilding import RebuildPlan

NAMED = 3


@click.command("rebuild")
@click.argument("stream")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Load anew only what is dated from this day on, and keep the rows of everything before. Default: load all.",
)
@common(dry_run_option, yes_option, project_option, target_option, json_option)
def command(stream: str, since: datetime | None, dry_run: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Load STREAM (source.stream) from the start, aside, swap it in, and build anew what depends on it.

    Readers keep the table as it is until the new one is whole; `lakesmith rollback STREAM` undoes it.
    With --since, a file is dated by the day in its path, else by the day it was written (UTC).
    """
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    plan = project.plan_rebuild(stream, since=since.date() if since else None)
    _show(plan, output)
    if dry_run:
        output.facts({"changed": False})
        output.close()
        return 0
    agree("Rebuild it?", yes=given["yes"], as_json=as_json)
    from lakesmith.cli.run import carry_out

    def do(recorders: Any) -> Any:
        """Rebuild as planned."""
        return project.rebuild(stream, since=plan.since, recorders=recorders)

    return carry_out(project, do, output, as_json=as_json)


def _show(plan: RebuildPlan, output: Output) -> None:
    from lakesmith.run.plan import size_words

    parts = "1 part" if plan.splits == 1 else f"{plan.splits} parts"
    size = "" if plan.size_bytes is None else f", {size_words(plan.size_bytes)}"
    what = (
        "the rest of a rebuild that was cut off"
        if plan.resumes
        else f"from {plan.since} on"
        if plan.since
        else "from the start"
    )
    output.say(f"{plan.stream} is loaded {what}: {parts}{size}. The table has {plan.rows:,} rows now.")
    if plan.kept:
        output.say(f"The rows of {_named(plan.kept)} stay.")
    if plan.gone:
        output.say(f"Not there any more: {_named(plan.gone)}. Their rows would be gone from the table.", mood="warn")
    if plan.forgets:
        output.say("Its history would be gone from the table: earlier loads, and keys that vanished.", mood="warn")
    facts = {"splits": plan.splits, "size_bytes": plan.size_bytes, "rows": plan.rows, "resumes": plan.resumes}
    facts["forgets"] = plan.forgets
    output.facts({"plan": {"stream": str(plan.stream), **facts, "kept": list(plan.kept), "gone": list(plan.gone)}})


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
