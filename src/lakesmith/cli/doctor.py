"""`lakesmith doctor`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.check import show_findings
from lakesmith.cli.output import common, json_option, output_for, project_option, target_option


@click.command("doctor")
@common(project_option, target_option, json_option)
def command(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Examine the installation, the lake and the run store."""
    import lakesmith

    output = output_for(as_json=as_json)
    return show_findings(lakesmith.open(given["folder"], target=given["target"]).doctor(), output)
