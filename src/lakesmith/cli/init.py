"""`lakesmith init`."""

from __future__ import annotations

from pathlib import Path

import click

from lakesmith.cli.output import json_option, output_for


@click.command("init")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--template",
    default="empty",
    show_default=True,
    help="What to begin with: agency, b2b-sales, empty, sales-marketing or subscriptions.",
)
@click.option("--here", is_flag=True, help="Wrap the dbt project that is already in FOLDER; nothing of it is changed.")
@json_option
def command(folder: Path, template: str, here: bool, as_json: bool) -> int:  # noqa: FBT001
    """Make a project in FOLDER."""
    from lakesmith.project import Connectors, ProjectPaths, init_project, write_schema

    output = output_for(as_json=as_json)
    written = init_project(folder, template=template, here=here)
    write_schema(ProjectPaths(folder), Connectors.installed())
    output.say(f"Made {folder if str(folder) != '.' else folder.resolve().name} from {template}: {len(written)} files.")
    go = f"cd {folder} && " if str(folder) != "." else ""
    output.say(f"Next: {go}lakesmith check, then lakesmith run.", mood="quiet")
    output.facts({"folder": str(folder), "files": [path.as_posix() for path in written]})
    output.close()
    return 0
