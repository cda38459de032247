"""`lakesmith lake move`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option


@click.command("move")
@click.option(
    "--to", help="Where to: another target of the project, a folder, or a bucket such as s3://acme-lake/bronze."
)
@click.option(
    "--catalog",
    help="The catalog of the new place, unless `--to` names a target. Name a target if the URL holds a password.",
)
@click.option("--here", is_flag=True, help="Settle a copied lake where it is, instead of moving it.")
@common(project_option, target_option, json_option)
def move(to: str | None, catalog: str | None, here: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Move the lake of a target; every byte is compared, and the old lake is closed for loads. Repeat it if it was interrupted."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    moved = project.move_lake(to, catalog=catalog, here=here)
    output.say(
        f"{moved.tables:,} {'table' if moved.tables == 1 else 'tables'} with {moved.rows:,} rows are in the new place; {moved.copied:,} objects ({moved.copied_bytes / 1e6:,.1f} MB) were copied."
    )
    output.facts({"tables": moved.tables, "rows": moved.rows, "objects": moved.objects, "copied": moved.copied})
    output.close()
    return 0
