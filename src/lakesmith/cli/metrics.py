"""`lakesmith metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lakesmith.cli.output import common, project_option, target_option


@click.command("metrics")
@click.option(
    "--textfile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write them to this file instead, at once: for the textfile collector of Prometheus's node exporter.",
)
@common(project_option, target_option)
def command(textfile: Path | None, **given: Any) -> int:
    """Print what is known of runs and tables in Prometheus's text format."""
    import lakesmith

    text = lakesmith.open(given["folder"], target=given["target"]).metrics()
    if textfile is None:
        click.echo(text, nl=False)
        return 0
    from lakesmith.host.files import write_atomically

    write_atomically(textfile, text)
    return 0
