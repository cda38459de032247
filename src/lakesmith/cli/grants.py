"""`lakesmith grants`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option


@click.command("grants")
@click.option(
    "--for",
    "dialect",
    type=click.Choice(["postgres", "snowflake"]),
    default=None,
    help="Whose SQL to print. Default: that of the target's engine.",
)
@click.option(
    "--database", default=None, help="The warehouse's database. Default: the target's, else the project's name."
)
@common(project_option, target_option, json_option)
def command(dialect: Any, database: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Print, as SQL, the roles that load, build and read, with the rights each needs and no others.

    Nothing is executed. The statements can be run again when sources or schemas came: `lakesmith grants | psql …`
    """
    import lakesmith
    from lakesmith.api.granting import plain

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    sections = project.grants(dialect, database=database)
    if as_json:
        output.facts({"sections": plain(sections)})
        output.close()
    else:
        click.echo("\n".join(map(str, sections)), nl=False)
    return 0
