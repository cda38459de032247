"""`lakesmith quarantine`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.run.replaying import Replayed

SHOWN = 20
reason_option = click.option("--reason", default=None, help="Only records whose reason holds this text.")
since_option = click.option(
    "--since",
    default=None,
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only records put aside on this day or later (UTC).",
)


@click.group("quarantine", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the records that could not be accepted, with the reasons, and replay them."""
    if ctx.invoked_subcommand is None:
        given = {"folder": ".", "target": None, "reason": None, "since": None, "raw": False}
        ctx.invoke(show, stream=None, limit=SHOWN, as_json=False, **given)


@command.command("show")
@click.argument("stream", required=False)
@click.option("--limit", default=SHOWN, show_default=True, help="How many records to print.")
@click.option("--raw", is_flag=True, help="Also show raw text that may hold values which the project masks.")
@common(reason_option, since_option, project_option, target_option, json_option)
def show(stream: str | None, limit: int, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Print counts by reason, then the newest records of STREAM (default: all streams) with their raw text."""
    import lakesmith
    from lakesmith.api.replaying import Chosen, printable

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    chosen = Chosen(given["reason"], _day(given["since"]))
    counts: Counter[tuple[str, str]] = Counter()
    newest: list[dict[str, Any]] = []
    for row in filter(chosen.holds, project.quarantine(stream)):
        counts[str(row.stream), row.reason] += 1
        if len(newest) < limit:
            newest.append(
                {
                    "at_utc": row.quarantined_at,
                    "stream": str(row.stream),
                    "where": row.where,
                    "reason": row.reason,
                    "raw": printable(row.raw) if given["raw"] else project.raw_of(row),
                    "cut": row.cut,
                }
            )
    reasons = [{"stream": name, "reason": reason, "records": count} for (name, reason), count in counts.most_common()]
    output.table("reasons", reasons, empty="No record waits.")
    if newest:
        output.say(f"\nThe newest {len(newest)} of {counts.total():,}", mood="head")
        output.table("records", newest, sentence=_sentence)
    output.facts({"waiting": counts.total()})
    output.close()
    return 0


def _sentence(row: Any) -> str:
    cut = " (cut: the rest was not kept)" if row["cut"] else ""
    return f"{row['stream']}  {row['where']}: {row['reason']}\n    {row['raw']}{cut}"


def _day(since: datetime | None) -> Any:
    return since.date() if since else None


@command.command("replay")
@click.argument("stream")
@click.option("--dry-run", is_flag=True, help="Only say what would become of the records.")
@click.option("--overtaking", is_flag=True, help="Also bring in records of keys that have newer rows by now.")
@common(reason_option, since_option, project_option, target_option, json_option)
def replay(stream: str, dry_run: bool, overtaking: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Parse the records of STREAM again, by today's rules, and bring in those that can become rows: each exactly once."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    chosen = {"reason": given["reason"], "since": _day(given["since"])}
    done = project.replay(stream, **chosen, dry_run=dry_run, overtaking=overtaking)
    _tell(done, output, dry_run=dry_run)
    output.close()
    return 0


def _tell(done: Replayed, output: Output, *, dry_run: bool) -> None:
    verb = "would become" if dry_run else "became"
    output.say(f"{done.passed:,} of {done.looked_at:,} records {verb} rows of {done.spec.id}.", mood="good")
    if done.load is not None:
        counts = done.load.counts
        output.say(
            f"{counts.read:,} read = {counts.written:,} written + {counts.quarantined:,} quarantined + {counts.filtered:,} filtered"
        )
    for name, reasons in (("waiting", done.reasons), ("kept", done.kept)):
        output.table(
            name,
            [{"reason": reason, "records": count} for reason, count in reasons.most_common()],
            sentence=lambda row: f"  {row['records']:,} wait: {row['reason']}",
        )
    output.facts({"looked_at": done.looked_at, "passed": done.passed, "dry_run": dry_run})
    if done.load is not None:
        output.facts(
            {"snapshot_id": str(done.load.commits[-1].snapshot_id), "ordinal": done.load.commits[-1].checkpoint.ordinal}
        )
