"""`lakesmith logs`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from lakesmith.cli.output import common, project_option, target_option
from lakesmith.errors import UsageError


@click.command("logs")
@click.argument("run", required=False)
@common(project_option, target_option)
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON lines.")
def command(run: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Print what RUN wrote down; the beginning of its id is enough. Default: the newest run that did something."""
    import lakesmith

    project = lakesmith.open(given["folder"], target=given["target"])
    folder = project.config.paths.logs
    found = sorted(folder.glob(f"{run or ''}*.jsonl"))
    if not found:
        raise UsageError(
            f"There is no log of a run {run!r}." if run else "No run has written a log yet.",
            where=str(folder),
            fix="`lakesmith status` lists the runs",
        )
    for line in found[-1].read_text("utf-8").splitlines():
        click.echo(line if as_json else _sentence(json.loads(line)))
    return 0


def _sentence(event: dict[str, Any]) -> str:
    at = (event.get("at") or event["sealed_at"])[11:19]
    say = _SENTENCES.get(event["event"])
    return f"{at}  {say(event) if say else event['event']}"


def _load(event: dict[str, Any]) -> str:
    load, counts = event["load"], event["load"]["counts"]
    stream = f"{load['stream']['source']}.{load['stream']['name']}"
    last = load["commits"][-1] if load["commits"] else None
    if load["state"] == "rolled_back" and last:
        return (
            f"{stream} went back, as lake snapshot {last['snapshot_id']}, generation {last['checkpoint']['generation']}"
        )
    swapped = (
        f", swapped in as generation {last['checkpoint']['generation']}" if last and last["kind"] == "swap" else ""
    )
    derived = f", {counts['derived']:,} derived" if counts["derived"] else ""
    why = "".join(f"\n            {count:,} × {reason}" for reason, count in load["reject_reasons"].items())
    return (
        f"loaded {stream}: {counts['read']:,} read = {counts['written']:,} written + {counts['quarantined']:,} quarantined"
        f" + {counts['filtered']:,} filtered{derived}{swapped}{why}"
    )


_SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "RunStarted": lambda e: (
        f"{e['command']} {e['run_id']} of {e['project']} on {e['target']} {e['selection']}".rstrip()
    ),
    "RunFinished": lambda e: f"run ended: {e['state']}" + (f", {e['message']}" if e["message"] else ""),
    "RunRenewed": lambda _: "still working",
    "RunSealed": lambda e: f"record sealed: {e['row_count']:,} rows",
    "StepStarted": lambda e: f"{e['step']} began",
    "StepFinished": lambda e: (
        f"{e['step']} {e['state']} after {e['seconds']:.2f} s" + (f": {e['message']}" if e["message"] else "")
    ),
    "LoadFinished": _load,
    "ModelFinished": lambda e: (
        f"model {e['model']} {e['status']}, {e['seconds']:.2f} s" + (f": {e['message']}" if e["message"] else "")
    ),
    "CheckFinished": lambda e: (
        f"test {e['check_id'].split('.')[2]} {e['status']}"
        + (f", {e['failures']:,} rows" if e["failures"] else "")
        + (f": {e['message']}" if e["message"] else "")
    ),
    "DatasetPublished": lambda e: f"published {e['dataset']} to {e['path']}: {e['rows']:,} rows",
    "ErrorSeen": lambda e: (
        f"{e['kind']}: {e['what']}"
        + (f"\n            where: {e['where']}" if e["where"] else "")
        + (f"\n            fix: {e['fix']}" if e["fix"] else "")
    ),
}
