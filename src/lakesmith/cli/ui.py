"""`lakesmith ui`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from lakesmith.cli.output import common, project_option, target_option

PORT = 8686


@click.command("ui")
@common(project_option, target_option)
@click.option("--host", default="127.0.0.1", show_default=True, help="A name of this machine for itself.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--link", "only_link", is_flag=True, help="Print another link to the console that runs on this port.")
def command(host: str, port: int, only_link: bool, **given: Any) -> int:  # noqa: FBT001
    """Serve the pages of this project on this machine, until Ctrl-C. The printed link lets one browser in, once."""
    import lakesmith
    from lakesmith.console import new_link, serve

    project = lakesmith.open(given["folder"], target=given["target"])
    if only_link:
        click.echo(new_link(project, port))
        return 0

    def ready(link: str) -> None:
        """Say where it is."""
        click.echo(
            f"Console of {project.name}, target {project.target}. This link works once, within ten minutes:\n\n  {link}\n"
        )
        click.echo("Another one: `lakesmith ui --link`. End with Ctrl-C.")

    with suppress(KeyboardInterrupt):  # the server may have taken the signal for itself
        serve(project, host, port, ready, lambda text: click.echo(text, err=True))
    click.echo("Stopped.")
    return 0
