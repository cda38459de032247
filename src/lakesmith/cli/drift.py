"""`lakesmith drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lakesmith.api.drifting import Accepted

SHOWN = 20
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group("drift", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show how sources changed their shape; accept renames, pin schemas."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, stream=None, limit=SHOWN, folder=".", target=None, as_json=False)


@command.command("show")
@click.argument("stream", required=False)
@click.option("--limit", default=SHOWN, show_default=True, help="How many changes to print.")
@common(project_option, target_option, json_option)
def show(stream: str | None, limit: int, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Print the newest changes of shape of STREAM (default: all streams), and the renames that wait for a decision."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    records, candidates = project.drift(stream, limit=limit)
    rows = [
        {
            "at_utc": one.seen_at,
            "stream": one.stream,
            "change": one.kind.replace("_", " "),
            "column": one.column,
            "before": one.before,
            "after": one.after,
            "policy": one.policy,
            "outcome": one.outcome,
        }
        for one in records
    ]
    output.table("drift", rows, empty="No source has changed its shape.", sentence=_change)
    if candidates:
        output.say("\nColumns that may have been renamed", mood="head")
    output.table(
        "rename_candidates",
        [
            {"stream": str(one.stream), "old": one.old, "new": one.new, "seen_at_utc": one.seen_at, "waits": one.waits}
            for one in candidates
        ],
        sentence=lambda row: (
            f"{row['stream']}: {row['old']} stopped when {row['new']} came. If it is the same:\n"
            f"    lakesmith drift accept {row['stream']} {row['old']} {row['new']}"
        ),
    )
    output.close()
    return 0


def _change(row: Mapping[str, Any]) -> str:
    types = " → ".join(filter(None, (row["before"], row["after"])))
    about = f"{row['change']}{f' ({types})' if types else ''}"
    return f"{row['at_utc']:%Y-%m-%d %H:%M}  {row['stream']}.{row['column']}\n    {about}; {row['policy']}: {row['outcome']}"


@command.command("pin")
@click.argument("stream")
@click.option("--replace", is_flag=True, help="Write over a pinned schema that says something else.")
@common(project_option, target_option, json_option)
def pin(stream: str, replace: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Write the schema that the table of STREAM has to schemas/<source>.<stream>.yml, where `on_drift: freeze` is judged by it."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    path, written = project.pin_schema(stream, replace=replace)
    shown = path.relative_to(project.root).as_posix()
    output.say(f"{shown} written." if written else f"{shown} says so already.")
    output.facts({"file": shown, "written": written})
    output.close()
    return 0


@command.command("accept")
@click.argument("stream")
@click.argument("old")
@click.argument("new")
@common(dry_run_option, project_option, target_option, json_option)
def accept(stream: str, old: str, new: str, dry_run: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Rename the column OLD of STREAM to NEW: in bronze by its field id, without moving a value, and in the scaffold's models."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    _tell(project.accept_rename(stream, old, new, dry_run=dry_run), output, dry_run=dry_run)
    output.close()
    return 0


def _tell(done: Accepted, output: Output, *, dry_run: bool) -> None:
    verb = "would be" if dry_run else "is"
    output.say(
        f"{done.stream}: {done.old} {verb} called {done.new} now, in all that was ever loaded of it.", mood="good"
    )
    if done.aside:
        output.say(
            f"What came as {done.new} before {verb} in {done.aside}; scaffolded silver brings the two together.",
            mood="plain",
        )
    for change in done.scaffolded:
        output.say(f"  {change.path} written anew")
    if done.named_in:
        output.say(f"\nThese lines name {done.old}, and are yours to change", mood="head")
    output.table("named_in", [{"place": place} for place in done.named_in], sentence=lambda row: f"  {row['place']}")
    if not dry_run:
        output.say("`lakesmith run` builds silver anew under the new name.", mood="quiet")
    output.facts(
        {
            "stream": str(done.stream),
            "old": done.old,
            "new": done.new,
            "aside": done.aside,
            "scaffolded": [change.path for change in done.scaffolded],
            "snapshot_id": None if done.snapshot_id is None else str(done.snapshot_id),
            "dry_run": dry_run,
        }
    )
