"""`lakesmith scaffold`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option

WORDS = {"create": "new", "update": "made anew", "unchanged": "unchanged", "kept": "left alone"}


@click.command("scaffold")
@common(project_option, target_option, json_option)
@click.option("--dry-run", is_flag=True, help="Say what would be written, write nothing.")
def command(as_json: bool, dry_run: bool, **given: Any) -> int:  # noqa: FBT001
    """Write dbt sources and staging models from the real schemas of bronze."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    changes = project.scaffold(dry_run=dry_run)
    rows = [{"file": change.path, "what": WORDS[change.action], "note": change.note} for change in changes]
    output.table("files", rows, empty="Nothing to write.")
    output.close()
    return 0
