"""`lakesmith scaffold`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option

WORDS = {"create": "new", "update": "made anew", "unchanged": "unchanged", "kept": "left alone"}


@click.command("scaffold")
@click.argument("what", required=False, type=click.Choice(["telemetry"]))
@common(project_option, target_option, json_option)
@click.option("--dry-run", is_flag=True, help="Say what would be written, write nothing.")
def command(what: str | None, as_json: bool, dry_run: bool, **given: Any) -> int:  # noqa: FBT001
    """Write dbt sources and staging models from the real schemas of bronze.

    With the word telemetry, write models over the record of runs, which a source of `type: lakesmith` loads.
    """
    from lakesmith.api.exporting import scaffold_telemetry
    from lakesmith.api.incidents import opened
    from lakesmith.run.scaffolding import scaffold

    output = output_for(as_json=as_json)
    write = scaffold_telemetry if what == "telemetry" else scaffold
    changes = write(opened(given["folder"], given["target"]), dry_run=dry_run)
    rows = [{"file": change.path, "what": WORDS[change.action], "note": change.note} for change in changes]
    output.table("files", rows, empty="Nothing to write.")
    output.close()
    return 0
