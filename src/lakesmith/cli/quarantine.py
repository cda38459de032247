"""`lakesmith quarantine`."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option

SHOWN = 20


@click.group("quarantine", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the records that could not be accepted, with the reasons."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, stream=None, limit=SHOWN, folder=".", target=None, as_json=False)


@command.command("show")
@click.argument("stream", required=False)
@click.option("--limit", default=SHOWN, show_default=True, help="How many records to print.")
@common(project_option, target_option, json_option)
def show(stream: str | None, limit: int, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Print counts by reason, then the newest records of STREAM (default: all streams) with their raw text."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    counts: Counter[tuple[str, str]] = Counter()
    newest: list[dict[str, Any]] = []
    rows = project.quarantine(stream)
    for row in itertools.chain(rows):
        counts[str(row.stream), row.reason] += 1
        if len(newest) < limit:
            newest.append(
                {
                    "at_utc": row.quarantined_at,
                    "stream": str(row.stream),
                    "where": row.where,
                    "reason": row.reason,
                    "raw": row.raw,
                }
            )
    reasons = [{"stream": name, "reason": reason, "records": count} for (name, reason), count in counts.most_common()]
    output.table("reasons", reasons, empty="No record waits.")
    if newest:
        output.say(f"\nThe newest {len(newest)} of {counts.total():,}", mood="head")
        output.table(
            "records",
            newest,
            sentence=lambda row: f"{row['stream']}  {row['where']}: {row['reason']}\n    {row['raw']}",
        )
    output.facts({"waiting": counts.total()})
    output.close()
    return 0
