"""`lakesmith up`."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import click

from lakesmith.cli.output import common, project_option, target_option
from lakesmith.cli.ui import PORT


@click.command("up")
@common(project_option, target_option)
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The console's port; 0: any free one.",
)
@click.option("--no-console", is_flag=True, help="Only schedule and watch, without pages.")
def command(port: int, no_console: bool, **given: Any) -> int:  # noqa: FBT001
    """Run by the schedule in lakesmith.yml, watch, alert and serve the console, until Ctrl-C."""
    import lakesmith
    from lakesmith.schedule.duties import duties_of
    from lakesmith.schedule.service import Service

    project = lakesmith.open(given["folder"], target=given["target"])
    with ExitStack() as held:
        if not no_console:
            from lakesmith.console import serving

            click.echo(f"Console: {held.enter_context(serving(project, port=port))}")
        for duty in duties_of(project.config):
            what = f"  {' '.join(duty.words())}" if duty.words() else ""
            click.echo(f"{duty.name}: {duty.rhythm()}{what}")
        if not duties_of(project.config):
            click.echo(
                "Nothing is scheduled: write `schedule:` into lakesmith.yml. It is taken over as soon as it is there."
            )
        Service(project, tell).run()
    click.echo("Stopped.")
    return 0


def tell(text: str) -> None:
    """Print a sentence with its time."""
    click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {text}")
