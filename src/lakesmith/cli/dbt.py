"""`lakesmith dbt …`."""

from __future__ import annotations

import click


@click.command("dbt", context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Run dbt with the right profile and fresh views of bronze; every argument goes to dbt."""
    import lakesmith

    return lakesmith.open(".").dbt(arguments)
