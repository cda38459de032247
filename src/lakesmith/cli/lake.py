"""`lakesmith lake`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.check import show_findings
from lakesmith.cli.lake_move import move
from lakesmith.cli.output import common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.lake.upkeep.collect import Litter, Swept

SHOWN = 50


@click.group("lake")
def command() -> None:
    """Keep the lake in order: compact its tables, clear away what nobody needs, check it, move it."""


@command.command("compact")
@click.argument("stream", required=False)
@common(project_option, target_option, json_option)
def compact(stream: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Make the small files of STREAM (default: of all tables) into few. Readers and loads are not disturbed."""
    import lakesmith

    output = output_for(as_json=as_json)
    rows = []
    for name, done in lakesmith.open(given["folder"], target=given["target"]).compact(stream):
        if done is not None:
            rows.append(
                {
                    "table": str(name),
                    "rows": done.rows,
                    "files_before": done.files_before,
                    "files_after": done.files_after,
                    "snapshot": str(done.snapshot_id),
                }
            )
    output.table("compacted", rows, empty="Nothing to do: no table has small files that lie side by side.")
    output.close()
    return 0


@command.command("collect")
@click.option("--delete", is_flag=True, help="Mark what nobody needs, and delete what was marked a day ago or more.")
@click.option("--limit", default=SHOWN, show_default=True, help="How many files to print.")
@common(project_option, target_option, json_option)
def collect(delete: bool, limit: int, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """List the files that nobody needs any more: dry run, nothing is changed.

    With --delete they are marked first, and deleted by a run at least a day later that finds them again. Nothing younger than
    three days goes, nothing that a kept snapshot, a branch, an attached view or an unfinished load needs, and nothing at all in a
    table of which something cannot be read.
    """
    import lakesmith

    output = output_for(as_json=as_json)
    swept = lakesmith.open(given["folder"], target=given["target"]).collect(delete=delete)
    rows = [_row(one, litter) for one in swept for litter in one.litter]
    output.table("files", rows if as_json else rows[:limit], empty="Nothing lies about that is old enough to go.")
    if len(rows) > limit and not as_json:
        output.say(f"… and {len(rows) - limit:,} more: --limit shows them, --json all.", mood="quiet")
    for state, text in TEXTS.items():
        counts = [one.count(state) for one in swept]
        files, size_bytes = sum(count for count, _ in counts), sum(size for _, size in counts)
        output.facts({state: {"files": files, "bytes": size_bytes}})
        if files:
            output.say(f"{files:,} {'file' if files == 1 else 'files'} ({size_bytes / 1e6:,.1f} MB) {text}")
    problems = [{"table": _name(one), **one.problem.as_dict()} for one in swept if one.problem is not None]
    for one in swept:
        if one.problem is not None:
            output.fail(f"{_name(one)}: nothing was deleted. {one.problem}")
    output.facts({"problems": problems, "deleting": delete})
    output.close()
    return 1 if problems else 0


TEXTS = {
    "deleted": "deleted.",
    "due": "would go now: `lakesmith lake collect --delete`.",
    "waits": "go once two passes of --delete, a day apart, have found them.",
}


def _row(swept: Swept, litter: Litter) -> dict[str, Any]:
    return {
        "table": _name(swept),
        "file": litter.stored.path,
        "bytes": litter.stored.size_bytes,
        "written_at_utc": litter.stored.modified_at,
        "what": litter.kind,
        "why": litter.why,
        "state": litter.state,
    }


def _name(swept: Swept) -> str:
    return str(swept.stream) if swept.stream else "(leases)"


@command.command("check")
@common(project_option, target_option, json_option)
def check(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Look whether everything is there that the tables name, is as it was written, and whether their times go forward."""
    import lakesmith

    output = output_for(as_json=as_json)
    return show_findings(lakesmith.open(given["folder"], target=given["target"]).check_lake(), output)


command.add_command(move)
