"""`lakesmith doctor`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.check import show_findings
from lakesmith.cli.output import common, json_option, output_for, project_option, target_option


@click.command("doctor")
@click.option(
    "--repair", is_flag=True, help="Bring back from the logs of runs what the run store lost, before all else."
)
@common(project_option, target_option, json_option)
def command(repair: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Examine the installation, the lake and the run store."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    mended = project.repair() if repair else []
    return show_findings([*mended, *project.doctor()], output)
